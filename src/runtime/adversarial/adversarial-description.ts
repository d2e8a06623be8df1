import type { DeviceKernels } from "../elbo/wasm-adam.js";
import type { Awaitable, Block, DrawSource, ModelDescription, Sizes, Tensors } from "../description.js";
import type { NoiseDescription, StartDescription } from "../elbo/elbo-description.js";
import type { ModelNetworks } from "../networks/model-networks.js";

/** What an emitted trainer of a generator and its critic says of its model. */
export interface AdversarialDescription extends ModelDescription {
  readonly algorithm: "adversarial";
  /** The variables that have no density. */
  readonly implicit: readonly string[];
  /** Which parameters each side learns. */
  readonly critic: readonly string[];
  readonly generator: readonly string[];
  /** Parameters that each step of the critic replaces by its output `next.<parameter>`. */
  readonly carried: readonly string[];
  readonly noise: readonly NoiseDescription[];
  /** Parameters whose values and derivatives stay with TensorFlow.js from step to step. */
  readonly residents?: readonly string[];
  readonly deviceKernels?: DeviceKernels;
  readonly starts: Readonly<Record<string, StartDescription>>;
  /** Wasserstein losses have another default of Adam's decays. */
  readonly loss: string;
}

/** The generated methods. Outputs are ADDED to `into`. */
export interface AdversarialMethods {
  readonly description: AdversarialDescription;
  readonly networks?: ModelNetworks;
  /** into: `objective`, `gap`, `penalty` [1] and `gradient.<parameter>` of the critic, `next.<parameter>` of what it carries. */
  criticStepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `objective` [1] and `gradient.<parameter>` of the generator. */
  generatorStepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
}
