import type { AdversarialDescription } from "./adversarial-description.js";
import type { CriticOutcome } from "./monitor.js";
import type { SampleQuality } from "./sample-quality.js";
import { OptionError } from "../errors.js";
import { resolveStepOptions, type ResolvedStepOptions, type StepFitOptions } from "../elbo/step-options.js";

/** Options of `fit` of a generator and its critic. Defaults in brackets; a model may change them in `learn adversarial`. */
export interface AdversarialFitOptions<P = Record<string, unknown>> extends Omit<
  StepFitOptions<P>,
  "beta" | "warmup" | "patience" | "clip" | "resume"
> {
  /** Steps of the generator [as many as `epochs` passes of the critic over the rows make]. */
  readonly steps?: number;
  /** Steps of the critic to one of the generator [1; 5 with the Wasserstein loss]. */
  readonly criticSteps?: number;
  /** Learning rate of the critic [that of the generator]. */
  readonly criticRate?: number;
  /** Decay of the averaged generator that draws samples [0.999]; 0: the last generator draws. */
  readonly ema?: number;
  /** How often draws are compared with data over the fit, at ends of epochs evenly apart [20]; 0: at the end alone. */
  readonly comparisons?: number;
  /** Which draws are kept: the last, or those of the comparison with the least discrepancy ["best" with a holdout]. */
  readonly keep?: "last" | "best";
  readonly resume?: AdversarialState;
}

/** Everything that later steps depend on; vectors are base64 of their bytes. */
export interface AdversarialState {
  readonly format: "genc.adversarial-state/1";
  readonly model: string;
  readonly sourceHash: string;
  readonly engine: string;
  readonly seed: number;
  readonly rows: number;
  readonly batchSize: number;
  readonly criticSteps: number;
  /** Steps of the generator. */
  readonly step: number;
  readonly critic: readonly [string, string, string];
  readonly generator: readonly [string, string, string];
  /** Parameters that the critic's steps carry on without learning them. */
  readonly carried: Readonly<Record<string, string>>;
  readonly average: Readonly<Record<string, string>>;
  readonly trace: readonly number[];
  readonly totals: readonly number[];
  readonly comparisons: readonly Comparison[];
  /** Means over the last whole epoch. */
  readonly last?: CriticOutcome;
  /** Parameters at the comparison with the least discrepancy. */
  readonly best?: { readonly epoch: number; readonly parameters: Readonly<Record<string, string>> };
}

/** Draws against data at the end of an epoch. */
export interface Comparison extends SampleQuality {
  readonly epoch: number;
}

export interface ResolvedAdversarialOptions extends Omit<ResolvedStepOptions, "resume"> {
  readonly steps: number | undefined;
  readonly criticSteps: number;
  readonly criticRate: number;
  readonly ema: number;
  readonly comparisons: number;
  readonly keep: "last" | "best";
  readonly resume: AdversarialState | undefined;
}

const wassersteinCriticSteps = 5;

export function resolveAdversarialOptions(
  description: AdversarialDescription,
  given: AdversarialFitOptions<never>,
): ResolvedAdversarialOptions {
  const { steps, criticSteps, criticRate, ema, comparisons, keep, resume, ...common } = given;
  const isWasserstein = description.loss === "wasserstein";
  // The decays that these losses are used with (Radford et al. 2016; Gulrajani et al. 2017).
  const defaults = { beta1: isWasserstein ? 0 : 0.5, beta2: isWasserstein ? 0.9 : 0.999, rate: 2e-4, batch: 64 };
  const options = { ...defaults, ...description.options };
  const resolved = resolveStepOptions({ ...description, options }, {
    ...common,
    ...(common.seed === undefined && resume !== undefined ? { seed: resume.seed } : {}),
  } as StepFitOptions<never>);
  const number = (name: string, value: unknown, isValid: (n: number) => boolean, expected: string): number => {
    if (typeof value !== "number" || !isValid(value)) throw new OptionError(name, expected, String(value));
    return value;
  };
  const whole = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;
  const defaultSteps = isWasserstein ? wassersteinCriticSteps : 1;
  return {
    ...resolved,
    steps: steps === undefined ? undefined : number("steps", steps, whole, "a positive integer"),
    criticSteps: number(
      "criticSteps",
      criticSteps ?? options["critic_steps" as keyof typeof options] ?? defaultSteps,
      whole,
      "a positive integer",
    ),
    criticRate: number(
      "criticRate",
      criticRate ?? options["critic_rate" as keyof typeof options] ?? resolved.learningRate,
      (n) => n > 0,
      "a positive number",
    ),
    ema: number(
      "ema",
      ema ?? options["ema" as keyof typeof options] ?? 0.999,
      (n) => n >= 0 && n < 1,
      "a number from 0 to below 1",
    ),
    comparisons: number(
      "comparisons",
      comparisons ?? 20,
      (n) => Number.isSafeInteger(n) && n >= 0,
      "a non-negative integer",
    ),
    keep: keepOf(keep, resolved.holdout > 0 ? "best" : "last"),
    resume,
  };
}

function keepOf(given: unknown, fallback: "last" | "best"): "last" | "best" {
  if (given === undefined) return fallback;
  if (given === "last" || given === "best") return given;
  throw new OptionError("keep", "last or best", String(given));
}
