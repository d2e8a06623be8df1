import type { Model } from "../../ir/model.js";
import type { PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { writeInside } from "../inside.js";
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
  const perRow = writeInside(builder, model, inside, true).output("logDensity");
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
