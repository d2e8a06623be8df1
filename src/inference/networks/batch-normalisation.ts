import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { Flow, NetworkContext } from "./elaborate-network.js";
import { biasName, type LaidOutLayer, scaleName } from "./network-layers.js";

type BatchNormalisation = Extract<LaidOutLayer, { readonly kind: "batchnorm" }>;

/** Statistics that a step takes of its batch: one for each time that the layer is applied. */
export type StatisticsTaken = Map<string, { readonly axes: readonly string[]; readonly nodes: NodeId[] }>;

const epsilon = 1e-5;
/** Share of the batch at hand in the averages that are used where nothing is learned. */
const momentum = 0.1;

/** Averages of a layer's statistics over the steps: parameters that steps carry on. */
export function batchStatistics(layer: { readonly name: string }): {
  readonly mean: string;
  readonly variance: string;
} {
  return { mean: `${layer.name}.mean`, variance: `${layer.name}.variance` };
}

/**
 * Brings each feature to mean 0 and variance 1 over the batch (of an image, over its places too), then scales and shifts:
 *
 *     y = scale (x - mean) / sqrt(variance + 1e-5) + bias
 *
 * While learning, mean and variance are those of the batch; elsewhere the averages of them over the steps.
 *
 * @source Ioffe and Szegedy 2015, algorithms 1 and 2
 */
export function normaliseBatch(context: NetworkContext, layer: BatchNormalisation, { node, axes }: Flow): Flow {
  const { builder } = context;
  const features = axes.slice(axes.length - layer.features.length);
  const names = batchStatistics(layer);
  const isTraining = context.mode.isTraining === true;
  const items = builder.axesOf(node).filter((axis) => !features.includes(axis));
  const count = items.reduce((size, axis) => builder.times(size, builder.size(axis)), builder.constant(1));
  const mean = isTraining
    ? builder.over(builder.sum(node, items), count)
    : builder.input("parameter", names.mean, features);
  const centred = builder.minus(node, mean);
  const variance = isTraining
    ? builder.over(builder.sum(builder.unary("square", centred), items), count)
    : builder.input("parameter", names.variance, features);
  if (isTraining) {
    take(context.mode.statistics, names.mean, features, mean);
    take(context.mode.statistics, names.variance, features, variance);
  }
  const deviation = builder.unary("sqrt", builder.plus(variance, builder.constant(epsilon)));
  const standard = builder.over(centred, deviation);
  const scaled = builder.times(standard, builder.input("parameter", scaleName(layer), features));
  return { node: builder.plus(scaled, builder.input("parameter", biasName(layer), features)), axes };
}

function take(into: StatisticsTaken | undefined, name: string, axes: readonly string[], node: NodeId): void {
  const known = into?.get(name);
  if (known === undefined) into?.set(name, { axes, nodes: [node] });
  else if (!known.nodes.includes(node)) known.nodes.push(node);
}

/** Writes `next.<name>` for every statistic: what the average is after the step. */
export function writeStatistics(builder: PlanBuilder, taken: StatisticsTaken): void {
  for (const [name, { axes, nodes }] of taken) {
    const sum = nodes.reduce((left, right) => builder.plus(left, right));
    const before = builder.scale(1 - momentum, builder.input("parameter", name, axes));
    builder.output(`next.${name}`, builder.plus(before, builder.scale(momentum / nodes.length, sum)), axes);
  }
}
