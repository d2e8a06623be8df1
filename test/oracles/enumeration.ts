import type { DensityFactor, Dimension, Domain, Expression, Model, Variable } from "../../src/ir/model.js";

/**
 * The slow, obviously right answer for static models with discrete latents: every assignment of every latent of a row
 * is listed, the joint density is multiplied out from textbook formulas, and posteriors are ratios of sums.
 *
 * It reads the Model and shares no code with the compiler: no plan, no elimination, no Cholesky (determinants and
 * inverses are by Gauss-Jordan), no log-sum-exp.
 */

/** Nested arrays of numbers: a value of any rank. NaN is a missing entry. */
export type Value = number | readonly Value[];

export interface World {
  readonly sizes: Readonly<Record<string, number>>;
  readonly parameters: Readonly<Record<string, Value>>;
  /** One record per row: the value of each observed and given variable, inner plates as outer dimensions. */
  readonly rows: readonly Readonly<Record<string, Value>>[];
}

/** One cell of one plate of one latent: `z` at `j = 2` is `z/2`. */
export type Assignment = Readonly<Record<string, number>>;

export interface RowAnswer {
  readonly density: number;
  readonly logDensity: number;
  /** All assignments with their posterior probabilities. */
  readonly posterior: readonly { readonly assignment: Assignment; readonly probability: number }[];
}

export function sizeOf(world: Pick<World, "sizes">, dimension: Dimension): number {
  return dimension.kind === "literal" ? dimension.value : world.sizes[dimension.name]!;
}

/** Positions of a variable along its inner plates (the rows excluded). */
export function placesOf(model: Model, world: World, variable: Variable): readonly (readonly number[])[] {
  const inner = variable.axes
    .map((name) => model.axes.find((axis) => axis.name === name)!)
    .filter((axis) => axis.size !== undefined);
  return inner.reduce<readonly (readonly number[])[]>(
    (places, axis) => places.flatMap((place) => [...Array(sizeOf(world, axis.size!)).keys()].map((i) => [...place, i])),
    [[]],
  );
}

export function answerRow(model: Model, world: World, row: number): RowAnswer {
  const latents = model.variables
    .filter((variable) => variable.role === "latent")
    .flatMap((variable) =>
      placesOf(model, world, variable).map((place) => ({
        key: [variable.name, ...place].join("/"),
        values: variable.domain.kind === "category" ? sizeOf(world, variable.domain.categories) : 2,
      })),
    );
  const weighted: { assignment: Assignment; weight: number }[] = [];
  const assign = (i: number, assignment: Record<string, number>): void => {
    const latent = latents[i];
    if (latent === undefined) {
      weighted.push({ assignment: { ...assignment }, weight: jointDensity(model, world, row, assignment) });
      return;
    }
    for (let value = 0; value < latent.values; value++) assign(i + 1, { ...assignment, [latent.key]: value });
  };
  assign(0, {});
  const density = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return {
    density,
    logDensity: Math.log(density),
    posterior: weighted.map(({ assignment, weight }) => ({ assignment, probability: weight / density })),
  };
}

function jointDensity(model: Model, world: World, row: number, assignment: Assignment): number {
  let product = 1;
  for (const factor of model.factors) {
    if (factor.kind !== "density") throw new Error("oracle: implicit factor");
    for (const place of placesOf(model, world, variableOf(model, factor.child)))
      product *= factorDensity(model, world, row, factor, place, assignment);
  }
  return product;
}

export function variableOf(model: Model, name: string): Variable {
  return model.variables.find((variable) => variable.name === name)!;
}

/** Density of one factor at one place, under one assignment. */
export function factorDensity(
  model: Model,
  world: World,
  row: number,
  factor: DensityFactor,
  place: readonly number[],
  assignment: Assignment,
): number {
  const scope = { model, world, row, place, axes: variableOf(model, factor.child).axes, assignment };
  const child = readVariable(scope, factor.child);
  const args: Record<string, Value> = {};
  for (const [slot, expression] of Object.entries(factor.arguments)) args[slot] = evaluate(scope, expression);
  return density(factor.distribution, child, args, factor.arguments);
}

export interface Scope {
  readonly model: Model;
  readonly world: World;
  readonly row: number;
  readonly place: readonly number[];
  readonly axes: readonly string[];
  readonly assignment: Assignment;
}

export function readVariable(scope: Scope, name: string): Value {
  const variable = variableOf(scope.model, name);
  const inner = variable.axes.filter((axis) => scope.model.axes.find((a) => a.name === axis)!.size !== undefined);
  const place = scope.place.slice(0, inner.length);
  if (variable.role === "latent") return scope.assignment[[name, ...place].join("/")]!;
  return at(scope.world.rows[scope.row]![name]!, place);
}

function at(value: Value, indices: readonly number[]): Value {
  return indices.reduce<Value>((inner, i) => (inner as readonly Value[])[i]!, value);
}

function zip(f: (a: number, b: number) => number, a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return f(a, b);
  if (typeof a === "number") return (b as readonly Value[]).map((entry) => zip(f, a, entry));
  if (typeof b === "number") return a.map((entry) => zip(f, entry, b));
  return a.map((entry, i) => zip(f, entry, b[i]!));
}

const unaries: Record<string, (a: number) => number> = {
  negate: (a) => -a,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  tanh: Math.tanh,
  softplus: (a) => Math.log1p(Math.exp(a)),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  square: (a) => a * a,
};
const binaries: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power: (a, b) => a ** b,
};

export function evaluate(scope: Scope, expression: Expression): Value {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "position": {
      const inner = scope.axes.filter((axis) => scope.model.axes.find((a) => a.name === axis)!.size !== undefined);
      return scope.place[inner.indexOf(expression.axis)]!;
    }
    case "variable":
      return readVariable(scope, expression.name);
    case "parameter": {
      const indices = expression.indices.map((index) => evaluate(scope, index) as number);
      return at(scope.world.parameters[expression.name]!, indices);
    }
    case "element":
      return at(
        evaluate(scope, expression.base),
        expression.indices.map((index) => evaluate(scope, index) as number),
      );
    case "list":
      return expression.items.map((item) => evaluate(scope, item));
    case "apply": {
      const args = expression.arguments.map((argument) => evaluate(scope, argument));
      const unary = unaries[expression.function];
      if (unary !== undefined) return zip((a) => unary(a), args[0]!, 0);
      const binary = binaries[expression.function];
      if (binary !== undefined) return zip(binary, args[0]!, args[1]!);
      if (expression.function === "dot")
        return (args[0] as number[]).reduce((sum, a, i) => sum + a * (args[1] as number[])[i]!, 0);
      if (expression.function === "matmul")
        return (args[0] as number[][]).map((line) =>
          line.reduce((sum, a, i) => sum + a * (args[1] as number[])[i]!, 0),
        );
      if (expression.function === "sum") return (args[0] as number[]).reduce((sum, a) => sum + a, 0);
      throw new Error(`oracle: no function ${expression.function}`);
    }
    default:
      throw new Error(`oracle: no expression ${expression.kind}`);
  }
}

/** log Gamma by the recurrence and Stirling's series. */
export function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 20) shift += Math.log(y++);
  const inverse = 1 / (y * y);
  const series = 1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)));
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series / y - shift;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** I0 by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 500; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

function choose(n: number, k: number): number {
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1));
}

const scalarDensities: Record<string, (x: number, p: Record<string, number>) => number> = {
  Laplace: (x, { location, scale }) => Math.exp(-Math.abs(x - location!) / scale!) / (2 * scale!),
  Exponential: (x, { rate }) => rate! * Math.exp(-rate! * x),
  Gamma: (x, { shape, rate }) =>
    Math.exp(shape! * Math.log(rate!) + (shape! - 1) * Math.log(x) - rate! * x - logGamma(shape!)),
  InvGamma: (x, { shape, scale }) =>
    Math.exp(shape! * Math.log(scale!) - (shape! + 1) * Math.log(x) - scale! / x - logGamma(shape!)),
  Beta: (x, { alpha, beta }) =>
    Math.exp((alpha! - 1) * Math.log(x) + (beta! - 1) * Math.log(1 - x) - logBeta(alpha!, beta!)),
  Poisson: (x, { rate }) => Math.exp(x * Math.log(rate!) - rate! - logGamma(x + 1)),
  NegativeBinomial: (x, { mean, shape }) =>
    Math.exp(
      logGamma(x + shape!) -
        logGamma(shape!) -
        logGamma(x + 1) +
        shape! * Math.log(shape! / (shape! + mean!)) +
        x * Math.log(mean! / (shape! + mean!)),
    ),
  Bernoulli: (x, { probability, logits }) => {
    const p = probability ?? 1 / (1 + Math.exp(-logits!));
    return x === 1 ? p : 1 - p;
  },
  Binomial: (x, { trials, probability, logits }) => {
    const p = probability ?? 1 / (1 + Math.exp(-logits!));
    return choose(trials!, x) * p ** x * (1 - p) ** (trials! - x);
  },
  VonMises: (x, { location, concentration }) =>
    Math.exp(concentration! * Math.cos(x - location!)) / (2 * Math.PI * besselI0(concentration!)),
};

/** Density of a family at a value; missing entries (NaN) are integrated out. */
function density(
  family: string,
  child: Value,
  args: Readonly<Record<string, Value>>,
  written: Readonly<Record<string, Expression>>,
): number {
  switch (family) {
    case "Normal":
    case "StudentT":
    case "LogNormal": {
      const isLog = family === "LogNormal";
      const x = (typeof child === "number" ? [child] : (child as number[])).map((v) => (isLog ? Math.log(v) : v));
      const location = vector(args[family === "StudentT" ? "location" : "mean"]!, x.length);
      const slot = family === "StudentT" ? "scale" : "covariance";
      const full =
        args[slot] === undefined
          ? matrix(
              zip((s) => s * s, args["sd"]!, 0),
              undefined,
              x.length,
            )
          : matrix(args[slot], written[slot]?.type, x.length);
      const seen = x.map((_, i) => i).filter((i) => !Number.isNaN(x[i]!));
      const e = seen.map((i) => x[i]! - location[i]!);
      const sub = seen.map((i) => seen.map((j) => full[i]![j]!));
      const { inverse, determinant } = gaussJordan(sub);
      const quadratic = e.reduce((sum, a, i) => sum + a * e.reduce((s, b, j) => s + inverse[i]![j]! * b, 0), 0);
      const d = seen.length;
      if (family === "StudentT") {
        const v = args["degreesOfFreedom"] as number;
        return (
          Math.exp(logGamma((v + d) / 2) - logGamma(v / 2)) /
          ((v * Math.PI) ** (d / 2) * Math.sqrt(determinant)) /
          (1 + quadratic / v) ** ((v + d) / 2)
        );
      }
      const normal = Math.exp(-quadratic / 2) / Math.sqrt((2 * Math.PI) ** d * determinant);
      return isLog ? normal / seen.reduce((product, i) => product * Math.exp(x[i]!), 1) : normal;
    }
    case "Categorical": {
      if (Number.isNaN(child)) return 1;
      const p = args["probabilities"] ?? softmax(args["logits"] as number[]);
      return (p as number[])[child as number]!;
    }
    case "Multinomial": {
      const counts = child as number[];
      const n = counts.reduce((a, b) => a + b, 0);
      return counts.reduce(
        (product, c, i) => (product * (args["probabilities"] as number[])[i]! ** c) / Math.exp(logGamma(c + 1)),
        Math.exp(logGamma(n + 1)),
      );
    }
    default: {
      const scalar = scalarDensities[family];
      if (scalar === undefined) throw new Error(`oracle: no family ${family}`);
      const entries = typeof child === "number" ? [child] : (child as number[]);
      return entries.reduce((product, x, i) => {
        if (Number.isNaN(x)) return product;
        const own: Record<string, number> = {};
        for (const [slot, value] of Object.entries(args))
          own[slot] = typeof value === "number" ? value : (value[i] as number);
        return product * scalar(x, own);
      }, 1);
    }
  }
}

export function softmax(a: readonly number[]): readonly number[] {
  const total = a.reduce((sum, v) => sum + Math.exp(v), 0);
  return a.map((v) => Math.exp(v) / total);
}

export function vector(value: Value, length: number): readonly number[] {
  return typeof value === "number" ? Array<number>(length).fill(value) : (value as readonly number[]);
}

/** The D by D matrix that a covariance of any structure stands for. */
export function matrix(value: Value, type: Domain | undefined, size: number): readonly (readonly number[])[] {
  const structure = type?.kind === "covariance" ? type.structure : undefined;
  const identity = [...Array(size).keys()];
  if (typeof value === "number") return identity.map((i) => identity.map((j) => (i === j ? value : 0)));
  if (structure === "lowRank") {
    const rows = value as readonly (readonly number[])[];
    return identity.map((i) =>
      identity.map(
        (j) =>
          rows[i]!.slice(0, -1).reduce((sum, a, r) => sum + a * rows[j]![r]!, 0) + (i === j ? rows[i]!.at(-1)! : 0),
      ),
    );
  }
  if (typeof value[0] === "number")
    return identity.map((i) => identity.map((j) => (i === j ? (value[i] as number) : 0)));
  return value as readonly (readonly number[])[];
}

export function gaussJordan(a: readonly (readonly number[])[]): {
  readonly inverse: readonly (readonly number[])[];
  readonly determinant: number;
} {
  const n = a.length;
  const work = a.map((line, i) => [...line, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  let determinant = 1;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(work[r]![i]!) > Math.abs(work[pivot]![i]!)) pivot = r;
    if (pivot !== i) {
      [work[i], work[pivot]] = [work[pivot]!, work[i]!];
      determinant = -determinant;
    }
    determinant *= work[i]![i]!;
    const scale = work[i]![i]!;
    for (let c = 0; c < 2 * n; c++) work[i]![c] = work[i]![c]! / scale;
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const f = work[r]![i]!;
      for (let c = 0; c < 2 * n; c++) work[r]![c] = work[r]![c]! - f * work[i]![c]!;
    }
  }
  return { inverse: work.map((line) => line.slice(n)), determinant };
}
