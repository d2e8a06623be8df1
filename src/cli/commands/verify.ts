import { loadTrainer } from "../../compile/index.js";
import { eliminationOrder } from "../../inference/elimination-order.js";
import { checkCalibration } from "../../verify/check-calibration.js";
import { checkEmitted, checkSaved } from "../../verify/check-emitted.js";
import { checkBound, checkEnumeration } from "../../verify/check-enumeration.js";
import { checkFit, checkFitOfData } from "../../verify/check-fit.js";
import { checkGradients, checkScoreIdentity } from "../../verify/check-gradients.js";
import { checkNormalisation } from "../../verify/check-normalisation.js";
import { checkImportanceWeights } from "../../verify/check-importance.js";
import { checkEncoding } from "../../verify/check-encoding.js";
import { checkOptimum } from "../../verify/check-optimum.js";
import type { CheckResult } from "../../verify/check-result.js";
import { checkRows } from "../../verify/check-rows.js";
import { checkBoundSlopes, checkGameSlopes } from "../../verify/check-slopes.js";
import { sequenceChecks } from "../../verify/check-sequences.js";
import type { MakeEncodingTrainer, MakeTrainer } from "../../verify/verifiable-trainer.js";
import type { SourceText } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import type { EmProgram, Program } from "../../ir/program.js";
import { bindData, readData, trainerData } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { completeSizes, knownSizes } from "../known-sizes.js";
import { unavailableFailure, usageFailure } from "../failure.js";
import { compileModel } from "../load-model.js";
import { loadSource } from "../load-source.js";
import type { Terminal } from "../terminal.js";

export interface VerifyOptions {
  readonly model?: string;
  readonly dim: Readonly<Record<string, number>>;
  readonly data: readonly string[];
  readonly map: Readonly<Record<string, readonly string[]>>;
  readonly seed: number;
  readonly json?: boolean;
}

type Check = () => CheckResult | readonly CheckResult[] | Promise<CheckResult | readonly CheckResult[]>;

/** `genc verify`: what can be checked of any derived trainer without knowing what it is for; status 1 if a check fails. */
export async function verify(terminal: Terminal, file: string, options: VerifyOptions): Promise<ExitCode> {
  const compiled = await compileModel(terminal, loadSource(file), options);
  const { program } = compiled;
  if (program.algorithm !== "em") return verifySteps(terminal, compiled.source, program, options);
  const Model = await loadTrainer({ source: compiled.source, program });
  const { description } = new Model({});
  const known = knownSizes(description.sizes, options.dim);
  const checks = [...modelChecks(compiled.model, program, (sizes) => new Model(sizes), options)];
  if (options.data.length > 0) {
    const bound = bindData(terminal, await readData(terminal, options), description, known, options);
    const sizes = completeSizes(description.sizes, bound.sizes);
    checks.push(() => checkFitOfData(new Model(sizes), trainerData(bound, description), options.seed));
  }
  return report(terminal, description.name, checks, options);
}

/** Of what learns by gradient steps: the steps' derivatives, the bound against its importance weights and the likelihood. */
async function verifySteps(
  terminal: Terminal,
  source: SourceText,
  program: Exclude<Program, EmProgram>,
  options: VerifyOptions,
): Promise<ExitCode> {
  const { seed, dim } = options;
  if (options.data.length > 0)
    throw usageFailure("--data is for models learned by EM; this one is checked on data drawn from itself.");
  switch (program.algorithm) {
    case "chainElbo":
      throw unavailableFailure("genc verify has no checks of a bound along a chain yet.");
    case "elbo": {
      const Model = await loadTrainer({ source, program });
      const makeTrainer: MakeEncodingTrainer = (sizes) => {
        const trainer = new Model(sizes);
        if (!("encode" in trainer)) throw new Error(`${program.model.name} does not encode`);
        return trainer;
      };
      const checks: readonly Check[] = [
        () => checkBoundSlopes(program, seed, dim),
        () => checkImportanceWeights(program, seed, dim),
        () => checkEncoding(program, makeTrainer, seed, dim),
      ];
      return report(terminal, program.model.name, checks, options);
    }
    case "adversarial":
      return report(terminal, program.model.name, [() => checkGameSlopes(program, seed, dim)], options);
  }
}

async function report(
  terminal: Terminal,
  model: string,
  checks: readonly Check[],
  options: VerifyOptions,
): Promise<ExitCode> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const found = [await check()].flat();
    results.push(...found);
    if (options.json === true) continue;
    for (const { name, outcome, detail } of found) terminal.out(`${marks[outcome]}  ${name}: ${detail}\n`);
  }
  const holds = results.every(({ outcome }) => outcome !== "failed");
  if (options.json === true) {
    const document = { schema: "genc.verify/1", model, seed: options.seed, holds, checks: results };
    terminal.out(`${JSON.stringify(document)}\n`);
  }
  return holds ? exitCode.fine : exitCode.diagnostics;
}

const marks: Readonly<Record<CheckResult["outcome"], string>> = {
  passed: "ok     ",
  failed: "FAILED ",
  skipped: "skipped",
};

/** On parameters and data drawn from the model itself, at small sizes. */
function modelChecks(
  model: Model,
  program: EmProgram,
  makeTrainer: MakeTrainer,
  { seed, dim }: VerifyOptions,
): readonly Check[] {
  if (program.sequences !== undefined) return sequenceChecks(program, makeTrainer, seed, dim);
  if (program.variational !== undefined) {
    return [
      () => checkBound(program, makeTrainer, seed, dim),
      () => checkFit(program, makeTrainer, seed, dim),
      () => checkSaved(program, makeTrainer, seed, dim),
    ];
  }
  const elimination = eliminationOrder(model);
  const order = elimination.ok ? elimination.steps.map(({ latent }) => latent) : undefined;
  return [
    () => checkEnumeration(program, seed, dim),
    ...(order === undefined
      ? []
      : [() => checkGradients(model, order, seed, dim), () => checkScoreIdentity(model, order, seed, dim)]),
    () => checkEmitted(program, makeTrainer, seed, dim),
    () => checkNormalisation(model, makeTrainer, seed, dim),
    () => checkRows(model, makeTrainer, seed, dim),
    () => checkCalibration(model, makeTrainer, seed, dim),
    () => checkFit(program, makeTrainer, seed, dim),
    () => checkOptimum(program, makeTrainer, seed, dim),
    () => checkSaved(program, makeTrainer, seed, dim),
  ];
}
