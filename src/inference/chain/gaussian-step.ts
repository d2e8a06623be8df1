import type { DensityFactor, Variable } from "../../ir/model.js";
import type { InputSource, NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import type { CovarianceArgument } from "../../distributions/distribution.js";
import { latentScope } from "../elaborate/factor-density.js";
import type { GaussianComponent } from "../elimination/components.js";
import { continuousVariable, type LinearGaussian, takeApart } from "../elimination/gaussian.js";
import { type ContinuousVariable, pairOf, secondAxis } from "../elimination/potential.js";
import { variableReferences } from "../latents.js";
import { activeFactors, type Frames } from "./frame-model.js";
import { beforeCondition, beforeExtend, Information } from "./information.js";
import {
  coefficientOf,
  condition,
  type Conditioned,
  extend,
  firstAxis,
  fullCovariance,
  isMatrix,
  Moments,
  onSecond,
  secondAxisOf,
  transposed,
} from "./moments.js";

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
  /** The same, written so that little of it need be computed for each row where it is only summed over the rows. */
  summedCovariance(u: string, v: string): NodeId;
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
  /** Before anything that is observed at this row was taken in. */
  readonly predicted: Moments;
  /** What was taken in, in order: latents, then observations. */
  readonly extended: readonly { readonly child: ContinuousVariable; readonly parts: LinearGaussian }[];
  readonly conditioned: readonly Conditioned[];
  /** log density of what is observed. */
  readonly table: NodeId;
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
  let predicted = moments;
  const extended: Moved["extended"][number][] = [];
  const conditioned: Conditioned[] = [];
  builder.rule(`move ${component.name}`, () => {
    for (const factor of inOrder(component, factors)) {
      const parts = takeApart(elaborator, factor, missing);
      if (parts.child !== undefined) {
        const child = continuousVariable(elaborator, factor.child);
        extend(builder, moments, child, parts);
        extended.push({ child, parts });
        continue;
      }
      if (predicted === moments) predicted = moments.copy();
      const observation = builder.rule(`condition on ${factor.child}`, () => condition(builder, moments, parts));
      table = builder.plus(table, observation.log);
      conditioned.push(observation);
    }
  });
  return {
    moments,
    predicted,
    extended,
    conditioned,
    table,
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
 * and are conditioned on what is observed. Backwards, what later rows say of the moments that are told to them goes back
 * through the observations (then it is what all that is not yet taken in says of the predicted moments, and gives the
 * posterior ones) and through the latents' densities. Nothing is inverted but the covariance of observations.
 *
 * @source de Jong 1989, "Smoothing and interpolation with the state-space model"
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
  const { moments, table, kept } = moved;
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
    return { table, tableAxes, told, back: [], mean: unknown, covariance: unknown, summedCovariance: unknown };
  }

  const later = new Information(builder);
  for (const [i, u] of kept.entries()) {
    later.set(u, builder.input("carry", `slope.${u.key}${suffix}`, stored(firstAxis(u))));
    for (const v of kept.slice(i)) {
      const axes = stored([...firstAxis(u), ...secondAxisOf(builder, v)]);
      later.setCurvature(u, v, builder.input("carry", `curvature.${u.key},${v.key}${suffix}`, axes));
    }
  }
  const all = saidOfPredicted(builder, moved, later);
  const earlier = saidOfRead(builder, moved, all);
  const back: Kept[] = [
    ...moved.means.map(({ name, u }) => ({
      name: `slope.${name}`,
      node: earlier.slope(u),
      stored: stored(firstAxis(u)),
    })),
    ...moved.blocks.map(({ name, u, v }) => ({
      name: `curvature.${name}`,
      node: earlier.curvature(u, v) ?? builder.constant(0),
      stored: stored([...firstAxis(u), ...secondAxisOf(builder, v)]),
    })),
  ];
  return { table, tableAxes, told, back, ...smoothed(builder, moved, all, chain) };
}

/** What is said of the predicted moments, given what is said of those after the observations of the row. */
export function saidOfPredicted(builder: PlanBuilder, { conditioned }: Moved, later: Information): Information {
  return builder.rule("take back observations", () =>
    conditioned.reduceRight((after, observation) => beforeCondition(builder, after, observation), later),
  );
}

/** What is said of the moments of the row before, given what is said of the predicted ones. */
export function saidOfRead(builder: PlanBuilder, { extended }: Moved, all: Information): Information {
  return builder.rule("take back a step", () =>
    extended.reduceRight((after, { child, parts }) => beforeExtend(builder, after, child, parts), all),
  );
}

/**
 * Moments given all that is said of the predicted ones.
 *
 *     E[u | all] = E[u] + sum_v Cov[u, v] r_v,   Cov[u, v | all] = Cov[u, v] - sum_wx Cov[u, w] N_wx Cov[x, v]
 *
 * For sums over rows, x = sum_u C_u x_u - offset + e with C_u and Var e = Q the same for all rows is written as
 *
 *     Cov[x, v | all] = sum_u C_u Cov[u, v | all] + Cov[e, v | all],
 *     Cov[e, v | all] = -Q sum_w N_xw Cov[w, v],   Cov[e, e | all] = Q - Q N_xx Q
 */
export function smoothed(
  builder: PlanBuilder,
  { predicted: moments, extended }: Moved,
  said: Information,
  rows: string,
): Pick<GaussianStep, "mean" | "covariance" | "summedCovariance"> {
  const known = new Map<string, NodeId>();
  /** A name for what is summed over that neither side of a product has. */
  const innerAxis = ({ key, axis }: ContinuousVariable): string | undefined =>
    axis === undefined ? undefined : builder.axis(`${key}.inner`, builder.sizeOf(axis));
  const renamed = (node: NodeId, from: string | undefined, to: string | undefined): NodeId =>
    from === undefined || to === undefined ? node : builder.rename(node, from, to);
  /** left [.., w'] times right [w, ..]. */
  const product = (left: NodeId, right: NodeId, w: ContinuousVariable): NodeId => {
    const inner = innerAxis(w);
    const second = w.axis === undefined ? undefined : secondAxis(builder, w.axis);
    return builder.contract(
      [renamed(left, second, inner), renamed(right, w.axis, inner)],
      inner === undefined ? [] : [inner],
    );
  };
  /** sum_x N_wx Cov[x, v], along w's axis and the second axis of v. */
  const through = (w: ContinuousVariable, v: ContinuousVariable): NodeId | undefined => {
    const terms = said.variables.flatMap((x) => {
      const [curvature, right] = [said.curvature(w, x), moments.covariance(x, v)];
      return curvature === undefined || right === undefined ? [] : [product(curvature, right, x)];
    });
    return terms.length === 0 ? undefined : terms.reduce((a, b) => builder.plus(a, b));
  };
  /** The latent that is neither read by another of this row nor has a density that differs from row to row. */
  const ends = new Map(
    extended
      .filter(({ child, parts }) => {
        const isRead = extended.some(
          (other) => other.child !== child && other.parts.scope.some(({ key }) => key === child.key),
        );
        const nodes = [...parts.coefficients.values(), parts.covariance.node];
        return !isRead && nodes.every((node) => !builder.has(node, rows));
      })
      .map(({ child, parts }) => [child.key, parts] as const),
  );
  const direct = (u: ContinuousVariable, v: ContinuousVariable): NodeId => {
    let block = moments.covariance(u, v) ?? builder.constant(0);
    for (const w of said.variables) {
      const [left, right] = [moments.covariance(u, w), through(w, v)];
      if (left === undefined || right === undefined) continue;
      block = builder.minus(block, product(left, right, w));
    }
    return block;
  };
  const added = new Map<string, NodeId>();
  /** Along u's axis and the second axis of v. */
  const sum = (u: ContinuousVariable, v: ContinuousVariable): NodeId => {
    const pair = `${u.key},${v.key}`;
    const found = added.get(pair);
    if (found !== undefined) return found;
    const parts = ends.get(u.key);
    const made =
      parts === undefined
        ? ends.has(v.key)
          ? transposed(builder, sum(v, u), v, u)
          : direct(u, v)
        : sumOfEnd(u, v, parts);
    added.set(pair, made);
    return made;
  };
  /** With e its residual: Cov[x, v] = sum_u C_u Cov[u, v] + Cov[e, v], and for v = x the same of Cov[e, x]. */
  const sumOfEnd = (
    x: ContinuousVariable,
    v: ContinuousVariable,
    { scope, coefficients, covariance }: LinearGaussian,
  ) => {
    const parents = scope.filter(({ key }) => key !== x.key);
    const withResidual = (u: ContinuousVariable): NodeId => {
      const known = through(x, u);
      return known === undefined ? builder.constant(0) : builder.unary("negate", timesCovariance(covariance, x, known));
    };
    let total = v.key === x.key ? residualCovariance(x, covariance) : withResidual(v);
    for (const u of parents) {
      const coefficient = coefficientOf(coefficients, u);
      total = builder.plus(total, builder.contract([coefficient, sum(u, v)], firstAxis(u)));
      if (v.key !== x.key) continue;
      const turned = onSecond(builder, onSecond(builder, coefficient, x), u);
      total = builder.plus(total, builder.contract([withResidual(u), turned], secondAxisOf(builder, u)));
    }
    return total;
  };
  /** Q times what is along x's axis. */
  const timesCovariance = (covariance: CovarianceArgument, x: ContinuousVariable, right: NodeId): NodeId =>
    isMatrix(covariance) ? product(covariance.node, right, x) : builder.times(covariance.node, right);
  const residualCovariance = (x: ContinuousVariable, covariance: CovarianceArgument): NodeId => {
    const own = fullCovariance(builder, covariance);
    const curvature = said.curvature(x, x);
    if (curvature === undefined) return own;
    const half = timesCovariance(covariance, x, curvature);
    const taken = isMatrix(covariance)
      ? product(half, covariance.node, x)
      : builder.times(half, onSecond(builder, covariance.node, x));
    return builder.minus(own, taken);
  };
  const laidAlong = (block: NodeId, u: ContinuousVariable, v: ContinuousVariable): NodeId =>
    u.key === v.key || v.axis === undefined ? block : builder.rename(block, secondAxis(builder, v.axis), v.axis);
  return {
    mean(key) {
      const u = variableOf(moments, key);
      let mean = moments.mean(key);
      for (const v of said.variables) {
        const block = moments.covariance(u, v);
        if (block === undefined) continue;
        const change = builder.contract([block, onSecond(builder, said.slope(v), v)], secondAxisOf(builder, v));
        mean = builder.plus(mean, change);
      }
      return mean;
    },
    covariance(first, second) {
      const pair = pairOf(first, second);
      const found = known.get(pair);
      if (found !== undefined) return found;
      const [a, b] = first <= second ? [first, second] : [second, first];
      const [u, v] = [variableOf(moments, a), variableOf(moments, b)];
      const laid = laidAlong(direct(u, v), u, v);
      known.set(pair, laid);
      return laid;
    },
    summedCovariance(first, second) {
      const [a, b] = first <= second ? [first, second] : [second, first];
      const [u, v] = [variableOf(moments, a), variableOf(moments, b)];
      return laidAlong(sum(u, v), u, v);
    },
  };
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
