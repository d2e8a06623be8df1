import { inputShape } from "../../ir/domain.js";
import { isImageDomain } from "../../ir/layer-shapes.js";
import type { Dimension, Model, Network } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { axisSize } from "../elaborate/axes.js";
import type { NetworkContext } from "./elaborate-network.js";
import {
  type ConvolutionLayer,
  type DenseLayer,
  directionName,
  type LaidOutLayer,
  layOut,
  weightName,
} from "./network-layers.js";

export type WeightedLayer = DenseLayer | ConvolutionLayer;

/** Keeps a norm of 0 from dividing. */
const normFloor = 1e-12;

/** Layers with weights, output layers last. */
export function weightedLayers(network: Network): readonly WeightedLayer[] {
  const laid = layOut(network);
  if ("underived" in laid) return [];
  const within = (layer: LaidOutLayer): readonly WeightedLayer[] => {
    switch (layer.kind) {
      case "dense":
      case "convolution":
        return [layer];
      case "residual":
        return layer.body.flatMap(within);
      case "pool":
      case "reshape":
      case "layernorm":
      case "batchnorm":
      case "dropout":
      case "gru":
        return [];
    }
  };
  return [...laid.body, ...laid.heads].flatMap(within);
}

/** The sides of a layer's weight that count its outputs. */
export function outputShape(layer: WeightedLayer): readonly Dimension[] {
  return layer.kind === "convolution" ? [layer.filters] : layer.shape;
}

/** The network that a layer belongs to, where its weights are divided by their largest singular value. */
function isSpectral(model: Model, layer: WeightedLayer): boolean {
  return model.networks.some(
    ({ name, isSpectral: spectral }) => spectral === true && layer.name.startsWith(`${name}.`),
  );
}

/** What a layer makes of its inputs before the bias is added, with its weights divided by their largest singular value. */
export function normaliseProduct(context: NetworkContext, layer: WeightedLayer, product: NodeId): NodeId {
  if (!isSpectral(context.model, layer)) return product;
  return context.builder.over(product, spectralNorm(context.builder, layer).norm);
}

/**
 * The largest singular value of a layer's weight W [inputs, outputs], by one step of power iteration from the direction u
 * that the step before left:
 *
 *     v = W u / |W u|,   norm = |W' v|,   next u = W' v / norm
 *
 * A convolution's kernel counts as the matrix [rows columns channels, filters]. Several inputs are one, side by side.
 * The derivative goes through the whole of this; at a singular vector it is that of the norm with u and v held.
 *
 * @source Miyato, Kataoka, Koyama and Yoshida 2018, algorithm 1
 */
export function spectralNorm(
  builder: PlanBuilder,
  layer: WeightedLayer,
): { readonly norm: NodeId; readonly next: NodeId; readonly axes: readonly string[] } {
  return builder.rule(`spectral norm ${layer.name}`, () => {
    const declare = (name: string, shape: readonly Dimension[]): readonly string[] =>
      shape.map((size, i) => builder.axis(`${layer.name}.norm.${name}.${i}`, axisSize(size)));
    const axes = declare("out", outputShape(layer));
    const direction = builder.input("parameter", directionName(layer), axes);
    const weights = layer.inputs.map((input, i) => {
      const name = weightName(layer, i);
      if (layer.kind === "dense") {
        const own = declare(`in${i}`, inputShape(input));
        return { node: builder.input("parameter", name, [...own, ...axes]), own };
      }
      if (!isImageDomain(input)) {
        const own = declare(`in${i}`, inputShape(input));
        return { node: builder.input("parameter", name, [...own, ...axes]), own };
      }
      const side: Dimension = { kind: "literal", value: layer.kernel };
      const [row, column, channel] = declare(`in${i}`, [side, side, inputShape(input)[2]]);
      const last = layer.isTransposed ? [...axes, channel] : [channel, ...axes];
      return { node: builder.input("parameter", name, [row, column, ...last]), own: [row, column, channel] };
    });
    const sum = (nodes: readonly NodeId[]): NodeId => nodes.reduce((a, b) => builder.plus(a, b));
    const product = (a: NodeId, b: NodeId, over: readonly string[]): NodeId =>
      over.length === 0 ? builder.times(a, b) : builder.contract([a, b], over);
    const squares = (node: NodeId, over: readonly string[]): NodeId =>
      over.length === 0 ? builder.unary("square", node) : builder.sum(builder.unary("square", node), over);
    const root = (node: NodeId): NodeId => builder.unary("sqrt", builder.plus(node, builder.constant(normFloor)));
    const reached = weights.map(({ node }) => product(node, direction, axes));
    const length = root(sum(weights.map(({ own }, i) => squares(reached[i], own))));
    const back = sum(weights.map(({ node, own }, i) => product(node, builder.over(reached[i], length), own)));
    const norm = root(squares(back, axes));
    return { norm, next: builder.over(back, norm), axes };
  });
}
