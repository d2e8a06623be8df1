import type { Dimension, Model } from "./model.js";
import type { DistributionName } from "./distribution-name.js";
import type { AxisSize, PlanFunction } from "./plan.js";
import type { CovarianceStructure } from "./model.js";
import type { Span } from "../diagnostics/span.js";
import type { WeightInitialisation } from "./weight-initialisation.js";

/**
 * A derived learning algorithm: plan functions, how the parameters are updated from the statistics, and the report of
 * how it was derived. The waist between `inference/` and `codegen/`.
 *
 * Conventions of the functions: inputs of source "parameter" are stored as declared (table dimensions, then the type's
 * own); "data" columns as rows, then plates, then event dimensions; an output with the rows axis is written per row,
 * any other output is ADDED to what is there (statistics are additive over blocks).
 */
export interface EmProgram {
  readonly algorithm: "em";
  readonly model: Model;
  /** Name of the rows axis: the model's data plate. */
  readonly rowsAxis: string;
  /** log density of each row with all latents summed out: output `logDensity` [rows]. */
  readonly logDensity: Variants;
  /** Output `logLikelihood` [] (weighted) and one output per statistic. */
  readonly eStep: Variants;
  /** The same statistics, with the posterior replaced by the tables `start.<latent>` [rows, plates, values]. */
  readonly start: Variants;
  /** Output `<latent>` [rows, plates, values] for each latent: posterior probabilities. */
  readonly posterior: Variants;
  /** Output `<variable>` for each optional observed variable: conditional mean given what is observed (a Category: probabilities along its values). */
  readonly impute?: PlanFunction;
  /** Outputs every latent and observed variable. */
  readonly sample: PlanFunction;
  /** Output `logPrior` []: sum of the log prior densities of the parameters. */
  readonly logPrior: PlanFunction;
  /** What was approximated, as the program asks for it: "collapse(2)". */
  readonly approximation?: string;
  /** Of a model with a chain: its rows are the steps of sequences, one after the other. */
  readonly sequences?: {
    readonly plate?: string;
    readonly perSequence: readonly string[];
    /** What a row tells the next one, once there is enough past to look back at. */
    readonly state: ChainState;
  };
  /** Outputs `logDensity` [rows] and what each row tells the next, from the first row on. */
  readonly filter?: Variants;
  /** The same for rows from `state.depth` on, what the rows before have told being there. */
  readonly filterNext?: Variants;
  /**
   * What comes after the rows from `state.depth` on, nothing of them being observed and what the rows before have told
   * being there: outputs of `posterior`, and of `writePredictive` for every member of `densities`. Absent where the
   * future depends on observed values that are not known by then.
   */
  readonly forecast?: { readonly fn: PlanFunction; readonly densities: readonly PredictiveDensity[] };
  /** `sample` for rows from `state.depth` on, the rows before being there. */
  readonly sampleNext?: PlanFunction;
  /** Of a model with a chain of discrete latents: for each latent 1 at its value in the most probable sequence, else 0. */
  readonly mostProbable?: Variants;
  /** The posterior is a product of blocks: then all functions of rows but those of starts and draws read its tables. */
  readonly variational?: VariationalProgram;
  readonly statistics: readonly Statistic[];
  /** In order: an update may read parameters that an earlier one has set. */
  readonly updates: readonly Update[];
  readonly report: readonly ReportLine[];
}

/** A posterior that is a product of blocks of latents, each exact given what is expected of the others. */
export interface VariationalProgram {
  /** In the order in which they are brought up to date: each reads the tables of the others and writes its own. */
  readonly blocks: readonly {
    /** Its latents, joined by commas. */
    readonly name: string;
    readonly kind: "discrete" | "gaussian";
    readonly latents: readonly string[];
    readonly update: Variants;
  }[];
  /** Of each beginning of the ascent, what is run one after the other before the first block is brought up to date. */
  readonly begin: readonly (readonly Variants[])[];
  /** Tables of every row, with their shapes after the rows. */
  readonly tables: readonly Statistic[];
}

/** An observed variable whose distribution is known as a mixture, with the extents of its discrete cells. */
export interface PredictiveDensity {
  readonly variable: string;
  readonly family: "normal" | "poisson" | "bernoulli" | "categories";
  readonly cells: readonly AxisSize[];
}

/** Any derived algorithm. */
export type Program = EmProgram | ElboProgram | ChainElboProgram | AdversarialProgram;

/** `complete` assumes no missing entry; `incomplete` is there where that makes a difference. */
export interface Variants {
  readonly complete: PlanFunction;
  readonly incomplete?: PlanFunction;
}

export interface Statistic {
  readonly name: string;
  readonly shape: readonly AxisSize[];
}

export type Update = ClosedUpdate | RegressionUpdate | GradientUpdate;

/** One parameter group whose cells are maximised independently by a function of `numerics/maximise/`. */
export interface ClosedUpdate {
  readonly kind: "closed";
  readonly rule: string;
  /** Slot of the distribution → parameter. All have the same cells. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Name in the rule → statistic; `count` among them. */
  readonly statistics: Readonly<Record<string, string>>;
  /** Product of these is the number of cells. */
  readonly cells: readonly AxisSize[];
  /** Length of the vector in a cell (Categorical, Multinomial). */
  readonly width?: AxisSize;
  readonly priors: Readonly<Record<string, PriorValues>>;
  readonly distribution: DistributionName;
  /** The variable of each factor that reads the parameters. */
  readonly children: readonly string[];
  readonly spans: readonly Span[];
}

/** A prior with known arguments: one number, or one per entry of the parameter's own shape. */
export interface PriorValues {
  readonly distribution: DistributionName;
  readonly arguments: Readonly<Record<string, readonly number[]>>;
}

/**
 * Normal (or Student-t, by its scale mixture) with a mean that is linear in parameters:
 * y = sum over blocks of coefficient * regressor + e, e ~ (0, covariance).
 *
 * Statistics are in residual form, about the mean at the parameters of the E-step, so that nothing large is subtracted:
 * `count` [cells], `regressors` [cells, p, p] = sum w z z', `cross` [cells, D, p] = sum w e z',
 * `scatter` = sum w e e' over the cells that share a covariance: [covariances, D, D] (full, lowRank), [covariances, D]
 * (diagonal) or [covariances] (isotropic: the trace).
 */
export interface RegressionUpdate {
  readonly kind: "regression";
  /** The variable it describes; its data variance scales the ridge. */
  readonly child: string;
  /** The residual is of log y (LogNormal): the ridge is absolute, since a logarithm has no unit. */
  readonly logarithm: boolean;
  readonly statistics: {
    readonly count: string;
    /** Absent where p = 0 (the mean is known). */
    readonly regressors?: string;
    readonly cross?: string;
    readonly scatter: string;
    /** Student-t: sum w (E log u - E u), for the degrees of freedom. */
    readonly tail?: string;
    /** Student-t: sum w E u; the count of `scatter` stays `count`. */
    readonly scaleCount?: string;
  };
  readonly cells: readonly AxisSize[];
  /** D; 1 for a scalar child. */
  readonly dimension: AxisSize;
  readonly blocks: readonly CoefficientBlock[];
  readonly covariance: {
    /** Absent: known, not learned; then `value` reads it. */
    readonly parameter?: string;
    readonly structure: CovarianceStructure;
    /** standardDeviation: the parameter is the square root of the variance (`sd:`); structure isotropic or diagonal. */
    readonly form: "variance" | "standardDeviation";
    readonly rank?: AxisSize;
    /** Positions in `cells` of the parameter's table dimensions. */
    readonly cellAxes: readonly number[];
    /** The values where not a bare parameter: a constant. */
    readonly constant?: number;
    readonly prior?: PriorValues;
  };
  readonly degreesOfFreedom?: { readonly parameter?: string; readonly cellAxes: readonly number[] };
  readonly spans: readonly Span[];
}

/** One parameter in the mean. */
export interface CoefficientBlock {
  readonly parameter: string;
  /** Positions in `cells` of the parameter's table dimensions. */
  readonly cellAxes: readonly number[];
  /** Regressors it multiplies: width 1 for an intercept. */
  readonly width: AxisSize;
  /**
   * full: one coefficient per entry of y and regressor, stored [D, width] (or [D] for width 1, or [width] for a scalar
   * child) · shared: one scalar for all entries of y (a Real in the mean of a Vector).
   */
  readonly form: "full" | "shared";
  /** Fixed parameters are known: their term is in the residual and they get no block. */
  readonly prior?: PriorValues;
}

/** Parameters with no closed form: gradient ascent on the expected log-joint in unconstrained coordinates. */
export interface GradientUpdate {
  readonly kind: "gradient";
  readonly parameters: readonly string[];
  /** Outputs `objective` [] and `gradient.<parameter>`; "previous" inputs fix the responsibilities. */
  readonly objective: Variants;
  /** The same, with responsibilities from the tables `start.<latent>` (as in `EmProgram.start`). */
  readonly startObjective: Variants;
  /** Outputs `logPrior` [] and `gradient.<parameter>` of the priors of these parameters. */
  readonly prior: PlanFunction;
  readonly spans: readonly Span[];
  /** Why no closed form: for `explain`. */
  readonly reason: string;
}

/** How a weight of a network begins; see `networkParameters`. */
export type WeightStart =
  | {
      readonly kind: Exclude<WeightInitialisation, "orthogonal">;
      /** Extents of each input of the layer. */
      readonly fanIn: readonly (readonly Dimension[])[];
      readonly fanOut: readonly Dimension[];
    }
  /**
   * Rows `part` of a matrix with orthonormal rows or columns (whichever are fewer), times `gain`: the weights of a layer
   * for its inputs, one below the other.
   */
  | {
      readonly kind: "orthogonal";
      /** Names the matrix: the parts of one matrix are drawn together. */
      readonly layer: string;
      readonly part: number;
      /** Extents of the rows, by part. */
      readonly rows: readonly (readonly Dimension[])[];
      readonly columns: readonly Dimension[];
      /** Matrices side by side for each row: the gates of a recurrent layer. */
      readonly blocks: number;
      readonly gain: number;
    }
  | { readonly kind: "constant"; readonly value: number }
  /** Of an observed variable, entry by entry. */
  | { readonly kind: "moments"; readonly variable: string; readonly as: "mean" | "deviation" };

/**
 * Learning by gradient ascent on the evidence lower bound, minibatch by minibatch.
 *
 * The weights of networks are parameters of `model`. Random numbers are inputs, tables `noise.<site>`, so that the same
 * key gives the same step; further tables: `step.beta` [] and `step.rows` [] (the total weight of all rows).
 */
export interface ElboProgram {
  readonly algorithm: "elbo";
  readonly model: Model;
  readonly rowsAxis: string;
  /**
   * One minibatch: outputs `objective` [] (mean over the batch, beta and free bits applied, plus log prior over all
   * rows), `bound` [] and `divergence` [] (means of the plain bound and its divergence), `gradient.<parameter>`.
   */
  readonly step: PlanFunction;
  /** Outputs `bound` [rows] and `divergence` [rows] with one draw for each row. */
  readonly bound: PlanFunction;
  /** Output `logWeight` [rows]: log p(x, z) - log q(z) at one draw: averaged by log-mean-exp it bounds log p(x). */
  readonly logWeight: PlanFunction;
  /** For each latent: its posterior mean (probabilities of a discrete one) under the guide, `<latent>` [rows, …]. */
  readonly encode: PlanFunction;
  /** For each observed variable its mean given the encoded latents, `<variable>` [rows, …]. */
  readonly reconstruct: PlanFunction;
  readonly sample: PlanFunction;
  readonly logPrior: PlanFunction;
  /** Parameters that each step replaces by its output `next.<parameter>`. */
  readonly carried: readonly string[];
  /** Parameters that begin at moments of the data and are never moved. */
  readonly held: readonly string[];
  readonly noise: readonly NoiseTable[];
  readonly starts: Readonly<Record<string, WeightStart>>;
  /** Drawn latents that fall into groups, which begin at those of their codes. */
  readonly codeGroups: readonly CodeGroups[];
  readonly report: readonly ReportLine[];
}

/** A drawn latent whose prior is that of its group: tables of means (and spreads) by a discrete latent; see `codeGroupsOf`. */
export interface CodeGroups {
  readonly latent: string;
  readonly group: string;
  readonly mean: string;
  /** With a table for the groups, or one spread for all. */
  readonly spread?: { readonly parameter: string; readonly as: "variance" | "deviation" };
  /** Probabilities of the groups. */
  readonly weights?: string;
}

/**
 * The same along a chain: its functions work on steps, whose order is the run time's business. Rows are steps of several
 * sequences; what a step knows of others are tables with an entry for each row.
 */
export interface ChainElboProgram {
  readonly algorithm: "chainElbo";
  readonly model: Model;
  readonly rowsAxis: string;
  readonly sequences: {
    readonly plate?: string;
    readonly perSequence: readonly string[];
    readonly state: ChainState;
  };
  /** See `PartWriter`. */
  readonly parts: readonly PlanFunction[];
  /** Drawn step by step; `reach`: steps back at which it is still read. */
  readonly latents: readonly { readonly name: string; readonly shape: readonly AxisSize[]; readonly reach: number }[];
  /** In the order in which they are worked out. */
  readonly memories: readonly {
    readonly name: string;
    readonly shape: readonly AxisSize[];
    readonly isBackward: boolean;
  }[];
  /** Draws of each sequence in a step of learning. */
  readonly samples: number;
  /** Data that steps read some steps back. */
  readonly past: readonly { readonly name: string; readonly lag: number }[];
  readonly sample: PlanFunction;
  readonly sampleNext: PlanFunction;
  readonly logPrior: PlanFunction;
  readonly held: readonly string[];
  readonly noise: readonly NoiseTable[];
  readonly starts: Readonly<Record<string, WeightStart>>;
  readonly report: readonly ReportLine[];
}

/**
 * Learning of a distribution without a density: a generator against a critic that tells its draws from the data.
 *
 * Both steps ascend an `objective` [] (the negative of a loss); their parameters have no common member. Random numbers
 * are tables, as in `ElboProgram`.
 */
export interface AdversarialProgram {
  readonly algorithm: "adversarial";
  readonly model: Model;
  readonly rowsAxis: string;
  /**
   * Outputs `objective`, `gap` (mean critic on data less that on draws), `penalty`, `gradient.<parameter>` of the critic,
   * and `next.<parameter>` of those in `carried`.
   */
  readonly criticStep: PlanFunction;
  /** Outputs `objective` and `gradient.<parameter>` of the generator. */
  readonly generatorStep: PlanFunction;
  readonly sample: PlanFunction;
  readonly critic: readonly string[];
  readonly generator: readonly string[];
  /** Parameters that each step of the critic replaces by its output `next.<parameter>`. */
  readonly carried: readonly string[];
  readonly noise: readonly NoiseTable[];
  readonly starts: Readonly<Record<string, WeightStart>>;
  readonly report: readonly ReportLine[];
}

/** A table of independent draws that a function reads: one value per cell. */
export interface NoiseTable {
  readonly name: string;
  readonly family: "normal" | "uniform";
  /** Is there one for each row? The rows come first. */
  readonly perRow: boolean;
  readonly shape: readonly AxisSize[];
  /** The functions that read it, by name. */
  readonly readBy: readonly string[];
}

/** One step of the derivation, in order. */
export interface ReportLine {
  readonly rule: string;
  readonly text: string;
  readonly span?: Span;
}

/** Where the outputs of a filter keep what is known of the latents. */
export interface ChainState {
  /** Rows that the longest look-back goes. */
  readonly depth: number;
  /** Tables of probabilities, [rows, values of each member]. */
  readonly tables: readonly { readonly name: string; readonly members: readonly StateMember[] }[];
  readonly gaussians: readonly {
    /** Discrete latents that tell moments apart. */
    readonly given: readonly StateMember[];
    readonly variables: readonly {
      readonly name: string;
      readonly lag: number;
      /** [rows, values of `given`, event] */
      readonly mean: string;
    }[];
    /** By pairs i <= j of variables: [rows, values of `given`, event of i, event of j]. */
    readonly covariances: readonly { readonly first: number; readonly second: number; readonly name: string }[];
  }[];
}

export interface StateMember {
  readonly name: string;
  readonly lag: number;
}
