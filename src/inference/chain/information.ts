import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { LinearGaussian } from "../elimination/gaussian.js";
import { type ContinuousVariable, pairOf, secondAxis } from "../elimination/potential.js";
import { blockOf, coefficientOf, firstAxis, onSecond, secondAxisOf, transposed, type Conditioned } from "./moments.js";

/**
 * What is said of Gaussian variables from now on, as slopes r and curvatures N of its log density around what is known:
 *
 *     E[u | all] = E[u] + sum_v Cov[u, v] r_v,   Cov[u, v | all] = Cov[u, v] - sum_wx Cov[u, w] N_wx Cov[x, v]
 *
 * What is absent is 0. Going back through what was taken in since then, it is said of what was known before.
 *
 * @source de Jong 1989, "Smoothing and interpolation with the state-space model"
 */
export class Information {
  private readonly slopes = new Map<string, NodeId>();
  /** N_uv by `pairOf`, of the one with the smaller key first, along the first axis of the one and the second of the other. */
  private readonly curvatures = new Map<string, NodeId>();
  readonly variables: ContinuousVariable[] = [];

  constructor(private readonly builder: PlanBuilder) {}

  slope(variable: ContinuousVariable): NodeId {
    return this.slopes.get(variable.key) ?? this.builder.constant(0);
  }

  curvature(u: ContinuousVariable, v: ContinuousVariable): NodeId | undefined {
    return blockOf(this.builder, this.curvatures, u, v);
  }

  set(variable: ContinuousVariable, slope: NodeId): void {
    if (!this.slopes.has(variable.key)) this.variables.push(variable);
    this.slopes.set(variable.key, slope);
  }

  /** @param block along u's axis and the second axis of v */
  setCurvature(u: ContinuousVariable, v: ContinuousVariable, block: NodeId): void {
    this.curvatures.set(pairOf(u.key, v.key), u.key <= v.key ? block : transposed(this.builder, block, u, v));
  }
}

/**
 * What is said, an observation with coefficients C, residual e and covariance S = L L' included. With W = L^-1 C and
 * A_u = L^-1 Cov[y, u],
 *
 *     r_u + W_u' (L^-1 e - sum_v A_v r_v),   N_uv - T_u W_v - (T_v W_u)',
 *     T_u = B_u - 1/2 W_u' (I + sum_v A_v B_v),   B_u = sum_v N_uv A_v'
 */
export function beforeCondition(builder: PlanBuilder, after: Information, observation: Conditioned): Information {
  const { scope, row, second, white, whiten, whitened, masked } = observation;
  const along = second === undefined ? [] : [second];
  const before = new Information(builder);
  const effects = new Map<string, NodeId>();
  for (const u of scope) effects.set(u.key, whiten(masked(u)));
  const known = [...whitened].filter(([u]) => after.variables.some(({ key }) => key === u.key));
  const variables = [...after.variables, ...scope.filter(({ key }) => !after.variables.some((one) => one.key === key))];

  let residual = white;
  for (const [u, gain] of known) {
    residual = builder.minus(
      residual,
      builder.contract([gain, onSecond(builder, after.slope(u), u)], secondAxisOf(builder, u)),
    );
  }
  for (const u of variables) {
    const effect = effects.get(u.key);
    const own = after.slope(u);
    before.set(u, effect === undefined ? own : builder.plus(own, builder.contract([effect, residual], along)));
  }

  /** B_u, along u's axis and that of L's columns. */
  const products = new Map<string, NodeId>();
  for (const u of variables) {
    const terms = known.flatMap(([v, gain]) => {
      const block = after.curvature(u, v);
      return block === undefined ? [] : [builder.contract([block, gain], secondAxisOf(builder, v))];
    });
    if (terms.length > 0)
      products.set(
        u.key,
        terms.reduce((a, b) => builder.plus(a, b)),
      );
  }
  // Rows of I + A B are along L's rows, which are free by now.
  const toRow = (node: NodeId): NodeId =>
    row === undefined || second === undefined ? node : builder.rename(node, second, row);
  let inner = row === undefined || second === undefined ? builder.constant(1) : builder.identity(row, second);
  for (const [u, gain] of known) {
    const product = products.get(u.key);
    if (product === undefined) continue;
    const turned = onSecond(builder, product, u);
    inner = builder.plus(inner, builder.contract([toRow(gain), turned], secondAxisOf(builder, u)));
  }
  const halves = new Map<string, NodeId>();
  for (const u of variables) {
    const [product, effect] = [products.get(u.key), effects.get(u.key)];
    const taken =
      effect === undefined
        ? undefined
        : builder.scale(-0.5, builder.contract([toRow(effect), inner], row === undefined ? [] : [row]));
    const half = product === undefined || taken === undefined ? (product ?? taken) : builder.plus(product, taken);
    if (half !== undefined) halves.set(u.key, half);
  }
  variables.forEach((u, i) => {
    for (const v of variables.slice(i)) {
      const parts = [
        taken(builder, halves.get(u.key), effects.get(v.key), v, along),
        turned(builder, taken(builder, halves.get(v.key), effects.get(u.key), u, along), v, u),
      ].filter((part) => part !== undefined);
      const own = after.curvature(u, v);
      const known = own === undefined ? [] : [own];
      const total = [...known, ...parts.map((part) => builder.unary("negate", part))];
      if (total.length > 0)
        before.setCurvature(
          u,
          v,
          total.reduce((a, b) => builder.plus(a, b)),
        );
    }
  });
  return before;
}

/** T_u W_v, along u's axis and the second axis of v. */
function taken(
  builder: PlanBuilder,
  half: NodeId | undefined,
  effect: NodeId | undefined,
  v: ContinuousVariable,
  along: readonly string[],
): NodeId | undefined {
  if (half === undefined || effect === undefined) return undefined;
  return builder.contract([half, onSecond(builder, effect, v)], along);
}

function turned(
  builder: PlanBuilder,
  block: NodeId | undefined,
  u: ContinuousVariable,
  v: ContinuousVariable,
): NodeId | undefined {
  if (block === undefined) return undefined;
  return u.key === v.key ? turnedOver(builder, block, u) : transposed(builder, block, u, v);
}

/**
 * What is said of the variables that a latent x = sum_u C_u x_u - offset + e was taken in after:
 *
 *     r_u + C_u' r_x,   N_uv + C_u' N_xv + N_ux C_v + C_u' N_xx C_v
 */
export function beforeExtend(
  builder: PlanBuilder,
  after: Information,
  child: ContinuousVariable,
  parts: LinearGaussian,
): Information {
  const before = new Information(builder);
  const parents = parts.scope.filter(({ key }) => key !== child.key);
  const others = after.variables.filter(({ key }) => key !== child.key);
  const isSaid = others.length < after.variables.length;
  const variables = isSaid
    ? [...others, ...parents.filter(({ key }) => !others.some((one) => one.key === key))]
    : others;
  const coefficient = (u: ContinuousVariable): NodeId | undefined =>
    isSaid && parents.some(({ key }) => key === u.key) ? coefficientOf(parts.coefficients, u) : undefined;
  for (const u of variables) {
    const own = coefficient(u);
    const slope = after.slope(u);
    before.set(
      u,
      own === undefined ? slope : builder.plus(slope, builder.contract([own, after.slope(child)], firstAxis(child))),
    );
  }
  /** N_wx C_v, along w's axis and the second axis of v. */
  const through = (w: ContinuousVariable, v: ContinuousVariable): NodeId | undefined => {
    const [block, own] = [after.curvature(w, child), coefficient(v)];
    if (block === undefined || own === undefined) return undefined;
    return builder.contract([block, onSecond(builder, onSecond(builder, own, child), v)], secondAxisOf(builder, child));
  };
  variables.forEach((u, i) => {
    for (const v of variables.slice(i)) {
      const inner = through(child, v);
      const own = coefficient(u);
      const total = [
        after.curvature(u, v),
        through(u, v),
        turned(builder, through(v, u), v, u),
        inner === undefined || own === undefined ? undefined : builder.contract([own, inner], firstAxis(child)),
      ].filter((part) => part !== undefined);
      if (total.length > 0)
        before.setCurvature(
          u,
          v,
          total.reduce((a, b) => builder.plus(a, b)),
        );
    }
  });
  return before;
}

/** A block of one variable with its two axes exchanged. */
export function turnedOver(builder: PlanBuilder, node: NodeId, u: ContinuousVariable): NodeId {
  if (u.axis === undefined) return node;
  const second = secondAxis(builder, u.axis);
  const spare = builder.axis(`${u.axis}.spare`, builder.sizeOf(u.axis));
  return builder.rename(builder.rename(builder.rename(node, u.axis, spare), second, u.axis), spare, second);
}
