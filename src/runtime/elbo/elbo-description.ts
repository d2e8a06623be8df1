import type { DeviceKernels } from "./wasm-adam.js";
import type { ModelNetworks } from "../networks/model-networks.js";
import type { Awaitable, Block, DrawSource, Extent, ModelDescription, Sizes, Tensors } from "../description.js";

/** What an emitted trainer that learns by gradient on a bound says of its model. */
export interface ElboDescription extends ModelDescription {
  readonly algorithm: "elbo";
  readonly noise: readonly NoiseDescription[];
  /** Parameters whose values and derivatives stay with TensorFlow.js from step to step. */
  readonly residents?: readonly string[];
  readonly deviceKernels?: DeviceKernels;
  /** How weights of networks begin; parameters that are not here begin by their domain. */
  readonly starts: Readonly<Record<string, StartDescription>>;
  /** Parameters that each step replaces by its output `next.<parameter>`. */
  readonly carried: readonly string[];
  /** Parameters that no step moves. */
  readonly held: readonly string[];
  /** Drawn latents whose priors are those of groups, and the parameters of these. */
  readonly codeGroups?: readonly CodeGroupsDescription[];
  /** Names of the outputs of the generated queries. */
  readonly answers: { readonly encode: readonly string[]; readonly reconstruct: readonly string[] };
}

/** Tables of means (and spreads) of a drawn latent by a discrete one. */
export interface CodeGroupsDescription {
  readonly latent: string;
  readonly group: string;
  readonly mean: string;
  readonly spread?: { readonly parameter: string; readonly as: "variance" | "deviation" };
  readonly weights?: string;
}

/** A table of standard draws that generated functions read as `block.tables[name]`. */
export interface NoiseDescription {
  readonly name: string;
  readonly family: "normal" | "uniform";
  /** One for each row, rows first. */
  readonly perRow: boolean;
  readonly shape: readonly Extent[];
  /** The generated functions that read it: "step", "bound", "logWeight". */
  readonly readBy: readonly string[];
}

/**
 * How a weight begins; the formulas are in `startWeights`.
 * The inputs of a layer are the sum over `fanIn` of the products of the extents.
 */
export type StartDescription =
  | {
      readonly kind: "he" | "he_uniform" | "glorot" | "glorot_normal" | "lecun" | "lecun_uniform" | "fan_in";
      readonly fanIn: readonly (readonly Extent[])[];
      readonly fanOut: readonly Extent[];
    }
  /** Rows `part` of the matrix called `layer`; `blocks` such matrices side by side. */
  | {
      readonly kind: "orthogonal";
      readonly layer: string;
      readonly part: number;
      readonly rows: readonly (readonly Extent[])[];
      readonly columns: readonly Extent[];
      readonly blocks: number;
      readonly gain: number;
    }
  | { readonly kind: "constant"; readonly value: number }
  /** Of the data of an observed variable, entry by entry; a deviation of 0 counts as 1. */
  | { readonly kind: "moments"; readonly variable: string; readonly as: "mean" | "deviation" };

/** The generated methods. Outputs without rows are ADDED to `into`; per-row outputs are written. */
export interface ElboMethods {
  readonly description: ElboDescription;
  /** The same functions in float32 WebAssembly, where there are such. */
  readonly networks?: ModelNetworks;
  /** into: `objective`, `bound`, `divergence` [1], `gradient.<parameter>` and `next.<parameter>`; tables: noise, `step.beta`, `step.rows`. */
  stepOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `bound`, `divergence` [rows]. */
  boundOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `logWeight` [rows]. */
  logWeightOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: the outputs `answers.encode`: of every latent its mean (probabilities of a discrete one), `variance.<latent>`. */
  encodeOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  /** into: `<variable>` of observed variables: means at the encoded latents. */
  reconstructOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
}
