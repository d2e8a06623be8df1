import type { Awaitable, ModelDescription, Tensors } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import type { EvaluationOptions } from "./evaluate-bound.js";
import type { CodeGroupsDescription, StartDescription } from "./elbo-description.js";
import type { LearnedStep, Learner } from "./learner.js";
import type { ResolvedStepOptions } from "./step-options.js";

/** What a fit by steps is a fit of: batches are made of units, which are rows, or whole sequences. */
export interface StepTask {
  readonly description: ModelDescription & {
    readonly starts: Readonly<Record<string, StartDescription>>;
    readonly carried: readonly string[];
    readonly held: readonly string[];
    readonly codeGroups?: readonly CodeGroupsDescription[];
  };
  unitsOf(data: Dataset): number;
  /** The units that are wanted, in order. */
  select(data: Dataset, isWanted: (unit: number) => boolean): Dataset;
  begin(
    data: Dataset,
    fit: {
      readonly learned: LearnedStep;
      readonly start: Record<string, Float64Array>;
      readonly options: ResolvedStepOptions;
      readonly floors: Readonly<Record<string, Float64Array>>;
    },
  ): Awaitable<{
    readonly learner: Learner;
    /** Writes the batch of these units, for the learner's next step. */
    readonly write: (units: Uint32Array, at: BatchPlace) => void;
  }>;
  /** Means of the latents under the guide, by name, at these parameters; absent: they are not asked for. */
  encode?(data: Dataset, parameters: Tensors, options: EvaluationOptions): Promise<Tensors>;
  /** Means over the rows of the bound and its divergence. */
  evaluate(
    data: Dataset,
    parameters: Tensors,
    options: EvaluationOptions,
  ): Promise<{ readonly bound: number; readonly divergence: number }>;
}

/** Where in a fit a batch stands; steps and epochs from 0. */
export interface BatchPlace {
  readonly step: number;
  readonly epoch: number;
  /** Weight of the divergence. */
  readonly beta: number;
}
