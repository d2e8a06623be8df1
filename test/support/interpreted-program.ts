import type { AxisSize, PlanFunction } from "../../src/ir/plan.js";
import type { EmProgram, RegressionUpdate } from "../../src/ir/program.js";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { maximisers, type RuleName } from "../../src/numerics/maximise/index.js";
import { maximiseRegression } from "../../src/numerics/maximise/regression.js";

export type Tensors = Record<string, Float64Array>;

export function sizeInNumbers(size: AxisSize, sizes: Readonly<Record<string, number>>, rows = 0): number {
  switch (size.kind) {
    case "rows":
      return rows;
    case "symbol":
      return sizes[size.name]!;
    case "literal":
      return size.value;
    case "sum":
      return size.terms.reduce((sum, term) => sum + sizeInNumbers(term, sizes, rows), 0);
  }
}

/** A derived program run by the interpreter of plans: the reference for emitted trainers. */
export class InterpretedProgram {
  constructor(
    readonly program: EmProgram,
    readonly sizes: Readonly<Record<string, number>>,
    readonly data: Tensors,
    readonly rows: number,
  ) {}

  /** The variant for any rows: masks are used where a variable is optional. */
  private general(variants: { complete: PlanFunction; incomplete?: PlanFunction }): PlanFunction {
    return variants.incomplete ?? variants.complete;
  }

  run(fn: PlanFunction, parameters: Tensors, previous: Tensors = {}, table: Tensors = {}): Tensors {
    return interpretPlan(fn, {
      sizes: this.sizes,
      rows: this.rows,
      inputs: { parameter: parameters, previous, data: this.data, table },
    });
  }

  logDensity(parameters: Tensors): Float64Array {
    return this.run(this.general(this.program.logDensity), parameters)["logDensity"]!;
  }

  eStep(parameters: Tensors): Tensors {
    return this.run(this.general(this.program.eStep), parameters);
  }

  posterior(parameters: Tensors): Tensors {
    return this.run(this.general(this.program.posterior), parameters);
  }

  logPrior(parameters: Tensors): number {
    return this.run(this.program.logPrior, parameters)["logPrior"]![0]!;
  }

  /** Closed and regression updates; parameters of gradient updates stay. */
  mStep(statistics: Tensors, previous: Tensors): Tensors {
    let next: Tensors = { ...previous };
    for (const update of this.program.updates) {
      if (update.kind === "closed") {
        const count = (sizes: readonly AxisSize[]): number =>
          sizes.reduce((product, size) => product * sizeInNumbers(size, this.sizes), 1);
        const rename = (names: Readonly<Record<string, string>>, values: Tensors): Tensors =>
          Object.fromEntries(Object.entries(names).map(([own, name]) => [own, values[name]!]));
        const values = maximisers[update.rule as RuleName]({
          cells: count(update.cells),
          width: update.width === undefined ? 1 : sizeInNumbers(update.width, this.sizes),
          statistics: rename(update.statistics, statistics),
          previous: rename(update.parameters, previous),
          priors: update.priors,
        });
        for (const [slot, name] of Object.entries(update.parameters)) next[name] = values[slot]!;
      }
      if (update.kind === "regression") next = { ...next, ...this.regression(update, statistics, previous) };
    }
    return next;
  }

  private regression(update: RegressionUpdate, statistics: Tensors, previous: Tensors): Tensors {
    const size = (one: AxisSize): number => sizeInNumbers(one, this.sizes);
    const { rank, ...covariance } = update.covariance;
    const names = update.statistics;
    return maximiseRegression(
      {
        cells: update.cells.map(size),
        dimension: size(update.dimension),
        blocks: update.blocks.map((block) => ({ ...block, width: size(block.width) })),
        covariance: { ...covariance, ...(rank === undefined ? {} : { rank: size(rank) }) },
        ...(update.degreesOfFreedom === undefined ? {} : { degreesOfFreedom: update.degreesOfFreedom }),
      },
      {
        count: statistics[names.count]!,
        scatter: statistics[names.scatter]!,
        ...(names.regressors === undefined ? {} : { regressors: statistics[names.regressors]! }),
        ...(names.cross === undefined ? {} : { cross: statistics[names.cross]! }),
        ...(names.tail === undefined ? {} : { tail: statistics[names.tail]! }),
        ...(names.scaleCount === undefined ? {} : { scaleCount: statistics[names.scaleCount]! }),
      },
      previous,
    );
  }
}
