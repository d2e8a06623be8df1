/** Value of a function at a point, and its gradient there. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  /** Steps; default 100. */
  readonly iterations?: number;
  /** Stop where no entry of the gradient is larger than this times max(1, |value|); default 1e-10. */
  readonly gradientTolerance?: number;
  /** Stop where a step changes the value by less than this times max(1, |value|); default 1e-15. */
  readonly valueTolerance?: number;
  /** Pairs of steps remembered; default 10. */
  readonly memory?: number;
}

export interface LbfgsResult extends Evaluation {
  readonly point: Float64Array;
  readonly iterations: number;
  readonly evaluations: number;
  readonly reason: "gradient" | "value" | "iterations" | "line search";
}

/** Constants of the strong Wolfe conditions. */
const sufficientDecrease = 1e-4;
const curvature = 0.9;

/**
 * Minimises a smooth function by limited-memory BFGS with a strong-Wolfe line search. The value never increases from
 * one step to the next; points where the function is not finite are stepped back from.
 *
 * @source Nocedal and Wright 2006, algorithms 3.5, 3.6, 7.4, 7.5
 */
export function minimise(
  evaluate: (point: Float64Array) => Evaluation,
  start: Float64Array,
  options: LbfgsOptions = {},
): LbfgsResult {
  const { iterations = 100, gradientTolerance = 1e-10, valueTolerance = 1e-15, memory = 10 } = options;
  let evaluations = 1;
  let point: Float64Array = Float64Array.from(start);
  let current = evaluate(point);
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  const finish = (iteration: number, reason: LbfgsResult["reason"]): LbfgsResult => ({
    point,
    value: current.value,
    gradient: current.gradient,
    iterations: iteration,
    evaluations,
    reason,
  });

  for (let iteration = 0; iteration < iterations; iteration++) {
    const scale = Math.max(1, Math.abs(current.value));
    if (largest(current.gradient) <= gradientTolerance * scale) return finish(iteration, "gradient");
    let direction: Float64Array = descentDirection(current.gradient, steps, changes);
    let slope = dot(direction, current.gradient);
    if (!(slope < 0)) {
      steps.length = 0;
      changes.length = 0;
      direction = Float64Array.from(current.gradient, (g) => -g);
      slope = dot(direction, current.gradient);
    }
    const first = steps.length === 0 ? Math.min(1, 1 / Math.max(largest(current.gradient), 1e-300)) : 1;
    const found = wolfeSearch(evaluate, point, current, direction, slope, first);
    evaluations += found.evaluations;
    if (found.evaluation === undefined) {
      // A stale curvature model is the usual cause: once more along the gradient, then give up.
      if (steps.length === 0) return finish(iteration, "line search");
      steps.length = 0;
      changes.length = 0;
      continue;
    }
    const step = Float64Array.from(direction, (d) => d * found.length);
    const gradient = found.evaluation.gradient;
    const change = Float64Array.from(gradient, (g, i) => g - current.gradient[i]);
    if (dot(step, change) > 1e-12 * Math.sqrt(dot(step, step) * dot(change, change))) {
      steps.push(step);
      changes.push(change);
      if (steps.length > memory) {
        steps.shift();
        changes.shift();
      }
    }
    const gain = current.value - found.evaluation.value;
    point = added(point, direction, found.length);
    current = found.evaluation;
    if (gain <= valueTolerance * scale) return finish(iteration + 1, "value");
  }
  return finish(iterations, "iterations");
}

/** Maximises: `minimise` of the negative. */
export function maximise(
  evaluate: (point: Float64Array) => Evaluation,
  start: Float64Array,
  options: LbfgsOptions = {},
): LbfgsResult {
  const negated = (point: Float64Array): Evaluation => {
    const { value, gradient } = evaluate(point);
    return { value: -value, gradient: Float64Array.from(gradient, (g) => -g) };
  };
  const result = minimise(negated, start, options);
  return { ...result, value: -result.value, gradient: Float64Array.from(result.gradient, (g) => -g) };
}

/** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
function descentDirection(
  gradient: Float64Array,
  steps: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  const direction = Float64Array.from(gradient, (g) => -g);
  const factors: number[] = [];
  for (let i = steps.length - 1; i >= 0; i--) {
    factors[i] = dot(steps[i], direction) / dot(steps[i], changes[i]);
    addTo(direction, changes[i], -factors[i]);
  }
  const last = steps.length - 1;
  if (last >= 0) {
    const scaling = dot(steps[last], changes[last]) / dot(changes[last], changes[last]);
    for (let i = 0; i < direction.length; i++) direction[i] *= scaling;
  }
  for (let i = 0; i < steps.length; i++) {
    const correction = dot(changes[i], direction) / dot(steps[i], changes[i]);
    addTo(direction, steps[i], factors[i] - correction);
  }
  return direction;
}

interface SearchResult {
  readonly length: number;
  /** Absent where no step lowers the value. */
  readonly evaluation?: Evaluation;
  readonly evaluations: number;
}

interface Trial {
  readonly length: number;
  readonly evaluation: Evaluation;
  readonly slope: number;
}

/** A step length that meets the strong Wolfe conditions, or at least lowers the value. */
function wolfeSearch(
  evaluate: (point: Float64Array) => Evaluation,
  point: Float64Array,
  origin: Evaluation,
  direction: Float64Array,
  originSlope: number,
  firstLength: number,
): SearchResult {
  let evaluations = 0;
  const tryLength = (length: number): Trial => {
    evaluations++;
    const evaluation = evaluate(added(point, direction, length));
    return { length, evaluation, slope: dot(direction, evaluation.gradient) };
  };
  const isFinite = (trial: Trial): boolean => Number.isFinite(trial.evaluation.value) && Number.isFinite(trial.slope);
  const decreasesEnough = (trial: Trial): boolean =>
    isFinite(trial) && trial.evaluation.value <= origin.value + sufficientDecrease * trial.length * originSlope;
  const isFlat = (trial: Trial): boolean => Math.abs(trial.slope) <= -curvature * originSlope;
  const accept = (trial: Trial): SearchResult => ({ ...trial, evaluations });

  let low: Trial = { length: 0, evaluation: origin, slope: originSlope };
  let high: Trial | undefined;
  let length = firstLength;
  for (let count = 0; count < 60; count++) {
    const trial = tryLength(length);
    if (!decreasesEnough(trial) || trial.evaluation.value >= low.evaluation.value) {
      if (trial.length === low.length) break;
      high = trial;
    } else if (isFlat(trial)) {
      return accept(trial);
    } else if (high === undefined ? trial.slope >= 0 : trial.slope * (high.length - low.length) >= 0) {
      high = low;
      low = trial;
    } else {
      low = trial;
    }
    if (high === undefined) {
      length *= 2;
      continue;
    }
    if (Math.abs(high.length - low.length) <= 1e-14 * Math.max(high.length, low.length)) break;
    length = isFinite(high) ? insideBracket(low, high) : 0.5 * (low.length + high.length);
  }
  return low.length > 0 ? accept(low) : { length: 0, evaluations };
}

/** Minimum of the cubic through two values and slopes, kept away from the ends of the bracket. */
function insideBracket(low: Trial, high: Trial): number {
  const width = high.length - low.length;
  const d1 = low.slope + high.slope - (3 * (low.evaluation.value - high.evaluation.value)) / -width;
  const root = Math.sqrt(Math.max(0, d1 * d1 - low.slope * high.slope)) * Math.sign(width);
  const cubic = high.length - (width * (high.slope + root - d1)) / (high.slope - low.slope + 2 * root);
  const middle = 0.5 * (low.length + high.length);
  const margin = 0.1 * Math.abs(width);
  const from = Math.min(low.length, high.length) + margin;
  const to = Math.max(low.length, high.length) - margin;
  return Number.isFinite(cubic) ? Math.min(to, Math.max(from, cubic)) : middle;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addTo(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * other[i];
}

function added(point: Float64Array, direction: Float64Array, factor: number): Float64Array {
  return Float64Array.from(point, (x, i) => x + factor * direction[i]);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
