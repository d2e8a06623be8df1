import type { Domain, Model, Variable } from "../ir/model.js";
import { cellShape, lengthOf } from "./random-problem.js";

/** Observations of one row, one after the other, with the weights that turn a sum over them into an integral. */
export interface Observations {
  readonly values: Readonly<Record<string, Float64Array>>;
  readonly weights: Float64Array;
  readonly tolerance: number;
}

type Sizes = Readonly<Record<string, number>>;

const mostAssignments = 4096;

/** Every observation of some variables in one row, or a grid over the only one of them; undefined: there are too many. */
export function allObservations(model: Model, observed: readonly Variable[], sizes: Sizes): Observations | undefined {
  const cells = observed.map((variable) => cellShape(model, variable, sizes).reduce((all, size) => all * size, 1));
  const counts = observed.map(({ domain }) => finiteValues(domain, sizes));
  const total = counts.reduce<number>((all, count, i) => all * (count ?? Infinity) ** (cells[i] ?? 1), 1);
  if (total <= mostAssignments) return assignments(observed, cells, counts, total);
  const [only, second] = observed;
  if (only === undefined || second !== undefined || cells[0] !== 1) return undefined;
  const grid = gridOf(only.domain);
  return grid === undefined
    ? undefined
    : { values: { [only.name]: grid.points }, weights: grid.weights, tolerance: 1e-4 };
}

function finiteValues(domain: Domain, sizes: Sizes): number | undefined {
  if (domain.kind === "binary") return 2;
  return domain.kind === "category" ? lengthOf(sizes, domain.categories) : undefined;
}

/** Assignments count in mixed radix. */
function assignments(
  observed: readonly Variable[],
  cells: readonly number[],
  counts: readonly (number | undefined)[],
  total: number,
): Observations {
  let stride = 1;
  const values: Record<string, Float64Array> = {};
  observed.forEach(({ name }, i) => {
    const width = cells[i] ?? 1;
    const count = counts[i] ?? 1;
    const data = new Float64Array(total * width);
    for (let cell = 0; cell < width; cell++) {
      for (let row = 0; row < total; row++) data[row * width + cell] = Math.floor(row / stride) % count;
      stride *= count;
    }
    values[name] = data;
  });
  return { values, weights: new Float64Array(total).fill(1), tolerance: 1e-9 };
}

const gridSteps = 40_000;
const mostCounts = 4000;

/** Points and weights of a sum, or of the midpoint rule in a coordinate that reaches far out. */
function gridOf(domain: Domain): { points: Float64Array; weights: Float64Array } | undefined {
  switch (domain.kind) {
    case "count":
      return {
        points: Float64Array.from({ length: mostCounts }, (_, i) => i),
        weights: new Float64Array(mostCounts).fill(1),
      };
    case "real":
      return midpoints(-40, 40, Math.sinh, Math.cosh);
    case "positive":
      return midpoints(-100, 60, Math.exp, Math.exp);
    case "unit": {
      const logistic = (u: number): number => 1 / (1 + Math.exp(-u));
      // Nearer to 1 than e^-36, a number is 1.
      return midpoints(-100, 36, logistic, (u) => logistic(u) * logistic(-u));
    }
    case "angle":
      return midpoints(
        -Math.PI,
        Math.PI,
        (u) => u,
        () => 1,
      );
    case "binary":
    case "category":
    case "simplex":
    case "ordered":
    case "covariance":
    case "sequence":
      return undefined;
  }
}

function midpoints(from: number, to: number, value: (u: number) => number, slope: (u: number) => number) {
  const width = (to - from) / gridSteps;
  const at = (i: number): number => from + (i + 0.5) * width;
  return {
    points: Float64Array.from({ length: gridSteps }, (_, i) => value(at(i))),
    weights: Float64Array.from({ length: gridSteps }, (_, i) => slope(at(i)) * width),
  };
}
