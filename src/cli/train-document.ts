import type { ModelDescription } from "../runtime/description.js";
import type { BoundFitResult, FitResult } from "../runtime/fit/fit-events.js";
import type { Label } from "../data/bindable.js";
import type { NamedTensor } from "../runtime/named-tensor.js";

/** All that is reported of a fit. */
export interface FitReport {
  readonly description: ModelDescription;
  readonly result: FitResult | BoundFitResult;
  readonly parameters: Readonly<Record<string, NamedTensor>>;
  readonly engine: string;
  readonly backend: string;
  /** By variable, the labels that its categories 0, 1, … had in the data. */
  readonly labels: Readonly<Record<string, readonly Label[]>>;
}

/** The document of `genc train --json`. */
export function trainDocument({ description, result, parameters, engine, backend, labels }: FitReport): object {
  const bound = "bound" in result ? result : undefined;
  return {
    schema: "genc.train/1",
    model: description.name,
    algorithm: bound === undefined ? "em" : "elbo",
    engine,
    backend,
    rows: result.rows,
    logLikelihood: result.logLikelihood,
    meanLogLikelihood: result.meanLogLikelihood,
    bound: bound === undefined ? (description.approximation ?? "exact") : "elbo",
    iterations: result.iterations,
    converged: result.converged,
    seconds: result.seconds,
    secondsPerIteration: result.secondsPerIteration,
    degreesOfFreedom: result.degreesOfFreedom,
    aic: result.aic,
    bic: result.bic,
    seed: result.seed,
    trace: result.trace,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, tensorDocument(tensor)])),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    warnings: result.warnings.map(({ code, message }) => ({ code, message })),
    restarts: result.restarts,
    ...(bound === undefined ? {} : { steps: bound.steps, divergence: bound.divergence }),
    ...(result.holdout === undefined ? {} : { holdout: result.holdout }),
  };
}

export function tensorDocument({ shape, axes, data }: NamedTensor): object {
  return { shape, axes, data: [...data] };
}
