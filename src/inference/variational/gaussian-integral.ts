import { adjoints } from "../../ir/passes/differentiate.js";
import type { NodeId } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows } from "../elaborate/axes.js";
import { blockAxes, type ContinuousVariable, pairOf, type Potential } from "../elimination/potential.js";
import { instantiate } from "../instantiate.js";
import type { RowModel } from "./places.js";

/** A variable of the joint density at hand, with the plates it repeats over. */
export interface Placed {
  readonly variable: ContinuousVariable;
  readonly plates: readonly string[];
}

/** What is integrated at once: factors, and the variables that stay. */
export interface Integral {
  readonly potentials: readonly Potential[];
  readonly variables: readonly Placed[];
  readonly pairs: readonly (readonly [Placed, Placed])[];
  /** Variables that are not integrated here, with their moments given all rows. */
  readonly kept: readonly Placed[];
  /** Of what is left after integrating: h and J of the kept variables, and the log of the integral. */
  integrate(potentials: readonly Potential[]): Potential;
}

/** Moments, and half the log determinant of 2 pi e times the covariance of what is integrated. */
export interface Answers {
  mean(key: string): NodeId;
  covariance(u: string, v: string): NodeId;
  readonly entropy: NodeId;
}

/** How the derivatives are named. */
interface AnswersOptions {
  /** Of the function that is differentiated. */
  readonly name: string;
  /** Under which its nodes are explained. */
  readonly rule: string;
  /** Of carried moments of the kept variables. */
  readonly suffix?: string;
}

/**
 * Moments and entropy of what is integrated. Derivatives with respect to tilts of h and J that are 0:
 *
 *     total = log of the integral + sum_u E[u]' h'_u,   at h = 0: - 1/2 sum_uv tr(Cov[u, v] J'_uv)
 *
 * where h', J' are of the kept variables and their moments are known.
 */
export function answersOf(
  builder: PlanBuilder,
  { model, rows }: RowModel,
  write: (builder: PlanBuilder) => Integral,
  { name, rule, suffix = "" }: AnswersOptions,
): Answers {
  const inner = new PlanBuilder();
  declareRows(inner, model);
  const integral = write(inner);
  const { potentials, variables, pairs, kept } = integral;
  const tilts: Potential[] = [];
  const empty = { log: inner.constant(0), linear: new Map(), precision: new Map() };
  const means = variables.map(({ variable, plates }) => {
    const node = inner.input("table", `tilt.${variable.key}`, [...plates, ...eventOf(variable)]);
    tilts.push({ ...empty, plates, scope: [variable], linear: new Map([[variable.key, node]]) });
    return { key: variable.key, node };
  });
  const covariances = pairs.map(([u, v]) => {
    const pair = pairOf(u.variable.key, v.variable.key);
    const plates = u.plates.length >= v.plates.length ? u.plates : v.plates;
    const node = inner.input("table", `tilt.${pair}`, [...plates, ...blockAxes(inner, u.variable, v.variable)]);
    const isOwn = u.variable.key === v.variable.key;
    const scope = isOwn ? [u.variable] : [u.variable, v.variable];
    tilts.push({ ...empty, plates, scope, precision: new Map([[pair, node]]) });
    return { pair, node, scale: isOwn ? -2 : -1 };
  });
  const all = [...potentials, ...tilts];
  const joint = inner.rule(rule, () => integral.integrate(all));
  const flat = all.map((potential) => ({ ...potential, log: inner.constant(0), linear: new Map() }));
  const spread = inner.rule(rule, () => integral.integrate(flat));
  let total = joint.log;
  let totalSpread = spread.log;
  const addAll = (node: NodeId): NodeId =>
    inner.sum(
      node,
      inner.axesOf(node).filter((axis) => axis !== rows),
    );
  for (const [i, { variable: u }] of kept.entries()) {
    const mean = inner.input("carry", `smoothed.${u.key}${suffix}`, [rows, ...eventOf(u)]);
    const linear = joint.linear.get(u.key);
    if (linear !== undefined) total = inner.plus(total, addAll(inner.times(mean, linear)));
    for (const { variable: v } of kept.slice(i)) {
      const block = spread.precision.get(pairOf(u.key, v.key));
      if (block === undefined) continue;
      const axes = [rows, ...blockAxes(inner, u, v)];
      const covariance = inner.input("carry", `spread.${pairOf(u.key, v.key)}${suffix}`, axes);
      const half = inner.scale(u.key === v.key ? -0.5 : -1, inner.times(covariance, block));
      totalSpread = inner.plus(totalSpread, addAll(half));
    }
  }
  const keptKeys = new Set(kept.map(({ variable }) => variable.key));
  let dimension = inner.constant(0);
  for (const { variable, plates } of variables) {
    if (keptKeys.has(variable.key)) continue;
    const own = variable.axis === undefined ? inner.constant(1) : inner.size(variable.axis);
    dimension = inner.plus(
      dimension,
      inner.sum(
        own,
        plates.filter((axis) => axis !== rows),
      ),
    );
  }
  inner.output("entropy", inner.plus(spread.log, inner.scale(0.5, dimension)));
  const meanNodes = adjoints(
    inner,
    total,
    means.map(({ node }) => node),
  );
  means.forEach(({ key }, i) => inner.output(`mean.${key}`, meanNodes[i]!));
  const covarianceNodes = adjoints(
    inner,
    totalSpread,
    covariances.map(({ node }) => node),
  );
  covariances.forEach(({ pair, scale }, i) =>
    inner.output(`covariance.${pair}`, inner.scale(scale, covarianceNodes[i]!)),
  );
  const outputs = instantiate(builder, inner.build(name), (input) =>
    input.startsWith("tilt.") ? builder.constant(0) : undefined,
  );
  return {
    mean: (key) => required(outputs, `mean.${key}`),
    covariance: (u, v) => required(outputs, `covariance.${pairOf(u, v)}`),
    entropy: required(outputs, "entropy"),
  };
}

export function eventOf({ axis }: ContinuousVariable): readonly string[] {
  return axis === undefined ? [] : [axis];
}

export function pairsOf(variables: readonly Placed[]): readonly (readonly [Placed, Placed])[] {
  return variables.flatMap((u, i) => variables.slice(i).map((v) => [u, v] as const));
}

export function required<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`variational: there is no ${name}`);
  return found;
}
