import { cholesky } from "../../numerics/dense.js";
import { RandomStream } from "../../numerics/random.js";
import type { EmMethods, Sizes, Tensors, VariableDescription } from "../description.js";
import { zeros } from "../data/blocks.js";
import type { ChainLayout } from "./chain-state.js";

/** A sequence whose future is drawn. */
export interface Past {
  /** Number of the sequence; keys random streams. */
  readonly number: number;
  /** What every row has told (`filterOf`), and which is the last. */
  readonly told: Tensors;
  readonly last: number;
  readonly data: Tensors;
}

/** Draws of one step of every variable: `values[draw * width + i]`. */
export type DrawnStep = (variable: string, step: number) => Float64Array;

/**
 * Draws futures of a sequence: the state after its last row from what is known of it by then, the steps after that from
 * the model.
 *
 * @param random observed and latent variables, with the numbers they have in a row
 */
export async function drawFutures(
  methods: EmMethods,
  layout: ChainLayout,
  sizes: Sizes,
  parameters: Tensors,
  random: readonly { readonly variable: VariableDescription; readonly width: number }[],
  { number, told, last, data }: Past,
  { steps, draws, seed }: { readonly steps: number; readonly draws: number; readonly seed: number },
): Promise<DrawnStep> {
  const { depth } = layout.state;
  const length = depth + steps;
  const widthOf = new Map(random.map(({ variable, width }) => [variable.name, width]));
  const paths = zeros(Object.fromEntries(random.map(({ variable, width }) => [variable.name, draws * length * width])));
  const stream = new RandomStream({ seed, site: "forecast", item: number });
  for (let draw = 0; draw < draws; draw++) {
    for (const { variable, width } of random) {
      if (variable.role !== "observed") continue;
      const from = (last - depth + 1) * width;
      paths[variable.name].set(data[variable.name].subarray(from, from + depth * width), draw * length * width);
    }
    drawState(layout, told, last, stream, (name, lag, values) => {
      paths[name].set(values, (draw * length + depth - 1 - lag) * (widthOf.get(name) ?? 1));
    });
  }
  return continuePaths(methods, sizes, parameters, paths, widthOf, { number, depth, steps, draws, seed });
}

/**
 * Draws the rows of paths after the first `depth` of each, which are there, in place.
 *
 * @param paths by variable, [draws, depth + steps, width]
 */
export async function continuePaths(
  methods: Pick<EmMethods, "drawNextRows">,
  sizes: Sizes,
  parameters: Tensors,
  paths: Tensors,
  widthOf: ReadonlyMap<string, number>,
  {
    number,
    depth,
    steps,
    draws,
    seed,
  }: {
    /** Of the sequence; keys random streams. */
    readonly number: number;
    readonly depth: number;
    readonly steps: number;
    readonly draws: number;
    readonly seed: number;
  },
): Promise<DrawnStep> {
  const length = depth + steps;
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
  await methods.drawNextRows?.(sizes, parameters, future, streams, paths);
  return (name, step) => {
    const width = widthOf.get(name) ?? 1;
    const values = new Float64Array(draws * width);
    for (let draw = 0; draw < draws; draw++) {
      const from = (draw * length + depth + step) * width;
      values.set(paths[name].subarray(from, from + width), draw * width);
    }
    return values;
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
