import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { CovarianceArgument } from "../../distributions/distribution.js";
import type { LinearGaussian } from "../elimination/gaussian.js";
import { type ContinuousVariable, pairOf, secondAxis } from "../elimination/potential.js";
import { ones } from "../instantiate.js";

/**
 * Means and covariances of Gaussian latents, given all that has been taken in so far (and the discrete latents along
 * whose axes they vary). Taking in a latent's own density moves them forwards, taking in an observation conditions them;
 * what is no longer needed is left out, which is what integrating it out comes to.
 */
export class Moments {
  private readonly means = new Map<string, NodeId>();
  /** Cov[u, v], u before v in the order of keys, along u's axis and the second axis of v. */
  private readonly blocks = new Map<string, NodeId>();
  readonly variables: ContinuousVariable[] = [];

  constructor(private readonly builder: PlanBuilder) {}

  mean(key: string): NodeId {
    const found = this.means.get(key);
    if (found === undefined) throw new Error(`moments: ${key} is not there`);
    return found;
  }

  /** Along u's axis and the second axis of v; undefined: they are independent. */
  covariance(u: ContinuousVariable, v: ContinuousVariable): NodeId | undefined {
    return blockOf(this.builder, this.blocks, u, v);
  }

  set(variable: ContinuousVariable, mean: NodeId): void {
    if (!this.means.has(variable.key)) this.variables.push(variable);
    this.means.set(variable.key, mean);
  }

  /** @param block along u's axis and the second axis of v */
  setCovariance(u: ContinuousVariable, v: ContinuousVariable, block: NodeId): void {
    this.blocks.set(pairOf(u.key, v.key), u.key <= v.key ? block : transposed(this.builder, block, u, v));
  }

  copy(): Moments {
    const copy = new Moments(this.builder);
    for (const variable of this.variables) copy.set(variable, this.mean(variable.key));
    for (const [pair, block] of this.blocks) copy.blocks.set(pair, block);
    return copy;
  }
}

/** The block of two variables, along u's axis and the second axis of v; kept for the one with the smaller key first. */
export function blockOf(
  builder: PlanBuilder,
  blocks: ReadonlyMap<string, NodeId>,
  u: ContinuousVariable,
  v: ContinuousVariable,
): NodeId | undefined {
  const block = blocks.get(pairOf(u.key, v.key));
  return block === undefined || u.key <= v.key ? block : transposed(builder, block, v, u);
}

/** A block along u's axis and v's second axis, with the roles changed. */
export function transposed(builder: PlanBuilder, block: NodeId, u: ContinuousVariable, v: ContinuousVariable): NodeId {
  const turned = u.axis === undefined ? block : builder.rename(block, u.axis, secondAxis(builder, u.axis));
  return v.axis === undefined ? turned : builder.rename(turned, secondAxis(builder, v.axis), v.axis);
}

/** Along the second axis of a variable instead of its first. */
export function onSecond(builder: PlanBuilder, node: NodeId, { axis }: ContinuousVariable): NodeId {
  return axis === undefined ? node : builder.rename(node, axis, secondAxis(builder, axis));
}

export function firstAxis({ axis }: ContinuousVariable): readonly string[] {
  return axis === undefined ? [] : [axis];
}

export function secondAxisOf(builder: PlanBuilder, { axis }: ContinuousVariable): readonly string[] {
  return axis === undefined ? [] : [secondAxis(builder, axis)];
}

/**
 * Takes in the density of a latent: x = sum_u C_u x_u - offset + e, e ~ N(0, Q).
 *
 *     E[x] = sum_u C_u E[u] - offset,   Cov[x, v] = sum_u C_u Cov[u, v],   Cov[x, x] = sum_u Cov[x, u] C_u' + Q
 */
export function extend(builder: PlanBuilder, moments: Moments, child: ContinuousVariable, parts: LinearGaussian): void {
  const parents = parts.scope.filter(({ key }) => key !== parts.child);
  const coefficient = (u: ContinuousVariable): NodeId => coefficientOf(parts.coefficients, u);
  let mean = builder.unary("negate", parts.offset);
  for (const u of parents)
    mean = builder.plus(mean, builder.contract([coefficient(u), moments.mean(u.key)], firstAxis(u)));
  const others = [...moments.variables];
  const withOther = new Map<string, NodeId>();
  for (const v of others) {
    const terms = parents.flatMap((u) => {
      const block = moments.covariance(u, v);
      return block === undefined ? [] : [builder.contract([coefficient(u), block], firstAxis(u))];
    });
    if (terms.length === 0) continue;
    withOther.set(
      v.key,
      terms.reduce((a, b) => builder.plus(a, b)),
    );
  }
  let own = fullCovariance(builder, parts.covariance);
  for (const u of parents) {
    const half = withOther.get(u.key);
    if (half === undefined) continue;
    const turned = onSecond(builder, onSecond(builder, coefficient(u), child), u);
    own = builder.plus(own, builder.contract([half, turned], secondAxisOf(builder, u)));
  }
  moments.set(child, laidAlong(builder, mean, child.axis));
  for (const v of others) {
    const block = withOther.get(v.key);
    if (block !== undefined) moments.setCovariance(child, v, block);
  }
  moments.setCovariance(child, child, own);
}

/** An observation that latents were conditioned on, with S = L L' the covariance of its residual e. */
export interface Conditioned {
  /** log density of the observation. */
  readonly log: NodeId;
  readonly scope: readonly ContinuousVariable[];
  /** Axis of L's rows, and of its columns; absent for a scalar. */
  readonly row?: string;
  readonly second?: string;
  /** L^-1 e, along the columns. */
  readonly white: NodeId;
  /** L^-1 times what is along the rows. */
  whiten(node: NodeId): NodeId;
  /** L^-1 Cov[y, u] of what the observation tells something of, along u's second axis and the columns. */
  readonly whitened: ReadonlyMap<ContinuousVariable, NodeId>;
  /** C_u, 0 where the observation is missing. */
  masked(u: ContinuousVariable): NodeId;
}

/**
 * Conditions on an observation y with residual e = offset - sum_u C_u x_u, of covariance R; entries that are missing are
 * left out.
 *
 *     S = sum_uv C_u Cov[u, v] C_v' + R,   E[u] += Cov[u, y] S^-1 e,   Cov[u, v] -= Cov[u, y] S^-1 Cov[y, v]
 */
export function condition(builder: PlanBuilder, moments: Moments, parts: LinearGaussian): Conditioned {
  const { row, present, scope } = parts;
  const masked = (node: NodeId): NodeId => (present === undefined ? node : builder.times(present, node));
  const coefficient = (u: ContinuousVariable): NodeId => coefficientOf(parts.coefficients, u);
  let explained = builder.constant(0);
  for (const u of scope)
    explained = builder.plus(explained, builder.contract([coefficient(u), moments.mean(u.key)], firstAxis(u)));
  const residual = laidAlong(builder, builder.minus(parts.offset, masked(explained)), row);
  const withVariable = new Map<ContinuousVariable, NodeId>();
  for (const v of moments.variables) {
    const terms = scope.flatMap((u) => {
      const block = moments.covariance(u, v);
      return block === undefined ? [] : [builder.contract([coefficient(u), block], firstAxis(u))];
    });
    if (terms.length > 0)
      withVariable.set(v, laidAlong(builder, masked(terms.reduce((a, b) => builder.plus(a, b))), row));
  }
  const second = row === undefined ? undefined : secondAxis(builder, row);
  let spread = fullCovariance(builder, parts.covariance);
  for (const u of scope) {
    const half = [...withVariable].find(([{ key }]) => key === u.key)?.[1];
    if (half === undefined) continue;
    const turned = onSecond(builder, coefficient(u), u);
    const other = row === undefined || second === undefined ? turned : builder.rename(turned, row, second);
    spread = builder.plus(spread, builder.contract([half, other], secondAxisOf(builder, u)));
  }
  const dimension = builder.sum(present ?? builder.constant(1), row === undefined ? [] : [row]);
  const constant = builder.scale(-0.5 * Math.log(2 * Math.PI), dimension);
  let whiten: (node: NodeId) => NodeId;
  let halfLogDeterminant: NodeId;
  if (row === undefined || second === undefined) {
    const variance = present === undefined ? spread : builder.select(present, spread, builder.constant(1));
    const deviation = builder.unary("sqrt", variance);
    whiten = (node) => builder.over(node, deviation);
    halfLogDeterminant = builder.scale(0.5, builder.unary("log", variance));
  } else {
    const both = present === undefined ? undefined : builder.times(present, builder.rename(present, row, second));
    const matrix =
      both === undefined || present === undefined
        ? spread
        : builder.plus(
            builder.times(both, spread),
            builder.times(builder.identity(row, second), builder.minus(builder.constant(1), present)),
          );
    const lower = builder.cholesky(matrix, row, second);
    whiten = (node) => builder.triangularSolve(lower, node, row, second);
    halfLogDeterminant = builder.sum(builder.unary("log", builder.diagonal(lower, row, second)), [row]);
  }
  const along = second === undefined ? [] : [second];
  const white = whiten(residual);
  const whitened = new Map([...withVariable].map(([u, node]) => [u, whiten(node)]));
  const before = moments.copy();
  for (const [u, node] of whitened) {
    // Along u's second axis.
    const gain = builder.contract([node, white], along);
    const turned = u.axis === undefined ? gain : builder.rename(gain, secondAxis(builder, u.axis), u.axis);
    moments.set(u, builder.plus(before.mean(u.key), turned));
  }
  for (const [u, first] of whitened) {
    for (const [v, other] of whitened) {
      if (u.key > v.key) continue;
      const turned = u.axis === undefined ? first : builder.rename(first, secondAxis(builder, u.axis), u.axis);
      const taken = builder.contract([turned, other], along);
      const block = before.covariance(u, v);
      moments.setCovariance(u, v, block === undefined ? builder.unary("negate", taken) : builder.minus(block, taken));
    }
  }
  const known = builder.minus(constant, halfLogDeterminant);
  const distance = builder.sum(builder.unary("square", white), along);
  return {
    log: builder.minus(known, builder.scale(0.5, distance)),
    scope,
    ...(row === undefined || second === undefined ? {} : { row, second }),
    white,
    whiten,
    whitened,
    masked: (u) => laidAlong(builder, masked(coefficient(u)), row),
  };
}

/** Is it given as a matrix, not by its diagonal? */
export function isMatrix({ structure }: CovarianceArgument): boolean {
  return structure === "full" || structure === "lowRank";
}

export function fullCovariance(builder: PlanBuilder, covariance: CovarianceArgument): NodeId {
  const { node, row, column } = covariance;
  if (isMatrix(covariance) || row === undefined || column === undefined) return node;
  return builder.times(node, builder.identity(row, column));
}

/** A value that is the same for all entries, as one entry each. */
function laidAlong(builder: PlanBuilder, node: NodeId, axis: string | undefined): NodeId {
  return axis === undefined || builder.has(node, axis) ? node : builder.times(node, ones(builder, axis));
}

export function coefficientOf(coefficients: ReadonlyMap<string, NodeId>, { key }: ContinuousVariable): NodeId {
  const found = coefficients.get(key);
  if (found === undefined) throw new Error(`moments: no coefficient for ${key}`);
  return found;
}
