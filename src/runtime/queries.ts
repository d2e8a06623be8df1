import type { EmMethods, Sizes, Tensors, VariableDescription } from "./description.js";
import type { Dataset } from "./data/dataset.js";
import {
  firstOfConsecutive,
  MAXIMUM_BLOCK_ROWS,
  partitionRows,
  rowsInMemory,
  scatterRows,
  zeros,
} from "./data/blocks.js";
import { boundShape, extentText, extentValue, product } from "./extents.js";
import { BlockRunner } from "./fit/evaluation.js";
import { HostTurns } from "./host-turn.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import { RandomStream } from "../numerics/random.js";

/** Name of the rows axis in answers. */
const ROWS = "rows";

export function runnerFor(methods: EmMethods, dataset: Dataset): BlockRunner {
  return new BlockRunner(methods, rowsInMemory(dataset, methods.blockRows), new HostTurns());
}

/** What the data say of the latents, in the user's order of rows. */
export interface PosteriorAnswers {
  /** Of every discrete latent, [rows, plates, values]. */
  readonly probability: Record<string, NamedTensor>;
  /** Of every Gaussian latent, [rows, plates, event]. */
  readonly mean: Record<string, NamedTensor>;
  /** [rows, plates, event, event] */
  readonly covariance: Record<string, NamedTensor>;
}

export async function posteriorAnswers(
  runner: BlockRunner,
  parameters: Tensors,
  question: "posterior" | "mostProbable" = "posterior",
): Promise<PosteriorAnswers> {
  const { rows, sizes } = runner.source;
  const widths = runner.posteriorWidths();
  const results = zeros(Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, rows * width])));
  for await (const block of runner.source.blocks()) {
    const first = firstOfConsecutive(block);
    if (first !== undefined) {
      const own = Object.entries(results).map(
        ([name, all]) => [name, all.subarray(first * widths[name], (first + block.rows) * widths[name])] as const,
      );
      await runner.posterior(parameters, block, question, Object.fromEntries(own));
      continue;
    }
    const posterior = await runner.posterior(parameters, block, question);
    for (const [name, result] of Object.entries(results)) scatterRows(block, posterior[name], result);
  }
  const answers: PosteriorAnswers = { probability: {}, mean: {}, covariance: {} };
  for (const variable of runner.methods.description.variables) {
    if (variable.role !== "latent") continue;
    const plates = boundShape(variable.plates, sizes);
    if (variable.domain === "real") {
      const [axes, shape] = shapeOf(variable, rows, sizes);
      const event = boundShape(variable.event, sizes);
      const square = [...axes, ...variable.event.map(extentText)];
      answers.mean[variable.name] = namedTensor(axes, shape, results[variable.name]);
      answers.covariance[variable.name] = namedTensor(
        square,
        [...shape, ...event],
        results[`covariance.${variable.name}`],
      );
      continue;
    }
    const values = widths[variable.name] / Math.max(1, product(plates));
    const axes = [
      ROWS,
      ...variable.plateNames,
      variable.domain === "binary" ? "2" : extentText(variable.categories ?? values),
    ];
    answers.probability[variable.name] = namedTensor(axes, [rows, ...plates, values], results[variable.name]);
  }
  return answers;
}

/** The most probable value of each cell of a table whose last axis is the values; the first of equals. */
export function mostProbable(table: NamedTensor): Int32Array {
  const values = table.shape[table.shape.length - 1];
  const result = new Int32Array(values === 0 ? 0 : table.data.length / values);
  for (let cell = 0; cell < result.length; cell++) {
    let best = 0;
    for (let value = 1; value < values; value++) {
      if (table.data[cell * values + value] > table.data[cell * values + best]) best = value;
    }
    result[cell] = best;
  }
  return result;
}

/**
 * Optional observed variables with their missing entries replaced by the conditional mean; of a category by the most
 * probable value. What was observed stays as it is.
 */
export async function imputedValues(
  methods: EmMethods,
  dataset: Dataset,
  parameters: Tensors,
): Promise<Record<string, NamedTensor>> {
  const optional = methods.description.variables.filter(
    (variable) => variable.role === "observed" && variable.optional,
  );
  const answers: Record<string, NamedTensor> = {};
  const filled: Record<string, Float64Array> = {};
  for (const variable of optional) {
    filled[variable.name] = Float64Array.from(dataset.columns[variable.name]);
    answers[variable.name] = namedTensor(...shapeOf(variable, dataset.rows, dataset.sizes), filled[variable.name]);
  }
  for await (const block of rowsInMemory(dataset, methods.blockRows).blocks()) {
    if (block.complete) continue;
    const into = zeros(
      Object.fromEntries(
        optional.map((variable) => [
          variable.name,
          block.rows * dataset.widths[variable.name] * categoriesOf(variable, dataset.sizes),
        ]),
      ),
    );
    await methods.imputeOf?.(dataset.sizes, parameters, block, into);
    for (const variable of optional) {
      const { name } = variable;
      const categories = categoriesOf(variable, dataset.sizes);
      const means =
        variable.domain === "category"
          ? mostProbable(namedTensor([], [into[name].length / categories, categories], into[name]))
          : into[name];
      const width = dataset.widths[name];
      for (let row = 0; row < block.rows; row++) {
        const target = block.positions[row] * width;
        for (let i = 0; i < width; i++) {
          if (Number.isNaN(filled[name][target + i])) filled[name][target + i] = means[row * width + i];
        }
      }
    }
  }
  return answers;
}

/** Draws of every latent and observed variable; a row's draws depend on the seed and its number alone. */
export async function drawnRows(
  methods: Pick<EmMethods, "description" | "drawRows">,
  sizes: Sizes,
  parameters: Tensors,
  given: Dataset,
  seed: number,
): Promise<Record<string, NamedTensor>> {
  const drawn = methods.description.variables.filter(({ role }) => role === "latent" || role === "observed");
  const results: Record<string, Float64Array> = {};
  const answers: Record<string, NamedTensor> = {};
  const { rows } = given;
  for (const variable of drawn) {
    const [axes, shape] = shapeOf(variable, rows, sizes);
    results[variable.name] = new Float64Array(product(shape));
    answers[variable.name] = namedTensor(axes, shape, results[variable.name]);
  }
  const turns = new HostTurns();
  const streams = (site: string, item: number): RandomStream => new RandomStream({ seed, site, item });
  if (given.sequences !== undefined) {
    for (const block of partitionRows(given)) {
      const into = zeros(
        Object.fromEntries(
          Object.entries(results).map(([name, values]) => [name, (values.length / rows) * block.rows]),
        ),
      );
      await methods.drawRows(sizes, parameters, block, streams, into);
      for (const [name, values] of Object.entries(results)) scatterRows(block, into[name], values);
      await turns.give();
    }
    return answers;
  }
  for (let firstRow = 0; firstRow < rows; firstRow += MAXIMUM_BLOCK_ROWS) {
    const end = Math.min(rows, firstRow + MAXIMUM_BLOCK_ROWS);
    const slice = (values: Float64Array): Float64Array => {
      const width = values.length / rows;
      return values.subarray(firstRow * width, end * width);
    };
    const sliceAll = (columns: Tensors): Tensors =>
      Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, slice(values)]));
    const block = { rows: end - firstRow, firstRow, data: sliceAll(given.columns), tables: {}, complete: true };
    await methods.drawRows(sizes, parameters, block, streams, sliceAll(results));
    await turns.give();
  }
  return answers;
}

function categoriesOf(variable: VariableDescription, sizes: Sizes): number {
  return variable.domain === "category" ? (extentValue(variable.categories ?? 1, sizes) ?? 1) : 1;
}

function shapeOf(variable: VariableDescription, rows: number, sizes: Sizes): [axes: string[], shape: number[]] {
  return [
    [ROWS, ...variable.plateNames, ...variable.event.map(extentText)],
    [rows, ...boundShape(variable.plates, sizes), ...boundShape(variable.event, sizes)],
  ];
}
