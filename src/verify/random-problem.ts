import type { Dimension, Domain, Model, Parameter, Variable } from "../ir/model.js";
import { interpretPlan } from "../ir/interpret-plan.js";
import { deriveSample } from "../inference/queries/sample.js";
import { shapeOf, storedShape } from "../inference/elaborate/axes.js";
import { literalValues } from "../inference/m-step/known-prior.js";
import type { AxisSize } from "../ir/plan.js";
import { RandomStream } from "../numerics/random.js";
import { fromUnconstrained, unconstrainedSize, type ConstrainedKind } from "../numerics/transforms.js";
import type { Columns } from "./verifiable-trainer.js";

export type Tensors = Record<string, Float64Array>;

/** Sizes, parameters and data drawn from the model itself. */
export interface RandomProblem {
  readonly sizes: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly parameters: Tensors;
  /** Observed, given, weight AND latent values, by variable. */
  readonly data: Tensors;
}

/** Sizes as small as tell something: 2 of everything, or what the user gave. */
export function tinySizes(model: Model, given: Readonly<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(model.sizes.map(({ name }) => [name, given[name] ?? 2]));
}

export function lengthOf(sizes: Readonly<Record<string, number>>, dimension: Dimension): number {
  return dimension.kind === "literal" ? dimension.value : (sizes[dimension.name] ?? 2);
}

function lengthOfAxis(sizes: Readonly<Record<string, number>>, size: AxisSize): number {
  switch (size.kind) {
    case "rows":
      throw new Error("verify: a parameter has no rows");
    case "literal":
      return size.value;
    case "symbol":
      return sizes[size.name] ?? 2;
    case "sum":
      return size.terms.reduce((sum, term) => sum + lengthOfAxis(sizes, term), 0);
  }
}

/** The stored shape of one value of a parameter, in numbers, and how it is kept inside its domain. */
export function valueForm(
  parameter: Parameter,
  sizes: Readonly<Record<string, number>>,
): { readonly kind: ConstrainedKind; readonly shape: readonly number[]; readonly cells: number } {
  const shape = storedShape(parameter.domain).map((size) => lengthOfAxis(sizes, size));
  const cells = parameter.table.reduce((product, dimension) => product * lengthOf(sizes, dimension), 1);
  return { kind: constrainedKind(parameter.domain), shape, cells };
}

function constrainedKind(domain: Domain): ConstrainedKind {
  switch (domain.kind) {
    case "positive":
    case "unit":
    case "simplex":
    case "ordered":
      return domain.kind;
    case "covariance":
      return `${domain.structure}Covariance`;
    case "real":
    case "angle":
      return "real";
    case "count":
    case "binary":
    case "category":
    case "sequence":
      throw new Error(`verify: a parameter of kind ${domain.kind}`);
  }
}

/**
 * Parameters around the middle of their domains, those that the model fixes at their values; `spread` is the deviation
 * of the free coordinates.
 */
export function drawParameters(
  model: Model,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  spread = 0.7,
): Tensors {
  const values: Tensors = {};
  for (const parameter of model.parameters) {
    const { kind, shape, cells } = valueForm(parameter, sizes);
    const literal = parameter.fixed === undefined ? undefined : literalValues(model, parameter.fixed);
    if (literal !== undefined) {
      // One value (or one cell) stands for all.
      const length = shape.reduce((product, size) => product * size, cells);
      values[parameter.name] = Float64Array.from({ length }, (_, i) => literal[i % literal.length] ?? NaN);
      continue;
    }
    const stream = new RandomStream({ seed, site: `parameter ${parameter.name}` });
    const free = Float64Array.from({ length: cells * unconstrainedSize(kind, shape) }, () => spread * stream.normal());
    // Centres farther apart than the unit spreads of the data make the parts of a mixture visible.
    values[parameter.name] = fromUnconstrained(
      kind,
      kind === "real" ? free.map((value) => 2.5 * value) : free,
      shape,
      cells,
    );
  }
  return values;
}

/** Given variables from standard distributions. */
export function drawGivens(model: Model, sizes: Readonly<Record<string, number>>, rows: number, seed: number): Tensors {
  const data: Tensors = {};
  for (const variable of model.variables.filter(({ role }) => role === "given")) {
    const stream = new RandomStream({ seed, site: `given ${variable.name}` });
    const count = cellShape(model, variable, sizes).reduce((product, size) => product * size, rows);
    data[variable.name] = Float64Array.from({ length: count }, () => drawGiven(variable.domain, sizes, stream));
  }
  return data;
}

/** Draws data from the model by its own sampler, given variables from standard distributions. */
export function drawProblem(
  model: Model,
  options: {
    readonly sizes: Readonly<Record<string, number>>;
    readonly rows: number;
    readonly seed: number;
    readonly parameters?: Tensors;
    /** Deviation of the free coordinates of drawn parameters. */
    readonly spread?: number;
    /** Share of the optional entries to take away. */
    readonly missing?: number;
  },
): RandomProblem {
  const { sizes, rows, seed } = options;
  const parameters = options.parameters ?? drawParameters(model, sizes, seed, options.spread);
  const data: Tensors = {};
  Object.assign(data, drawGivens(model, sizes, rows, seed));
  const weight = model.axes.find((axis) => axis.weight !== undefined)?.weight;
  if (weight !== undefined) data[weight] = new Float64Array(rows).fill(1);
  const streams = new Map<string, RandomStream>();
  const drawn = interpretPlan(deriveSample(model), {
    sizes,
    rows,
    inputs: { parameter: parameters, data },
    stream: (site) => {
      const known = streams.get(site) ?? new RandomStream({ seed, site });
      streams.set(site, known);
      return known;
    },
  });
  const hide = new RandomStream({ seed, site: "missing" });
  for (const variable of model.variables) {
    const values = drawn[variable.name];
    if (values === undefined) continue;
    data[variable.name] = variable.optional
      ? values.map((value) => (hide.uniform() < (options.missing ?? 0) ? NaN : value))
      : values;
  }
  return { sizes, rows, parameters, data };
}

/** The shape of a variable in one row: its plates inside the rows, then its own dimensions. */
export function cellShape(
  model: Model,
  variable: Variable,
  sizes: Readonly<Record<string, number>>,
): readonly number[] {
  const plates = variable.axes.flatMap((name) => {
    const size = model.axes.find((axis) => axis.name === name)?.size;
    return size === undefined ? [] : [lengthOf(sizes, size)];
  });
  return [...plates, ...shapeOf(variable.domain).map((dimension) => lengthOf(sizes, dimension))];
}

/** What a trainer is told of a problem: observed and given variables and the weight, with their shapes. */
export function trainerColumns(model: Model, { sizes, rows, data }: RandomProblem): Columns {
  const weight = model.axes.find((axis) => axis.weight !== undefined)?.weight;
  const shapes: (readonly [string, readonly number[]])[] = model.variables
    .filter(({ role }) => role !== "latent")
    .map((variable) => [variable.name, [rows, ...cellShape(model, variable, sizes)]]);
  if (weight !== undefined) shapes.push([weight, [rows]]);
  return Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, data: data[name] ?? new Float64Array() }]));
}

function drawGiven(domain: Domain, sizes: Readonly<Record<string, number>>, stream: RandomStream): number {
  switch (domain.kind) {
    case "category":
      return Math.floor(stream.uniform() * lengthOf(sizes, domain.categories));
    case "binary":
      return stream.uniform() < 0.5 ? 0 : 1;
    case "count":
      return 1 + stream.poisson(4);
    case "positive":
      return stream.gamma(2);
    case "unit":
      return stream.uniform();
    case "real":
    case "angle":
    case "ordered":
    case "simplex":
    case "covariance":
    case "sequence":
      return stream.normal();
  }
}
