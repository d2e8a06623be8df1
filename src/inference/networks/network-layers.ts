import { shapeOf } from "../../ir/domain.js";
import type { Dimension, Domain, Layer, Network } from "../../ir/model.js";

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
  | { readonly kind: "residual"; readonly name: string; readonly body: readonly LaidOutLayer[] }
  | { readonly kind: "layernorm"; readonly name: string; readonly shape: readonly Dimension[] }
  | { readonly kind: "dropout"; readonly name: string; readonly rate: number; readonly shape: readonly Dimension[] };

export interface DenseLayer {
  readonly kind: "dense";
  readonly name: string;
  /** What it reads: the inputs of the network for a first layer, else the values of the layer before. */
  readonly inputs: readonly Domain[];
  readonly shape: readonly Dimension[];
  readonly activation: string;
  /** An output layer. */
  readonly isHead: boolean;
}

/** The network's layers, or the first layer for which there is no derivation. */
export function layOut(network: Network): LaidOutNetwork | { readonly underived: Layer } {
  const inputs = network.inputs;
  const body: LaidOutLayer[] = [];
  let at: readonly Domain[] = inputs;
  for (const [i, layer] of network.layers.entries()) {
    const laid = layOutLayer(layer, `${network.name}.${i}`, at);
    if (laid === undefined) return { underived: layer };
    if (laid === "identity") continue;
    body.push(laid);
    at = [outputOf(laid, at)];
  }
  const several = network.outputs.length > 1;
  const heads = network.outputs.map((output, head): DenseLayer => ({
    kind: "dense",
    name: `${network.name}.${network.layers.length}${several ? `.head${head}` : ""}`,
    inputs: at,
    shape: shapeOf(output),
    activation: "linear",
    isHead: true,
  }));
  return { name: network.name, body, heads };
}

/** The weight of a dense layer for its i-th input. */
export function weightName(layer: DenseLayer, input: number): string {
  return `${layer.name}.weight${input === 0 ? "" : input}`;
}

export function biasName(layer: { readonly name: string }): string {
  return `${layer.name}.bias`;
}

export function scaleName(layer: { readonly name: string }): string {
  return `${layer.name}.scale`;
}

/** Extents of a layer's weight that an input runs over; a category picks one of its rows. */
export function inputShape(domain: Domain): readonly Dimension[] {
  return domain.kind === "category" ? [domain.categories, ...domain.shape] : shapeOf(domain);
}

function layOutLayer(layer: Layer, name: string, inputs: readonly Domain[]): LaidOutLayer | "identity" | undefined {
  const value = (position: number, named: string): number | string | Layer | undefined => {
    const positional = layer.arguments.filter((argument) => argument.name === undefined);
    return (layer.arguments.find((argument) => argument.name === named) ?? positional[position])?.value;
  };
  const [only] = inputs;
  const shape = inputs.length === 1 && only !== undefined && only.kind !== "category" ? shapeOf(only) : undefined;
  switch (layer.name) {
    case "dense": {
      const units = value(0, "units");
      const activation = value(1, "activation") ?? "linear";
      if (typeof units === "object" || units === undefined || typeof activation !== "string") return undefined;
      return { kind: "dense", name, inputs, shape: [dimensionOf(units)], activation, isHead: false };
    }
    case "embedding": {
      const width = value(0, "width");
      if (typeof width === "object" || width === undefined) return undefined;
      return { kind: "dense", name, inputs, shape: [dimensionOf(width)], activation: "linear", isHead: false };
    }
    // What follows a flattened value runs over all of its axes.
    case "flatten":
      return "identity";
    case "layernorm":
      return shape === undefined || shape.length === 0 ? undefined : { kind: "layernorm", name, shape };
    case "dropout": {
      const rate = value(0, "rate");
      return shape === undefined || typeof rate !== "number" ? undefined : { kind: "dropout", name, rate, shape };
    }
    case "residual": {
      if (shape?.length !== 1 || only === undefined) return undefined;
      const body: LaidOutLayer[] = [];
      let at: readonly Domain[] = inputs;
      for (const [i, argument] of layer.arguments.entries()) {
        if (typeof argument.value !== "object") return undefined;
        const laid = layOutLayer(argument.value, `${name}.${i}`, at);
        if (laid === undefined) return undefined;
        if (laid === "identity") continue;
        body.push(laid);
        at = [outputOf(laid, at)];
      }
      const [end] = at;
      return end !== undefined && JSON.stringify(shapeOf(end)) === JSON.stringify(shape)
        ? { kind: "residual", name, body }
        : undefined;
    }
    default:
      return undefined;
  }
}

function outputOf(layer: LaidOutLayer, inputs: readonly Domain[]): Domain {
  if (layer.kind === "dense") return { kind: "real", shape: layer.shape };
  const [only] = inputs;
  if (only === undefined) throw new Error(`networks: the layer ${layer.name} has no input`);
  return { kind: "real", shape: shapeOf(only) };
}

function dimensionOf(units: number | string): Dimension {
  return typeof units === "number" ? { kind: "literal", value: units } : { kind: "symbol", name: units };
}
