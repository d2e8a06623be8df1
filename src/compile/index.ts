import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { sortedDiagnostics } from "../diagnostics/sorted.js";
import type { SourceText } from "../diagnostics/span.js";
import { classify } from "../inference/classify.js";
import { deriveChainEm } from "../inference/chain/derive-chain.js";
import { deriveVariationalEm } from "../inference/variational/derive-variational.js";
import { deriveEm } from "../inference/derive.js";
import { deriveAdversarial } from "../inference/adversarial/derive-adversarial.js";
import { deriveChainElbo } from "../inference/elbo/chain/derive-chain-elbo.js";
import { deriveElbo } from "../inference/elbo/derive-elbo.js";
import { eliminationOrder } from "../inference/elimination-order.js";
import { requireDerivable } from "../inference/refusals.js";
import { refuseUnderived } from "../inference/refusals/not-derived.js";
import type { Verdict } from "../inference/verdict.js";
import type { Model } from "../ir/model.js";
import { runPasses } from "../ir/passes/index.js";
import type { EmProgram, Program } from "../ir/program.js";
import { mapFunctions } from "../ir/map-functions.js";
import { checkSource, type Checked } from "./check-source.js";

/** A model with the algorithm derived for it; `program` is absent where a diagnostic of severity error says why. */
export interface Compilation {
  readonly source: SourceText;
  readonly diagnostics: readonly Diagnostic[];
  readonly model?: Model;
  readonly verdict?: Verdict;
  readonly program?: Program;
}

/**
 * parse → check → classify → derive → passes, for one model of a source text.
 *
 * @param options.model name of the model, where the text holds several
 * @throws {ModelChoiceError} if the text holds several models and none is named, or not the one named
 */
export function compileSource(source: SourceText, options: { readonly model?: string } = {}): Compilation {
  const checked = checkSource(source);
  const diagnostics = requireDerivable(checked.diagnostics);
  if (checked.models.length === 0) return { source, diagnostics };
  const { model, verdict } = chosenModel(checked, options.model);
  // What is wrong in another model of the file does not keep this one from being compiled.
  const own = diagnostics.filter(
    ({ span }) => checked.models.length === 1 || (span.start >= model.span.start && span.end <= model.span.end),
  );
  if (own.some((diagnostic) => diagnostic.severity === "error")) return { source, diagnostics: own, model, verdict };
  const missing = refuseUnderived(model, verdict);
  if (missing.length > 0) return { source, diagnostics: sortedDiagnostics([...own, ...missing]), model, verdict };
  return { source, diagnostics: own, model, verdict, program: programFor(model, verdict) };
}

/** derive → passes, for a model whose latents are eliminated exactly. */
export function deriveProgram(model: Model): EmProgram {
  const verdict = classify(model);
  if (verdict.kind === "needsApproximation" && verdict.asked?.kind === "vb")
    return mapFunctions(deriveVariationalEm(model), (fn) => runPasses(fn));
  if (model.axes.some((axis) => axis.kind === "chain")) {
    const order = verdict.kind === "needsApproximation" ? verdict.asked?.order : undefined;
    return mapFunctions(deriveChainEm(model, order), (fn) => runPasses(fn));
  }
  const order = eliminationOrder(model);
  if (!order.ok) throw new Error(`compile: ${model.name} has no elimination order (${order.reason}: ${order.name})`);
  const derived = deriveEm(
    model,
    order.steps.map((step) => step.latent),
  );
  return mapFunctions(derived, (fn) => runPasses(fn));
}

function programFor(model: Model, verdict: Verdict): Program {
  if (verdict.kind === "adversarial") return mapFunctions(deriveAdversarial(model), (fn) => runPasses(fn));
  if (verdict.kind !== "elbo") return deriveProgram(model);
  if (model.axes.some(({ kind }) => kind === "chain"))
    return mapFunctions(deriveChainElbo(model, [...verdict.reparameterise, ...verdict.integrate]), (fn) =>
      runPasses(fn),
    );
  return mapFunctions(deriveElbo(model, [...verdict.reparameterise, ...verdict.integrate]), (fn) => runPasses(fn));
}

/** The file holds several models, or not the one that was asked for. */
export class ModelChoiceError extends Error {
  constructor(
    readonly asked: string | undefined,
    readonly available: readonly string[],
  ) {
    super(
      asked === undefined
        ? `the file holds the models ${available.join(", ")}: choose one with --model`
        : `the file holds no model ${asked}, but ${available.join(", ")}`,
    );
    this.name = "ModelChoiceError";
  }
}

/**
 * The one model of a file, or the one named.
 *
 * @throws {ModelChoiceError} if the file holds several and none is named, or not the one named
 */
export function chosenModel(checked: Checked, name: string | undefined): Checked["models"][number] {
  const names = checked.models.map(({ model }) => model.name);
  const [only, second] = checked.models;
  const found = name === undefined ? only : checked.models.find(({ model }) => model.name === name);
  if (found === undefined || (name === undefined && second !== undefined)) throw new ModelChoiceError(name, names);
  return found;
}

export { checkSource } from "./check-source.js";
export type { Checked } from "./check-source.js";
export { chooseEngine } from "./choose-engine.js";
export type { Engine, EngineChoice } from "./choose-engine.js";
export { emitJavaScript, emitJavaScriptModule, emitModule, loadTrainer, printProgramKernels } from "./emit.js";
export type { EmitOptions, Emittable } from "./emit.js";
export type {
  AnyLoadedTrainer,
  LoadedAdversarialTrainer,
  LoadedChainElboTrainer,
  LoadedElboTrainer,
  LoadedTrainer,
  LoadedTrainerClass,
} from "./load-emitted.js";
export { compilerVersion } from "./version.js";
