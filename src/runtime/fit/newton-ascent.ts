import { cholesky, solveWithFactor } from "../../numerics/dense.js";
import type { Point } from "./gradient-maximisation.js";

/** With so much added to a unit diagonal, the step is one along the gradient, each coordinate in its own scale. */
const MOST_DAMPING = 1e4;
const MOST_HALVINGS = 20;
const SUFFICIENT_INCREASE = 1e-4;
const MOST_ADJUSTMENTS = 4;
/** The change of the objective that a difference of gradients is taken over: far above rounding, and still quadratic. */
const PROBE_CHANGE = 1e-4;

type Evaluate = (point: Float64Array) => Promise<Point>;

/**
 * Damped Newton ascent, its Hessian by differences of the gradient: for the few coordinates of very different scales
 * (regressors in their own units) along which L-BFGS creeps. Ends where the Hessian is of no use.
 *
 * @source Nocedal and Wright 2006, sections 3.4 (modified Cholesky by adding to the diagonal) and 8.1
 */
export async function newtonAscent(
  evaluate: Evaluate,
  start: Point,
  iterations: number,
  gainTolerance: number,
): Promise<Point> {
  let current = start;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const direction = newtonDirection(await curvature(evaluate, current), current.gradient);
    if (direction === undefined) return current;
    const slope = direction.reduce((sum, d, i) => sum + d * current.gradient[i], 0);
    const next = await lineSearch(evaluate, current, direction, slope);
    if (next === undefined) return current;
    const gain = next.value - current.value;
    current = next;
    if (gain <= gainTolerance * (1 + Math.abs(current.value))) return current;
  }
  return current;
}

async function lineSearch(
  evaluate: Evaluate,
  { point, value }: Point,
  direction: Float64Array,
  slope: number,
): Promise<Point | undefined> {
  let length = 1;
  for (let halving = 0; halving < MOST_HALVINGS; halving++, length /= 2) {
    const trial = await evaluate(point.map((x, i) => x + length * direction[i]));
    if (!trial.gradient.every(Number.isFinite)) continue;
    if (trial.value > value && trial.value >= value + SUFFICIENT_INCREASE * length * slope) return trial;
  }
  return undefined;
}

/** The negative Hessian [n, n], symmetrised. */
async function curvature(evaluate: Evaluate, { point, gradient }: Point): Promise<Float64Array> {
  const n = point.length;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    let width = 1e-5 * (1 + Math.abs(point[i]));
    let column: Float64Array | undefined;
    for (let adjustment = 0; adjustment <= MOST_ADJUSTMENTS; adjustment++) {
      const moved = Float64Array.from(point);
      moved[i] += width;
      // What is stored, not what was asked for.
      const taken = moved[i] - point[i];
      const there = await evaluate(moved);
      const found = gradient.map((g, j) => (g - there.gradient[j]) / taken);
      const own = Math.abs(found[i]);
      const usable = found.every(Number.isFinite);
      if (usable) column = found;
      const change = own * taken * taken;
      if (usable && (own === 0 || (change >= PROBE_CHANGE / 100 && change <= PROBE_CHANGE * 100))) break;
      width = usable ? Math.sqrt(PROBE_CHANGE / own) : width / 1000;
    }
    if (column === undefined) return matrix.fill(NaN);
    for (let j = 0; j < n; j++) {
      matrix[i * n + j] += column[j] / 2;
      matrix[j * n + i] += column[j] / 2;
    }
  }
  return matrix;
}

/** Solves (C + damping * |diag C|) d = gradient with the least damping that makes the matrix positive definite. */
function newtonDirection(matrix: Float64Array, gradient: Float64Array): Float64Array | undefined {
  const n = gradient.length;
  if (!matrix.every(Number.isFinite)) return undefined;
  // In units in which every coordinate has curvature 1, the same damping is right for all.
  const units = Float64Array.from({ length: n }, (_, i) => Math.sqrt(Math.abs(matrix[i * n + i])) || 1);
  for (let damping = 0; damping <= MOST_DAMPING; damping = damping === 0 ? 1e-8 : damping * 10) {
    const scaled = matrix.map((value, k) => value / (units[Math.floor(k / n)] * units[k % n]));
    for (let i = 0; i < n; i++) scaled[i * n + i] += damping;
    if (!cholesky(scaled, n)) continue;
    const step = gradient.map((g, i) => g / units[i]);
    solveWithFactor(scaled, n, step);
    const direction = step.map((d, i) => d / units[i]);
    return direction.every(Number.isFinite) ? direction : undefined;
  }
  return undefined;
}
