import type { Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { inputShape } from "../../ir/domain.js";
import { isImageDomain } from "../../ir/layer-shapes.js";
import { axisSize } from "../elaborate/axes.js";
import type { Flow, NetworkContext } from "./elaborate-network.js";
import { biasName, type ConvolutionLayer, type LaidOutLayer, weightName } from "./network-layers.js";
import { normaliseProduct } from "./spectral-norm.js";

/**
 * Convolutions and their kin, written with windows of an axis and sums of windows, which are each other's adjoints: their
 * derivatives are made of the same operations, to any order.
 *
 *     conv     y[i, j, f] = sum over p, q, c of x[stride i + p - before, stride j + q - before, c] w[p, q, c, f]
 *     deconv   y[i, j, f] = sum over p, q, c and the (k, l) with stride k + p - before = i, … of x[k, l, c] w[p, q, f, c]
 */
export function convolve(
  context: NetworkContext,
  layer: ConvolutionLayer,
  flow: Flow | undefined,
  given: readonly Expression[],
): Flow {
  const { builder } = context;
  const axes = layer.shape.map((size, i) => builder.axis(`${layer.name}.${i}`, axisSize(size)));
  const flows = flow === undefined ? inputFlows(context, layer, given) : [flow];
  const sums = flows.map((input, i) => {
    const isImage = isImageDomain(layer.inputs[i]);
    if (isImage)
      return layer.isTransposed ? transposed(builder, layer, input, i, axes) : windowed(builder, layer, input, i, axes);
    const weight = (own: readonly string[]): NodeId =>
      builder.input("parameter", weightName(layer, i), [...own, axes[2]]);
    if (layer.inputs[i].kind === "category")
      return context.pick([given[i]], inputShape(layer.inputs[i]).map(axisSize), weightName(layer, i), weight);
    return input.axes.length === 0
      ? builder.times(input.node, weight([]))
      : builder.contract([input.node, weight(input.axes)], input.axes);
  });
  const sum = normaliseProduct(
    context,
    layer,
    sums.reduce((left, right) => builder.plus(left, right)),
  );
  return { node: builder.plus(sum, builder.input("parameter", biasName(layer), [axes[2]])), axes };
}

function inputFlows(context: NetworkContext, layer: ConvolutionLayer, given: readonly Expression[]): readonly Flow[] {
  return given.map((argument, i) => {
    const domain = layer.inputs[i];
    if (domain.kind === "category") return { node: context.builder.constant(0), axes: [] };
    const axes = inputShape(domain).map((size, side) =>
      context.builder.axis(`${layer.name}.in${i}.${side}`, axisSize(size)),
    );
    return { node: context.value(argument, axes), axes };
  });
}

function kernelAxes(builder: PlanBuilder, layer: ConvolutionLayer): readonly [string, string] {
  const size = { kind: "literal", value: layer.kernel } as const;
  return [builder.axis(`${layer.name}.row`, size), builder.axis(`${layer.name}.column`, size)];
}

function windowed(
  builder: PlanBuilder,
  layer: ConvolutionLayer,
  { node, axes: source }: Flow,
  input: number,
  axes: readonly string[],
): NodeId {
  const offsets = kernelAxes(builder, layer);
  const [rows, columns, channels] = source;
  const weight = builder.input("parameter", weightName(layer, input), [...offsets, channels, axes[2]]);
  if (layer.kernel === 1 && layer.stride === 1) {
    const moved = builder.rename(builder.rename(node, rows, axes[0]), columns, axes[1]);
    return builder.contract([moved, builder.slice(builder.slice(weight, offsets[0], 0), offsets[1], 0)], [channels]);
  }
  const windows = [rows, columns].reduce(
    (value, axis, side) =>
      builder.window(value, {
        axis,
        positions: axes[side],
        offsets: offsets[side],
        stride: layer.stride,
        before: layer.before[side],
      }),
    node,
  );
  return builder.contract([windows, weight], [...offsets, channels]);
}

function transposed(
  builder: PlanBuilder,
  layer: ConvolutionLayer,
  { node, axes: source }: Flow,
  input: number,
  axes: readonly string[],
): NodeId {
  const offsets = kernelAxes(builder, layer);
  const [rows, columns, channels] = source;
  const weight = builder.input("parameter", weightName(layer, input), [...offsets, axes[2], channels]);
  const windows = builder.contract([node, weight], [channels]);
  return [columns, rows].reduce((value, positions, i) => {
    const side = 1 - i;
    return builder.overlapAdd(value, {
      axis: axes[side],
      positions,
      offsets: offsets[side],
      stride: layer.stride,
      before: layer.before[side],
    });
  }, windows);
}

/** The largest or mean value of windows side by side; rows and columns left over at the end are left out. */
export function pool(
  builder: PlanBuilder,
  layer: Extract<LaidOutLayer, { readonly kind: "pool" }>,
  { node, axes: source }: Flow,
): Flow {
  const [rows, columns, channels] = source;
  const size = { kind: "literal", value: layer.size } as const;
  const axes = [0, 1].map((side) => builder.axis(`${layer.name}.${side}`, axisSize(layer.shape[side])));
  const offsets = [builder.axis(`${layer.name}.row`, size), builder.axis(`${layer.name}.column`, size)];
  const windows = [rows, columns].reduce(
    (value, axis, side) =>
      builder.window(value, { axis, positions: axes[side], offsets: offsets[side], stride: layer.size, before: 0 }),
    node,
  );
  const pooled =
    layer.function === "max"
      ? builder.max(windows, offsets)
      : builder.scale(1 / layer.size ** 2, builder.sum(windows, offsets));
  return { node: pooled, axes: [...axes, channels] };
}

/** The same entries in another shape, row by row. */
export function reshape(
  builder: PlanBuilder,
  layer: Extract<LaidOutLayer, { readonly kind: "reshape" }>,
  { node, axes: source }: Flow,
): Flow {
  const axes = layer.shape.map((size, i) => builder.axis(`${layer.name}.${i}`, axisSize(size)));
  if (source.length === 1) return { node: builder.split(node, source[0], axes), axes };
  const entries = layer.shape.reduce((product, size) => product * (size.kind === "literal" ? size.value : NaN), 1);
  const flat = builder.axis(`${layer.name}.flat`, { kind: "literal", value: entries });
  return { node: builder.split(builder.merge(node, source, flat), flat, axes), axes };
}
