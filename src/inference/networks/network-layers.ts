import { inputShape, shapeOf } from "../../ir/domain.js";
import {
  argument,
  type Convolution,
  convolutionOf,
  flowAfter,
  flowOfInputs,
  type LayerFlow,
  windowsOver,
} from "../../ir/layer-shapes.js";
import type { Dimension, Domain, Layer, Network } from "../../ir/model.js";
import { isWeightInitialisation, type WeightInitialisation } from "../../ir/weight-initialisation.js";

/**
 * A network laid out as what it computes: each layer with the names and shapes of its weights.
 *
 * Weights are parameters like any other, named after their place: `decoder.0.weight`, `decoder.0.bias`, and the implied
 * linear output layer by its number, `decoder.2.weight`; with several heads `encoder.1.head0.weight`. A first layer of
 * several inputs has one weight for each, `encoder.0.weight`, `encoder.0.weight1`: the layer of their concatenation.
 */
export interface LaidOutNetwork {
  readonly name: string;
  readonly body: readonly LaidOutLayer[];
  readonly heads: readonly DenseLayer[];
}

export type LaidOutLayer =
  | DenseLayer
  | ConvolutionLayer
  | {
      readonly kind: "pool";
      readonly name: string;
      readonly size: number;
      readonly function: "max" | "mean";
      readonly shape: readonly Dimension[];
    }
  | {
      readonly kind: "reshape";
      readonly name: string;
      readonly from: readonly Dimension[];
      readonly shape: readonly Dimension[];
    }
  | { readonly kind: "residual"; readonly name: string; readonly body: readonly LaidOutLayer[] }
  | { readonly kind: "layernorm"; readonly name: string; readonly shape: readonly Dimension[] }
  /** `features`: the channels of an image, whose places count as items, or all entries. */
  | { readonly kind: "batchnorm"; readonly name: string; readonly features: readonly Dimension[] }
  | { readonly kind: "dropout"; readonly name: string; readonly rate: number; readonly shape: readonly Dimension[] }
  | GruLayer;

export interface Activation {
  readonly name: string;
  /** Of `lrelu`, below 0. */
  readonly slope?: number;
}

export interface DenseLayer {
  readonly kind: "dense";
  readonly name: string;
  /** What it reads: the inputs of the network for a first layer, else the values of the layer before. */
  readonly inputs: readonly Domain[];
  readonly shape: readonly Dimension[];
  readonly activation: Activation;
  /** How its weights begin, where the layer says it. */
  readonly initialisation?: WeightInitialisation;
  /** An output layer at each place of an image: [rows, columns, channels] to [rows, columns, shape]. */
  readonly places?: readonly [Dimension, Dimension];
}

/** Convolution, or its transpose, with square kernels: weight [kernel, kernel, channels, filters]; transposed [kernel, kernel, filters, channels]. */
export interface ConvolutionLayer {
  readonly kind: "convolution";
  readonly name: string;
  readonly isTransposed: boolean;
  /** The first is an image; further images are joined as channels, anything else is the same at every place. */
  readonly inputs: readonly Domain[];
  readonly filters: Dimension;
  readonly shape: readonly Dimension[];
  readonly kernel: number;
  readonly stride: number;
  /** Zeros before the first row and column of the larger image. */
  readonly before: readonly [rows: number, columns: number];
  readonly activation: Activation;
  readonly initialisation?: WeightInitialisation;
}

/**
 * Gated recurrent units along a sequence. Weights by input [input, gate, units], recurrent [units, gate, units], bias
 * [gate, units], candidate [units]; gates are reset, update and candidate.
 */
export interface GruLayer {
  readonly kind: "gru";
  readonly name: string;
  readonly inputs: readonly Domain[];
  readonly shape: readonly Dimension[];
  /** From the end of the sequence. */
  readonly isBackward: boolean;
  readonly initialisation?: WeightInitialisation;
}

/** The network's layers, or the first layer for which there is no derivation. */
export function layOut(network: Network): LaidOutNetwork | { readonly underived: Layer } {
  const body: LaidOutLayer[] = [];
  let flow = flowOfInputs(network.inputs);
  for (const [i, layer] of network.layers.entries()) {
    const laid = layOutLayer(layer, `${network.name}.${i}`, flow);
    if (laid === undefined) return { underived: layer };
    body.push(...laid.layers);
    flow = laid.flow;
  }
  const several = network.outputs.length > 1;
  const heads = network.outputs.map((output, head): DenseLayer => {
    const name = `${network.name}.${network.layers.length}${several ? `.head${head}` : ""}`;
    const linear = { kind: "dense", name, activation: { name: "linear" } } as const;
    const [rows, columns, channels] = shapeOf(output);
    const [only] = flow.inputs;
    if (!flow.isImage || channels === undefined || body.length === 0)
      return { ...linear, inputs: flow.inputs, shape: shapeOf(output) };
    const source: Domain = { kind: "real", shape: inputShape(only).slice(2) };
    return { ...linear, inputs: [source], shape: [channels], places: [rows, columns] };
  });
  return { name: network.name, body, heads };
}

/** The weight of a layer for its i-th input. */
export function weightName(layer: { readonly name: string }, input: number): string {
  return `${layer.name}.weight${input === 0 ? "" : input}`;
}

/** The weight of a recurrent layer for what it was a step before. */
export function recurrentName(layer: { readonly name: string }): string {
  return `${layer.name}.recurrent`;
}

/** What a recurrent layer adds to what it was before, inside its reset gate. */
export function candidateName(layer: { readonly name: string }): string {
  return `${layer.name}.candidate`;
}

export function biasName(layer: { readonly name: string }): string {
  return `${layer.name}.bias`;
}

/** Where power iteration for a layer's largest singular value stands. */
export function directionName(layer: { readonly name: string }): string {
  return `${layer.name}.direction`;
}

export function scaleName(layer: { readonly name: string }): string {
  return `${layer.name}.scale`;
}

/** What a layer computes (nothing, where it only says how values are seen), and what leaves it. */
function layOutLayer(
  layer: Layer,
  name: string,
  flow: LayerFlow,
): { readonly layers: readonly LaidOutLayer[]; readonly flow: LayerFlow } | undefined {
  if (!derived.has(layer.name)) return undefined;
  const after = flowAfter(layer, flow);
  if ("problem" in after) return undefined;
  const of = (...layers: readonly LaidOutLayer[]): { layers: readonly LaidOutLayer[]; flow: LayerFlow } => ({
    layers,
    flow: after,
  });
  const { inputs } = flow;
  const [result] = after.inputs;
  const shape = inputShape(result);
  const initialisation = initialisationOf(layer);
  switch (layer.name) {
    case "dense":
      return of({ kind: "dense", name, inputs, shape, activation: activationOf(layer, 1), ...initialisation });
    case "embedding":
      return of({ kind: "dense", name, inputs, shape, activation: { name: "linear" }, ...initialisation });
    case "conv":
    case "deconv": {
      const convolution = convolutionOf(layer);
      const isTransposed = layer.name === "deconv";
      return of({
        kind: "convolution",
        name,
        isTransposed,
        inputs,
        filters: shape[2],
        shape,
        ...convolution,
        before: paddingBefore(isTransposed ? shape : inputShape(inputs[0]), convolution),
        activation: activationOf(layer, 2),
        ...initialisation,
      });
    }
    case "pool": {
      const size = argument(layer, 0, "size");
      const pooled = argument(layer, 1, "kind") === "mean" ? "mean" : "max";
      return of({ kind: "pool", name, size: typeof size === "number" ? size : 1, function: pooled, shape });
    }
    // What follows a flattened value runs over all of its axes.
    case "flatten":
      return of();
    case "reshape":
      return of({ kind: "reshape", name, from: inputShape(inputs[0]), shape });
    case "layernorm":
      return of({ kind: "layernorm", name, shape });
    case "batchnorm":
      return of({ kind: "batchnorm", name, features: flow.isImage ? shape.slice(2) : shape });
    case "dropout": {
      const rate = argument(layer, 0, "rate");
      return of({ kind: "dropout", name, rate: typeof rate === "number" ? rate : 0, shape });
    }
    case "gru":
      return of({
        kind: "gru",
        name,
        inputs,
        shape,
        isBackward: argument(layer, 1, "backward") === 1,
        ...initialisation,
      });
    case "residual": {
      // What recurs would have to be told apart from what it is added to.
      if (layer.arguments.some(({ value }) => typeof value === "object" && value.name === "gru")) return undefined;
      const body: LaidOutLayer[] = [];
      let inner = flow;
      for (const [i, { value }] of layer.arguments.entries()) {
        const laid = typeof value === "object" ? layOutLayer(value, `${name}.${i}`, inner) : undefined;
        if (laid === undefined) return undefined;
        body.push(...laid.layers);
        inner = laid.flow;
      }
      return of({ kind: "residual", name, body });
    }
    default:
      return undefined;
  }
}

const derived: ReadonlySet<string> = new Set([
  "dense",
  "embedding",
  "conv",
  "deconv",
  "pool",
  "flatten",
  "reshape",
  "layernorm",
  "batchnorm",
  "dropout",
  "gru",
  "residual",
]);

function activationOf(layer: Layer, position: number): Activation {
  const value = argument(layer, position, "activation");
  if (typeof value !== "object") return { name: typeof value === "string" ? value : "linear" };
  const slope = argument(value, 0, "slope");
  return { name: value.name, ...(typeof slope === "number" ? { slope } : {}) };
}

/** Never by position: what stands there is another argument. */
function initialisationOf(layer: Layer): { readonly initialisation?: WeightInitialisation } {
  const written = layer.arguments.find(({ name, value }) => name === "init" || isWeightInitialisation(value))?.value;
  return isWeightInitialisation(written) ? { initialisation: written } : {};
}

function paddingBefore(image: readonly Dimension[], { kernel, stride, padding }: Convolution): [number, number] {
  const along = (side: Dimension): number =>
    side.kind === "literal" ? windowsOver(side.value, kernel, stride, padding).before : 0;
  return [along(image[0]), along(image[1])];
}
