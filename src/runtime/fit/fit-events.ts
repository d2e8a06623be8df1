import type { Awaitable, Sizes } from "../description.js";
import type { SampleQuality } from "../adversarial/sample-quality.js";
import type { FitWarning } from "../warnings.js";
import type { StartMethod } from "./start-tables.js";
import type { FitState } from "./fit-state.js";

/** What a fit tells while it runs, in order. */
export type FitEvent<P = unknown, R = FitResult<P>, S = FitState> =
  | {
      readonly kind: "start";
      readonly model: string;
      readonly rows: number;
      readonly restarts: number;
      readonly sizes: Sizes;
    }
  | { readonly kind: "restart"; readonly restart: number; readonly start: StartMethod | "parameters" }
  | IterationEvent
  | { readonly kind: "checkpoint"; readonly state: S }
  | ({ readonly kind: "warning" } & FitWarning)
  | { readonly kind: "end"; readonly result: R };

export interface IterationEvent {
  readonly kind: "iteration";
  readonly restart: number;
  /** From 1 within each restart. */
  readonly iteration: number;
  /** Total objective at the parameters with which the iteration began. */
  readonly objective: number;
  /** Log-likelihood per unit of weight at the same parameters. */
  readonly meanLogLikelihood: number;
  /** Draws against data, where the fit has compared them after this iteration. */
  readonly quality?: SampleQuality;
}

/** In the manner of TensorFlow.js; an epoch is an iteration. Each may return a promise, which is awaited. */
export interface FitCallbacks {
  onTrainBegin?(logs: { readonly rows: number; readonly restarts: number }): Awaitable<void>;
  /** Epochs count from 0 over all restarts. */
  onEpochEnd?(epoch: number, logs: Omit<IterationEvent, "kind">): Awaitable<void>;
  onTrainEnd?(logs: { readonly logLikelihood: number; readonly converged: boolean }): Awaitable<void>;
}

export interface RestartSummary {
  readonly restart: number;
  readonly start: StartMethod | "parameters";
  readonly iterations: number;
  readonly objective: number;
  readonly converged: boolean;
  /** Why it was given up. */
  readonly failure?: string;
}

/** The outcome of a fit. */
export interface FitResult<P = unknown> {
  readonly parameters: P;
  /** Rows learned from, without those of weight 0 and those held out. */
  readonly rows: number;
  /** Total (weighted) log-likelihood, without priors or ridge. */
  readonly logLikelihood: number;
  /** Per unit of weight. */
  readonly meanLogLikelihood: number;
  /** logLikelihood + log prior + ridge penalty: what was maximised. */
  readonly objective: number;
  /** Of the run that won. */
  readonly iterations: number;
  readonly converged: boolean;
  readonly stopped: "converged" | "maxIterations" | "aborted";
  readonly seconds: number;
  /** Over all restarts. */
  readonly secondsPerIteration: number;
  readonly degreesOfFreedom: number;
  /** -2 logLikelihood + 2 degreesOfFreedom */
  readonly aic: number;
  /** -2 logLikelihood + degreesOfFreedom log(total weight) */
  readonly bic: number;

  /** Total objective at the parameters with which each iteration of the winning run began. */
  readonly trace: readonly number[];
  readonly warnings: readonly FitWarning[];
  readonly seed: number;
  readonly restarts: readonly RestartSummary[];
  readonly holdout?: { readonly rows: number; readonly logLikelihood: number; readonly meanLogLikelihood: number };
}

/** The outcome of learning by minibatch steps on a bound: `logLikelihood` is the bound, with one draw for each row. */
export interface BoundFitResult<P = unknown> extends Omit<FitResult<P>, "aic" | "bic"> {
  readonly bound: "elbo";
  /** Both would need the likelihood itself. */
  readonly aic: null;
  readonly bic: null;
  /** Minibatch steps taken; iterations are epochs. */
  readonly steps: number;
  /** Mean divergence of the guide from the prior. */
  readonly divergence: number;
}
