import { cholesky } from "../../numerics/dense.js";
import { RandomStream } from "../../numerics/random.js";
import type { EmMethods, Tensors } from "../description.js";
import { partitionRows, zeros } from "../data/blocks.js";
import type { Dataset } from "../data/dataset.js";
import { OptionError } from "../errors.js";
import { boundShape, extentText, product } from "../extents.js";
import type { NamedTensor } from "../named-tensor.js";
import { namedTensor } from "../named-tensor.js";
import { ChainLayout } from "./chain-state.js";

/** What comes after the last row of each sequence. */
export interface Forecast {
  readonly steps: number;
  readonly draws: number;
  /** Part of the draws between `lower` and `upper`. */
  readonly level: number;
  /** Of each observed variable, [sequences, steps, plates, event]. */
  readonly mean: Readonly<Record<string, NamedTensor>>;
  readonly lower: Readonly<Record<string, NamedTensor>>;
  readonly upper: Readonly<Record<string, NamedTensor>>;
  /** Of each discrete latent, [sequences, steps, plates, values]. */
  readonly probability: Readonly<Record<string, NamedTensor>>;
}

export interface ForecastSettings {
  readonly steps: number;
  readonly draws: number;
  readonly level: number;
  readonly seed: number;
}

/**
 * Draws futures of every sequence: the state after its last row from what is known of it by then, the steps after that
 * from the model. Means, intervals and probabilities are those of the draws.
 */
export async function forecastSequences(
  methods: EmMethods,
  dataset: Dataset,
  parameters: Tensors,
  { steps, draws, level, seed }: ForecastSettings,
): Promise<Forecast> {
  const { description } = methods;
  const { sizes } = dataset;
  if (methods.filterOf === undefined || methods.drawNextRows === undefined)
    throw new OptionError("forecast", "a model with a chain", description.name);
  const given = description.variables.find(({ role }) => role === "given");
  if (given !== undefined)
    throw new OptionError(
      "forecast",
      `a model that is given nothing: the future of \`${given.name}\` is not known`,
      given.name,
    );
  const layout = new ChainLayout(description, sizes);
  const { depth } = layout.state;
  const random = description.variables.filter(({ role }) => role === "observed" || role === "latent");
  const widthOf = new Map(
    random.map(({ name, plates, event }) => [
      name,
      product(boundShape(plates, sizes)) * product(boundShape(event, sizes)),
    ]),
  );
  const observed = random.filter(({ role }) => role === "observed");
  const discrete = random.filter(({ role, domain }) => role === "latent" && domain !== "real");
  const count = dataset.sequences === undefined ? 1 : dataset.sequences.starts.length - 1;
  const results = zeros(
    Object.fromEntries([
      ...observed.flatMap(({ name }) =>
        ["mean", "lower", "upper"].map((what) => [`${what}.${name}`, count * steps * widthOf.get(name)!] as const),
      ),
      ...discrete.map(
        ({ name }) => [`probability.${name}`, count * steps * widthOf.get(name)! * layout.valuesOf(name)] as const,
      ),
    ]),
  );
  const numberOf = sequenceNumbers(dataset);
  for (const block of partitionRows(dataset)) {
    const told = zeros(
      Object.fromEntries([
        ...Object.entries(layout.widths).map(([name, width]) => [name, width * block.rows] as const),
        ["logDensity", block.rows],
      ]),
    );
    await methods.filterOf(sizes, parameters, block, told);
    const starts = block.starts ?? Int32Array.of(0, block.rows);
    for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
      const last = starts[sequence + 1] - 1;
      if (last - starts[sequence] + 1 < depth)
        throw new OptionError(
          "data",
          `sequences of at least ${depth} rows, as far as the model looks back`,
          `one of ${last - starts[sequence] + 1}`,
        );
      const number = numberOf(block.positions[last]);
      const length = depth + steps;
      const paths = zeros(Object.fromEntries(random.map(({ name }) => [name, draws * length * widthOf.get(name)!])));
      const stream = new RandomStream({ seed, site: "forecast", item: number });
      for (let draw = 0; draw < draws; draw++) {
        for (const { name } of observed) {
          const width = widthOf.get(name)!;
          const from = (last - depth + 1) * width;
          paths[name].set(block.data[name].subarray(from, from + depth * width), draw * length * width);
        }
        drawState(layout, told, last, stream, (name, lag, values) => {
          const width = widthOf.get(name)!;
          paths[name].set(values, (draw * length + depth - 1 - lag) * width);
        });
      }
      const future = {
        rows: draws * length,
        firstRow: 0,
        data: {},
        tables: {},
        complete: true,
        starts: Int32Array.from({ length: draws + 1 }, (_, draw) => draw * length),
      };
      const streams = (site: string, row: number): RandomStream =>
        new RandomStream({ seed, site: `forecast.${number}.${site}`, item: row });
      await methods.drawNextRows(sizes, parameters, future, streams, paths);
      for (let step = 0; step < steps; step++) {
        const at = (draw: number): number => draw * length + depth + step;
        for (const { name } of observed) {
          const width = widthOf.get(name)!;
          for (let i = 0; i < width; i++) {
            const values = Float64Array.from({ length: draws }, (_, draw) => paths[name][at(draw) * width + i]).sort();
            const cell = (number * steps + step) * width + i;
            results[`mean.${name}`][cell] = values.reduce((a, b) => a + b, 0) / draws;
            results[`lower.${name}`][cell] = quantile(values, (1 - level) / 2);
            results[`upper.${name}`][cell] = quantile(values, (1 + level) / 2);
          }
        }
        for (const { name } of discrete) {
          const [width, values] = [widthOf.get(name)!, layout.valuesOf(name)];
          for (let draw = 0; draw < draws; draw++) {
            for (let i = 0; i < width; i++) {
              const cell = ((number * steps + step) * width + i) * values + paths[name][at(draw) * width + i];
              results[`probability.${name}`][cell]++;
            }
          }
        }
      }
    }
  }
  for (const { name } of discrete) {
    const table = results[`probability.${name}`];
    for (let cell = 0; cell < table.length; cell++) table[cell] /= draws;
  }
  const tensor = (what: string, name: string, more: readonly number[] = []): NamedTensor => {
    const { plates, plateNames, event } = layout.variable(name);
    const axes = ["sequences", "steps", ...plateNames, ...event.map(extentText), ...more.map(String)];
    const shape = [count, steps, ...boundShape(plates, sizes), ...boundShape(event, sizes), ...more];
    return namedTensor(axes, shape, results[`${what}.${name}`]);
  };
  const each = (what: string): Record<string, NamedTensor> =>
    Object.fromEntries(observed.map(({ name }) => [name, tensor(what, name)]));
  return {
    steps,
    draws,
    level,
    mean: each("mean"),
    lower: each("lower"),
    upper: each("upper"),
    probability: Object.fromEntries(
      discrete.map(({ name }) => [name, tensor("probability", name, [layout.valuesOf(name)])]),
    ),
  };
}

/** Draws what a row has told: values of discrete latents from their tables, of Gaussian ones given those. */
function drawState(
  layout: ChainLayout,
  told: Tensors,
  row: number,
  stream: RandomStream,
  write: (name: string, lag: number, values: ArrayLike<number>) => void,
): void {
  const rowOf = (array: string): Float64Array => {
    const width = layout.widths[array];
    return told[array].subarray(row * width, (row + 1) * width);
  };
  const chosen = new Map<string, number>();
  for (const { name: array, members } of layout.state.tables) {
    const cell = drawCell(rowOf(array), stream.uniform());
    layout.valuesIn(members, cell).forEach((value, i) => {
      const { name, lag } = members[i];
      chosen.set(`${name} ${lag}`, value);
      write(name, lag, [value]);
    });
  }
  for (const { given, variables, covariances } of layout.state.gaussians) {
    const cell = given.reduce(
      (index, { name, lag }) => index * layout.valuesOf(name) + (chosen.get(`${name} ${lag}`) ?? 0),
      0,
    );
    const lengths = variables.map(({ name }) => layout.lengthOf(name));
    const offsets = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
    const size = lengths.reduce((a, b) => a + b, 0);
    const spread = new Float64Array(size * size);
    for (const { first, second, name } of covariances) {
      const [n, m] = [lengths[first], lengths[second]];
      const block = rowOf(name).subarray(cell * n * m, (cell + 1) * n * m);
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < m; b++) {
          spread[(offsets[first] + a) * size + offsets[second] + b] = block[a * m + b];
          spread[(offsets[second] + b) * size + offsets[first] + a] = block[a * m + b];
        }
      }
    }
    // A state that is known exactly has no spread to draw from.
    const scale = Math.max(1e-300, ...spread.map(Math.abs));
    for (let i = 0; i < size; i++) spread[i * size + i] += 1e-12 * scale;
    cholesky(spread, size);
    const noise = Float64Array.from({ length: size }, () => stream.normal());
    variables.forEach(({ name, lag, mean }, i) => {
      const own = rowOf(mean).subarray(cell * lengths[i], (cell + 1) * lengths[i]);
      const values = own.map((value, a) => {
        let sum = value;
        for (let b = 0; b <= offsets[i] + a; b++) sum += spread[(offsets[i] + a) * size + b] * noise[b];
        return sum;
      });
      write(name, lag, values);
    });
  }
}

function drawCell(probabilities: Float64Array, uniform: number): number {
  let rest = uniform * probabilities.reduce((a, b) => a + b, 0);
  for (let cell = 0; cell < probabilities.length; cell++) {
    rest -= probabilities[cell];
    if (rest < 0) return cell;
  }
  return probabilities.findLastIndex((probability) => probability > 0);
}

/** Between the order statistics, of sorted values. */
function quantile(values: Float64Array, portion: number): number {
  const place = portion * (values.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (place - below) * (values[above] - values[below]);
}

/** The number of the sequence that a row of the data set belongs to. */
function sequenceNumbers({ sequences, rows }: Dataset): (row: number) => number {
  const numbers = new Uint32Array(rows);
  for (let sequence = 0; sequences !== undefined && sequence + 1 < sequences.starts.length; sequence++)
    for (let at = sequences.starts[sequence]; at < sequences.starts[sequence + 1]; at++)
      numbers[sequences.order[at]] = sequence;
  return (row) => numbers[row];
}
