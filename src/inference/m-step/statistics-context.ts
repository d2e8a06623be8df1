import type { DensityFactor } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { Statistic, Update } from "../../ir/program.js";
import type { Elaborator } from "../elaborate/elaborator.js";

/** What a rule needs to write the statistics of a factor into an E-step. */
export interface StatisticsContext {
  /** Reads a continuous latent as its posterior mean, given the discrete latents of the factor's table. */
  readonly elaborator: Elaborator;
  /** Entries may be missing in this variant. */
  readonly missing: boolean;
  /** Posterior weight of each cell of the factor's table, times the observation's weight. */
  responsibility(factor: string): NodeId;
  /** Does the factor hold in this function? A chain's first step and its later steps have factors of their own. */
  isActive(factor: string): boolean;
  /** Axes of the factor's table; the responsibility stands for all of them, also where it does not vary. */
  tableAxes(factor: string): readonly string[];
  /**
   * Posterior covariance of two continuous latents that a factor reads, by key (`x`, `x[t-1]`), on `blockAxes`, given
   * the discrete latents; absent: they are known to be what `elaborator` reads.
   */
  covariance?(u: string, v: string): NodeId;
}

/** An update together with the statistics it reads and how they are computed. */
export interface UpdateDerivation {
  readonly update: Update;
  readonly statistics: readonly Statistic[];
  /** Writes the outputs named in `statistics`. */
  write(context: StatisticsContext): void;
}

/** Factors whose parameters have to be updated together, because they share some. */
export interface ParameterGroup {
  readonly parameters: readonly string[];
  readonly factors: readonly DensityFactor[];
}

/** A group that has no closed form, and why. */
export interface NotClosed {
  readonly reason: string;
}

export function isNotClosed(result: UpdateDerivation | NotClosed): result is NotClosed {
  return "reason" in result;
}
