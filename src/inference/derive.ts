import type { DensityFactor, Model } from "../ir/model.js";
import type { NodeId, PlanFunction } from "../ir/plan.js";
import { PlanBuilder } from "../ir/plan-builder.js";
import type { EmProgram, ReportLine, Statistic, Variants } from "../ir/program.js";
import { declareRows, rowsAxisOf, valuesAxis } from "./elaborate/axes.js";
import { Elaborator } from "./elaborate/elaborator.js";
import { factorDensity } from "./elaborate/factor-density.js";
import { instantiate } from "./instantiate.js";
import { deriveGradientUpdate } from "./m-step/gradient.js";
import type { StatisticsContext, UpdateDerivation } from "./m-step/statistics-context.js";
import { deriveLogPrior } from "./prior.js";
import { deriveImpute } from "./queries/impute.js";
import { deriveSample } from "./queries/sample.js";
import { deriveSkeleton, type TableShape } from "./skeleton.js";
import { startResponsibility } from "./start-responsibility.js";
import { updatesOf } from "./updates.js";

/**
 * Derives EM for a static model whose latents are discrete (or which has none).
 *
 *     tables    one per factor: log density over its plates and the values of its latents
 *     inside    eliminate the latents over the tables                     skeleton.ts
 *     E-step    the derivative of inside with respect to the tables, times each factor's sufficient statistics
 *     M-step    per group of parameters: closed form, regression, or gradient    m-step/
 *
 * @param eliminationOrder latents, those of inner plates first
 */
export function deriveEm(model: Model, eliminationOrder: readonly string[]): EmProgram {
  const factors = densityFactors(model);
  const hasMissing = model.variables.some((variable) => variable.optional);
  const scratch = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  declareRows(scratch.builder, model);
  const skeleton = deriveInside(model, eliminationOrder);

  const report: ReportLine[] = eliminationOrder.map((name) => ({
    rule: "eliminate discrete",
    text: `${name} is summed out exactly`,
    span: scratch.variable(name).span,
  }));
  const { closed, updates, report: updateReport } = updatesOf(scratch, (group, reason) =>
    deriveGradientUpdate(model, skeleton, group, reason, hasMissing),
  );
  const writer = new FunctionWriter(model, factors, skeleton);
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
    start: variants((missing) => writer.start(closed, missing)),
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
  const shapes: TableShape[] = densityFactors(model).map((factor) => ({
    name: factor.name,
    plates: elaborator.variable(factor.child).axes,
    // Masks bring in the rows: a table has all axes that it has in any variant.
    axes: builder.axesOf(factorDensity(elaborator, factor, true)),
  }));
  const axes = [...new Set(shapes.flatMap((shape) => shape.axes))].map((name) => ({
    name,
    size: builder.sizeOf(name),
  }));
  return deriveSkeleton(model, shapes, axes, eliminationOrder);
}

function densityFactors(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}

/** Writes the functions that read the skeleton's outputs. */
class FunctionWriter {
  constructor(
    private readonly model: Model,
    private readonly factors: readonly DensityFactor[],
    private readonly skeleton: PlanFunction,
  ) {}

  logDensity(missing: boolean): PlanFunction {
    const { builder, outputs, rows } = this.inside(missing);
    builder.output("logDensity", required(outputs, "logDensity"), [rows]);
    return builder.build("logDensity");
  }

  eStep(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    const { builder, elaborator, outputs, tables } = this.inside(missing);
    builder.output("logLikelihood", required(outputs, "logLikelihood"), []);
    const context: StatisticsContext = {
      elaborator,
      missing,
      isActive: () => true,
      responsibility: (factor) => required(outputs, `responsibility.${factor}`),
      tableAxes: (factor) => builder.axesOf(required(tables, `factor.${factor}`)),
    };
    for (const derivation of derivations) builder.rule("statistics", () => derivation.write(context));
    return builder.build("eStep");
  }

  posterior(missing: boolean): PlanFunction {
    const { builder, elaborator, outputs } = this.inside(missing);
    for (const latent of this.model.variables.filter((variable) => variable.role === "latent")) {
      const stored = [...latent.axes, valuesAxis(elaborator.builder, latent)];
      builder.output(latent.name, required(outputs, `posterior.${latent.name}`), stored);
    }
    return builder.build("posterior");
  }

  /** Statistics with the posterior of each latent given as a table, latents independent of each other. */
  start(derivations: readonly UpdateDerivation[], missing: boolean): PlanFunction {
    const builder = new PlanBuilder();
    const elaborator = new Elaborator(this.model, builder, { parameters: "parameter" });
    declareRows(builder, this.model);
    const context: StatisticsContext = {
      elaborator,
      missing,
      isActive: () => true,
      tableAxes: (name) => builder.axesOf(factorDensity(elaborator, this.factor(name), missing)),
      responsibility: (name) => startResponsibility(elaborator, this.factor(name), missing),
    };
    for (const derivation of derivations) derivation.write(context);
    return builder.build("start");
  }

  private factor(name: string): DensityFactor {
    const factor = this.factors.find((candidate) => candidate.name === name);
    if (factor === undefined) throw new Error(`derive: unknown factor ${name}`);
    return factor;
  }

  private inside(missing: boolean): {
    readonly builder: PlanBuilder;
    readonly elaborator: Elaborator;
    readonly outputs: ReadonlyMap<string, NodeId>;
    readonly tables: ReadonlyMap<string, NodeId>;
    readonly rows: string;
  } {
    const builder = new PlanBuilder();
    const elaborator = new Elaborator(this.model, builder, { parameters: "parameter" });
    const rows = declareRows(builder, this.model);
    const tables = new Map<string, NodeId>(
      this.factors.map((factor) => [`factor.${factor.name}`, factorDensity(elaborator, factor, missing)]),
    );
    const outputs = instantiate(builder, this.skeleton, (name) => tables.get(name) ?? builder.constant(0));
    return { builder, elaborator, outputs, tables, rows };
  }
}

function required(nodes: ReadonlyMap<string, NodeId>, name: string): NodeId {
  const found = nodes.get(name);
  if (found === undefined) throw new Error(`derive: there is no ${name}`);
  return found;
}
