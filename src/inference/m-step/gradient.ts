import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { GradientUpdate, Variants } from "../../ir/program.js";
import { declareRows } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { linearGaussian } from "../elimination/gaussian.js";
import { blockAxes, pairOf } from "../elimination/potential.js";
import { type Inside, writeInside } from "../inside.js";
import { deriveLogPriorGradient, writeGradients } from "../prior.js";
import { startElaborator, startResponsibility } from "../start-responsibility.js";
import type { ParameterGroup } from "./statistics-context.js";

/**
 * Generalised M-step: the expected log-joint of a group's factors as a function of its parameters, responsibilities
 * held at the previous parameters, with its gradient.
 *
 *     Q(theta) = sum over factors and cells of responsibility(previous) * log density(theta)
 */
export function deriveGradientUpdate(
  model: Model,
  skeleton: PlanFunction,
  group: ParameterGroup,
  reason: string,
  hasIncomplete: boolean,
): GradientUpdate {
  const variants = (write: (missing: boolean) => PlanFunction): Variants => ({
    complete: write(false),
    ...(hasIncomplete ? { incomplete: write(true) } : {}),
  });
  return {
    kind: "gradient",
    parameters: group.parameters,
    objective: variants((missing) => expectedLogJoint(model, skeleton, group, missing)),
    startObjective: variants((missing) => startLogJoint(model, group, missing)),
    prior: deriveLogPriorGradient(model, group.parameters),
    spans: [
      ...model.parameters
        .filter((parameter) => group.parameters.includes(parameter.name))
        .map((parameter) => parameter.span),
      ...group.factors.map((factor) => factor.span),
    ],
    reason,
  };
}

function expectedLogJoint(model: Model, skeleton: PlanFunction, group: ParameterGroup, missing: boolean): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const inside = writeInside(builder, model, skeleton, missing, "previous");
  const { drawn } = inside.elaborator.mode;
  const current = new Elaborator(model, builder, {
    parameters: "parameter",
    ...(drawn === undefined ? {} : { drawn }),
  });
  return weightedDensities(current, group, "expectedLogJoint", {
    weight: (factor) => inside.output(`responsibility.${inside.tableOf(factor.name)}`),
    axes: (factor) => inside.tableAxes(factor.name),
    density: (factor) =>
      builder.plus(factorDensity(current, factor, missing), spreadTerm(current, inside, factor, missing)),
  });
}

/** -1/2 sum_uv tr(J_uv Cov[v, u]): what uncertainty about the latents takes from the density at their means. */
export function spreadTerm(
  current: Elaborator,
  inside: Pick<Inside, "tableOf" | "covariance">,
  factor: DensityFactor,
  missing: boolean,
): NodeId {
  const { builder } = current;
  if (inside.tableOf(factor.name) === factor.name) return builder.constant(0);
  const { precision, scope } = linearGaussian(current, factor, missing);
  let total = builder.constant(0);
  for (const [i, u] of scope.entries()) {
    for (const v of scope.slice(i)) {
      const block = precision.get(pairOf(u.key, v.key));
      if (block === undefined) continue;
      const trace = builder.contract([block, inside.covariance(u.key, v.key)], blockAxes(builder, u, v));
      total = builder.plus(total, builder.scale(u.key === v.key ? -0.5 : -1, trace));
    }
  }
  return total;
}

/** The same with the posterior of each latent given as a table: what a start maximises. */
export function startLogJoint(model: Model, group: ParameterGroup, missing: boolean): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const current = startElaborator(model, builder, "parameter");
  return weightedDensities(current, group, "startLogJoint", {
    weight: (factor) => startResponsibility(current, factor, missing),
    axes: () => [],
    density: (factor) => factorDensity(current, factor, missing),
  });
}

/** What the expected log-joint is made of. */
interface WeightedDensity {
  weight(factor: DensityFactor): NodeId;
  /** Axes that the weight stands for, besides its own and those of the density. */
  axes(factor: DensityFactor): readonly string[];
  density(factor: DensityFactor): NodeId;
}

/** Outputs `objective` and `gradient.<parameter>` of the factors of a group that hold, each cell weighted. */
export function weightedDensities(
  elaborator: Elaborator,
  group: ParameterGroup,
  name: string,
  parts: WeightedDensity,
): PlanFunction {
  const { builder } = elaborator;
  let total = builder.constant(0);
  for (const factor of group.factors) {
    const weight = parts.weight(factor);
    const table = parts.density(factor);
    // An impossible cell has weight 0 and log density -inf: it counts for nothing.
    const term = builder.select(weight, builder.times(weight, table), builder.constant(0));
    const axes = [...new Set([...builder.axesOf(weight), ...builder.axesOf(table), ...parts.axes(factor)])];
    total = builder.plus(total, builder.sum(term, axes));
  }
  builder.output("objective", total, []);
  writeGradients(elaborator, total, group.parameters);
  return builder.build(name);
}
