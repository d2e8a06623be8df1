import type { Dimension, Domain, Model, Variable } from "../../src/ir/model.js";
import type { Value, World } from "./enumeration.js";

/** A small generator of test data; nothing of genc's own random streams. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function build(shape: readonly number[], make: () => Value): Value {
  const [first, ...rest] = shape;
  return first === undefined ? make() : Array.from({ length: first }, () => build(rest, make));
}

/** Random benign parameters and random data of the right kind; `missing` is the share of optional entries left out. */
export function randomWorld(
  model: Model,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  rows: number,
  missing = 0.3,
): World {
  const uniform = mulberry32(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const length = (dimension: Dimension): number =>
    dimension.kind === "literal" ? dimension.value : sizes[dimension.name]!;

  const value = (domain: Domain): Value => {
    switch (domain.kind) {
      case "real":
      case "angle":
        return build(domain.shape.map(length), normal);
      case "positive":
        return build(domain.shape.map(length), () => 0.3 + 2 * uniform());
      case "unit":
        return build(domain.shape.map(length), () => 0.1 + 0.8 * uniform());
      case "simplex": {
        const weights = Array.from({ length: length(domain.shape[0]) }, () => 0.2 + uniform());
        const total = weights.reduce((a, b) => a + b, 0);
        return weights.map((w) => w / total);
      }
      case "ordered":
        return Array.from({ length: length(domain.shape[0]) }, normal).sort((a, b) => a - b);
      case "covariance": {
        const d = length(domain.size);
        const range = [...Array(d).keys()];
        switch (domain.structure) {
          case "isotropic":
            return 0.3 + uniform();
          case "diagonal":
            return range.map(() => 0.3 + uniform());
          case "lowRank": {
            const rank = length(domain.rank!);
            return range.map(() => [...Array.from({ length: rank }, normal), 0.3 + uniform()]);
          }
          case "full": {
            const a = range.map(() => range.map(normal));
            return range.map((i) =>
              range.map((j) => range.reduce((sum, k) => sum + a[i]![k]! * a[j]![k]!, i === j ? 0.5 : 0)),
            );
          }
        }
      }
      default:
        throw new Error(`random world: no parameter of kind ${domain.kind}`);
    }
  };

  const observation = (variable: Variable): Value => {
    const { domain } = variable;
    const entry = (make: () => number) => (): number => (variable.optional && uniform() < missing ? NaN : make());
    switch (domain.kind) {
      case "real":
      case "angle":
        return build(domain.shape.map(length), entry(normal));
      case "positive":
        return build(
          domain.shape.map(length),
          entry(() => 0.1 + 2 * uniform()),
        );
      case "unit":
        return build(
          domain.shape.map(length),
          entry(() => 0.05 + 0.9 * uniform()),
        );
      case "binary":
        return build(
          domain.shape.map(length),
          entry(() => Math.floor(2 * uniform())),
        );
      case "category":
        return entry(() => Math.floor(length(domain.categories) * uniform()))();
      case "count": {
        const shape = domain.shape.map(length);
        // A vector of counts is a Multinomial of 4 trials in these models.
        if (shape.length === 1) {
          const counts = Array<number>(shape[0]!).fill(0);
          for (let i = 0; i < 4; i++) counts[Math.floor(shape[0]! * uniform())]!++;
          return counts;
        }
        return entry(() => Math.floor(5 * uniform()))();
      }
      default:
        throw new Error(`random world: no data of kind ${domain.kind}`);
    }
  };

  const parameters: Record<string, Value> = {};
  for (const parameter of model.parameters)
    parameters[parameter.name] = build(parameter.table.map(length), () => value(parameter.domain));
  const data: Record<string, Value>[] = [];
  for (let row = 0; row < rows; row++) {
    const record: Record<string, Value> = {};
    for (const variable of model.variables) {
      if (variable.role === "latent") continue;
      const plates = variable.axes
        .map((name) => model.axes.find((axis) => axis.name === name)!)
        .filter((axis) => axis.size !== undefined)
        .map((axis) => length(axis.size!));
      record[variable.name] = build(plates, () => observation(variable));
    }
    for (const axis of model.axes) if (axis.weight !== undefined) record[axis.weight] = Math.floor(3 * uniform());
    data.push(record);
  }
  return { sizes, parameters, rows: data };
}

/** Row-major numbers of a nested value. */
export function flatten(value: Value): number[] {
  return typeof value === "number" ? [value] : value.flatMap(flatten);
}

export function stored(values: Readonly<Record<string, Value>>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float64Array.from(flatten(value))]));
}

/** Data columns of all rows, as the plan functions read them. */
export function columns(world: World): Record<string, Float64Array> {
  const names = Object.keys(world.rows[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, Float64Array.from(world.rows.flatMap((row) => flatten(row[name]!)))]),
  );
}
