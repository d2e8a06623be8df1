import type { CovarianceArgument } from "../../distributions/distribution.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { LinearGaussian } from "../elimination/gaussian.js";
import { type ContinuousVariable, pairOf, secondAxis } from "../elimination/potential.js";
import type { Information } from "./information.js";
import {
  coefficientOf,
  firstAxis,
  fullCovariance,
  isMatrix,
  type Moments,
  onSecond,
  secondAxisOf,
  transposed,
} from "./moments.js";

/** A latent whose density was taken in. */
export interface TakenIn {
  readonly child: ContinuousVariable;
  readonly parts: LinearGaussian;
}

/** Posterior moments of latents, by key. */
export interface SmoothedMoments {
  mean(key: string): NodeId;
  covariance(u: string, v: string): NodeId;
  /** The same, written so that little of it need be computed for each row where it is only summed over the rows. */
  summedCovariance(u: string, v: string): NodeId;
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
  { predicted: moments, extended }: { readonly predicted: Moments; readonly extended: readonly TakenIn[] },
  said: Information,
  rows: string,
): SmoothedMoments {
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
