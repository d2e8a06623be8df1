import type { Awaitable, Block, DrawSource, Sizes, Tensors, VariableDescription } from "./description.js";
import type { Forecast } from "./chain/forecast.js";
import type { BatchSource } from "./data/collect-columns.js";
import type { StepTask } from "./elbo/step-task.js";
import type { Dataset } from "./data/dataset.js";
import type { ForecastOptions } from "./em-trainer.js";
import { type BoundOptions, BoundTrainer, type DrawOptions } from "./bound-trainer.js";
import { evaluateChainBound, importanceAlongChains, visitSequences } from "./elbo/chain/chain-answers.js";
import type { ChainElboDescription, ChainElboMethods } from "./elbo/chain/chain-elbo-description.js";
import { forecastByDraws } from "./elbo/chain/forecast-draws.js";
import { runAll } from "./elbo/chain/run-bound.js";
import { sequenceTask } from "./elbo/chain/sequence-task.js";
import { valuesOf } from "./elbo/chain/tape.js";
import type { StepFitOptions } from "./elbo/step-options.js";
import type { StepState } from "./elbo/step-state.js";
import { OptionError } from "./errors.js";
import { boundShape, extentText, product } from "./extents.js";
import type { BoundFitResult } from "./fit/fit-events.js";
import type { FitRun } from "./fit-run.js";
import type { FittedModel } from "./model-trainer.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import type { NetworkModule } from "./networks/network-description.js";

/**
 * What every emitted trainer of a model with a chain and an evidence lower bound can do. The generated class adds the
 * functions of its model (`ChainElboMethods`) and its types: sizes S, parameters P, data D, posterior Q.
 */
export abstract class ChainElboTrainer<S extends object, P extends object, D = BatchSource, Q extends object = object>
  extends BoundTrainer<S, P, D, Q>
  implements ChainElboMethods
{
  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    override readonly description: ChainElboDescription,
    sizes: Partial<S>,
    networks?: NetworkModule,
  ) {
    super(description, sizes, networks);
  }

  abstract partOf(part: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  abstract drawNextRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;

  /**
   * Learns the parameters by stochastic gradient ascent on the bound; a batch is of whole sequences. The run can be
   * awaited for its result, or iterated over for its events: one iteration is an epoch.
   *
   * @throws OptionError where grey values would be drawn anew
   * @throws (from the run) DataError, OptionError, NonFiniteStepError
   */
  override fit(data: D, options: StepFitOptions<P> = {}): FitRun<P, BoundFitResult<P>, StepState> {
    if (options.binarize !== undefined && options.binarize !== "threshold")
      throw new OptionError("binarize", "threshold: grey values along a chain stay what they are", options.binarize);
    return super.fit(data, options);
  }

  protected override stepTask(): StepTask {
    return sequenceTask(this);
  }

  /** By step given those before: a sequence's steps add up to its bound. */
  protected override importance(
    dataset: Dataset,
    { values }: FittedModel,
    samples: number,
    options: DrawOptions,
  ): Promise<Float64Array> {
    return importanceAlongChains(this, dataset, values, samples, options);
  }

  /** Means of the latents of every step under the guide; of a discrete one the probabilities of its values. */
  async encode(data: D, options: Pick<BoundOptions, "binarize"> = {}): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.perRow(data, "encode", options, "values", ({ role }) => role === "latent");
  }

  /** Means of the observed variables of every step, given the latents that the guide finds. */
  async reconstruct(
    data: D,
    options: Pick<BoundOptions, "binarize"> = {},
  ): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.perRow(data, "reconstruct", options, "reconstruct", ({ role }) => role === "observed");
  }

  /** The mean evidence lower bound by step with one draw for each sequence, and the divergence in it. */
  async evidenceLowerBound(
    data: D,
    options: BoundOptions = {},
  ): Promise<{ readonly bound: number; readonly divergence: number }> {
    const { seed = 0 } = options;
    return this.query(data, "evidenceLowerBound", options, (dataset, { values }) =>
      evaluateChainBound(this, dataset, values, { seed }),
    );
  }

  /**
   * What comes after the last row of each sequence, by draws: of the latents up to there from the guide, from there on of
   * the model. Options as `forecast` of a model that is learned exactly.
   */
  async forecast(data: D, options: ForecastOptions): Promise<Forecast> {
    const { steps, draws = 2000, level = 0.9, seed = 0 } = options;
    if (!Number.isSafeInteger(steps) || steps < 1) throw new OptionError("steps", "a positive integer", String(steps));
    if (!Number.isSafeInteger(draws) || draws < 1) throw new OptionError("draws", "a positive integer", String(draws));
    if (!(level > 0 && level < 1)) throw new OptionError("level", "a number between 0 and 1", String(level));
    return this.query(data, "forecast", {}, (dataset, { values }) =>
      forecastByDraws(this, dataset, values, { steps, draws, level, seed }),
    );
  }

  /** Values of some variables by row: tables of the latents, or outputs of a part of every position. */
  private async perRow(
    data: D,
    method: string,
    options: BoundOptions,
    part: "values" | "reconstruct",
    isWanted: (variable: VariableDescription) => boolean,
  ): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.query(data, method, options, async (dataset, { sizes, values }) => {
      const { chain, variables } = this.description;
      const isLatent = (name: string): boolean => chain.latents.some((one) => one.name === name);
      const written = new Set(
        chain.parts.filter(({ name }) => name.startsWith(`${part}.`)).flatMap(({ writes }) => writes),
      );
      const answers: Record<string, NamedTensor> = {};
      for (const variable of variables.filter(isWanted)) {
        if (!isLatent(variable.name) && !written.has(variable.name)) continue;
        const own = isLatent(variable.name) ? [] : valuesOf(variable, sizes);
        const shape = [...boundShape(variable.plates, sizes), ...boundShape(variable.event, sizes), ...own];
        const axes = [...variable.plateNames, ...variable.event.map(extentText), ...own.map(String)];
        const numbers = new Float64Array(dataset.rows * product(shape));
        answers[variable.name] = namedTensor(["rows", ...axes], [dataset.rows, ...shape], numbers);
      }
      await visitSequences(this, dataset, values, { seed: 0, how: "centre" }, async (tape) => {
        await runAll(chain, tape, part);
        for (const [name, { data: all }] of Object.entries(answers)) {
          const found = isLatent(name) ? tape.table(name) : tape.result(name);
          const width = all.length / dataset.rows;
          tape.packed.sources.forEach((source, row) => {
            for (let i = 0; i < width; i++) all[source * width + i] = found[row * width + i];
          });
        }
      });
      return answers;
    });
  }
}
