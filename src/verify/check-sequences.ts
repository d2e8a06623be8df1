import type { EmProgram } from "../ir/program.js";
import { calibration } from "./check-calibration.js";
import { fitOf } from "./check-fit.js";
import { optimumOf } from "./check-optimum.js";
import type { CheckResult } from "./check-result.js";
import { cellShape, drawGivens, drawParameters, tinySizes, type Tensors } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

/** Sequences drawn, and their length. */
const drawn = { count: 60, steps: 8 };
const restarts = 3;
/** Narrow: transitions of a state that grow from step to step leave numbers too large to learn from. */
const spread = 0.25;

/** A check of a model with a chain: its rows are the steps of sequences that the trainer draws itself. */
export type SequenceCheck = () => Promise<CheckResult | readonly CheckResult[]>;

/** What can be checked of the trainer of a model with a chain. */
export function sequenceChecks(
  program: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): readonly SequenceCheck[] {
  const { model, sequences } = program;
  const sizes = tinySizes(model, given);
  const parameters = drawParameters(model, sizes, seed, spread);
  const fitted = (): VerifiableTrainer => {
    const trainer = makeTrainer(sizes);
    trainer.setParameters(parameters);
    return trainer;
  };
  let known: Promise<Draws> | undefined;
  const draws = (): Promise<Draws> => (known ??= drawSequences(program, fitted(), sizes, seed));
  const isExact = program.variational === undefined;
  const rows = drawn.count * drawn.steps;
  const what = `${drawn.count} drawn sequences of ${drawn.steps} steps`;
  const groups = sequences?.plate === undefined ? 1 : drawn.count;
  const calibrated: SequenceCheck = async () => {
    const { data, latents } = await draws();
    const trainer = fitted();
    const answers = await trainer.predict(data);
    trainer.dispose();
    return calibration(answers, latents, groups);
  };
  return [
    // A product posterior is too sure of itself, and the bound of nothing is not 0 where blocks depend on each other.
    ...(groups > 1 && isExact ? [calibrated] : []),
    ...(groups > 1 ? [async () => checkOrder(fitted(), (await draws()).data)] : []),
    ...(isExact ? [async () => checkEmpty(program, fitted(), (await draws()).data)] : []),
    async () => fitOf(program.logPrior, makeTrainer, { sizes, parameters }, (await draws()).data, what, seed, restarts),
    ...(isExact ? [async () => optimumOf(program, makeTrainer, sizes, (await draws()).data, rows, seed)] : []),
  ];
}

interface Draws {
  readonly data: Columns;
  readonly latents: Tensors;
}

async function drawSequences(
  { model, sequences }: EmProgram,
  trainer: VerifiableTrainer,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): Promise<Draws> {
  const rows = drawn.count * drawn.steps;
  const once = new Set(sequences?.perSequence);
  const plate = sequences?.plate;
  const given: Record<string, Columns[string]> = {};
  for (const [name, values] of Object.entries(drawGivens(model, sizes, rows, seed))) {
    const variable = model.variables.find((one) => one.name === name);
    if (variable === undefined) continue;
    const width = values.length / rows;
    const along = (row: number): number => (once.has(name) ? row - (row % drawn.steps) : row);
    given[name] = {
      shape: [rows, ...cellShape(model, variable, sizes)],
      data: values.map((_, i) => values[along(Math.floor(i / width)) * width + (i % width)] ?? NaN),
    };
  }
  const identity = (): Columns =>
    plate === undefined
      ? {}
      : {
          [plate]: { shape: [rows], data: Float64Array.from({ length: rows }, (_, i) => Math.floor(i / drawn.steps)) },
        };
  const hasGiven = Object.keys(given).length > 0;
  const single = plate === undefined;
  const options = hasGiven
    ? { seed, given: { ...given, ...identity() } }
    : { seed, steps: single ? rows : drawn.steps };
  const sample = await trainer.sample(single ? 1 : drawn.count, options);
  trainer.dispose();
  const isLatent = (name: string): boolean => model.variables.some((one) => one.name === name && one.role === "latent");
  const observed = Object.entries(sample).filter(([name]) => !isLatent(name));
  const latents = Object.entries(sample).filter(([name]) => isLatent(name));
  return {
    data: { ...given, ...Object.fromEntries(observed), ...identity() },
    latents: Object.fromEntries(latents.map(([name, { data }]) => [name, data])),
  };
}

/** A sequence's density does not depend on its neighbours. */
async function checkOrder(trainer: VerifiableTrainer, data: Columns): Promise<CheckResult> {
  const turned = Object.fromEntries(
    Object.entries(data).map(([name, { shape, data: values }]) => {
      const width = values.length / drawn.count;
      const at = (i: number): number => (drawn.count - 1 - Math.floor(i / width)) * width + (i % width);
      return [name, { shape, data: values.map((_, i) => values[at(i)] ?? NaN) }];
    }),
  );
  const forward = await trainer.logDensity(data);
  const backward = await trainer.logDensity(turned);
  trainer.dispose();
  const worst = forward.reduce((most, value, row) => {
    const at = (drawn.count - 1 - Math.floor(row / drawn.steps)) * drawn.steps + (row % drawn.steps);
    return Math.max(most, Math.abs(value - (backward[at] ?? NaN)) / Math.max(1, Math.abs(value)));
  }, 0);
  return {
    name: "order of the sequences does not matter",
    outcome: worst <= 1e-12 ? "passed" : "failed",
    detail: `${drawn.count} sequences: worst relative difference ${worst.toExponential(1)}`,
  };
}

/** Steps without a single observed entry have density one. */
async function checkEmpty({ model }: EmProgram, trainer: VerifiableTrainer, data: Columns): Promise<CheckResult> {
  const name = "missing entries are summed out";
  const observed = model.variables.filter(({ role }) => role === "observed");
  if (!observed.every(({ optional }) => optional)) {
    trainer.dispose();
    return { name, outcome: "skipped", detail: "not every observed variable is declared with ?" };
  }
  const nothing = Object.fromEntries(
    Object.entries(data).map(([variable, { shape, data: values }]) => [
      variable,
      { shape, data: observed.some((one) => one.name === variable) ? values.map(() => NaN) : values },
    ]),
  );
  const empty = await trainer.logDensity(nothing);
  trainer.dispose();
  const off = empty.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return {
    name,
    outcome: off <= 1e-9 ? "passed" : "failed",
    detail: `log-density of steps without an entry: at most ${off.toExponential(1)} from 0`,
  };
}
