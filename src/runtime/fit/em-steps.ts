import type { MStepSettings, Tensors } from "../description.js";
import { numberOf, type RowBlock } from "../data/row-source.js";
import { CollapsedComponentError, NonFiniteError } from "../errors.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { explainNonFinite, keptCovariance, narrowCovariance } from "./collapse.js";
import type { BlockRunner, Evaluation } from "./evaluation.js";
import { maximiseByGradient } from "./gradient-maximisation.js";
import type { StartFactor } from "./start-factors.js";
import type { StartLatent } from "./start-tables.js";

/** What all runs of one fit share. */
export interface RunContext {
  readonly runner: BlockRunner;
  readonly latents: readonly StartLatent[];
  readonly factors: readonly StartFactor[];
  readonly ridge: number;
  readonly dataVariance: Tensors;
  /** Parameters that no run changes. */
  readonly fixed: ReadonlySet<string>;
  readonly usePrior: boolean;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly accelerate: boolean;
  /** Every parameter has a value to begin with, and one of them at least moves from it. */
  readonly isStartGiven: boolean;
  readonly reseed: boolean;
}

/** The M-step: closed forms, then gradients for what has none. */
export async function maximise(
  context: RunContext,
  { parameters, statistics, posteriors }: Evaluation,
  iteration: number,
  collected: FitWarning[],
): Promise<Tensors> {
  const { runner, fixed } = context;
  const updated = await closedForms(context, statistics, parameters, iteration, collected, fixed);
  const posterior = { kind: "at", parameters, ...(posteriors === undefined ? {} : { posteriors }) } as const;
  return maximiseByGradient(runner, updated, posterior, (name) => fixed.has(name));
}

/** The generated closed forms; what they leave out, and what is fixed, stays. */
export async function mStep(
  runner: BlockRunner,
  statistics: Tensors,
  previous: Tensors,
  settings: MStepSettings,
): Promise<Tensors> {
  const updated = { ...previous, ...(await runner.methods.mStep(runner.sizes, statistics, previous, settings)) };
  for (const name of settings.fixed) updated[name] = previous[name];
  return updated;
}

/** Throws where, without a ridge, a covariance became singular. */
async function closedForms(
  context: RunContext,
  statistics: Tensors,
  parameters: Tensors,
  iteration: number,
  collected: FitWarning[],
  fixed: ReadonlySet<string>,
): Promise<Tensors> {
  const { runner, ridge } = context;
  let singular = false;
  const settings = settingsOf(context, collected, fixed, () => (singular = true));
  const updated = await mStep(runner, statistics, parameters, settings);
  if (singular && ridge === 0) {
    const { parameter, cell } = keptCovariance(runner.methods.description, runner.sizes, parameters, updated);
    throw new CollapsedComponentError(parameter, cell, iteration);
  }
  return updated;
}

/** M-steps from given posteriors, the closed forms twice: statistics are centred on the parameters, which at first are a mere guess. */
export async function fromTables(
  context: RunContext,
  guess: Tensors,
  tables: (block: RowBlock) => Tensors | Promise<Tensors>,
  iteration: number,
  collected: FitWarning[],
  fixed: ReadonlySet<string>,
): Promise<Tensors> {
  const { runner } = context;
  const first = await runner.startStatistics(guess, tables);
  // What the first pass has to say comes from the guess.
  const rough = await mStep(runner, first, guess, settingsOf(context, [], fixed));
  const second = await runner.startStatistics(rough, tables);
  const closed = await closedForms(context, second, rough, iteration, collected, fixed);
  return maximiseByGradient(runner, closed, { kind: "tables", of: tables }, (name) => fixed.has(name));
}

/** An E-step; throws the error that says best why where the objective is not finite. */
export async function evaluateAt(
  context: RunContext,
  parameters: Tensors,
  iteration: number,
  collected: FitWarning[],
  earlier?: Evaluation,
  renews = false,
): Promise<Evaluation> {
  const { runner, ridge, dataVariance, fixed } = context;
  const { description } = runner.methods;
  if (ridge === 0 && description.hasRidge) {
    const narrow = narrowCovariance(description, runner.sizes, parameters, dataVariance, undefined, (name) =>
      fixed.has(name),
    );
    if (narrow !== undefined) throw new CollapsedComponentError(narrow.parameter, narrow.cell, iteration);
  }
  const evaluation = await runner.evaluate(
    parameters,
    settingsOf(context, collected, fixed),
    context.usePrior,
    earlier,
    renews,
  );
  const { objective, logLikelihood } = evaluation;
  if (!Number.isFinite(logLikelihood)) {
    const row = logLikelihood === -Infinity ? await impossibleRow(runner, parameters) : undefined;
    throw explainNonFinite(description, runner.sizes, parameters, dataVariance, ridge, iteration, logLikelihood, row);
  }
  if (!Number.isFinite(objective)) throw new NonFiniteError("log prior", iteration, objective);
  return evaluation;
}

/** The first row of density 0, by its number in what the user gave. */
async function impossibleRow(runner: BlockRunner, parameters: Tensors): Promise<number | undefined> {
  let first: { readonly position: number; readonly number: number } | undefined;
  await runner.eachLogDensity(parameters, (block, logDensity) => {
    logDensity.forEach((density, row) => {
      const position = block.positions[row];
      if (density !== -Infinity || (first !== undefined && first.position < position)) return;
      first = { position, number: numberOf(block, row) };
    });
  });
  return first?.number;
}

/** An E-step at an extrapolated point, which may lie anywhere: what fails there is no error. */
export async function tryEvaluate(
  context: RunContext,
  parameters: Tensors,
  earlier?: Evaluation,
): Promise<Evaluation | undefined> {
  for (const values of Object.values(parameters)) if (!values.every(Number.isFinite)) return undefined;
  try {
    return await evaluateAt(context, parameters, 0, [], earlier);
  } catch (error) {
    if (error instanceof NonFiniteError || error instanceof CollapsedComponentError) return undefined;
    throw error;
  }
}

/** M-step settings that collect warnings. */
export function settingsOf(
  context: RunContext,
  collected: FitWarning[],
  fixed: ReadonlySet<string>,
  onSingular: () => void = () => undefined,
): MStepSettings {
  return {
    ridge: context.ridge,
    dataVariance: context.dataVariance,
    fixed,
    warn(code, message) {
      if (code === "singular-covariance") {
        collected.push(warnings.singularCovariance(message));
        onSingular();
      } else if (code === "singular-regression") collected.push(warnings.undeterminedCoefficients(message));
      else if (isWarningCode(code)) collected.push({ code, message });
      else throw new Error(`${code} is no warning of the run time`);
    },
  };
}

function isWarningCode(code: string): code is FitWarning["code"] {
  return code.startsWith("GEN5");
}
