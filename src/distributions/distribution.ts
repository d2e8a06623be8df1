import type { CovarianceStructure, Domain } from "../ir/model.js";
import type { DistributionName } from "../ir/distribution-name.js";
import type { NodeId } from "../ir/plan.js";
import type { PlanBuilder } from "../ir/plan-builder.js";

/**
 * A family of distributions: everything genc knows about it, in one file each.
 *
 * Densities, statistics and samplers are written as plan nodes, so that they are differentiated, printed, interpreted
 * and compiled by the same machinery as the rest of an algorithm.
 */
export interface Distribution {
  readonly name: DistributionName;
  /** One sentence: what it describes, and its parameterisation. */
  readonly summary: string;
  /** Density or mass function as people write it, for `explain`: `text` and `latex` use the slot names. */
  readonly formula: { readonly text: string; readonly latex: string };
  /** In the order of positional arguments; forms that exclude each other share `position`. */
  readonly slots: readonly Slot[];
  /** Kinds of domain its values may be declared as. */
  readonly values: readonly Domain["kind"][];
  /** Where `values` has "covariance": the structures it describes. Diagonal and isotropic: each variance on its own. */
  readonly covarianceStructures?: readonly CovarianceStructure[];
  /** Support as text ("non-negative integers"), for messages. */
  readonly support: string;
  /** log density (mass) of the child, summed over its event axes; plate and category axes stay. */
  logDensity(context: DensityContext): NodeId;
  /** Mean of the child, along its event axes; for Categorical the probabilities along `categoriesAxis`. */
  mean(context: ArgumentContext): NodeId;
  /** A draw per cell of `context.axes` and event axes. */
  sample(context: SampleContext): NodeId;
  /** Closed-form maximisation where every slot is a bare parameter (or a known value); absent: by gradient. */
  readonly maximisation?: ClosedMaximisation;
}

/** A parameter slot of a distribution. */
export interface Slot {
  readonly name: string;
  /** Index of the positional argument; alternatives (`covariance` and `sd:`) share it and only the first is positional. */
  readonly position: number;
  readonly optional?: boolean;
  /** Values the argument may take. */
  readonly support: "real" | "positive" | "unit" | "count" | "simplex" | "covariance" | "nonNegative";
  /**
   * event: the shape of the child, a scalar standing for all entries · scalar: one number ·
   * categories: a vector along the categories of the child · covariance: see `CovarianceArgument`.
   */
  readonly shape: "event" | "scalar" | "categories" | "covariance";
  readonly documentation: string;
}

/** Arguments of a distribution as plan nodes. */
export interface ArgumentContext {
  readonly builder: PlanBuilder;
  /** Axes of the child's own shape; empty for a scalar. */
  readonly eventAxes: readonly string[];
  /** Is this slot given? */
  has(slot: string): boolean;
  /** The node of a slot of shape event, scalar or categories. */
  argument(slot: string): NodeId;
  /** The node of a slot of shape covariance. */
  covariance(slot: string): CovarianceArgument;
  /** The axis of the categories of a Category child, or of the entries of a simplex. */
  readonly categoriesAxis?: string;
}

export interface CovarianceArgument {
  readonly structure: CovarianceStructure;
  /** full and lowRank: axes row and column (lowRank already multiplied out); diagonal: axis row; isotropic: neither. */
  readonly node: NodeId;
  /** The child's event axis; absent for a scalar child. */
  readonly row?: string;
  /** A second axis of the same size. */
  readonly column?: string;
}

export interface DensityContext extends ArgumentContext {
  /** Value of the child along plate, category and event axes. A latent Category is `position(categoriesAxis)`. */
  readonly child: NodeId;
  /** True where the child is a latent Category: the density is then the table along `categoriesAxis` itself. */
  readonly childIsLatent: boolean;
  /** 1 where an entry is observed, 0 where missing, along plates and event axes; absent: all are observed. The child is 0 where missing. */
  readonly present?: NodeId;
}

export interface SampleContext extends ArgumentContext {
  /** Plate axes along which draws differ. */
  readonly axes: readonly string[];
  /** Key of the random stream: unique per variable. */
  readonly site: string;
}

/** Families with sufficient statistics: maximise sum of weight * log density over the parameters of one cell. */
export interface ClosedMaximisation {
  /** Name of the function in `numerics/maximise/`. */
  readonly rule: string;
  /** Slots that must be bare parameters, learned. Other given slots must be known values (constants, given data). */
  readonly learned: readonly string[];
  /** Slots that must be given in this form; a density given in another form (`logits:`) has no closed form. */
  readonly slots: readonly string[];
  /**
   * The one slot that may also be a bare parameter times a known number m ≥ 0 (an exposure), and the statistic that is
   * then weighted by m.
   */
  readonly exposure?: { readonly slot: string; readonly statistic: string };
  /** Families of prior with a closed form, by slot. */
  readonly conjugate: Readonly<Record<string, readonly DistributionName[]>>;
  /**
   * Expected sufficient statistics of one observation, by name, besides its weight ("count"), which is always
   * there. They may depend on the current parameters (augmentation). Axes: plates, categories, event axes, and
   * `categoriesAxis` for a statistic per category.
   */
  statistics(context: DensityContext): Readonly<Record<string, NodeId>>;
  /** The update as people write it, for `explain`; E[…] stands for the weighted sum. */
  readonly formula: readonly { readonly slot: string; readonly text: string; readonly latex: string }[];
}
