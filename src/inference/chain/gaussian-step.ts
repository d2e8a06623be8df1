import type { DensityFactor, Variable } from "../../ir/model.js";
import { adjoints } from "../../ir/passes/differentiate.js";
import type { InputSource, NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { latentScope } from "../elaborate/factor-density.js";
import type { GaussianComponent } from "../elimination/components.js";
import { continuousVariable, takeApart } from "../elimination/gaussian.js";
import { type ContinuousVariable, secondAxis } from "../elimination/potential.js";
import { variableReferences } from "../latents.js";
import { activeFactors, type Frames } from "./frame-model.js";
import { condition, extend, firstAxis, Moments, onSecond, secondAxisOf } from "./moments.js";

/** A step of Gaussian latents that share factors, given the discrete latents that their factors read. */
export interface GaussianStep {
  /** log density of what is observed at this row, given earlier rows and the discrete latents. */
  readonly table: NodeId;
  readonly tableAxes: readonly string[];
  /** What is kept of every row: name → node, along the axes in which it is stored. */
  readonly told: readonly Kept[];
  /** Posterior moments given all rows and the discrete latents; only where the backward pass is written. */
  mean(key: string): NodeId;
  covariance(u: string, v: string): NodeId;
  /** What the backward pass leaves for the row before. */
  readonly back: readonly Kept[];
}

export interface Kept {
  readonly name: string;
  readonly node: NodeId;
  readonly stored: readonly string[];
}

/** The moments of a component moved one step forwards. */
export interface Moved {
  readonly moments: Moments;
  /** log density of what is observed, and what of it depends on covariances alone. */
  readonly table: NodeId;
  readonly spread: NodeId;
  /** Discrete latents that the table runs over. */
  readonly discrete: readonly string[];
  /** What was read of the row before. */
  readonly means: readonly ReadMean[];
  readonly blocks: readonly ReadBlock[];
  /** What later rows need. */
  readonly kept: readonly ContinuousVariable[];
}

interface ReadMean {
  readonly name: string;
  readonly node: NodeId;
  readonly u: ContinuousVariable;
}

interface ReadBlock {
  readonly name: string;
  readonly node: NodeId;
  readonly u: ContinuousVariable;
  readonly v: ContinuousVariable;
}

/** Which step it is, and along which discrete axes the moments of the row before are kept. */
export interface StepPlace {
  readonly position: number;
  readonly missing: boolean;
  readonly read: readonly string[];
}

/** Moments of the row before, moved through the densities of this row's latents and conditioned on what is observed. */
export function moveForwards(
  frames: Frames,
  elaborator: Elaborator,
  component: GaussianComponent,
  { position, missing, read }: StepPlace,
): Moved {
  const { model, chain } = frames;
  const { builder } = elaborator;
  declarePlates(builder, model, [chain]);
  const factors = activeFactors(frames, position).filter((one) =>
    component.factors.some(({ name }) => name === one.name),
  );
  const members = (at: number): readonly { readonly variable: Variable; readonly lag: number }[] =>
    component.variables.flatMap((variable) => {
      if (frames.perSequence.has(variable.name)) return [{ variable, lag: 0 }];
      const reach = Math.min(frames.reach.get(variable.name) ?? 0, at + 1);
      return Array.from({ length: reach }, (_, lag) => ({ variable, lag }));
    });
  const variableAt = (name: string, lag: number): ContinuousVariable => continuousVariable(elaborator, name, lag);
  const shiftOf = (variable: Variable): number => (frames.perSequence.has(variable.name) ? 0 : 1);
  const moments = new Moments(builder);
  const means: ReadMean[] = [];
  const blocks: ReadBlock[] = [];
  const before = position > 0 ? members(position - 1) : [];
  for (const [i, first] of before.entries()) {
    const own = variableAt(first.variable.name, first.lag);
    const u = variableAt(first.variable.name, first.lag + shiftOf(first.variable));
    const meanName = `${own.key}${suffixAt(frames, position - 1)}`;
    const mean = builder.input("carry", `mean.${meanName}`, [chain, ...read, ...firstAxis(u)], 1);
    means.push({ name: meanName, node: mean, u });
    moments.set(u, mean);
    for (const second of before.slice(i)) {
      const v = variableAt(second.variable.name, second.lag + shiftOf(second.variable));
      const other = variableAt(second.variable.name, second.lag);
      const name = `${own.key},${other.key}${suffixAt(frames, position - 1)}`;
      const axes = [chain, ...read, ...firstAxis(u), ...secondAxisOf(builder, v)];
      blocks.push({ name, node: builder.input("carry", `covariance.${name}`, axes, 1), u, v });
    }
  }
  for (const { u, v, node } of blocks) moments.setCovariance(u, v, node);

  let table = builder.constant(0);
  let spread = builder.constant(0);
  builder.rule(`move ${component.name}`, () => {
    for (const factor of inOrder(component, factors)) {
      const parts = takeApart(elaborator, factor, missing);
      if (parts.child !== undefined) {
        extend(builder, moments, continuousVariable(elaborator, factor.child), parts);
      } else {
        const evidence = builder.rule(`condition on ${factor.child}`, () => condition(builder, moments, parts));
        table = builder.plus(table, evidence.log);
        spread = builder.plus(spread, evidence.spread);
      }
    }
  });
  return {
    moments,
    table,
    spread,
    discrete: discreteAxes(elaborator, factors),
    means,
    blocks,
    kept: members(position).map(({ variable, lag }) => variableAt(variable.name, lag)),
  };
}

/** Early steps, which cannot look back all the way, keep moments of their own. */
export function suffixAt(frames: Frames, position: number): string {
  return position >= frames.depth - 1 ? "" : `.${position}`;
}

/**
 * Writes one step of a Gaussian component: the moments of the row before move forwards through the latents' densities
 * and are conditioned on what is observed. Backwards, with m and P the moments that are told to later rows,
 *
 *     r = d (later log density) / d m,   N = -2 d (later log density with all residuals 0) / d P
 *
 * where r and N of the row before are derivatives of this step. Nothing is inverted but the covariance of observations.
 *
 * @source de Jong 1989, "Smoothing and interpolation with the state-space model", for r and N
 */
export function writeGaussianStep(
  frames: Frames,
  builder: PlanBuilder,
  component: GaussianComponent,
  position: number,
  missing: boolean,
  source: InputSource & ("parameter" | "previous"),
  isBackward: boolean,
): GaussianStep {
  const { model, chain } = frames;
  const elaborator = new Elaborator(model, builder, { parameters: source });
  const carried = discreteAxes(elaborator, component.factors).filter((axis) => frames.perSequence.has(axis));
  const moved = moveForwards(frames, elaborator, component, { position, missing, read: carried });
  const { moments, table, spread, kept, means, blocks } = moved;
  const tableAxes = [chain, ...new Set([...carried, ...moved.discrete])];
  const suffix = suffixAt(frames, position);
  const stored = (event: readonly string[]): readonly string[] => [chain, ...carried, ...event];
  const told: Kept[] = [];
  for (const [i, u] of kept.entries()) {
    told.push({ name: `mean.${u.key}${suffix}`, node: moments.mean(u.key), stored: stored(firstAxis(u)) });
    for (const v of kept.slice(i)) {
      const node = moments.covariance(u, v) ?? builder.constant(0);
      const axes = stored([...firstAxis(u), ...secondAxisOf(builder, v)]);
      told.push({ name: `covariance.${u.key},${v.key}${suffix}`, node, stored: axes });
    }
  }
  if (!isBackward) {
    const unknown = (): NodeId => {
      throw new Error("chain: posterior moments are written by the backward pass");
    };
    return { table, tableAxes, told, back: [], mean: unknown, covariance: unknown };
  }

  const slopes = new Map<string, NodeId>();
  const curvatures = new Map<string, NodeId>();
  let total = builder.sum(table, builder.axesOf(table));
  let totalSpread = builder.sum(spread, builder.axesOf(spread));
  for (const [i, u] of kept.entries()) {
    const slope = builder.input("carry", `slope.${u.key}${suffix}`, stored(firstAxis(u)));
    slopes.set(u.key, slope);
    const product = builder.times(slope, moments.mean(u.key));
    total = builder.plus(total, builder.sum(product, builder.axesOf(product)));
    for (const v of kept.slice(i)) {
      const axes = stored([...firstAxis(u), ...secondAxisOf(builder, v)]);
      const curvature = builder.input("carry", `curvature.${u.key},${v.key}${suffix}`, axes);
      curvatures.set(`${u.key},${v.key}`, curvature);
      const block = moments.covariance(u, v);
      if (block === undefined) continue;
      const half = builder.scale(u.key === v.key ? -0.5 : -1, builder.times(curvature, block));
      totalSpread = builder.plus(totalSpread, builder.sum(half, builder.axesOf(half)));
    }
  }
  const back: Kept[] = [];
  const slopesBack = adjoints(
    builder,
    total,
    means.map(({ node }) => node),
  );
  means.forEach(({ name, u }, i) =>
    back.push({ name: `slope.${name}`, node: slopesBack[i]!, stored: stored(firstAxis(u)) }),
  );
  const curvaturesBack = adjoints(
    builder,
    totalSpread,
    blocks.map(({ node }) => node),
  );
  blocks.forEach(({ name, u, v }, i) => {
    const derivative = curvaturesBack[i]!;
    // A covariance changes on both sides of its diagonal.
    const both = u.key === v.key ? builder.plus(derivative, turnedOver(builder, derivative, u)) : derivative;
    back.push({
      name: `curvature.${name}`,
      node: builder.unary("negate", both),
      stored: stored([...firstAxis(u), ...secondAxisOf(builder, v)]),
    });
  });
  return { table, tableAxes, told, back, ...smoothed(builder, moments, kept, slopes, curvatures) };
}

/**
 * Moments given later rows too:
 *
 *     E[u | all] = E[u] + sum_v Cov[u, v] r_v,   Cov[u, v | all] = Cov[u, v] - sum_wx Cov[u, w] N_wx Cov[x, v]
 *
 * @param slopes r by key
 * @param curvatures N by pair, in the order of `kept`, along the first axis of the one and the second of the other
 */
export function smoothed(
  builder: PlanBuilder,
  moments: Moments,
  kept: readonly ContinuousVariable[],
  slopes: ReadonlyMap<string, NodeId>,
  curvatures: ReadonlyMap<string, NodeId>,
): Pick<GaussianStep, "mean" | "covariance"> {
  /** N_uv along u's axis and v's second. */
  const curvatureOf = (u: ContinuousVariable, v: ContinuousVariable): NodeId => {
    const direct = curvatures.get(`${u.key},${v.key}`);
    if (direct !== undefined) return direct;
    const other = curvatures.get(`${v.key},${u.key}`);
    if (other === undefined) throw new Error(`chain: no curvature of ${u.key} and ${v.key}`);
    const turned = onSecond(builder, other, v);
    return u.axis === undefined ? turned : builder.rename(turned, secondAxis(builder, u.axis), u.axis);
  };
  const known = new Map<string, NodeId>();
  return {
    mean(key) {
      const u = variableOf(moments, key);
      let mean = moments.mean(key);
      for (const v of kept) {
        const block = moments.covariance(u, v);
        if (block === undefined) continue;
        const change = builder.contract([block, onSecond(builder, slopes.get(v.key)!, v)], secondAxisOf(builder, v));
        mean = builder.plus(mean, change);
      }
      return mean;
    },
    covariance(first, second) {
      const pair = first <= second ? `${first},${second}` : `${second},${first}`;
      const found = known.get(pair);
      if (found !== undefined) return found;
      const [a, b] = first <= second ? [first, second] : [second, first];
      const [u, v] = [variableOf(moments, a), variableOf(moments, b)];
      let block = moments.covariance(u, v) ?? builder.constant(0);
      for (const w of kept) {
        const left = moments.covariance(u, w);
        if (left === undefined) continue;
        for (const x of kept) {
          const right = moments.covariance(x, v);
          if (right === undefined) continue;
          // [u, w'] N[w', x'] -> [u, x'], the second axis of x renamed so that it is free.
          const inner = x.axis === undefined ? undefined : builder.axis(`${x.key}.inner`, builder.sizeOf(x.axis));
          const middle = curvatureOf(w, x);
          const free =
            x.axis === undefined || inner === undefined
              ? middle
              : builder.rename(middle, secondAxis(builder, x.axis), inner);
          const half = builder.contract([left, onSecond(builder, free, w)], secondAxisOf(builder, w));
          const end = x.axis === undefined || inner === undefined ? right : builder.rename(right, x.axis, inner);
          block = builder.minus(block, builder.contract([half, end], inner === undefined ? [] : [inner]));
        }
      }
      const laid =
        u.key === v.key || v.axis === undefined ? block : builder.rename(block, secondAxis(builder, v.axis), v.axis);
      known.set(pair, laid);
      return laid;
    },
  };
}

/** A block of one variable with its two axes exchanged. */
export function turnedOver(builder: PlanBuilder, node: NodeId, u: ContinuousVariable): NodeId {
  if (u.axis === undefined) return node;
  const second = secondAxis(builder, u.axis);
  const spare = builder.axis(`${u.axis}.spare`, builder.sizeOf(u.axis));
  return builder.rename(builder.rename(builder.rename(node, u.axis, spare), second, u.axis), spare, second);
}

function variableOf(moments: Moments, key: string): ContinuousVariable {
  const found = moments.variables.find((variable) => variable.key === key);
  if (found === undefined) throw new Error(`chain: ${key} is not there`);
  return found;
}

/** Latents after those that their densities read, then observations. */
function inOrder(component: GaussianComponent, factors: readonly DensityFactor[]): readonly DensityFactor[] {
  const latents = new Set(component.variables.map(({ name }) => name));
  const ofLatents = factors.filter(({ child }) => latents.has(child));
  const children = new Set(ofLatents.map(({ child }) => child));
  const done = new Set<string>();
  const ordered: DensityFactor[] = [];
  while (ordered.length < ofLatents.length) {
    const next = ofLatents.find(
      (factor) =>
        !done.has(factor.child) && variableNames(factor).every((name) => !children.has(name) || done.has(name)),
    );
    if (next === undefined) throw new Error("chain: latents read each other in a circle");
    ordered.push(next);
    done.add(next.child);
  }
  return [...ordered, ...factors.filter(({ child }) => !latents.has(child))];
}

/** Variables of the same step that a factor's mean reads. */
function variableNames(factor: DensityFactor): readonly string[] {
  return Object.values(factor.arguments)
    .flatMap(variableReferences)
    .flatMap(({ name, lag }) => (lag === 0 ? [name] : []));
}

/** Axes of the values of the discrete latents that factors read. */
export function discreteAxes(elaborator: Elaborator, factors: readonly DensityFactor[]): readonly string[] {
  const axes = factors.flatMap((factor) =>
    latentScope(elaborator, factor).flatMap(({ name, lag }) => {
      const variable = elaborator.variable(name);
      return isEnumerable(variable) ? [valuesAxis(elaborator.builder, variable, lag)] : [];
    }),
  );
  return [...new Set(axes)];
}
