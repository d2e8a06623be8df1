import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { GradientUpdate, Variants } from "../../ir/program.js";
import { declareRows } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { instantiate } from "../instantiate.js";
import { deriveLogPriorGradient, writeGradients } from "../prior.js";
import { startResponsibility } from "../start-responsibility.js";
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
  const previous = new Elaborator(model, builder, { parameters: "previous" });
  const current = new Elaborator(model, builder, { parameters: "parameter" });
  const tables = new Map<string, NodeId>(
    model.factors
      .filter((factor): factor is DensityFactor => factor.kind === "density")
      .map((factor) => [`factor.${factor.name}`, factorDensity(previous, factor, missing)]),
  );
  const posterior = instantiate(builder, skeleton, (name) => tables.get(name) ?? builder.constant(0));
  return weightedDensities(current, group, missing, "expectedLogJoint", (factor) => {
    const weight = posterior.get(`responsibility.${factor.name}`);
    if (weight === undefined) throw new Error(`derive: no responsibility for ${factor.name}`);
    return weight;
  });
}

/** The same with the posterior of each latent given as a table: what a start maximises. */
function startLogJoint(model: Model, group: ParameterGroup, missing: boolean): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const current = new Elaborator(model, builder, { parameters: "parameter" });
  return weightedDensities(current, group, missing, "startLogJoint", (factor) =>
    startResponsibility(current, factor, missing),
  );
}

/** Outputs `objective` and `gradient.<parameter>` of the factors of a group that hold, each cell weighted. */
export function weightedDensities(
  elaborator: Elaborator,
  group: ParameterGroup,
  missing: boolean,
  name: string,
  weightOf: (factor: DensityFactor) => NodeId,
): PlanFunction {
  const { builder } = elaborator;
  let total = builder.constant(0);
  for (const factor of group.factors) {
    const weight = weightOf(factor);
    const table = factorDensity(elaborator, factor, missing);
    // An impossible cell has weight 0 and log density -inf: it counts for nothing.
    const term = builder.select(weight, builder.times(weight, table), builder.constant(0));
    const axes = [...new Set([...builder.axesOf(weight), ...builder.axesOf(table)])];
    total = builder.plus(total, builder.sum(term, axes));
  }
  builder.output("objective", total, []);
  writeGradients(elaborator, total, group.parameters);
  return builder.build(name);
}
