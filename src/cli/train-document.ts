import type { ModelDescription } from "../runtime/description.js";
import type { AdversarialFitResult } from "../runtime/adversarial/adversarial-fit.js";
import type { BoundFitResult, FitResult } from "../runtime/fit/fit-events.js";
import type { Label } from "../data/bindable.js";
import type { NamedTensor } from "../runtime/named-tensor.js";
import { likelihoodKind } from "./likelihood-kind.js";

/** All that is reported of a fit. */
export interface FitReport {
  readonly description: ModelDescription;
  readonly result: FitResult | BoundFitResult | AdversarialFitResult;
  readonly parameters: Readonly<Record<string, NamedTensor>>;
  readonly engine: string;
  readonly backend: string;
  /** Why the engine is not the one that was asked for. */
  readonly instead?: string;
  /** By variable, the labels that its categories 0, 1, … had in the data. */
  readonly labels: Readonly<Record<string, readonly Label[]>>;
}

/** By what it was learned, and what only that has. */
function kindOf(result: FitReport["result"]): {
  readonly algorithm: "em" | "elbo" | "adversarial";
  readonly bound: "exact" | "elbo" | null;
  readonly more: object;
} {
  if ("discrepancy" in result) {
    const { steps, criticGap, discrepancy, quality, comparisons, keptEpoch } = result;
    const more = { steps, criticGap, discrepancy, quality, comparisons, keptEpoch };
    return { algorithm: "adversarial", bound: null, more };
  }
  if ("divergence" in result) {
    const { steps, divergence } = result;
    return { algorithm: "elbo", bound: "elbo", more: { steps, divergence } };
  }
  return { algorithm: "em", bound: "exact", more: {} };
}

/** The document of `genc train --json`. */
export function trainDocument(report: FitReport): object {
  const { parameters, labels } = report;
  const { warnings, ...fit } = fitDocument(report);
  return {
    ...fit,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, tensorDocument(tensor)])),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    warnings,
  };
}

/** How a fit went: all of that document but the parameters, which a saved model has anyway. */
export function fitDocument({
  description,
  result,
  engine,
  backend,
  instead,
}: FitReport): Readonly<Record<string, unknown>> {
  const kind = kindOf(result);
  return {
    schema: "genc.train/1",
    model: description.name,
    algorithm: kind.algorithm,
    engine,
    backend,
    ...(instead === undefined ? {} : { engineReason: instead }),
    rows: result.rows,
    logLikelihood: result.logLikelihood,
    meanLogLikelihood: result.meanLogLikelihood,
    bound: kind.bound === "exact" ? likelihoodKind(description) : kind.bound,
    iterations: result.iterations,
    converged: result.converged,
    seconds: result.seconds,
    secondsPerIteration: result.secondsPerIteration,
    degreesOfFreedom: result.degreesOfFreedom,
    aic: result.aic,
    bic: result.bic,
    seed: result.seed,
    trace: result.trace,
    warnings: result.warnings.map(({ code, message }) => ({ code, message })),
    restarts: result.restarts,
    ...kind.more,
    ...(result.holdout === undefined ? {} : { holdout: result.holdout }),
  };
}

export function tensorDocument({ shape, axes, data }: NamedTensor): object {
  return { shape, axes, data: [...data] };
}
