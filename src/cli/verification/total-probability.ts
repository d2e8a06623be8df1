import { boundShape, product } from "../../runtime/extents.js";
import type { VariableDescription } from "../../runtime/description.js";
import { extentsOf, type Finding, type Subject, type Values } from "./subject.js";

const name = "the likelihood sums to one over all observations";
const mostCells = 4096;

/** Enumerates or integrates all observations of one row, where there are few enough of them. */
export async function totalProbability(subject: Subject): Promise<Finding> {
  const observed = subject.description.variables.filter(({ role }) => role === "observed");
  const points = allObservations(observed, subject);
  if (points === undefined) {
    return { name, outcome: "does not apply", detail: "the observations of a row have too many dimensions" };
  }
  const { rows, values, weights, tolerance } = points;
  const trainer = subject.trainerAt(subject.point);
  const density = await trainer.logDensity({ ...repeated(subject.given(1), rows), ...values });
  trainer.dispose();
  const total = density.reduce((sum, logDensity, i) => sum + Math.exp(logDensity) * weights[i], 0);
  const detail = `${total.toPrecision(10)} over ${rows} observations`;
  return { name, outcome: Math.abs(total - 1) <= tolerance ? "holds" : "fails", detail };
}

interface Observations {
  readonly rows: number;
  readonly values: Values;
  readonly weights: Float64Array;
  readonly tolerance: number;
}

function allObservations(observed: readonly VariableDescription[], subject: Subject): Observations | undefined {
  const shapes = observed.map((variable) => boundShape(extentsOf(variable), subject.sizes));
  const counts = observed.map((variable) => valuesOf(variable, subject));
  const cells = shapes.map(product);
  const total = counts.reduce<number>((all, count, i) => all * (count ?? Infinity) ** cells[i], 1);
  if (total <= mostCells)
    return enumerated(
      observed,
      shapes,
      counts.map((count) => count ?? 0),
      total,
    );
  if (observed.length !== 1 || cells[0] !== 1) return undefined;
  const grid = gridOf(observed[0].domain);
  if (grid === undefined) return undefined;
  const rows = grid.points.length;
  const values = { [observed[0].name]: { shape: [rows, ...shapes[0]], data: grid.points } };
  return { rows, values, weights: grid.weights, tolerance: 1e-4 };
}

/** How many values a finite variable has. */
function valuesOf({ domain, categories }: VariableDescription, { sizes }: Subject): number | undefined {
  if (domain === "binary") return 2;
  return domain === "category" && categories !== undefined ? boundShape([categories], sizes)[0] : undefined;
}

function enumerated(
  observed: readonly VariableDescription[],
  shapes: readonly (readonly number[])[],
  counts: readonly number[],
  rows: number,
): Observations {
  let stride = 1;
  const values: Record<string, { shape: number[]; data: Float64Array }> = {};
  for (const [i, { name: variable }] of observed.entries()) {
    const width = product(shapes[i]);
    const data = new Float64Array(rows * width);
    for (let cell = 0; cell < width; cell++) {
      for (let row = 0; row < rows; row++) data[row * width + cell] = Math.floor(row / stride) % counts[i];
      stride *= counts[i];
    }
    values[variable] = { shape: [rows, ...shapes[i]], data };
  }
  return { rows, values, weights: new Float64Array(rows).fill(1), tolerance: 1e-9 };
}

/** Points and weights of a sum or of the trapezoid rule in a coordinate that reaches far out. */
function gridOf(domain: VariableDescription["domain"]): { points: Float64Array; weights: Float64Array } | undefined {
  const along = (from: number, to: number, value: (u: number) => number, slope: (u: number) => number) => {
    const steps = 20_000;
    const width = (to - from) / steps;
    const at = (i: number): number => from + (i + 0.5) * width;
    return {
      points: Float64Array.from({ length: steps }, (_, i) => value(at(i))),
      weights: Float64Array.from({ length: steps }, (_, i) => slope(at(i)) * width),
    };
  };
  switch (domain) {
    case "count":
      return { points: Float64Array.from({ length: 4000 }, (_, i) => i), weights: new Float64Array(4000).fill(1) };
    case "real":
      return along(-12, 12, Math.sinh, Math.cosh);
    case "positive":
      return along(-25, 12, Math.exp, Math.exp);
    case "unit": {
      const logistic = (u: number): number => 1 / (1 + Math.exp(-u));
      return along(-30, 30, logistic, (u) => logistic(u) * logistic(-u));
    }
    case "angle":
      return along(
        -Math.PI,
        Math.PI,
        (u) => u,
        () => 1,
      );
    case "binary":
    case "category":
    case "simplex":
    case "ordered":
      return undefined;
  }
}

function repeated(one: Values, rows: number): Values {
  return Object.fromEntries(
    Object.entries(one).map(([variable, { shape, data }]) => {
      const all = new Float64Array(rows * data.length);
      for (let row = 0; row < rows; row++) all.set(data, row * data.length);
      return [variable, { shape: [rows, ...shape.slice(1)], data: all }];
    }),
  );
}
