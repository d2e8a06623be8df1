import { unboundedLikelihood } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Model } from "../../ir/model.js";
import { variableReferences, latentsOf } from "../latents.js";
import type { Verdict } from "../verdict.js";

/** `ridge: 0`, and a spread of its own without a prior for each value of a discrete latent. */
export function refuseDegenerate(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const ridge = model.learn?.options["ridge"];
  if (ridge?.kind !== "number" || ridge.value !== 0) return [];
  if (verdict.kind !== "exact" && verdict.kind !== "needsApproximation") return [];
  const { discrete } = latentsOf(model);
  return model.factors.flatMap((factor) => {
    if (factor.kind !== "density") return [];
    const spread = ["covariance", "scale", "sd"].flatMap((slot) => factor.arguments[slot] ?? [])[0];
    if (spread?.kind !== "parameter" || !variableReferences(spread).some(({ name }) => discrete.has(name))) return [];
    const parameter = model.parameters.find((candidate) => candidate.name === spread.name);
    if (parameter === undefined || parameter.fixed !== undefined || parameter.prior !== undefined) return [];
    const isMatrix = parameter.domain.kind === "covariance" && parameter.domain.structure === "full";
    const prior = isMatrix ? "InvWishart(…)" : "InvGamma(2, 0.1)";
    const related = [{ span: ridge.span, message: "the ridge is switched off here" }];
    return [unboundedLikelihood(spread.span, { parameter: parameter.name, prior }, { related })];
  });
}
