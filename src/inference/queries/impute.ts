import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { densityContext } from "../elaborate/factor-density.js";
import { densityFactors, writeInside } from "../inside.js";
import { residualMoments } from "../m-step/residual-moments.js";

/**
 * Conditional mean of what is missing given what is observed: the mean of each cell, plus for a Normal the part of the
 * residual that the observed entries predict, weighted by the posterior of the cell. Observed entries stay.
 */
export function deriveImpute(model: Model, skeleton: PlanFunction): PlanFunction | undefined {
  const optional = densityFactors(model).filter((factor) =>
    model.variables.some((variable) => variable.name === factor.child && variable.optional),
  );
  if (optional.length === 0) return undefined;
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const inside = writeInside(builder, model, skeleton, true);
  writeImputed(inside.elaborator, optional, (factor) => inside.output(`share.${inside.tableOf(factor)}`));
  return builder.build("impute");
}

/** Outputs the optional variables, what is missing replaced by its mean under the shares of the cells. */
export function writeImputed(
  elaborator: Elaborator,
  factors: readonly DensityFactor[],
  shareOf: (factor: string) => NodeId,
): void {
  const { builder } = elaborator;
  for (const factor of factors) {
    const context = densityContext(elaborator, factor, true);
    const share = shareOf(factor.name);
    const { present, child, categoriesAxis } = context;
    if (present === undefined) throw new Error(`derive: ${factor.name} is not optional`);
    const variable = elaborator.variable(factor.child);
    const isCategory = variable.domain.kind === "category" && categoriesAxis !== undefined;
    const stored = [...variable.axes, ...(isCategory ? [categoriesAxis] : context.eventAxes)];
    const filled = builder.plus(distributions[factor.distribution].mean(context), predictedResidual(context, factor));
    const weighted = builder.times(share, filled);
    const hidden = builder.axesOf(weighted).filter((axis) => !stored.includes(axis));
    const observed = isCategory ? builder.oneHot(child, categoriesAxis) : child;
    builder.output(variable.name, builder.select(present, observed, builder.sum(weighted, hidden)), stored);
  }
}

/** What the observed entries of a vector say about the missing ones of the same vector. */
function predictedResidual(context: ReturnType<typeof densityContext>, factor: DensityFactor): NodeId {
  const slot = factor.distribution === "StudentT" ? "scale" : "covariance";
  const isElliptical = factor.distribution === "Normal" || factor.distribution === "StudentT";
  if (!isElliptical || !context.has(slot)) return context.builder.constant(0);
  const { structure } = context.covariance(slot);
  if (structure !== "full" && structure !== "lowRank") return context.builder.constant(0);
  return residualMoments(context, factor.distribution, structure).residual;
}
