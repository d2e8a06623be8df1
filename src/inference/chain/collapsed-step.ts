import type { DensityFactor } from "../../ir/model.js";
import { adjoints, adjointsOfAll, type SeededOutput } from "../../ir/passes/differentiate.js";
import type { InputSource, NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { valuesAxis } from "../elaborate/axes.js";
import { factorDensity } from "../elaborate/factor-density.js";
import type { ContinuousVariable } from "../elimination/potential.js";
import { ones } from "../instantiate.js";
import { activeFactors, type Frames } from "./frame-model.js";
import { moveForwards, smoothed, suffixAt, turnedOver, type Kept, type Moved } from "./gaussian-step.js";
import type { CollapsedGroup } from "./collapsed-groups.js";
import { firstAxis, onSecond, secondAxisOf } from "./moments.js";

/** A step of a collapsed group. */
export interface CollapsedStep {
  /** [rows]: log density of what is observed given earlier rows. */
  readonly logDensity: NodeId;
  readonly told: readonly Kept[];
  /** Only where the backward pass is written. */
  readonly backward?: CollapsedBackward;
}

export interface CollapsedBackward {
  readonly back: readonly Kept[];
  /** Weight of each cell of the joint table of the discrete latents, weighted as the rows are. */
  readonly share: NodeId;
  /** Posterior moments of each cell. */
  mean(key: string): NodeId;
  covariance(u: string, v: string): NodeId;
  tableOf(factor: DensityFactor): { readonly node: NodeId; readonly axes: readonly string[] };
}

/**
 * Writes one step of a group: for every combination of the discrete latents that still matter, the Gaussian ones move
 * forwards and are conditioned; combinations that agree in what later rows need are then replaced by one Gaussian of
 * their mean and covariance, each weighted by its probability.
 *
 *     a = log p(before) + tables + log p(y | …),   p' = sum a,   w = a / p'
 *     m' = sum w m,   P' = sum w (P + (m - m') (m - m')')
 *
 * Backwards the derivative of all of that; the moments of a cell are derivatives with respect to a tilt of it, which
 * are those of an exact smoother with r and N of the cell: r = m~ / a~, N = r r' - 2 P~ / a~.
 *
 * @source Kim 1994, "Dynamic linear models with Markov-switching", for the collapse
 */
export function writeCollapsedStep(
  frames: Frames,
  builder: PlanBuilder,
  group: CollapsedGroup,
  position: number,
  missing: boolean,
  source: InputSource & ("parameter" | "previous"),
  isBackward: boolean,
): CollapsedStep {
  const { model, chain } = frames;
  const elaborator = new Elaborator(model, builder, { parameters: source });
  const axesAt = (at: number, back: number): readonly string[] =>
    group.discrete.flatMap((variable) => {
      if (frames.perSequence.has(variable.name)) return [valuesAxis(builder, variable)];
      const reach = Math.min(frames.reach.get(variable.name) ?? 0, at + 1);
      return Array.from({ length: reach }, (_, lag) => valuesAxis(builder, variable, lag + back));
    });
  const read = position === 0 ? [] : axesAt(position - 1, 1);
  const told = axesAt(position, 0);
  const suffix = suffixAt(frames, position);
  const before = suffixAt(frames, position - 1);

  const moved = group.components.map((component) =>
    moveForwards(frames, elaborator, component, { position, missing, read }),
  );
  const factors = activeFactors(frames, position).filter(({ name }) => group.factors.has(name));
  const tables = new Map(factors.map((factor) => [factor.name, factorDensity(elaborator, factor, missing)]));
  const parts = [...tables.values(), ...moved.map(({ table }) => table)];
  if (position > 0) {
    const earlier = builder.input("carry", `message.${group.name}${before}`, [chain, ...read], 1);
    parts.push(builder.select(earlier, builder.unary("log", earlier), builder.constant(-Infinity)));
  }
  const summed = builder.rule(`join ${group.name}`, () => parts.reduce((a, b) => builder.plus(a, b)));
  const every = [
    ...new Set([
      ...told,
      ...read,
      ...group.discrete.map((variable) => valuesAxis(builder, variable)).filter((axis) => !told.includes(axis)),
      ...moved.flatMap(({ discrete }) => discrete),
    ]),
  ].filter((axis) => builder.has(summed, axis) || told.includes(axis));
  const cells = new Set<NodeId>();
  const joint = laid(builder, summed, [chain, ...every], cells);
  const eliminated = every.filter((axis) => !told.includes(axis));

  const { toldWeights, weights, logTold, logDensity } = builder.rule(`collapse ${group.name}`, () => {
    const logTold = builder.logSumExp(joint, eliminated);
    return {
      logTold,
      logDensity: builder.logSumExp(logTold, told),
      toldWeights: builder.softmax(logTold, told),
      weights: eliminated.length === 0 ? builder.constant(1) : builder.softmax(joint, eliminated),
    };
  });
  const keptOf = moved.flatMap((one) => one.kept.map((variable) => ({ one, variable })));
  const means = new Map<string, NodeId>();
  const collapsedMeans = new Map<string, NodeId>();
  for (const { one, variable } of keptOf) {
    const mean = laid(builder, one.moments.mean(variable.key), [chain, ...every, ...firstAxis(variable)], cells);
    means.set(variable.key, mean);
    collapsedMeans.set(variable.key, average(builder, weights, mean, eliminated));
  }
  const pairs = moved.flatMap((one) =>
    one.kept.flatMap((u, i) =>
      one.kept.slice(i).map((v) => {
        const axes = [...firstAxis(u), ...secondAxisOf(builder, v)];
        const known = one.moments.covariance(u, v) ?? builder.constant(0);
        const block = laid(builder, known, [chain, ...every, ...axes], cells);
        return { one, u, v, block, axes };
      }),
    ),
  );
  const collapsedBlocks = pairs.map(({ u, v, block }) => {
    const deviation = (w: ContinuousVariable): NodeId => builder.minus(means.get(w.key)!, collapsedMeans.get(w.key)!);
    const product = builder.times(deviation(u), onSecond(builder, deviation(v), v));
    return average(builder, weights, builder.plus(block, product), eliminated);
  });
  const stored = (event: readonly string[]): readonly string[] => [chain, ...told, ...event];
  const tellings: Kept[] = [
    { name: `message.${group.name}${suffix}`, node: toldWeights, stored: stored([]) },
    ...keptOf.map(({ variable }) => ({
      name: `mean.${variable.key}${suffix}`,
      node: collapsedMeans.get(variable.key)!,
      stored: stored(firstAxis(variable)),
    })),
    ...pairs.map(({ u, v, axes }, i) => ({
      name: `covariance.${u.key},${v.key}${suffix}`,
      node: collapsedBlocks[i]!,
      stored: stored(axes),
    })),
  ];
  if (!isBackward) return { logDensity, told: tellings };

  // What is told is differentiated with respect to the cells, then the cells with respect to what was read.
  const totals: NodeId[] = [];
  const add = (name: string, node: NodeId, axes: readonly string[]): void => {
    const product = builder.times(builder.input("carry", name, axes), node);
    totals.push(builder.sum(product, builder.axesOf(product)));
  };
  add(`adjoint.${group.name}${suffix}`, logTold, stored([]));
  for (const { variable } of keptOf)
    add(`slope.${variable.key}${suffix}`, collapsedMeans.get(variable.key)!, stored(firstAxis(variable)));
  pairs.forEach(({ u, v, axes }, i) => add(`curvature.${u.key},${v.key}${suffix}`, collapsedBlocks[i]!, stored(axes)));
  const total = totals.reduce((a, b) => builder.plus(a, b));
  const cellNodes = [
    joint,
    ...keptOf.map(({ variable }) => means.get(variable.key)!),
    ...pairs.map(({ block }) => block),
  ];
  const derivatives = adjoints(builder, total, cellNodes);
  const share = derivatives[0]!;
  const meanDerivatives = keptOf.map((_, i) => derivatives[1 + i]!);
  const blockDerivatives = pairs.map(({ u, v }, i) => {
    const derivative = derivatives[1 + keptOf.length + i]!;
    return u.key === v.key
      ? builder.scale(0.5, builder.plus(derivative, turnedOver(builder, derivative, u)))
      : derivative;
  });

  const back: Kept[] = [];
  if (position > 0) {
    const node = builder.sum(
      share,
      every.filter((axis) => !read.includes(axis)),
    );
    back.push({ name: `adjoint.${group.name}${before}`, node, stored: [chain, ...read] });
  }
  for (const one of moved) {
    const wanted = [...one.means.map(({ node }) => node), ...one.blocks.map(({ node }) => node)];
    const from = (output: NodeId, seed: NodeId): SeededOutput => {
      const lacking = builder.axesOf(seed).filter((axis) => !builder.has(output, axis));
      return { output, seed: builder.sum(seed, lacking) };
    };
    const contributions = [from(one.table, share)];
    keptOf.forEach(({ one: other, variable }, i) => {
      if (other === one) contributions.push(from(one.moments.mean(variable.key), meanDerivatives[i]!));
    });
    pairs.forEach(({ one: other, u, v }, i) => {
      const block = one.moments.covariance(u, v);
      if (other === one && block !== undefined) contributions.push(from(block, blockDerivatives[i]!));
    });
    const sums = adjointsOfAll(builder, contributions, wanted);
    one.means.forEach(({ name, u }, i) =>
      back.push({ name: `slope.${name}`, node: sums[i]!, stored: [chain, ...read, ...firstAxis(u)] }),
    );
    one.blocks.forEach(({ name, u, v }, i) => {
      const derivative = sums[one.means.length + i]!;
      const symmetric =
        u.key === v.key ? builder.scale(0.5, builder.plus(derivative, turnedOver(builder, derivative, u))) : derivative;
      const axes = [chain, ...read, ...firstAxis(u), ...secondAxisOf(builder, v)];
      back.push({ name: `curvature.${name}`, node: symmetric, stored: axes });
    });
  }

  // r and N of each cell.
  const perShare = (node: NodeId): NodeId => builder.select(share, builder.over(node, share), builder.constant(0));
  const slopes = new Map(keptOf.map(({ variable }, i) => [variable.key, perShare(meanDerivatives[i]!)]));
  const curvatures = new Map(
    pairs.map(({ u, v }, i) => {
      const product = builder.times(slopes.get(u.key)!, onSecond(builder, slopes.get(v.key)!, v));
      // The block of two variables is stored once and stands for both of its places.
      const scale = u.key === v.key ? 2 : 1;
      return [
        `${u.key},${v.key}`,
        builder.minus(product, builder.scale(scale, perShare(blockDerivatives[i]!))),
      ] as const;
    }),
  );
  const answers = new Map<Moved, ReturnType<typeof smoothed>>(
    moved.map((one) => [one, smoothed(builder, one.moments, one.kept, slopes, curvatures)]),
  );
  const answerOf = (key: string): ReturnType<typeof smoothed> => {
    const one = moved.find(({ moments }) => moments.variables.some((variable) => variable.key === key));
    const found = one === undefined ? undefined : answers.get(one);
    if (found === undefined) throw new Error(`chain: ${key} is not collapsed`);
    return found;
  };
  return {
    logDensity,
    told: tellings,
    backward: {
      back,
      share,
      mean: (key) => answerOf(key).mean(key),
      covariance: (u, v) => answerOf(u).covariance(u, v),
      tableOf(factor) {
        const table = tables.get(factor.name);
        if (table === undefined) return { node: share, axes: [chain, ...every] };
        const axes = builder.axesOf(table);
        const lacking = builder.axesOf(share).filter((axis) => !axes.includes(axis));
        return { node: builder.sum(share, lacking), axes };
      },
    },
  };
}

function average(builder: PlanBuilder, weights: NodeId, node: NodeId, over: readonly string[]): NodeId {
  return over.length === 0 ? node : builder.contract([weights, node], over);
}

/**
 * With an entry for every cell of the axes, also where it does not vary along them, and unlike every other cell that was
 * laid out: equal nodes are one node, which would have the derivatives of all of them.
 */
function laid(builder: PlanBuilder, node: NodeId, axes: readonly string[], others: Set<NodeId>): NodeId {
  const [first] = axes;
  if (first === undefined) throw new Error("chain: cells without rows");
  const along = (one: NodeId): NodeId =>
    axes.reduce((wide, axis) => (builder.has(wide, axis) ? wide : builder.times(wide, ones(builder, axis))), one);
  const mark = ones(builder, first, others.size + 1);
  const { operation } = builder.node(node);
  const isZero = operation.kind === "constant" && operation.value === 0;
  const wide = along(isZero ? builder.minus(mark, ones(builder, first)) : node);
  const own = others.has(wide) ? builder.times(wide, mark) : wide;
  others.add(own);
  return builder.keep(own);
}
