import { zeros } from "../../data/blocks.js";
import type { Dataset } from "../../data/dataset.js";
import { sequenceCount } from "../../data/sequences.js";
import type { Tensors, VariableDescription } from "../../description.js";
import { OptionError } from "../../errors.js";
import { boundShape, extentText, extentValue, product } from "../../extents.js";
import { type Forecast, type ForecastSettings, frequencies, intervals, momentsOf } from "../../chain/forecast.js";
import { continuePaths } from "../../chain/draw-futures.js";
import { HostTurns } from "../../host-turn.js";
import { namedTensor, type NamedTensor } from "../../named-tensor.js";
import { runnerOf } from "./chain-answers.js";
import type { ChainElboMethods } from "./chain-elbo-description.js";
import { runForward } from "./run-bound.js";
import { sequencesOf, tapeOf } from "./tape-of.js";

/** Rows of a pass along copies of one sequence. */
const passRows = 8192;

/**
 * What comes after the last row of each sequence, by draws: latents up to the last row from the guide, what follows from
 * the model.
 */
export async function forecastByDraws(
  methods: ChainElboMethods,
  data: Dataset,
  parameters: Tensors,
  { steps, draws, level, seed }: ForecastSettings,
): Promise<Forecast> {
  const { description } = methods;
  const { chain, sequences: described } = description;
  const { sizes } = data;
  const isAlong = ({ name }: VariableDescription): boolean => described?.perSequence.includes(name) !== true;
  const given = description.variables.find((variable) => variable.role === "given" && isAlong(variable));
  if (given !== undefined)
    throw new OptionError(
      "forecast",
      `a model that is given nothing: the future of \`${given.name}\` is not known (append rows with its future values and the rest missing, and impute them)`,
      given.name,
    );
  const random = description.variables
    .filter(({ role }) => role === "observed" || role === "latent")
    .map((variable) => {
      const plates = product(boundShape(variable.plates, sizes));
      const event = product(boundShape(variable.event, sizes));
      return { variable, plates, event, width: plates * event };
    });
  const widthOf = new Map(random.map(({ variable, width }) => [variable.name, width]));
  const { order, starts } = sequencesOf(data);
  const count = sequenceCount(sequencesOf(data));
  const { depth } = chain;
  const runner = runnerOf(methods, data, parameters);
  const turns = new HostTurns();
  const found = new Map<string, Float64Array>();
  const put = (name: string, sequence: number, step: number, values: ArrayLike<number>): void => {
    const all = found.get(name) ?? new Float64Array(count * steps * values.length);
    found.set(name, all);
    all.set(values, (sequence * steps + step) * values.length);
  };
  const length = depth + steps;
  for (let sequence = 0; sequence < count; sequence++) {
    const rows = starts[sequence + 1] - starts[sequence];
    if (rows < depth)
      throw new OptionError(
        "data",
        `sequences of at least ${depth} rows, as far as the model looks back`,
        `one of ${rows}`,
      );
    const paths = zeros(
      Object.fromEntries(random.map(({ variable, width }) => [variable.name, draws * length * width])),
    );
    const copies = Math.max(1, Math.floor(passRows / rows));
    for (let first = 0; first < draws; first += copies) {
      const own = Math.min(copies, draws - first);
      const chosen = new Uint32Array(own).fill(sequence);
      const tape = tapeOf(description, data, chosen, runner, {}, { seed, step: sequence * draws + first }, {});
      await runForward(chain, tape, "draw");
      for (let draw = 0; draw < own; draw++) {
        for (let back = 0; back < depth; back++) {
          const at = (first + draw) * length + depth - 1 - back;
          for (const { variable, width } of random) {
            const { name } = variable;
            const row = tape.packed.starts[rows - 1 - back] + draw;
            const source = order[starts[sequence + 1] - 1 - back];
            if (variable.role === "observed")
              paths[name].set(data.columns[name].subarray(source * width, (source + 1) * width), at * width);
            else if (chain.latents.some((latent) => latent.name === name))
              paths[name].set(tape.table(name).subarray(row * width, (row + 1) * width), at * width);
          }
        }
      }
    }
    const drawn = await continuePaths(methods, sizes, parameters, paths, widthOf, {
      number: sequence,
      depth,
      steps,
      draws,
      seed,
    });
    for (let step = 0; step < steps; step++) {
      for (const { variable, plates, event, width } of random) {
        const values = drawn(variable.name, step);
        if (isDiscrete(variable)) {
          put(`probability.${variable.name}`, sequence, step, frequencies(values, width, valuesIn(variable, sizes)));
        } else if (variable.role === "latent") {
          const { mean, covariance } = momentsOf(values, plates, event);
          put(`state.${variable.name}`, sequence, step, mean);
          put(`spread.${variable.name}`, sequence, step, covariance);
        } else {
          const { mean, deviation, lower, upper } = intervals(values, width, level);
          for (const [what, part] of Object.entries({ mean, deviation, lower, upper }))
            put(`${what}.${variable.name}`, sequence, step, part);
        }
      }
    }
    await turns.give();
  }
  const tensors = (
    what: string,
    more: (variable: VariableDescription) => readonly (readonly [string, number])[] = () => [],
  ): Readonly<Record<string, NamedTensor>> =>
    Object.fromEntries(
      random.flatMap(({ variable }) => {
        const values = found.get(`${what}.${variable.name}`);
        if (values === undefined) return [];
        const axes = ["sequences", "steps", ...variable.plateNames, ...variable.event.map(extentText)];
        const shape = [count, steps, ...boundShape([...variable.plates, ...variable.event], sizes)];
        const added = more(variable);
        const tensor = namedTensor(
          [...axes, ...added.map(([axis]) => axis)],
          [...shape, ...added.map(([, extent]) => extent)],
          values,
        );
        return [[variable.name, tensor] as const];
      }),
    );
  const square = (variable: VariableDescription): readonly (readonly [string, number])[] =>
    variable.event.map((extent) => [extentText(extent), extentValue(extent, sizes) ?? 1] as const);
  return {
    steps,
    draws,
    level,
    simulated: random.filter(({ variable }) => variable.role === "observed").map(({ variable }) => variable.name),
    mean: tensors("mean"),
    deviation: tensors("deviation"),
    lower: tensors("lower"),
    upper: tensors("upper"),
    covariance: {},
    probability: tensors("probability", (variable) => [[String(valuesIn(variable, sizes)), valuesIn(variable, sizes)]]),
    state: { mean: tensors("state"), covariance: tensors("spread", square) },
  };
}

function isDiscrete({ domain, role }: VariableDescription): boolean {
  return domain === "category" || (role === "latent" && domain === "binary");
}

function valuesIn({ domain, categories }: VariableDescription, sizes: Readonly<Record<string, number>>): number {
  return domain === "binary" ? 2 : (extentValue(categories ?? 1, sizes) ?? 1);
}
