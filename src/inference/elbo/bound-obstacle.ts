import type { Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { isEnumerable } from "../elaborate/axes.js";
import { isReparameterised, type Obstacle, stepObstacle } from "../networks/step-obstacle.js";
import type { ElboVerdict } from "../verdict.js";
import { guideOf } from "./derived-guide.js";
import { elboOptionsOf } from "./learn-options.js";

/** The first part of a bound for which there is no derivation. */
export function boundObstacle(model: Model, verdict: ElboVerdict): Obstacle | undefined {
  const common = stepObstacle(model, "a bound");
  if (common !== undefined) return common;
  const [integrated] = verdict.integrate;
  if (integrated !== undefined && model.guide?.automatic === undefined && model.guide !== undefined) {
    return { what: `latents integrated inside a bound, such as \`${integrated}\``, span: model.guide.span };
  }
  const guide = guideOf(model, [...verdict.reparameterise, ...verdict.integrate]);
  const spanOf = (name: string): Span => model.variables.find((each) => each.name === name)?.span ?? model.span;
  if ("obstacle" in guide) return { what: guide.obstacle, span: spanOf(guide.variable) };
  for (const site of guide.sites) {
    const variable = model.variables.find(({ name }) => name === site.child);
    if (variable === undefined) continue;
    if (isEnumerable(variable)) continue;
    if (!isReparameterised(site.distribution))
      return { what: `guides that draw from ${site.distribution}`, span: site.span };
  }
  const { iwae, stl, isScored, relaxed, freebits } = elboOptionsOf(model);
  const estimator = model.learn?.options["estimator"];
  if (isScored && freebits > 0 && estimator !== undefined)
    return { what: "`freebits` with `estimator: rloo`", span: estimator.span };
  const enumerated = guide.sites.find((site) => model.variables.some((v) => v.name === site.child && isEnumerable(v)));
  if (enumerated !== undefined && (iwae !== undefined || stl))
    return { what: "`iwae` and `stl` with a discrete site in the guide", span: enumerated.span };
  const relax = model.learn?.options["relax"];
  if (relax !== undefined && relaxed !== undefined) {
    if (isScored) return { what: "`estimator: rloo` with `relax`", span: relax.span };
    const indexed = doublyIndexed(model);
    if (indexed !== undefined)
      return { what: `relaxations of a latent that picks twice, such as \`${indexed}\``, span: relax.span };
  }
  return readsWholeChains(model);
}

/** A discrete latent that is two indices of one table. */
function doublyIndexed(model: Model): string | undefined {
  for (const factor of model.factors) {
    if (factor.kind !== "density") continue;
    for (const argument of Object.values(factor.arguments))
      for (const part of walkExpression(argument)) {
        if (part.kind !== "parameter" && part.kind !== "element") continue;
        const names = part.indices.flatMap((index) => (index.kind === "variable" ? [index.name] : []));
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        if (twice !== undefined) return twice;
      }
  }
  return undefined;
}

function readsWholeChains(model: Model): Obstacle | undefined {
  for (const factor of model.factors) {
    if (factor.kind !== "density") continue;
    for (const argument of Object.values(factor.arguments)) {
      const sequence = [...walkExpression(argument)].find((part) => part.kind === "sequence");
      if (sequence !== undefined) return { what: "whole sequences", span: sequence.span };
    }
  }
  return undefined;
}
