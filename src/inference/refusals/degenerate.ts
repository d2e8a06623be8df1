import { degenerate } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { DensityFactor, Expression, Model, Parameter } from "../../ir/model.js";
import { affine, type AffineTerm } from "../affine.js";
import { latentsOf } from "../latents.js";
import type { Verdict } from "../verdict.js";

/** Likelihoods without a best value, and directions that the data cannot decide. */
export function refuseDegenerate(model: Model, verdict: Verdict): readonly Diagnostic[] {
  if (verdict.kind !== "exact" && verdict.kind !== "needsApproximation") return [];
  return [...unboundedPriors(model), ...undecidedScales(model), ...singularCovariances(model)];
}

function unboundedPriors(model: Model): readonly Diagnostic[] {
  return model.parameters.flatMap((parameter) => {
    if (parameter.prior?.distribution !== "Dirichlet") return [];
    const smallest = Math.min(...Object.values(parameter.prior.arguments).flatMap(constantsOf));
    if (!(smallest < 1)) return [];
    return [
      degenerate(parameter.prior.span, { kind: "dirichlet", parameter: parameter.name, concentration: smallest }),
    ];
  });
}

function constantsOf(expression: Expression): readonly number[] {
  if (expression.kind === "constant") return [expression.value];
  return expression.kind === "list" ? expression.items.flatMap(constantsOf) : [];
}

/**
 * A latent whose variance is learned and which enters only through learned coefficients: scaling one undoes the other.
 * Along a chain the same holds up to a change of basis and is left to the report, since everybody writes it so.
 */
function undecidedScales(model: Model): readonly Diagnostic[] {
  const latents = latentsOf(model);
  const chains = new Set(model.axes.filter((axis) => axis.kind === "chain").map((axis) => axis.name));
  return [...latents.continuous].flatMap((name) => {
    const variable = latents.variables.get(name);
    const own = model.factors.find((factor) => factor.child === name);
    if (variable === undefined || own?.kind !== "density" || variable.axes.some((axis) => chains.has(axis))) return [];
    const spread = own.arguments["covariance"] ?? own.arguments["sd"];
    const variance = spread === undefined ? undefined : learnedParameter(model, spread);
    if (spread === undefined || variance === undefined || variance.prior !== undefined) return [];
    const uses = model.factors.flatMap((factor) => {
      const mean = factor.kind === "density" ? factor.arguments["mean"] : undefined;
      if (factor.child === name || mean === undefined) return [];
      const form = affine(mean, latents);
      return form.kind === "affine" ? form.terms.filter((term) => term.variable === name) : [];
    });
    const coefficients = uses.map((term) => learnedCoefficient(model, term));
    const [first] = coefficients;
    if (first === undefined || coefficients.includes(undefined)) return [];
    const related = [{ span: first.span, message: `\`${first.name}\` multiplies \`${name}\`` }];
    const fault = { kind: "scale", latent: name, variance: variance.name, coefficient: first.name } as const;
    return [degenerate(spread.span, fault, { related })];
  });
}

/** The free parameter that alone multiplies the latent, if that is how it enters. */
function learnedCoefficient(model: Model, term: AffineTerm): Parameter | undefined {
  const [map] = term.maps;
  if (term.maps.length !== 1 || map === undefined) return undefined;
  for (const step of map) {
    const coefficient =
      step.kind === "matrixTimes"
        ? step.matrix
        : step.kind === "multiply"
          ? step.by
          : step.kind === "dot"
            ? step.vector
            : undefined;
    const parameter = coefficient === undefined ? undefined : learnedParameter(model, coefficient);
    if (parameter !== undefined && parameter.prior === undefined) return parameter;
  }
  return undefined;
}

/** `ridge: 0` and a covariance of its own for each value of a discrete latent. */
function singularCovariances(model: Model): readonly Diagnostic[] {
  const ridge = model.learn?.options["ridge"];
  if (ridge?.kind !== "number" || ridge.value !== 0) return [];
  const { discrete } = latentsOf(model);
  const normals = model.factors.filter(
    (factor): factor is DensityFactor => factor.kind === "density" && factor.distribution === "Normal",
  );
  return normals.flatMap((factor) => {
    const spread = factor.arguments["covariance"] ?? factor.arguments["sd"];
    if (spread?.kind !== "parameter") return [];
    const chosen = spread.indices.some((index) => index.kind === "variable" && discrete.has(index.name));
    const parameter = learnedParameter(model, spread);
    if (!chosen || parameter === undefined || parameter.prior !== undefined) return [];
    const related = [{ span: ridge.span, message: "the ridge is switched off here" }];
    return [degenerate(spread.span, { kind: "singular", parameter: parameter.name }, { related })];
  });
}

function learnedParameter(model: Model, expression: Expression): Parameter | undefined {
  if (expression.kind !== "parameter") return undefined;
  return model.parameters.find((parameter) => parameter.name === expression.name && parameter.fixed === undefined);
}
