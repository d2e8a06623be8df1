import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { instantiate } from "../instantiate.js";
import { writeGradients } from "../prior.js";

/**
 * The log-likelihood of the rows at hand, latents summed out, and its derivatives by reverse-mode differentiation of
 * the whole inside pass: outputs `logLikelihood` [] and `gradient.<parameter>`.
 *
 * @param inside the skeleton: elimination over abstract tables
 */
export function deriveLikelihoodGradient(model: Model, inside: PlanFunction): PlanFunction {
  const builder = new PlanBuilder();
  const rows = declareRows(builder, model);
  const elaborator = new Elaborator(model, builder, { parameters: "parameter" });
  const tables = new Map<string, NodeId>(
    model.factors
      .filter((factor): factor is DensityFactor => factor.kind === "density")
      .map((factor) => [`factor.${factor.name}`, factorDensity(elaborator, factor, true)]),
  );
  const outputs = instantiate(builder, inside, (name) => tables.get(name) ?? builder.constant(0));
  const perRow = outputs.get("logDensity");
  if (perRow === undefined) throw new Error("derive: the skeleton has no log density");
  const total = builder.sum(perRow, [rows]);
  builder.output("logLikelihood", total, []);
  const learned = model.parameters.filter((parameter) => parameter.fixed === undefined);
  writeGradients(
    elaborator,
    total,
    learned.map((parameter) => parameter.name),
  );
  return builder.build("likelihoodGradient");
}
