import type { DensityFactor } from "../../ir/model.js";
import type { InputSource, NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { valuesAxis } from "../elaborate/axes.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { type ContinuousVariable, secondAxis } from "../elimination/potential.js";
import { activeFactors, type Frames } from "./frame-model.js";
import {
  moveForwards,
  saidOfPredicted,
  saidOfRead,
  smoothed,
  suffixAt,
  type Kept,
  type Moved,
} from "./gaussian-step.js";
import { Information } from "./information.js";
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
  summedCovariance(u: string, v: string): NodeId;
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
  const told = axesAt(position, 0);
  const read = position === 0 ? [] : axesAt(position - 1, 1);
  const suffix = suffixAt(frames, position);
  const before = suffixAt(frames, position - 1);

  // Before what depends on more: a loop over it alone would part the loops over the choices of this row.
  const earlier: NodeId[] = [];
  if (position > 0) {
    const probability = builder.input("carry", `message.${group.name}${before}`, [chain, ...read], 1);
    earlier.push(builder.select(probability, builder.unary("log", probability), builder.constant(-Infinity)));
  }
  const moved = group.components.map((component) =>
    moveForwards(frames, elaborator, component, { position, missing, read }),
  );
  const factors = activeFactors(frames, position).filter(({ name }) => group.factors.has(name));
  const tables = new Map(factors.map((factor) => [factor.name, factorDensity(elaborator, factor, missing)]));
  const parts = [...tables.values(), ...moved.map(({ table }) => table), ...earlier];
  const summed = builder.rule(`join ${group.name}`, () => parts.reduce((a, b) => builder.plus(a, b)));
  const every = [
    ...new Set([
      ...told,
      ...read,
      ...group.discrete.map((variable) => valuesAxis(builder, variable)).filter((axis) => !told.includes(axis)),
      ...moved.flatMap(({ discrete }) => discrete),
    ]),
  ].filter((axis) => builder.has(summed, axis) || told.includes(axis));
  const eliminated = every.filter((axis) => !told.includes(axis));

  const { toldWeights, weights, logDensity } = builder.rule(`collapse ${group.name}`, () => {
    const logTold = builder.logSumExp(summed, eliminated);
    return {
      logDensity: builder.logSumExp(logTold, told),
      toldWeights: builder.softmax(logTold, told),
      weights: eliminated.length === 0 ? builder.constant(1) : builder.softmax(summed, eliminated),
    };
  });
  const keptOf = moved.flatMap((one) => one.kept.map((variable) => ({ one, variable })));
  const means = new Map<string, NodeId>();
  const collapsedMeans = new Map<string, NodeId>();
  for (const { one, variable } of keptOf) {
    const mean = one.moments.mean(variable.key);
    means.set(variable.key, mean);
    collapsedMeans.set(variable.key, average(builder, weights, mean, eliminated));
  }
  const pairs = moved.flatMap((one) =>
    one.kept.flatMap((u, i) =>
      one.kept.slice(i).map((v) => {
        const axes = [...firstAxis(u), ...secondAxisOf(builder, v)];
        return { one, u, v, block: one.moments.covariance(u, v) ?? builder.constant(0), axes };
      }),
    ),
  );
  /** Of a cell's mean from that of the Gaussian that takes its place. */
  const deviation = ({ key }: ContinuousVariable): NodeId =>
    eliminated.length === 0 ? builder.constant(0) : builder.minus(means.get(key)!, collapsedMeans.get(key)!);
  const collapsedBlocks = pairs.map(({ u, v, block }) => {
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

  const { share, said } = builder.rule(`take back ${group.name}`, () => {
    // The slope of what is told in a cell's mean is its weight times s, in its covariance its weight times C.
    const slopeOf = new Map(
      keptOf.map(({ variable }) => [
        variable.key,
        builder.input("carry", `slope.${variable.key}${suffix}`, stored(firstAxis(variable))),
      ]),
    );
    const curvatureOf = new Map(
      pairs.map(({ u, v, axes }) => [
        `${u.key},${v.key}`,
        builder.input("carry", `curvature.${u.key},${v.key}${suffix}`, stored(axes)),
      ]),
    );
    const spreads = new Map<string, NodeId>();
    const addTo = (key: string, node: NodeId): void => {
      const known = spreads.get(key);
      spreads.set(key, known === undefined ? node : builder.plus(known, node));
    };
    let gain = builder.constant(0);
    for (const { u, v, block, axes } of pairs) {
      const curvature = curvatureOf.get(`${u.key},${v.key}`)!;
      const half = builder.contract([curvature, onSecond(builder, deviation(v), v)], secondAxisOf(builder, v));
      addTo(u.key, u.key === v.key ? builder.scale(2, half) : half);
      if (u.key !== v.key) {
        const other = builder.contract([curvature, deviation(u)], firstAxis(u));
        addTo(v.key, v.axis === undefined ? other : builder.rename(other, secondAxis(builder, v.axis), v.axis));
      }
      gain = builder.plus(gain, builder.contract([curvature, block], axes));
    }
    for (const { variable } of keptOf) {
      const [slope, spread] = [slopeOf.get(variable.key)!, spreads.get(variable.key)!];
      gain = builder.plus(gain, builder.contract([slope, means.get(variable.key)!], firstAxis(variable)));
      const change = builder.contract([deviation(variable), spread], firstAxis(variable));
      gain = builder.plus(gain, builder.scale(0.5, change));
    }
    const excess =
      eliminated.length === 0 ? builder.constant(0) : builder.minus(gain, average(builder, weights, gain, eliminated));
    const told = builder.input("carry", `adjoint.${group.name}${suffix}`, stored([]));
    const ratio = builder.plus(told, excess);
    const perRatio = builder.select(ratio, builder.over(builder.constant(1), ratio), builder.constant(0));
    const said = new Map<Moved, Information>();
    for (const one of moved) {
      const information = new Information(builder);
      for (const u of one.kept) {
        const slope = builder.plus(slopeOf.get(u.key)!, spreads.get(u.key)!);
        information.set(u, builder.times(slope, perRatio));
      }
      for (const { one: other, u, v } of pairs) {
        if (other !== one) continue;
        const product = builder.times(information.slope(u), onSecond(builder, information.slope(v), v));
        // The block of two variables is stored once and stands for both of its places.
        const scale = builder.scale(u.key === v.key ? 2 : 1, perRatio);
        information.setCurvature(
          u,
          v,
          builder.minus(product, builder.times(scale, curvatureOf.get(`${u.key},${v.key}`)!)),
        );
      }
      said.set(one, saidOfPredicted(builder, one, information));
    }
    return { share: builder.times(weights, ratio), said };
  });

  const back: Kept[] = [];
  const rest = every.filter((axis) => !read.includes(axis));
  if (position > 0) {
    back.push({
      name: `adjoint.${group.name}${before}`,
      node: builder.sum(share, rest),
      stored: [chain, ...read],
    });
  }
  for (const one of moved) {
    const earlier = saidOfRead(builder, one, said.get(one)!);
    one.means.forEach(({ name, u }) =>
      back.push({
        name: `slope.${name}`,
        node: builder.contract([share, earlier.slope(u)], rest),
        stored: [chain, ...read, ...firstAxis(u)],
      }),
    );
    one.blocks.forEach(({ name, u, v }) => {
      const product = builder.times(earlier.slope(u), onSecond(builder, earlier.slope(v), v));
      const change = builder.minus(product, earlier.curvature(u, v) ?? builder.constant(0));
      back.push({
        name: `curvature.${name}`,
        node: builder.scale(u.key === v.key ? 0.5 : 1, builder.contract([share, change], rest)),
        stored: [chain, ...read, ...firstAxis(u), ...secondAxisOf(builder, v)],
      });
    });
  }
  const answers = new Map<Moved, ReturnType<typeof smoothed>>(
    moved.map((one) => [one, smoothed(builder, one, said.get(one)!, chain)]),
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
      summedCovariance: (u, v) => answerOf(u).summedCovariance(u, v),
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
