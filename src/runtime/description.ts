/**
 * What an emitted trainer says of its model, and what its generated methods exchange with the run time.
 *
 * The generated class extends `EmTrainer` and supplies a `ModelDescription` and the loops (`EmMethods`); everything
 * else (starts, restarts, convergence, data intake, saving) is the run time's.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
export interface ModelDescription {
  readonly name: string;
  readonly documentation?: string;
  /** File name of the source, without folders, and a hash of its text. */
  readonly source: string;
  readonly sourceHash: string;
  readonly compilerVersion: string;
  readonly sizes: readonly SizeDescription[];
  readonly parameters: readonly ParameterDescription[];
  /** Observed, given, weight and latent variables, in source order. */
  readonly variables: readonly VariableDescription[];
  readonly statistics: readonly { readonly name: string; readonly shape: readonly Extent[] }[];
  /** Scatter statistics whose update takes the ridge; none: `--ridge` has no effect, and says so. */
  readonly hasRidge: boolean;
  /** Groups learned by gradient, in the order of the generated `objective` method's first argument. */
  readonly gradientBlocks: readonly { readonly parameters: readonly string[]; readonly reason: string }[];
  /** `learn em { … }` options written in the model: defaults of the fit options of the same name. */
  readonly options: Readonly<Record<string, number | string>>;
  /** True if a start that treats all components alike is a stationary point (there are discrete latents). */
  readonly needsSymmetryBreaking: boolean;
  /** What was approximated in the derivation, as the program asks for it: "collapse(2)". Absent: nothing. */
  readonly approximation?: string;
  /** Of a model with a chain: its rows are steps of sequences. */
  readonly sequences?: SequenceDescription;
  /** Of a posterior that is a product of blocks. */
  readonly variational?: VariationalDescription;
}

export interface VariationalDescription {
  /** In the order in which they are brought up to date. */
  readonly blocks: readonly { readonly kind: "discrete" | "gaussian"; readonly latents: readonly string[] }[];
  /** Number of posteriors that coordinate ascent begins from. */
  readonly beginnings: number;
  /** What is known of every row: [rows, shape]. */
  readonly tables: readonly { readonly name: string; readonly shape: readonly Extent[] }[];
}

export interface SequenceDescription {
  /** Plate of the sequences, whose name a data column takes that says which rows belong together; absent: one sequence. */
  readonly plate?: string;
  /** Variables with one value for each sequence. */
  readonly perSequence: readonly string[];
  /** What a row tells the next one, once there is enough past to look back at. */
  readonly state: StateDescription;
  /** Observed variables of which `forecastOf` knows the distribution; absent where there is no such method. */
  readonly predictive?: readonly PredictiveDescription[];
}

/** A Gaussian latent of a chain whose first value is normal around a parameter, and the parameters of that distribution. */
export interface StartMean {
  readonly latent: string;
  readonly mean: string;
  readonly covariance: string;
}

/** A mixture over cells: the number of members of the mixture is the product of their extents. */
export interface PredictiveDescription {
  readonly variable: string;
  readonly family: "normal" | "poisson" | "bernoulli" | "categories";
  readonly cells: readonly Extent[];
}

/** Where the outputs of `filterOf` keep what is known of the latents. */
export interface StateDescription {
  /** Rows that the longest look-back goes. */
  readonly depth: number;
  /** Tables of probabilities, [rows, values of each member]. */
  readonly tables: readonly { readonly name: string; readonly members: readonly StateMember[] }[];
  readonly gaussians: readonly StateGaussian[];
}

export interface StateGaussian {
  /** Discrete latents that tell moments apart. */
  readonly given: readonly StateMember[];
  /** `mean`: [rows, values of `given`, event] */
  readonly variables: readonly { readonly name: string; readonly lag: number; readonly mean: string }[];
  /** By pairs first <= second of variables: [rows, values of `given`, event of the first, event of the second]. */
  readonly covariances: readonly { readonly first: number; readonly second: number; readonly name: string }[];
}

/** A latent, some steps back. */
export interface StateMember {
  readonly name: string;
  readonly lag: number;
}

/** A size known at run time: a number, a size symbol, or a sum of such. */
export type Extent = number | string | readonly Extent[];

export interface SizeDescription {
  readonly name: string;
  readonly documentation?: string;
  readonly default?: number;
  /** The model picks entries by number, the last of which needs this much; 1 where absent. */
  readonly atLeast?: number;
  /** Bound from the extent of a data variable where not given: which, and which of its stored dimensions after rows. */
  readonly boundBy?: { readonly variable: string; readonly dimension: number };
  /** Bound from the number of distinct labels of this Category variable where not given. */
  readonly categoriesOf?: string;
}

export type ParameterDomain =
  | "real"
  | "positive"
  | "unit"
  | "angle"
  | "simplex"
  | "ordered"
  | "covariance.full"
  | "covariance.diagonal"
  | "covariance.isotropic"
  | "covariance.lowRank";

export interface ParameterDescription {
  readonly name: string;
  readonly documentation?: string;
  readonly domain: ParameterDomain;
  /**
   * Stored shape: table dimensions, then the value's own: full covariance [D, D], diagonal [D] (variances), isotropic
   * [] (one variance), lowRank [D, r + 1] (loadings, then the variance of each entry).
   */
  readonly shape: readonly Extent[];
  /** As shown to people: size symbols where there are any, else the number. */
  readonly axes: readonly string[];
  /** How many leading dimensions are the table's. */
  readonly tableRank: number;
  /** `= literal`: row-major values; never learned. */
  readonly fixed?: readonly number[];
  readonly hasPrior: boolean;
  /** A Positive whose update takes the ridge: the variance of a scalar Normal. (Covariances need not say so.) */
  readonly takesRidge?: boolean;
  /** Loadings [D, L] of a Gaussian latent, of which L (L - 1) / 2 rotations change nothing. */
  readonly rotates?: true;
  /** A standard deviation, not a variance. */
  readonly isDeviation?: boolean;
  /** The spread of a logarithm (LogNormal): the ridge is in its own units, not in the data's variance. */
  readonly ofLogarithm?: boolean;
  /** Learned by gradient, in the units of an observed variable: a fit starts at that variable's own moments. */
  readonly startScale?: StartScale;
  /** Never learned; where values are given for weights of these networks and not for it, each entry is `value`. */
  readonly asWritten?: { readonly networks: readonly string[]; readonly value: number };
}

export interface StartScale {
  readonly variable: string;
  readonly as: "location" | "deviation" | "variance";
}

export interface VariableDescription {
  readonly name: string;
  readonly role: "observed" | "given" | "weight" | "latent";
  readonly documentation?: string;
  readonly domain: "real" | "positive" | "unit" | "angle" | "count" | "binary" | "category" | "simplex" | "ordered";
  /** Values of a category. */
  readonly categories?: Extent;
  /** Inner plates, outermost first (the rows are not listed). */
  readonly plates: readonly Extent[];
  readonly plateNames: readonly string[];
  /** Own shape: [D] for a Vector[D]. */
  readonly event: readonly Extent[];
  readonly optional: boolean;
  /** A Gaussian latent whose spread is learned: a fit starts it at the scale of the data. */
  readonly learnsScale?: true;
  /** An observed variable whose mean is this Gaussian latent as it is: a fit starts the latent at its values. */
  readonly seenAs?: string;
  /** Statistics whose sum over all but their last dimension is how often a discrete latent is expected to have each value. */
  readonly occurrences?: readonly string[];
}

/** Row-major float64 values by name. */
export type Tensors = Readonly<Record<string, Float64Array>>;
export type Sizes = Readonly<Record<string, number>>;

/** Some rows of the data, as the generated loops read them. Missing entries are NaN. */
export interface Block {
  readonly rows: number;
  /** Number of the block's first row among all rows as the user gave them; keys random streams. */
  readonly firstRow: number;
  /** By variable: rows, then plates, then event dimensions. */
  readonly data: Tensors;
  /** Start tables `start.<latent>`: rows, plates, and the values (a Gaussian latent: the event). */
  readonly tables: Tensors;
  /** No missing entry in any row. */
  readonly complete: boolean;
  /** Of a model with a chain: first row of each sequence, and last the number of rows. Absent: one sequence. */
  readonly starts?: Int32Array;
  /** What stays on a device between runs. */
  readonly device?: DeviceTensors;
}

/** Values and derivatives of parameters on a device: tensors of TensorFlow.js. */
export interface DeviceTensors {
  readonly weights: Readonly<Record<string, Tensor>>;
  /** Written by a run; disposed of by whoever asked for it. */
  readonly gradients: Record<string, Tensor>;
}

/** Generated methods may run at once or asynchronously (a GPU backend); the run time awaits them all. */
export type Awaitable<T> = T | Promise<T>;

/** A source of random draws for one site of one row; the cells of inner plates are drawn from it in order. */
export interface DrawSource {
  uniform(): number;
  normal(): number;
  gamma(shape: number): number;
  beta(alpha: number, beta: number): number;
  poisson(mean: number): number;
  binomial(trials: number, probability: number): number;
  vonMises(mean: number, concentration: number): number;
}

export interface MStepSettings {
  /** Penalty of the covariances in units of the data's variance; 0: none. */
  readonly ridge: number;
  /** Per observed variable, the variance of each of its event entries (1 where constant): scale of the ridge. */
  readonly dataVariance: Tensors;
  /** Parameters to keep as they are. */
  readonly fixed: ReadonlySet<string>;
  /**
   * "singular-covariance" and "singular-regression" of `maximiseRegression`, with its detail; or the code of a warning of
   * the run time, GEN5xxx, with a whole message.
   */
  warn(code: string, message: string): void;
}

/** Rows block by block, as often as asked. */
export interface BlockSource {
  readonly sizes: Sizes;
  /** The column of the rows' weights; undefined: all are 1. */
  readonly weightColumn: string | undefined;
  blocks(): Iterable<Block> | AsyncIterable<Block>;
}

/**
 * The generated methods. Functions that take a block ADD additive outputs to `into` and write per-row outputs
 * (`logDensity`, posteriors, imputed values, draws) at the row's place in arrays of the block's length.
 */
export interface EmMethods {
  readonly description: ModelDescription;
  /** Rows of a block, of which the last has fewer. */
  readonly blockRows: number;
  /** into: `logDensity` [rows]. */
  logDensityOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `logLikelihood` [1] and the statistics. */
  eStep(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: the statistics, with posteriors taken from `block.tables`. */
  startStatistics(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  mStep(sizes: Sizes, statistics: Tensors, previous: Tensors, settings: MStepSettings): Awaitable<Tensors>;
  /**
   * Turns statistics that an E-step took at `previous` into those that it would take at `parameters` with the same
   * posteriors, in place. Absent: no statistic depends on the parameters but through the posteriors.
   */
  recentreStatistics?(sizes: Sizes, statistics: Tensors, parameters: Tensors, previous: Tensors): void;
  /** Parameters of a likelihood that may be higher, where EM hardly moves the means of first states. Absent without such. */
  raisedStartOf?(source: BlockSource, parameters: Tensors): Promise<Tensors | undefined>;
  /** Value of the ridge penalty (≤ 0, a log prior) at these parameters, as `mStep` applies it; of statistics, the counts. */
  ridgePenalty(sizes: Sizes, parameters: Tensors, statistics: Tensors, settings: MStepSettings): Awaitable<number>;
  /** into: `logPrior` [1]. */
  logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  /**
   * into: `<latent>` [rows, plates, values] probabilities; of a Gaussian latent its mean [rows, plates, event] and
   * `covariance.<latent>` [rows, plates, event, event].
   */
  posteriorOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `logDensity` [rows] and what each row tells the next (see `StateDescription`). Absent without a chain. */
  filterOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** The same for rows from `depth` on, what the rows before have told being in `into`. */
  filterNextOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** `drawRows` for rows from `depth` on, the rows before being in `into`. */
  drawNextRows?(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
  /**
   * What comes after rows that are not observed, from row `depth` on, what the rows before have told being in `into`.
   * into: as `posteriorOf`; of every variable of `predictive` `predictive.weight.<y>` [rows, plates, cells],
   * `predictive.mean.<y>` [rows, plates, cells, event] (categories: their probabilities in place of the event), and of a
   * normal one `predictive.covariance.<y>` [rows, plates, cells, event, event].
   */
  forecastOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: as `posteriorOf`, 1 at the values of the most probable sequence and 0 elsewhere. Absent without a chain. */
  mostProbableOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /**
   * Brings one block of a product posterior up to date: reads the tables of the other blocks from `block.tables`, writes
   * its own. Absent where the posterior is exact.
   */
  updateBlockOf?(index: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void;
  /** into: the tables with which the first block can be brought up to date, of one of several beginnings. */
  beginPosteriorOf?(index: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void;
  /** into: `<variable>` of optional observed variables; a category: [rows, plates, values] probabilities. Absent without such. */
  imputeOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /**
   * into: every latent and observed variable, for `block.rows` rows; givens are read from the block.
   * `streams` takes the number of a row among all rows: `block.firstRow` + its place in the block.
   */
  drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
  /** Expected log-joint of one gradient block at `parameters`, posteriors fixed at `previous`; into: `objective` [1], `gradient.<parameter>`. */
  expectedLogJoint?(
    group: number,
    sizes: Sizes,
    parameters: Tensors,
    previous: Tensors,
    block: Block,
    into: Tensors,
  ): Awaitable<void>;
  /** The same with posteriors taken from `block.tables`. */
  startLogJoint?(group: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** Log prior of one gradient block; into: `logPrior` [1], `gradient.<parameter>`. */
  groupLogPrior?(group: number, sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
}
