import type { Awaitable, EmMethods, ModelDescription, MStepSettings, Sizes, Tensors } from "../description.js";
import { boundShape, extentValue, product } from "../extents.js";
import { scatterRows, zeros } from "../data/blocks.js";
import type { RowBlock, RowSource } from "../data/row-source.js";
import type { HostTurns } from "../host-turn.js";
import { withPosterior } from "../variational/coordinate-ascent.js";
import { compensatedSum } from "../../numerics/neumaier.js";

/** What one E-step says of the parameters it was run at. */
export interface Evaluation {
  readonly parameters: Tensors;
  readonly statistics: Tensors;
  readonly logLikelihood: number;
  /** logLikelihood + log prior + ridge penalty: what EM increases. */
  readonly objective: number;
  /** Of a posterior that is a product of blocks, its tables, by block of rows. */
  readonly posteriors?: readonly Tensors[];
}

/** Runs a model's generated loops over all blocks of a data set. */
export class BlockRunner {
  private readonly statisticShapes: Readonly<Record<string, number>>;

  constructor(
    readonly methods: EmMethods,
    readonly source: RowSource,
    private readonly turns: HostTurns,
  ) {
    this.statisticShapes = Object.fromEntries(
      methods.description.statistics.map(({ name, shape }) => [name, product(boundShape(shape, source.sizes))]),
    );
  }

  get sizes(): Sizes {
    return this.source.sizes;
  }

  /**
   * @param earlier whose posterior is gone on from, where a posterior has to be found step by step
   * @param renews is it begun anew as well, and taken where it ends higher?
   */
  async evaluate(
    parameters: Tensors,
    settings: MStepSettings,
    usePrior: boolean,
    earlier?: Evaluation,
    renews = false,
  ): Promise<Evaluation> {
    const statistics = zeros(this.statisticShapes);
    const blockLogLikelihood = new Float64Array(1);
    const into = { ...statistics, logLikelihood: blockLogLikelihood };
    const total = compensatedSum();
    const posteriors: Tensors[] = [];
    const isProduct = this.methods.description.variational !== undefined;
    for await (const block of this.source.blocks()) {
      blockLogLikelihood[0] = 0;
      const before = earlier?.posteriors?.[posteriors.length];
      const settled = withPosterior(this.methods, this.sizes, parameters, block, before, renews);
      if (isProduct) posteriors.push(settled.tables);
      await this.methods.eStep(this.sizes, parameters, settled, into);
      total.add(blockLogLikelihood[0]);
      await this.turns.give();
    }
    const logLikelihood = total.value();
    const objective = logLikelihood + (await this.penalty(parameters, statistics, settings, usePrior));
    return { parameters, statistics, logLikelihood, objective, ...(isProduct ? { posteriors } : {}) };
  }

  /**
   * Log prior and ridge penalty.
   *
   * @param statistics of these rows at any parameters: their counts say how much the ridge stands for
   */
  async penalty(parameters: Tensors, statistics: Tensors, settings: MStepSettings, usePrior: boolean): Promise<number> {
    let penalty = 0;
    if (usePrior) {
      const into = zeros({ logPrior: 1 });
      await this.methods.logPriorOf(this.sizes, parameters, into);
      penalty += into["logPrior"][0];
    }
    if (this.methods.description.hasRidge && settings.ridge > 0) {
      penalty += await this.methods.ridgePenalty(this.sizes, parameters, statistics, settings);
    }
    return penalty;
  }

  /** Statistics with the posterior replaced by tables. */
  async startStatistics(parameters: Tensors, tablesOf: (block: RowBlock) => Awaitable<Tensors>): Promise<Tensors> {
    const statistics = zeros(this.statisticShapes);
    for await (const block of this.source.blocks()) {
      const tables = await tablesOf(block);
      await this.methods.startStatistics(this.sizes, parameters, { ...block, tables }, statistics);
      await this.turns.give();
    }
    return statistics;
  }

  /** Log density of each row, in the user's order. */
  async logDensity(parameters: Tensors): Promise<Float64Array> {
    const result = new Float64Array(this.source.rows);
    await this.eachLogDensity(parameters, (block, logDensity) => scatterRows(block, logDensity, result));
    return result;
  }

  /** Log densities of the rows of one block after the other. */
  async eachLogDensity(parameters: Tensors, visit: (block: RowBlock, logDensity: Float64Array) => void): Promise<void> {
    for await (const block of this.source.blocks()) {
      const into = zeros({ logDensity: block.rows });
      await this.methods.logDensityOf(this.sizes, parameters, block, into);
      visit(block, into["logDensity"]);
      await this.turns.give();
    }
  }

  /** Values of one row in each output of `posteriorOf`. */
  posteriorWidths(): Readonly<Record<string, number>> {
    return posteriorWidths(this.methods.description, this.sizes);
  }

  /**
   * Posterior tables of one block.
   *
   * @param into where they go, zeros; by default to arrays of their own
   */
  async posterior(
    parameters: Tensors,
    block: RowBlock,
    question: "posterior" | "mostProbable" = "posterior",
    into: Tensors = zeros(
      Object.fromEntries(Object.entries(this.posteriorWidths()).map(([name, width]) => [name, width * block.rows])),
    ),
  ): Promise<Tensors> {
    if (question === "posterior") await this.methods.posteriorOf(this.sizes, parameters, block, into);
    else await this.methods.mostProbableOf?.(this.sizes, parameters, block, into);
    repeatAlongSequences(this.methods.description, block, into);
    await this.turns.give();
    return into;
  }
}

/** Values of one row in each output of `posteriorOf`. */
export function posteriorWidths({ variables }: ModelDescription, sizes: Sizes): Readonly<Record<string, number>> {
  const widths: Record<string, number> = {};
  for (const latent of variables) {
    if (latent.role !== "latent") continue;
    const plates = product(boundShape(latent.plates, sizes));
    if (latent.domain === "real") {
      const event = product(boundShape(latent.event, sizes));
      widths[latent.name] = plates * event;
      widths[`covariance.${latent.name}`] = plates * event * event;
      continue;
    }
    const values = latent.domain === "binary" ? 2 : (extentValue(latent.categories ?? 1, sizes) ?? 1);
    widths[latent.name] = plates * values;
  }
  return widths;
}

/** What is known of a sequence as a whole is written at its first row; every row of it says the same. */
function repeatAlongSequences({ sequences }: ModelDescription, { rows, starts }: RowBlock, into: Tensors): void {
  for (const name of sequences?.perSequence ?? []) {
    const table = into[name];
    if (table === undefined || starts === undefined) continue;
    const width = table.length / rows;
    for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
      for (let row = starts[sequence] + 1; row < starts[sequence + 1]; row++) {
        table.copyWithin(row * width, starts[sequence] * width, (starts[sequence] + 1) * width);
      }
    }
  }
}
