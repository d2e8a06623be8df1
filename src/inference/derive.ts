import type { Model } from "../ir/model.js";
import type { PlanFunction } from "../ir/plan.js";
import { PlanBuilder } from "../ir/plan-builder.js";
import type { EmProgram, ReportLine, Statistic, Variants } from "../ir/program.js";
import { declareRows, isEnumerable, rowsAxisOf, valuesAxis } from "./elaborate/axes.js";
import { Elaborator } from "./elaborate/elaborator.js";
import { continuousLatentsOf, type Inside, tableShapes, writeInside } from "./inside.js";
import { deriveGradientUpdate } from "./m-step/gradient.js";
import { startStatistics } from "./m-step/start-statistics.js";
import type { StatisticsContext, UpdateDerivation } from "./m-step/statistics-context.js";
import { deriveLogPrior } from "./prior.js";
import { deriveImpute } from "./queries/impute.js";
import { deriveSample } from "./queries/sample.js";
import { writeMoments } from "./queries/moments.js";
import { deriveSkeleton } from "./skeleton.js";
import { updatesOf } from "./updates.js";

/**
 * Derives EM for a static model whose latents are discrete, or Gaussian with affine means (or which has none).
 *
 *     tables    one per factor: log density over its plates and the values of its latents
 *     tables    Gaussian latents are integrated out of theirs             elimination/integrate.ts
 *     inside    eliminate the discrete latents over the tables            skeleton.ts
 *     E-step    the derivative of inside with respect to the tables, times each factor's sufficient statistics
 *     M-step    per group of parameters: closed form, regression, or gradient    m-step/
 *
 * @param eliminationOrder latents, those of inner plates first
 */
export function deriveEm(model: Model, eliminationOrder: readonly string[]): EmProgram {
  const hasMissing = model.variables.some((variable) => variable.optional);
  const scratch = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  declareRows(scratch.builder, model);
  const skeleton = deriveInside(model, eliminationOrder);

  const report: ReportLine[] = eliminationOrder.map((name) => {
    const variable = scratch.variable(name);
    return isEnumerable(variable)
      ? { rule: "eliminate discrete", text: `${name} is summed out exactly`, span: variable.span }
      : { rule: "eliminate Gaussian", text: `${name} is integrated out exactly`, span: variable.span };
  });
  const {
    closed,
    updates,
    report: updateReport,
  } = updatesOf(scratch, (group, reason) => deriveGradientUpdate(model, skeleton, group, reason, hasMissing));
  const writer = new FunctionWriter(model, skeleton);
  const variants = (write: (missing: boolean) => PlanFunction): Variants => ({
    complete: write(false),
    ...(hasMissing ? { incomplete: write(true) } : {}),
  });
  const statistics: Statistic[] = closed.flatMap((derivation) => derivation.statistics);
  const impute = deriveImpute(model, skeleton);
  return {
    algorithm: "em",
    model,
    rowsAxis: rowsAxisOf(model),
    logDensity: variants((missing) => writer.logDensity(missing)),
    eStep: variants((missing) => writer.eStep(missing, closed)),
    start: variants((missing) => startStatistics(model, closed, missing)),
    posterior: variants((missing) => writer.posterior(missing)),
    ...(impute === undefined ? {} : { impute }),
    sample: deriveSample(model),
    logPrior: deriveLogPrior(
      model,
      model.parameters.map((parameter) => parameter.name),
    ),
    statistics,
    updates,
    report: [...report, ...updateReport],
  };
}

/** The skeleton of a model: elimination over the tables that its factors have, and its derivatives. */
export function deriveInside(model: Model, eliminationOrder: readonly string[]): PlanFunction {
  const elaborator = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  const { builder } = elaborator;
  declareRows(builder, model);
  const shapes = tableShapes(elaborator);
  const axes = [...new Set(shapes.flatMap((shape) => shape.axes))].map((name) => ({
    name,
    size: builder.sizeOf(name),
  }));
  return deriveSkeleton(model, shapes, axes, eliminationOrder);
}

/** Writes the functions that read the skeleton's outputs. */
class FunctionWriter {
  constructor(
    private readonly model: Model,
    private readonly skeleton: PlanFunction,
  ) {}

  logDensity(missing: boolean): PlanFunction {
    const { builder, inside, rows } = this.inside(missing);
    builder.output("logDensity", inside.output("logDensity"), [rows]);
    return builder.build("logDensity");
  }

  eStep(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    const { builder, inside } = this.inside(missing);
    builder.output("logLikelihood", inside.output("logLikelihood"), []);
    const context: StatisticsContext = {
      elaborator: inside.elaborator,
      missing,
      isActive: () => true,
      responsibility: (factor) => inside.output(`responsibility.${inside.tableOf(factor)}`),
      tableAxes: (factor) => inside.tableAxes(factor),
      covariance: (u, v) => inside.covariance(u, v),
    };
    for (const derivation of derivations) builder.rule("statistics", () => derivation.write(context));
    return builder.build("eStep");
  }

  posterior(missing: boolean): PlanFunction {
    const { builder, inside } = this.inside(missing);
    for (const latent of this.model.variables.filter(isEnumerable)) {
      const stored = [...latent.axes, valuesAxis(builder, latent)];
      builder.output(latent.name, inside.output(`posterior.${latent.name}`), stored);
    }
    for (const latent of continuousLatentsOf(this.model)) writeMoments(inside, latent);
    return builder.build("posterior");
  }

  private inside(missing: boolean): {
    readonly builder: PlanBuilder;
    readonly inside: Inside;
    readonly rows: string;
  } {
    const builder = new PlanBuilder();
    const rows = declareRows(builder, this.model);
    return { builder, inside: writeInside(builder, this.model, this.skeleton, missing), rows };
  }
}
