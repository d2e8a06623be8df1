import type { Awaitable, Block, Sizes, Tensors } from "./description.js";
import type { BatchSource } from "./data/collect-columns.js";
import type { AdversarialDescription, AdversarialMethods } from "./adversarial/adversarial-description.js";
import { type AdversarialFitResult, fitByGame } from "./adversarial/adversarial-fit.js";
import {
  type AdversarialFitOptions,
  type AdversarialState,
  resolveAdversarialOptions,
  type ResolvedAdversarialOptions,
} from "./adversarial/adversarial-options.js";
import type { FitEvent } from "./fit/fit-events.js";
import { type FitRun, startFit } from "./fit-run.js";
import type { NetworkModule } from "./networks/network-description.js";
import { StepTrainer } from "./step-trainer.js";

/**
 * What every emitted trainer of a generator and its critic can do: learn, draw, be saved. There is no density, and so no
 * score. The generated class adds the functions of its model (`AdversarialMethods`) and its types.
 */
export abstract class AdversarialTrainer<S extends object, P extends object, D = BatchSource>
  extends StepTrainer<S, P>
  implements AdversarialMethods
{
  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    override readonly description: AdversarialDescription,
    sizes: Partial<S>,
    networks?: NetworkModule,
  ) {
    super(description, sizes, networks);
  }

  abstract criticStepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract generatorStepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;

  /**
   * Plays critic against generator. The run can be awaited for its result, or iterated over for its events: one
   * iteration is a pass of the critic over the data, its `meanLogLikelihood` the critic's mean gap.
   *
   * @throws (from the run) DataError, OptionError, NonFiniteStepError
   */
  fit(data: D, options: AdversarialFitOptions<P> = {}): FitRun<P, AdversarialFitResult<P>, AdversarialState> {
    this.checkAlive("fit");
    const resolved = resolveAdversarialOptions(this.description, options as AdversarialFitOptions<never>);
    return startFit({ ...resolved, callbacks: [] }, (signal) => this.learn(data, { ...resolved, signal }));
  }

  private async *learn(
    data: D,
    options: ResolvedAdversarialOptions,
  ): AsyncGenerator<FitEvent<P, AdversarialFitResult<P>, AdversarialState>, void, undefined> {
    const dataset = await this.takeIn(data, this.givenSizes, "as given to the constructor", {}, options);
    try {
      yield* this.taking(fitByGame(this, dataset, options), dataset.sizes, dataset.labels);
    } finally {
      this.networks.release();
    }
  }
}
