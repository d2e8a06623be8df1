import type { ModelNetworks } from "../../networks/model-networks.js";
import type { Awaitable, Block, DrawSource, Extent, ModelDescription, Sizes, Tensors } from "../../description.js";
import type { NoiseDescription, StartDescription } from "../elbo-description.js";

/** What an emitted trainer that learns by a bound along a chain says of its model. */
export interface ChainElboDescription extends ModelDescription {
  readonly algorithm: "chainElbo";
  readonly noise: readonly NoiseDescription[];
  readonly starts: Readonly<Record<string, StartDescription>>;
  readonly carried: readonly string[];
  readonly held: readonly string[];
  readonly chain: {
    /** Steps that the longest look-back goes: functions of a position `p` up to it are for the row at that position. */
    readonly depth: number;
    /** Continuous latents, in drawing order; `reach`: steps back at which each is still read. */
    readonly latents: readonly { readonly name: string; readonly shape: readonly Extent[]; readonly reach: number }[];
    /** Recurrent layers, each after those that it reads. */
    readonly memories: readonly {
      readonly name: string;
      readonly shape: readonly Extent[];
      readonly isBackward: boolean;
    }[];
    /** Data that is read some steps back, as tables `<name>[t-<lag>]`. */
    readonly past: readonly { readonly name: string; readonly lag: number }[];
    readonly parts: readonly PartDescription[];
  };
}

/** A generated function over steps: rows are steps of several sequences. */
export interface PartDescription {
  readonly name: string;
  /** Tables that it reads, `step.…` and noise included. */
  readonly reads: readonly string[];
  /** Outputs with an entry for each row. */
  readonly writes: readonly string[];
  /** Outputs that are added up. */
  readonly adds: readonly string[];
}

export interface ChainElboMethods {
  readonly description: ChainElboDescription;
  readonly networks: ModelNetworks;
  /** Runs a part. Outputs without rows are ADDED to `into`; per-row outputs are written. */
  partOf(part: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
  drawNextRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
}
