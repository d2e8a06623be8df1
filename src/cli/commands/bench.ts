import { drawParameters, drawProblem, trainerColumns } from "../../verify/random-problem.js";
import type { Columns } from "../../verify/verifiable-trainer.js";
import type { Model } from "../../ir/model.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { unavailableFailure } from "../failure.js";
import { knownSizes } from "../known-sizes.js";
import { compileOrFailure, type CompileOptions } from "../load-model.js";
import { loadSource } from "../load-source.js";
import { prepareTrainer } from "../prepare-trainer.js";
import type { Terminal } from "../terminal.js";
import { learnsByBound, learnsByGame } from "../trainer.js";

export interface BenchOptions extends CompileOptions {
  readonly dim: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly iterations: number;
  readonly threads?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** What was measured of one model. */
interface Timing {
  readonly model: string;
  readonly engine: string;
  readonly backend: string;
  readonly rows: number;
  readonly sizes: Readonly<Record<string, number>>;
  /** Seconds until the trainer was there: compiling, or reading it from the cache. */
  readonly prepareSeconds: number;
  /** From the call of `fit` to the end of the first iteration: laying out the data and warming up. */
  readonly firstSeconds: number;
  /** Median of the others. */
  readonly secondsPerIteration: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly iterations: number;
  readonly peakMiB: number;
}

/** A size that nothing settles. */
const usualSize = 2;

/** `genc bench`: seconds per iteration on rows drawn from the model itself. */
export async function bench(terminal: Terminal, files: readonly string[], options: BenchOptions): Promise<ExitCode> {
  const timings: Timing[] = [];
  for (const file of files) {
    const timing = await time(terminal, file, options);
    timings.push(timing);
    if (options.json !== true) terminal.out(timingText(timing));
  }
  if (options.json === true) terminal.out(`${JSON.stringify({ schema: "genc.bench/1", timings })}\n`);
  return exitCode.fine;
}

async function time(terminal: Terminal, file: string, options: BenchOptions): Promise<Timing> {
  const source = loadSource(file);
  const begun = performance.now();
  const prepared = await prepareTrainer(terminal, source, options);
  const prepareSeconds = secondsSince(begun);
  const { description } = new prepared.Trainer({});
  const known = knownSizes(description.sizes, options.dim);
  const sizes = Object.fromEntries(
    description.sizes.map(({ name }) => [name, options.dim[name] ?? known.defaults[name] ?? usualSize]),
  );
  const trainer = new prepared.Trainer(sizes);
  if (learnsByBound(trainer) || learnsByGame(trainer) || description.sequences !== undefined) {
    throw unavailableFailure(
      `${file}: \`genc bench\` draws rows of their own, for models that learn by EM.`,
      "`genc train --json` has secondsPerIteration for your data.",
    );
  }
  const { model } = compileOrFailure(source, options.model);
  trainer.setParameters(drawParameters(model, sizes, options.seed));
  const given = givenColumns(model, sizes, options);
  const drawn = await trainer.sample(options.rows, { seed: options.seed, ...given });
  const data = observedColumns(model, drawn, given.given);

  const started = performance.now();
  const ends: number[] = [];
  const run = trainer.fit(data, {
    seed: options.seed,
    init: "random",
    restarts: 1,
    tolerance: 0,
    maxIterations: options.iterations + 1,
    accelerate: false,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    signal: terminal.signal,
  });
  for await (const event of run) if (event.kind === "iteration") ends.push(secondsSince(started));
  trainer.dispose();
  const gaps = ends.slice(1).map((end, i) => end - ends[i]);
  const sorted = [...gaps].sort((a, b) => a - b);
  return {
    model: prepared.model,
    engine: prepared.engine,
    backend: prepared.backend,
    rows: options.rows,
    sizes,
    prepareSeconds,
    firstSeconds: ends[0] ?? NaN,
    secondsPerIteration: sorted[sorted.length >> 1] ?? NaN,
    fastest: sorted[0] ?? NaN,
    slowest: sorted.at(-1) ?? NaN,
    iterations: sorted.length,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

/** Values of the given variables and the weight, where the model has any. */
function givenColumns(
  model: Model,
  sizes: Readonly<Record<string, number>>,
  { rows, seed }: BenchOptions,
): { readonly given?: Columns } {
  const fed = model.variables.filter(({ role }) => role === "given");
  if (fed.length === 0) return {};
  // Drawn by the interpreter, which draws all variables: only the given ones are used.
  const columns = trainerColumns(model, drawProblem(model, { sizes, rows, seed }));
  return { given: Object.fromEntries(fed.map(({ name }) => [name, columns[name]])) };
}

function observedColumns(
  model: Model,
  drawn: Readonly<Record<string, NamedTensor>>,
  given: Columns = {},
): Record<string, { readonly shape: number[]; readonly data: Float64Array }> {
  const observed = model.variables.filter(({ role }) => role === "observed");
  const columns = [...observed.map(({ name }) => [name, drawn[name]] as const), ...Object.entries(given)];
  return Object.fromEntries(columns.map(([name, { shape, data }]) => [name, { shape: [...shape], data }]));
}

function timingText(timing: Timing): string {
  const sizes = Object.entries(timing.sizes).map(([name, value]) => `${name} = ${value}`);
  const { secondsPerIteration, fastest, slowest, iterations, rows } = timing;
  return [
    `${timing.model}: ${[`${rows} drawn rows`, ...sizes].join(", ")} (engine ${timing.engine}, backend ${timing.backend})`,
    `  seconds per iteration  ${digits(secondsPerIteration)} (${digits(fastest)} to ${digits(slowest)} in ${iterations} iterations)`,
    `  rows per second        ${(rows / secondsPerIteration).toPrecision(3)}`,
    `  trainer ready after    ${digits(timing.prepareSeconds)} s`,
    `  first iteration after  ${digits(timing.firstSeconds)} s`,
    `  peak memory            ${timing.peakMiB.toFixed(0)} MiB`,
    "",
  ].join("\n");
}

function digits(seconds: number): string {
  return seconds.toPrecision(3);
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
