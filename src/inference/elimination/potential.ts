import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { ones } from "../instantiate.js";

/** A continuous variable in the scope of a potential: a latent, or its copy of an earlier step. */
export interface ContinuousVariable {
  /** `x`, or `x[t-1]` for a lagged copy; unique in a scope. */
  readonly key: string;
  readonly name: string;
  readonly lag: number;
  /** Its event axis; absent for a scalar. A second axis of the same size is called `secondAxis`. */
  readonly axis?: string;
}

/**
 * A conditional-Gaussian potential, tabulated over plates and discrete axes:
 *
 *     log phi(d, x) = g[d] + sum_u h_u[d]' x_u - 1/2 sum_u sum_v x_u' J_uv[d] x_v
 *
 * What is absent is 0. Axes that a component lacks are axes along which it is constant.
 */
export interface Potential {
  /** Where it lives, outermost first. */
  readonly plates: readonly string[];
  /** g */
  readonly log: NodeId;
  readonly scope: readonly ContinuousVariable[];
  /** h_u by key, along u's axis. */
  readonly linear: ReadonlyMap<string, NodeId>;
  /** J_uv by `pairOf(u, v)`, along the axes of `blockAxes`. J_vu is its transpose and not stored. */
  readonly precision: ReadonlyMap<string, NodeId>;
}

/** A potential without continuous scope. */
export function tablePotential(plates: readonly string[], log: NodeId): Potential {
  return { plates, log, scope: [], linear: new Map(), precision: new Map() };
}

/** Name of a block of the precision: the same for (u, v) and (v, u). */
export function pairOf(u: string, v: string): string {
  return u <= v ? `${u},${v}` : `${v},${u}`;
}

/** The axis of a variable's second index in its own block J_uu. */
export function secondAxis(builder: PlanBuilder, axis: string): string {
  return builder.axis(`${axis}'`, builder.sizeOf(axis));
}

/** The axes along which J_uv is stored: of the one with the smaller key first. */
export function blockAxes(builder: PlanBuilder, u: ContinuousVariable, v: ContinuousVariable): readonly string[] {
  if (u.key === v.key) return u.axis === undefined ? [] : [u.axis, secondAxis(builder, u.axis)];
  const [first, second] = u.key < v.key ? [u, v] : [v, u];
  return [first.axis, second.axis].filter((axis) => axis !== undefined);
}

/** phi_1 phi_2 …: components add. They live where the innermost of them lives. */
export function product(builder: PlanBuilder, potentials: readonly Potential[]): Potential {
  const scope = new Map<string, ContinuousVariable>();
  const linear = new Map<string, NodeId>();
  const precision = new Map<string, NodeId>();
  let log = builder.constant(0);
  let plates: readonly string[] = [];
  for (const potential of potentials) {
    if (potential.plates.length > plates.length) plates = potential.plates;
    log = builder.plus(log, potential.log);
    for (const variable of potential.scope) scope.set(variable.key, variable);
    for (const [key, node] of potential.linear) addTo(builder, linear, key, node);
    for (const [key, node] of potential.precision) addTo(builder, precision, key, node);
  }
  return { plates, log, scope: [...scope.values()], linear, precision };
}

function addTo(builder: PlanBuilder, into: Map<string, NodeId>, key: string, node: NodeId): void {
  const known = into.get(key);
  into.set(key, known === undefined ? node : builder.plus(known, node));
}

/**
 * Integral over one continuous variable v, with J_vv = L L':
 *
 *     g += 1/2 |L^-1 h_v|^2 - sum log diag L + n/2 log 2 pi
 *     h_k -= J_kv J_vv^-1 h_v,   J_kl -= J_kv J_vv^-1 J_vl
 */
export function eliminateContinuous(builder: PlanBuilder, potential: Potential, key: string): Potential {
  const variable = potential.scope.find((candidate) => candidate.key === key);
  const own = potential.precision.get(pairOf(key, key));
  if (variable === undefined || own === undefined) throw new Error(`elimination: ${key} has no density here`);
  const { axis } = variable;
  const rest = potential.scope.filter((candidate) => candidate.key !== key);
  const column = axis === undefined ? undefined : secondAxis(builder, axis);
  const lower =
    axis === undefined || column === undefined ? builder.unary("sqrt", own) : builder.cholesky(own, axis, column);
  const whiten = (node: NodeId): NodeId =>
    axis === undefined || column === undefined
      ? builder.over(node, lower)
      : builder.triangularSolve(lower, onAxis(builder, node, axis), axis, column);
  const over = column === undefined ? [] : [column];
  const linearNode = potential.linear.get(key);
  const h = linearNode === undefined ? undefined : whiten(linearNode);
  const blocks = new Map<string, NodeId>();
  for (const other of rest) {
    const block = potential.precision.get(pairOf(key, other.key));
    if (block !== undefined) blocks.set(other.key, whiten(block));
  }

  const logDeterminant =
    axis === undefined || column === undefined
      ? builder.unary("log", own)
      : builder.scale(2, builder.sum(builder.unary("log", builder.diagonal(lower, axis, column)), [axis]));
  const dimension = axis === undefined ? builder.constant(1) : builder.size(axis);
  const constant = builder.scale(Math.log(2 * Math.PI), dimension);
  let log = builder.plus(potential.log, builder.scale(0.5, builder.minus(constant, logDeterminant)));
  if (h !== undefined) log = builder.plus(log, builder.scale(0.5, builder.sum(builder.unary("square", h), over)));

  const linear = new Map([...potential.linear].filter(([name]) => name !== key));
  const touched = new Set([...potential.scope].map((other) => pairOf(key, other.key)));
  const precision = new Map([...potential.precision].filter(([name]) => !touched.has(name)));
  for (const other of rest) {
    const block = blocks.get(other.key);
    if (block === undefined) continue;
    if (h !== undefined) subtractFrom(builder, linear, other.key, builder.contract([block, h], over));
    for (const second of rest) {
      const opposite = blocks.get(second.key);
      if (opposite === undefined || second.key < other.key) continue;
      const turned =
        second.key === other.key && second.axis !== undefined
          ? builder.rename(opposite, second.axis, secondAxis(builder, second.axis))
          : opposite;
      subtractFrom(builder, precision, pairOf(other.key, second.key), builder.contract([block, turned], over));
    }
  }
  return { plates: potential.plates, log, scope: rest, linear, precision };
}

/** A block or vector that is the same for all entries still has to be laid along the axis of a solve. */
function onAxis(builder: PlanBuilder, node: NodeId, axis: string): NodeId {
  if (builder.has(node, axis)) return node;
  return builder.times(node, ones(builder, axis));
}

function subtractFrom(builder: PlanBuilder, into: Map<string, NodeId>, key: string, node: NodeId): void {
  const known = into.get(key);
  into.set(key, known === undefined ? builder.unary("negate", node) : builder.minus(known, node));
}

/** Product over the innermost plate: components add up. No variable of the scope may live in it. */
export function reducePlate(builder: PlanBuilder, potential: Potential, plate: string): Potential {
  const sum = (node: NodeId): NodeId => builder.sum(node, [plate]);
  return {
    plates: potential.plates.slice(0, -1),
    log: sum(potential.log),
    scope: potential.scope,
    linear: new Map([...potential.linear].map(([key, node]) => [key, sum(node)])),
    precision: new Map([...potential.precision].map(([key, node]) => [key, sum(node)])),
  };
}
