import type { Dimension, Learn, Model, Network, Parameter } from "../../ir/model.js";
import type { WeightStart } from "../../ir/program.js";
import { isWeightInitialisation, type WeightInitialisation } from "../../ir/weight-initialisation.js";
import { inputShape } from "../../ir/domain.js";
import { isImageDomain } from "../../ir/layer-shapes.js";
import {
  type Activation,
  biasName,
  candidateName,
  directionName,
  type ConvolutionLayer,
  layOut,
  recurrentName,
  scaleName,
  weightName,
  type LaidOutLayer,
} from "./network-layers.js";
import { batchStatistics } from "./batch-normalisation.js";
import { outputShape, weightedLayers } from "./spectral-norm.js";

/** The weights of networks as parameters of the model, and how each begins. */
export interface NetworkParameters {
  readonly parameters: readonly Parameter[];
  readonly starts: Readonly<Record<string, WeightStart>>;
}

/** Reset, update and candidate. */
const gates: Dimension = { kind: "literal", value: 3 };

/** Activations for which half of the variance is lost on the way. */
const rectifying: ReadonlySet<string> = new Set(["relu", "lrelu", "elu", "gelu", "silu"]);

/**
 * Declares the weights of every network.
 *
 * Weights begin as their layer says (`init: orthogonal`), else as `learn { init: … }` does, else as He et al. 2015 have it
 * in front of a rectifier, N(0, 2 / inputs), and elsewhere as Glorot and Bengio 2010, uniform within
 * sqrt(6 / (inputs + outputs)); biases at 0 (by `fan_in` drawn as the weights), scales of normalising layers at 1.
 */
export function networkParameters(networks: readonly Network[], learn?: Learn): NetworkParameters {
  const ofAll = initialisationOfAll(learn);
  const parameters: Parameter[] = [];
  const starts: Record<string, WeightStart> = {};
  for (const network of networks) {
    const laid = layOut(network);
    if ("underived" in laid) throw new Error(`networks: ${network.name} has a layer ${laid.underived.name}`);
    const declare = (
      name: string,
      shape: readonly Dimension[],
      start: WeightStart,
      kind: "real" | "positive" = "real",
    ): void => {
      parameters.push({ name, span: network.span, table: [], domain: { kind, shape } });
      starts[name] = start;
    };
    const visit = (layer: LaidOutLayer): void => {
      switch (layer.kind) {
        case "dense": {
          const rows = layer.inputs.map(inputShape);
          const start = layerStart(layer, ofAll, rectifierOf(layer.activation), { rows, columns: layer.shape });
          layer.inputs.forEach((_, i) =>
            declare(weightName(layer, i), [...(rows[i] ?? []), ...layer.shape], start.weight(i)),
          );
          declare(biasName(layer), layer.shape, start.bias);
          return;
        }
        case "convolution":
          declareConvolution(layer, ofAll, declare);
          return;
        case "gru": {
          const { shape } = layer;
          const rows = layer.inputs.map(inputShape);
          const start = layerStart(layer, ofAll, undefined, { rows, columns: shape, blocks: 3 });
          const again = { ...layer, name: recurrentName(layer) };
          const recurrent = layerStart(again, ofAll, undefined, { rows: [shape], columns: shape, blocks: 3 });
          layer.inputs.forEach((_, i) =>
            declare(weightName(layer, i), [...(rows[i] ?? []), gates, ...shape], start.weight(i)),
          );
          declare(recurrentName(layer), [...shape, gates, ...shape], recurrent.weight(0));
          declare(biasName(layer), [gates, ...shape], start.bias);
          declare(candidateName(layer), shape, recurrent.bias);
          return;
        }
        case "pool":
        case "reshape":
          return;
        case "residual":
          layer.body.forEach(visit);
          return;
        case "layernorm":
          declare(scaleName(layer), layer.shape, { kind: "constant", value: 1 });
          declare(biasName(layer), layer.shape, { kind: "constant", value: 0 });
          return;
        case "batchnorm": {
          const statistics = batchStatistics(layer);
          declare(scaleName(layer), layer.features, { kind: "constant", value: 1 });
          declare(biasName(layer), layer.features, { kind: "constant", value: 0 });
          declare(statistics.mean, layer.features, { kind: "constant", value: 0 });
          declare(statistics.variance, layer.features, { kind: "constant", value: 1 }, "positive");
          return;
        }
        case "dropout":
          return;
      }
    };
    laid.body.forEach(visit);
    laid.heads.forEach(visit);
    if (network.isSpectral !== true) continue;
    for (const layer of weightedLayers(network)) {
      const fanOut = outputShape(layer);
      declare(directionName(layer), fanOut, { kind: "he", fanIn: [fanOut], fanOut });
    }
  }
  return { parameters, starts };
}

function initialisationOfAll(learn: Learn | undefined): WeightInitialisation | undefined {
  const option = learn?.options["init"];
  return option?.kind === "name" && isWeightInitialisation(option.name) ? option.name : undefined;
}

/** The activation of a layer, where it is a rectifier. */
function rectifierOf(activation: Activation): Activation | undefined {
  return rectifying.has(activation.name) ? activation : undefined;
}

interface LayerMatrix {
  /** Extents of what the layer reads, input by input. */
  readonly rows: readonly (readonly Dimension[])[];
  readonly columns: readonly Dimension[];
  readonly blocks?: number;
  /** How many numbers reach one entry of the result, and are reached by one, where they are not rows and columns. */
  readonly fanIn?: readonly (readonly Dimension[])[];
  readonly fanOut?: readonly Dimension[];
}

/** How the weight of each input of a layer begins, and its bias. */
function layerStart(
  { name, initialisation }: { readonly name: string; readonly initialisation?: WeightInitialisation },
  ofAll: WeightInitialisation | undefined,
  rectifier: Activation | undefined,
  { rows, columns, blocks = 1, fanIn = rows, fanOut = columns }: LayerMatrix,
): { readonly weight: (input: number) => WeightStart; readonly bias: WeightStart } {
  const zero: WeightStart = { kind: "constant", value: 0 };
  const kind = initialisation ?? ofAll ?? (rectifier === undefined ? "glorot" : "he");
  if (kind === "orthogonal") {
    // What a rectifier takes from the variance of what passes.
    const gain = rectifier === undefined ? 1 : Math.sqrt(2);
    return { weight: (part) => ({ kind, layer: name, part, rows, columns, blocks, gain }), bias: zero };
  }
  const start: WeightStart = { kind, fanIn, fanOut };
  return { weight: () => start, bias: kind === "fan_in" ? start : zero };
}

/** Inputs are those that reach one entry of the result: with a stride a transposed kernel reaches it in part. */
function declareConvolution(
  layer: ConvolutionLayer,
  ofAll: WeightInitialisation | undefined,
  declare: (name: string, shape: readonly Dimension[], start: WeightStart) => void,
): void {
  const { filters, isTransposed, stride } = layer;
  const side: Dimension = { kind: "literal", value: layer.kernel };
  const reached: Dimension = isTransposed ? { kind: "literal", value: Math.ceil(layer.kernel / stride) } : side;
  const images = layer.inputs.map((input) => (isImageDomain(input) ? inputShape(input)[2] : undefined));
  const fanIn = layer.inputs.map((input, i) => {
    const channels = images[i];
    return channels === undefined ? inputShape(input) : [reached, reached, channels];
  });
  const shapes = layer.inputs.map((input, i) => {
    const channels = images[i];
    if (channels === undefined) return [...inputShape(input), filters];
    return [side, side, ...(isTransposed ? [filters, channels] : [channels, filters])];
  });
  const reach = { fanIn, fanOut: [side, side, filters] };
  const rectifier = rectifierOf(layer.activation);
  // The last axis are the columns: filters, or what a transposed kernel reads, whose inputs have columns of their own.
  const split = (shape: readonly Dimension[]): Pick<LayerMatrix, "rows" | "columns"> => ({
    rows: [shape.slice(0, -1)],
    columns: shape.slice(-1),
  });
  const joined = { rows: shapes.map((shape) => shape.slice(0, -1)), columns: [filters], ...reach };
  const start = layerStart(layer, ofAll, rectifier, joined);
  shapes.forEach((shape, i) => {
    const name = weightName(layer, i);
    const own = layerStart({ ...layer, name }, ofAll, rectifier, { ...split(shape), ...reach });
    declare(name, shape, isTransposed ? own.weight(0) : start.weight(i));
  });
  declare(biasName(layer), [filters], start.bias);
}

/** The model with the weights of its networks among its parameters. */
export function withNetworkParameters(
  model: Model,
  weights: NetworkParameters,
  others: readonly Parameter[] = [],
): Model {
  return { ...model, parameters: [...model.parameters, ...weights.parameters, ...others] };
}
