import type { Expression, Model } from "../../ir/model.js";
import { type AxisSize, leakySlope, type NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { axisSize } from "../elaborate/axes.js";
import { inputShape } from "../../ir/domain.js";
import { normaliseBatch, type StatisticsTaken } from "./batch-normalisation.js";
import { convolve, pool, reshape } from "./convolution.js";
import {
  type Activation,
  biasName,
  candidateName,
  layOut,
  recurrentName,
  scaleName,
  weightName,
  type DenseLayer,
  type GruLayer,
  type LaidOutLayer,
} from "./network-layers.js";
import { normaliseProduct } from "./spectral-norm.js";

/** What a network needs of the elaboration around it: see `Elaborator`. */
export interface NetworkContext {
  readonly model: Model;
  readonly builder: PlanBuilder;
  readonly mode: {
    readonly isTraining?: boolean;
    readonly statistics?: StatisticsTaken;
    readonly memory?: MemoryOf;
  };
  value(expression: Expression, eventAxes: readonly string[]): NodeId;
  pick(
    indices: readonly Expression[],
    sizes: readonly AxisSize[],
    hint: string,
    make: (axes: readonly string[]) => NodeId,
  ): NodeId;
}

export type NetworkCall = Extract<Expression, { kind: "network" }>;

/** What a recurrent layer of a call knows at the step at hand. */
export type MemoryOf = (builder: PlanBuilder, call: NetworkCall, layer: GruLayer) => Flow;

/** A value on its way through a network: its node and the axes of its own shape. */
export interface Flow {
  readonly node: NodeId;
  readonly axes: readonly string[];
}

/**
 * One output of a network applied to its arguments, along `axes`.
 *
 *     dense   activation(sum over inputs of input . weight + bias)
 *
 * A category picks a row of its weight, which is the product with its one-hot vector.
 */
export function elaborateNetwork(context: NetworkContext, call: NetworkCall, axes: readonly string[]): NodeId {
  const network = context.model.networks.find(({ name }) => name === call.network);
  if (network === undefined) throw new Error(`elaborate: there is no network ${call.network}`);
  const laid = layOut(network);
  if ("underived" in laid) throw new Error(`elaborate: ${call.network} has a layer ${laid.underived.name}`);
  const head = laid.heads[call.output];
  if (head === undefined) throw new Error(`elaborate: ${call.network} has no output ${call.output}`);
  return context.builder.rule(`network ${call.network}`, () => {
    const flow = flowThrough(context, call, laid.body);
    return head.places === undefined || flow === undefined
      ? applyDense(context, head, flow, call.arguments, axes)
      : applyAtPlaces(context, head, flow, axes);
  });
}

/** What leaves some layers of a call, the first ones; undefined where there are none. */
function flowThrough(context: NetworkContext, call: NetworkCall, layers: readonly LaidOutLayer[]): Flow | undefined {
  let flow: Flow | undefined;
  // What comes before a recurrent layer is in what it knows.
  const from = layers.findLastIndex(({ kind }) => kind === "gru");
  for (const layer of layers.slice(Math.max(0, from))) {
    if (layer.kind !== "gru") flow = applyLayer(context, layer, flow, call.arguments);
    else if (context.mode.memory === undefined) throw new Error(`elaborate: ${layer.name} recurs outside of a chain`);
    else flow = context.mode.memory(context.builder, call, layer);
  }
  return flow;
}

/**
 * One step of a recurrent layer of a call, from what it knew the step before in its direction.
 *
 *     r, u = sigmoid(W x + b + U h)    n = tanh(W x + b + r (U h + c))    next h = (1 - u) n + u h
 *
 * @param before along the axis `<layer>.before`
 * @returns along the axis `<layer>.units`
 * @source Cho et al. 2014, in the form of cuDNN, whose reset gate acts on the product
 */
export function recurrentStep(context: NetworkContext, call: NetworkCall, layer: GruLayer, before: NodeId): NodeId {
  const { builder } = context;
  const network = context.model.networks.find(({ name }) => name === call.network);
  const laid = network === undefined ? undefined : layOut(network);
  if (laid === undefined || "underived" in laid) throw new Error(`elaborate: there is no network ${call.network}`);
  const flow = flowThrough(
    context,
    call,
    laid.body.slice(
      0,
      laid.body.findIndex(({ name }) => name === layer.name),
    ),
  );
  return builder.rule(`recurrent ${layer.name}`, () => {
    const [before0, units] = memoryAxes(builder, layer);
    const gate = builder.axis(`${layer.name}.gate`, { kind: "literal", value: 3 });
    const own = [gate, units];
    const products =
      flow === undefined
        ? call.arguments.map((argument, i) => inputProduct(context, layer, argument, i, own))
        : [
            builder.contract(
              [flow.node, builder.input("parameter", weightName(layer, 0), [...flow.axes, ...own])],
              flow.axes,
            ),
          ];
    const sum = products.reduce((left, right) => builder.plus(left, right));
    const fresh = builder.plus(sum, builder.input("parameter", biasName(layer), own));
    const known = builder.contract(
      [before, builder.input("parameter", recurrentName(layer), [before0, ...own])],
      [before0],
    );
    const at = (node: NodeId, position: number): NodeId => builder.slice(node, gate, position);
    const gated = (position: number): NodeId =>
      builder.unary("sigmoid", builder.plus(at(fresh, position), at(known, position)));
    const [reset, update] = [gated(0), gated(1)];
    const remembered = builder.plus(at(known, 2), builder.input("parameter", candidateName(layer), [units]));
    const candidate = builder.unary("tanh", builder.plus(at(fresh, 2), builder.times(reset, remembered)));
    const kept = builder.rename(before, before0, units);
    return builder.plus(candidate, builder.times(update, builder.minus(kept, candidate)));
  });
}

/** Axes of what a recurrent layer knows: before a step, and after it. */
export function memoryAxes(builder: PlanBuilder, { name, shape }: GruLayer): readonly [before: string, units: string] {
  const size = axisSize(shape[0]);
  return [builder.axis(`${name}.before`, size), builder.axis(`${name}.units`, size)];
}

function applyLayer(
  context: NetworkContext,
  layer: LaidOutLayer,
  flow: Flow | undefined,
  given: readonly Expression[],
): Flow {
  const { builder } = context;
  switch (layer.kind) {
    case "dense": {
      const axes = layer.shape.map((dimension, i) => builder.axis(`${layer.name}.${i}`, axisSize(dimension)));
      return { node: applyDense(context, layer, flow, given, axes), axes };
    }
    case "convolution": {
      const made = convolve(context, layer, flow, given);
      return { ...made, node: activate(builder, layer.activation, made.node) };
    }
    case "pool":
      return pool(builder, layer, flow ?? inputFlow(context, layer.name, given));
    case "reshape":
      return reshape(builder, layer, flow ?? inputFlow(context, layer.name, given));
    case "residual": {
      const start = flow ?? inputFlow(context, layer.name, given);
      let inner: Flow = start;
      for (const part of layer.body) inner = applyLayer(context, part, inner, given);
      const made = inner;
      const branch = made.axes.reduce((node, axis, i) => builder.rename(node, axis, start.axes[i]!), made.node);
      return { node: builder.plus(start.node, branch), axes: start.axes };
    }
    case "layernorm": {
      const { node, axes } = flow ?? inputFlow(context, layer.name, given);
      const count = axes.reduce((size, axis) => builder.times(size, builder.size(axis)), builder.constant(1));
      const centred = builder.minus(node, builder.over(builder.sum(node, axes), count));
      const variance = builder.over(builder.sum(builder.unary("square", centred), axes), count);
      const deviation = builder.unary("sqrt", builder.plus(variance, builder.constant(layerNormEpsilon)));
      const standard = builder.over(centred, deviation);
      const scaled = builder.times(standard, builder.input("parameter", scaleName(layer), axes));
      return { node: builder.plus(scaled, builder.input("parameter", biasName(layer), axes)), axes };
    }
    case "gru":
      throw new Error(`elaborate: ${layer.name} is no function of this step`);
    case "batchnorm":
      return normaliseBatch(context, layer, flow ?? inputFlow(context, layer.name, given));
    case "dropout": {
      const before = flow ?? inputFlow(context, layer.name, given);
      if (context.mode.isTraining !== true) return before;
      const uniform = builder.draw("uniform", [], dropoutAxes(builder, before), `dropout.${layer.name}`);
      const kept = builder.binary("lessEqual", builder.constant(layer.rate), uniform);
      return { node: builder.times(before.node, builder.scale(1 / (1 - layer.rate), kept)), axes: before.axes };
    }
  }
}

const layerNormEpsilon = 1e-5;

/** Every cell of the value is dropped by itself. */
function dropoutAxes(builder: PlanBuilder, { node, axes }: Flow): readonly string[] {
  return [...new Set([...builder.axesOf(node), ...axes])];
}

/** The only input of a network whose first layer has no weights. */
function inputFlow(context: NetworkContext, name: string, given: readonly Expression[]): Flow {
  const [only] = given;
  if (only === undefined) throw new Error(`elaborate: ${name} has no input`);
  const axes = inputShape(only.type).map((dimension, i) =>
    context.builder.axis(`${name}.in.${i}`, axisSize(dimension)),
  );
  return { node: context.value(only, axes), axes };
}

function applyDense(
  context: NetworkContext,
  layer: DenseLayer,
  flow: Flow | undefined,
  given: readonly Expression[],
  axes: readonly string[],
): NodeId {
  const { builder } = context;
  const products =
    flow === undefined
      ? given.map((argument, i) => inputProduct(context, layer, argument, i, axes))
      : [
          builder.contract(
            [flow.node, builder.input("parameter", weightName(layer, 0), [...flow.axes, ...axes])],
            flow.axes,
          ),
        ];
  const sum = products.reduce((left, right) => builder.plus(left, right));
  const normalised = normaliseProduct(context, layer, sum);
  const biased = builder.plus(normalised, builder.input("parameter", biasName(layer), axes));
  return activate(builder, layer.activation, biased);
}

/** An output layer at each place of an image alike. */
function applyAtPlaces(context: NetworkContext, layer: DenseLayer, flow: Flow, axes: readonly string[]): NodeId {
  const { builder } = context;
  const [rows, columns, channels] = flow.axes;
  const moved = builder.rename(builder.rename(flow.node, rows, axes[0]), columns, axes[1]);
  const weight = builder.input("parameter", weightName(layer, 0), [channels, axes[2]]);
  const product = normaliseProduct(context, layer, builder.contract([moved, weight], [channels]));
  return builder.plus(product, builder.input("parameter", biasName(layer), [axes[2]]));
}

function inputProduct(
  context: NetworkContext,
  layer: DenseLayer | GruLayer,
  argument: Expression,
  position: number,
  axes: readonly string[],
): NodeId {
  const { builder } = context;
  const name = weightName(layer, position);
  const type = argument.type.kind === "sequence" ? argument.type.element : argument.type;
  const own = inputShape(type);
  const weight = (inputAxes: readonly string[]): NodeId => builder.input("parameter", name, [...inputAxes, ...axes]);
  if (type.kind === "category" && type.shape.length === 0) {
    return context.pick([argument], own.map(axisSize), name, weight);
  }
  const inputAxes = own.map((dimension, i) => builder.axis(`${layer.name}.in${position}.${i}`, axisSize(dimension)));
  const value = context.value(argument, inputAxes);
  return inputAxes.length === 0
    ? builder.times(value, weight([]))
    : builder.contract([value, weight(inputAxes)], inputAxes);
}

function activate(builder: PlanBuilder, activation: Activation, a: NodeId): NodeId {
  switch (activation.name) {
    case "linear":
      return a;
    case "relu":
    case "tanh":
    case "sigmoid":
    case "softplus":
      return builder.unary(activation.name, a);
    case "lrelu":
      return activation.slope === undefined || activation.slope === leakySlope
        ? builder.unary("leakyRelu", a)
        : builder.select(builder.binary("less", builder.constant(0), a), a, builder.scale(activation.slope, a));
    case "elu":
      return builder.select(
        builder.binary("less", builder.constant(0), a),
        a,
        builder.unary("expm1", builder.binary("minimum", a, builder.constant(0))),
      );
    case "silu":
      return builder.times(a, builder.unary("sigmoid", a));
    // The form with tanh of Hendrycks and Gimpel 2016, eq. 2.
    case "gelu": {
      const cubic = builder.times(a, builder.unary("square", a));
      const inner = builder.scale(Math.sqrt(2 / Math.PI), builder.plus(a, builder.scale(0.044715, cubic)));
      return builder.times(builder.scale(0.5, a), builder.plus(builder.constant(1), builder.unary("tanh", inner)));
    }
    default:
      throw new Error(`elaborate: unknown activation ${activation.name}`);
  }
}
