import type { EmMethods, Tensors, VariableDescription } from "../description.js";
import { partitionRows, zeros } from "../data/blocks.js";
import type { Dataset } from "../data/dataset.js";
import { OptionError } from "../errors.js";
import { boundShape, extentText, product } from "../extents.js";
import type { NamedTensor } from "../named-tensor.js";
import { namedTensor } from "../named-tensor.js";
import { ChainLayout } from "./chain-state.js";
import { drawFutures } from "./draw-futures.js";
import { type Expected, expectedOf, mixtureShape, mixtureWidths } from "./predictive.js";

/** What comes after the last row of each sequence. */
export interface Forecast {
  readonly steps: number;
  /** Futures that were drawn of each sequence; 0 where nothing is simulated. */
  readonly draws: number;
  /** Probability of the interval from `lower` to `upper`. */
  readonly level: number;
  /** Observed variables whose moments are those of draws: all others are computed. */
  readonly simulated: readonly string[];
  /** Of each observed number, [sequences, steps, plates, event]. */
  readonly mean: Readonly<Record<string, NamedTensor>>;
  /** Standard deviation. */
  readonly deviation: Readonly<Record<string, NamedTensor>>;
  readonly lower: Readonly<Record<string, NamedTensor>>;
  readonly upper: Readonly<Record<string, NamedTensor>>;
  /** Of each observed vector that is not simulated, [sequences, steps, plates, event, event]. */
  readonly covariance: Readonly<Record<string, NamedTensor>>;
  /** Of each discrete latent and each observed category, [sequences, steps, plates, values]. */
  readonly probability: Readonly<Record<string, NamedTensor>>;
  /** Of each Gaussian latent: mean [sequences, steps, plates, event], and covariance [.., event, event]. */
  readonly state: {
    readonly mean: Readonly<Record<string, NamedTensor>>;
    readonly covariance: Readonly<Record<string, NamedTensor>>;
  };
}

export interface ForecastSettings {
  readonly steps: number;
  readonly draws: number;
  readonly level: number;
  readonly seed: number;
}

const MOMENTS = ["mean", "deviation", "lower", "upper"] as const;

/**
 * Follows every sequence to its last row and the state on from there, nothing more being observed. Every observed
 * variable is then a mixture over the discrete latents, whose moments and quantiles are computed; what has a family
 * without such, or depends on observed values of its own future, is simulated.
 */
export async function forecastSequences(
  methods: EmMethods,
  dataset: Dataset,
  parameters: Tensors,
  { steps, draws, level, seed }: ForecastSettings,
): Promise<Forecast> {
  const { description } = methods;
  const { sizes } = dataset;
  const { sequences } = description;
  if (sequences === undefined || methods.filterOf === undefined || methods.drawNextRows === undefined)
    throw new OptionError("forecast", "a model with a chain", description.name);
  const isAlong = ({ name }: VariableDescription): boolean => !sequences.perSequence.includes(name);
  const given = description.variables.find((variable) => variable.role === "given" && isAlong(variable));
  if (given !== undefined)
    throw new OptionError(
      "forecast",
      `a model that is given nothing: the future of \`${given.name}\` is not known (append rows with its future values and the rest missing, and impute them)`,
      given.name,
    );
  const layout = new ChainLayout(description, sizes);
  const { depth } = layout.state;
  const columns = description.variables.flatMap((variable) => {
    if (variable.role === "weight") return [];
    const plates = product(boundShape(variable.plates, sizes));
    return [{ variable, plates, width: plates * product(boundShape(variable.event, sizes)) }];
  });
  const random = columns.filter(({ variable }) => variable.role === "observed" || variable.role === "latent");
  const observed = random.filter(({ variable }) => variable.role === "observed" && isAlong(variable));
  const valuesOf = (variable: VariableDescription): number => layout.valuesOf(variable.name);
  const isCategory = ({ role, domain }: VariableDescription): boolean => role === "observed" && domain === "category";
  const numbers = observed.filter(({ variable }) => !isCategory(variable));
  const discrete = random.filter(
    ({ variable }) => isCategory(variable) || (variable.role === "latent" && variable.domain !== "real"),
  );
  const continuous = random.filter(({ variable }) => variable.role === "latent" && variable.domain === "real");
  const eventOf = ({ event }: VariableDescription): number => product(boundShape(event, sizes));
  const mixtures = (sequences.predictive ?? []).map((one) => ({ one, shape: mixtureShape(description, one, sizes) }));
  const computed = methods.forecastOf === undefined ? [] : mixtures;
  const known = new Set(computed.map(({ one }) => one.variable));
  const simulated = observed.filter(({ variable }) => !known.has(variable.name)).map(({ variable }) => variable.name);
  const isComputed = methods.forecastOf !== undefined;
  const isDrawn = ({ name, role }: VariableDescription): boolean =>
    role === "latent" ? !isComputed : simulated.includes(name);

  const count = dataset.sequences === undefined ? 1 : dataset.sequences.starts.length - 1;
  const cells = count * steps;
  const results = zeros(
    Object.fromEntries([
      ...numbers.flatMap(({ variable, width }) =>
        MOMENTS.map((what) => [`${what}.${variable.name}`, cells * width] as const),
      ),
      ...computed.flatMap(({ one, shape }) =>
        shape.isVector && one.family === "normal"
          ? [[`covariance.${one.variable}`, cells * shape.plates * shape.width ** 2] as const]
          : [],
      ),
      ...discrete.map(
        ({ variable, width }) => [`probability.${variable.name}`, cells * width * valuesOf(variable)] as const,
      ),
      ...continuous.flatMap(({ variable, plates, width }) => [
        [`state.${variable.name}`, cells * width] as const,
        [`spread.${variable.name}`, cells * plates * eventOf(variable) ** 2] as const,
      ]),
    ]),
  );
  const put = (name: string, cell: number, values: ArrayLike<number>): void =>
    results[name].set(values, cell * values.length);
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
      if (methods.forecastOf !== undefined) {
        const rows = depth + steps;
        const widths: Readonly<Record<string, number>> = {
          ...layout.widths,
          logDensity: 1,
          ...Object.fromEntries(
            [...discrete, ...continuous].flatMap(({ variable, plates, width }) => {
              if (variable.role !== "latent") return [];
              return variable.domain === "real"
                ? [
                    [variable.name, width],
                    [`covariance.${variable.name}`, plates * eventOf(variable) ** 2],
                  ]
                : [[variable.name, width * valuesOf(variable)]];
            }),
          ),
          ...Object.assign({}, ...computed.map(({ one, shape }) => mixtureWidths(one, shape))),
        };
        const into = zeros(Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, width * rows])));
        for (const name of Object.keys(layout.widths)) {
          const width = widths[name];
          into[name].set(told[name].subarray((last - depth + 1) * width, (last + 1) * width));
        }
        // What a sequence has once stays; what is observed along it is not known.
        const data = Object.fromEntries(
          columns
            .filter(({ variable }) => variable.role === "observed" || variable.role === "given")
            .map(({ variable, width }) => {
              const values = new Float64Array(rows * width).fill(NaN);
              const own = block.data[variable.name].subarray(last * width, (last + 1) * width);
              if (!isAlong(variable)) for (let row = 0; row < rows; row++) values.set(own, row * width);
              return [variable.name, values] as const;
            }),
        );
        const future = { rows, firstRow: 0, data, tables: {}, complete: false, starts: Int32Array.of(0, rows) };
        await methods.forecastOf(sizes, parameters, future, into);
        // What a sequence has once is as it was when last heard of.
        const lasting = layout.filtered((name) => told[name].subarray(last * widths[name], (last + 1) * widths[name]));
        for (let step = 0; step < steps; step++) {
          const cell = number * steps + step;
          const row = (name: string): Float64Array => {
            const width = widths[name];
            return into[name].subarray((depth + step) * width, (depth + step + 1) * width);
          };
          for (const { variable } of discrete)
            if (variable.role === "latent") {
              const stays = isAlong(variable) ? undefined : lasting.probability[variable.name];
              put(`probability.${variable.name}`, cell, stays ?? row(variable.name));
            }
          for (const { variable } of continuous) {
            const stays = !isAlong(variable);
            const { name } = variable;
            put(`state.${name}`, cell, (stays ? lasting.mean[name] : undefined) ?? row(name));
            put(`spread.${name}`, cell, (stays ? lasting.covariance[name] : undefined) ?? row(`covariance.${name}`));
          }
          for (const { one, shape } of computed) {
            const expected = expectedOf(one, shape, row, level);
            if (one.family === "categories") put(`probability.${one.variable}`, cell, expected.mean);
            else putMoments(put, one.variable, cell, expected);
          }
        }
      }
      const toDraw = random.filter(
        ({ variable }) => isDrawn(variable) && (variable.role === "latent" || isAlong(variable)),
      );
      if (simulated.length === 0) continue;
      const past = { number, told, last, data: block.data };
      const drawn = await drawFutures(methods, layout, sizes, parameters, random, past, { steps, draws, seed });
      for (let step = 0; step < steps; step++) {
        const cell = number * steps + step;
        for (const { variable, plates, width } of toDraw) {
          const values = drawn(variable.name, step);
          if (variable.domain === "category" || (variable.role === "latent" && variable.domain !== "real")) {
            put(`probability.${variable.name}`, cell, frequencies(values, width, valuesOf(variable)));
          } else if (variable.role === "latent") {
            const moments = momentsOf(values, plates, eventOf(variable));
            put(`state.${variable.name}`, cell, moments.mean);
            put(`spread.${variable.name}`, cell, moments.covariance);
          } else putMoments(put, variable.name, cell, intervals(values, width, level));
        }
      }
    }
  }

  const tensor = (array: string, variable: VariableDescription, more: readonly (readonly [string, number])[] = []) => {
    const axes = ["sequences", "steps", ...variable.plateNames, ...variable.event.map(extentText)];
    const shape = [count, steps, ...boundShape(variable.plates, sizes), ...boundShape(variable.event, sizes)];
    return namedTensor(
      [...axes, ...more.map(([name]) => name)],
      [...shape, ...more.map(([, extent]) => extent)],
      results[array],
    );
  };
  const square = (variable: VariableDescription): readonly (readonly [string, number])[] =>
    variable.event.map((extent, i) => [extentText(extent), boundShape(variable.event, sizes)[i]] as const);
  const each = (what: string, of: readonly { readonly variable: VariableDescription }[]) =>
    Object.fromEntries(of.map(({ variable }) => [variable.name, tensor(`${what}.${variable.name}`, variable)]));
  return {
    steps,
    draws: simulated.length === 0 ? 0 : draws,
    level,
    simulated,
    mean: each("mean", numbers),
    deviation: each("deviation", numbers),
    lower: each("lower", numbers),
    upper: each("upper", numbers),
    covariance: Object.fromEntries(
      numbers.flatMap(({ variable }) =>
        results[`covariance.${variable.name}`] === undefined
          ? []
          : [[variable.name, tensor(`covariance.${variable.name}`, variable, square(variable))]],
      ),
    ),
    probability: Object.fromEntries(
      discrete.map(({ variable }) => [
        variable.name,
        tensor(`probability.${variable.name}`, variable, [[String(valuesOf(variable)), valuesOf(variable)]]),
      ]),
    ),
    state: {
      mean: each("state", continuous),
      covariance: Object.fromEntries(
        continuous.map(({ variable }) => [
          variable.name,
          tensor(`spread.${variable.name}`, variable, square(variable)),
        ]),
      ),
    },
  };
}

function putMoments(
  put: (name: string, cell: number, values: ArrayLike<number>) => void,
  name: string,
  cell: number,
  { mean, deviation, lower, upper, covariance }: Expected,
): void {
  put(`mean.${name}`, cell, mean);
  put(`deviation.${name}`, cell, deviation);
  put(`lower.${name}`, cell, lower);
  put(`upper.${name}`, cell, upper);
  if (covariance !== undefined) put(`covariance.${name}`, cell, covariance);
}

/** Part of the draws that have each value, [entries, values]. */
export function frequencies(drawn: Float64Array, width: number, values: number): Float64Array {
  const table = new Float64Array(width * values);
  drawn.forEach((value, at) => (table[(at % width) * values + value] += width / drawn.length));
  return table;
}

export function momentsOf(
  drawn: Float64Array,
  plates: number,
  event: number,
): { readonly mean: Float64Array; readonly covariance: Float64Array } {
  const width = plates * event;
  const draws = drawn.length / width;
  const mean = new Float64Array(width);
  const covariance = new Float64Array(width * event);
  drawn.forEach((value, at) => (mean[at % width] += value / draws));
  for (let draw = 0; draw < draws; draw++) {
    const off = (i: number): number => drawn[draw * width + i] - mean[i];
    for (let i = 0; i < width; i++)
      for (let j = 0; j < event; j++) covariance[i * event + j] += (off(i) * off(i - (i % event) + j)) / draws;
  }
  return { mean, covariance };
}

export function intervals(drawn: Float64Array, width: number, level: number): Expected {
  const draws = drawn.length / width;
  const [mean, deviation, lower, upper] = MOMENTS.map(() => new Float64Array(width));
  for (let i = 0; i < width; i++) {
    const values = Float64Array.from({ length: draws }, (_, draw) => drawn[draw * width + i]).sort();
    mean[i] = values.reduce((a, b) => a + b, 0) / draws;
    deviation[i] = Math.sqrt(values.reduce((sum, value) => sum + (value - mean[i]) ** 2, 0) / draws);
    lower[i] = quantile(values, (1 - level) / 2);
    upper[i] = quantile(values, (1 + level) / 2);
  }
  return { mean, deviation, lower, upper };
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
