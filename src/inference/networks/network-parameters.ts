import type { Dimension, Model, Network, Parameter } from "../../ir/model.js";
import type { WeightStart } from "../../ir/program.js";
import { biasName, inputShape, layOut, scaleName, weightName, type LaidOutLayer } from "./network-layers.js";

/** The weights of networks as parameters of the model, and how each begins. */
export interface NetworkParameters {
  readonly parameters: readonly Parameter[];
  readonly starts: Readonly<Record<string, WeightStart>>;
}

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
    const declare = (name: string, shape: readonly Dimension[], start: WeightStart): void => {
      parameters.push({ name, span: network.span, table: [], domain: { kind: "real", shape } });
      starts[name] = start;
    };
    const visit = (layer: LaidOutLayer): void => {
      switch (layer.kind) {
        case "dense": {
          const fanIn = layer.inputs.map(inputShape);
          const kind = rectifying.has(layer.activation) ? "he" : "glorot";
          layer.inputs.forEach((_, i) =>
            declare(weightName(layer, i), [...(fanIn[i] ?? []), ...layer.shape], { kind, fanIn, fanOut: layer.shape }),
          );
          declare(biasName(layer), layer.shape, { kind: "constant", value: 0 });
          return;
        }
        case "residual":
          layer.body.forEach(visit);
          return;
        case "layernorm":
          declare(scaleName(layer), layer.shape, { kind: "constant", value: 1 });
          declare(biasName(layer), layer.shape, { kind: "constant", value: 0 });
          return;
        case "dropout":
          return;
      }
    };
    laid.body.forEach(visit);
    laid.heads.forEach(visit);
  }
  return { parameters, starts };
}

/** The model with the weights of its networks among its parameters. */
export function withNetworkParameters(model: Model, weights: NetworkParameters): Model {
  return { ...model, parameters: [...model.parameters, ...weights.parameters] };
}
