import type { DensityFactor, Expression, Model, Parameter } from "../../ir/model.js";
import type { EmProgram } from "../../ir/program.js";
import { walkExpression } from "../../ir/walk-expression.js";
import type { StartMean } from "../../runtime/description.js";

/**
 * Gaussian latents of a chain whose first value is Normal around a parameter of its own, with a covariance that is a
 * parameter too: `init Normal(m0, V0)`.
 */
export function startMeans({ model, sequences, variational }: EmProgram): readonly StartMean[] {
  if (sequences === undefined || variational !== undefined) return [];
  const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  return factors.flatMap((factor) => {
    const { child, phase, distribution } = factor;
    const variable = model.variables.find(({ name }) => name === child);
    if (phase !== "initial" || distribution !== "Normal" || variable?.role !== "latent") return [];
    const hasPlates = variable.axes.length > 1 || sequences.perSequence.includes(child);
    const looksFurther = factors.some((other) => other.child === child && longestLag(other) > 1);
    const mean = parameterOf(model, factor.arguments["mean"]);
    const covariance = parameterOf(model, factor.arguments["covariance"]);
    if (hasPlates || looksFurther || mean === undefined || covariance === undefined) return [];
    const isPlain = mean.domain.kind === "real" && mean.fixed === undefined && mentions(factors, mean.name) === 1;
    const isLowRank = covariance.domain.kind === "covariance" && covariance.domain.structure === "lowRank";
    return isPlain && !isLowRank ? [{ latent: child, mean: mean.name, covariance: covariance.name }] : [];
  });
}

/** The parameter that an expression is, and nothing else. */
function parameterOf(model: Model, expression: Expression | undefined): Parameter | undefined {
  if (expression?.kind !== "parameter" || expression.indices.length > 0) return undefined;
  return model.parameters.find(({ name, table }) => name === expression.name && table.length === 0);
}

function longestLag(factor: DensityFactor): number {
  const lags = partsOf([factor]).map((part) => (part.kind === "variable" ? part.lag : 0));
  return Math.max(0, ...lags);
}

/** How often factors mention a parameter. */
function mentions(factors: readonly DensityFactor[], name: string): number {
  return partsOf(factors).filter((part) => part.kind === "parameter" && part.name === name).length;
}

function partsOf(factors: readonly DensityFactor[]): readonly Expression[] {
  const all = factors.flatMap((factor) => Object.values(factor.arguments));
  return all.flatMap((argument) => [...walkExpression(argument)]);
}
