import type { Dimension, Model, Network, Parameter } from "../../ir/model.js";
import type { WeightStart } from "../../ir/program.js";
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
 * Weights begin as He et al. 2015 have it in front of a rectifier, N(0, 2 / inputs), and elsewhere as Glorot and Bengio
 * 2010, uniform within sqrt(6 / (inputs + outputs)); biases at 0, scales of normalising layers at 1.
 */
export function networkParameters(networks: readonly Network[]): NetworkParameters {
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
          const fanIn = layer.inputs.map(inputShape);
          const kind = startOf(layer.activation);
          layer.inputs.forEach((_, i) =>
            declare(weightName(layer, i), [...(fanIn[i] ?? []), ...layer.shape], { kind, fanIn, fanOut: layer.shape }),
          );
          declare(biasName(layer), layer.shape, { kind: "constant", value: 0 });
          return;
        }
        case "convolution":
          declareConvolution(layer, declare);
          return;
        case "gru": {
          const { shape } = layer;
          const fanIn = layer.inputs.map(inputShape);
          const each: WeightStart = { kind: "glorot", fanIn, fanOut: shape };
          layer.inputs.forEach((_, i) => declare(weightName(layer, i), [...(fanIn[i] ?? []), gates, ...shape], each));
          const recurrent: WeightStart = { kind: "glorot", fanIn: [shape], fanOut: shape };
          declare(recurrentName(layer), [...shape, gates, ...shape], recurrent);
          declare(biasName(layer), [gates, ...shape], { kind: "constant", value: 0 });
          declare(candidateName(layer), shape, { kind: "constant", value: 0 });
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

function startOf({ name }: Activation): "he" | "glorot" {
  return rectifying.has(name) ? "he" : "glorot";
}

/** Inputs are those that reach one entry of the result: with a stride a transposed kernel reaches it in part. */
function declareConvolution(
  layer: ConvolutionLayer,
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
  const start = { kind: startOf(layer.activation), fanIn, fanOut: [side, side, filters] } as const;
  layer.inputs.forEach((input, i) => {
    const channels = images[i];
    const own = isTransposed ? [filters, channels ?? filters] : [channels ?? filters, filters];
    declare(
      weightName(layer, i),
      channels === undefined ? [...inputShape(input), filters] : [side, side, ...own],
      start,
    );
  });
  declare(biasName(layer), [filters], { kind: "constant", value: 0 });
}

/** The model with the weights of its networks among its parameters. */
export function withNetworkParameters(
  model: Model,
  weights: NetworkParameters,
  others: readonly Parameter[] = [],
): Model {
  return { ...model, parameters: [...model.parameters, ...weights.parameters, ...others] };
}
