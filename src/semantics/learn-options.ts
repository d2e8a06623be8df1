import { weightInitialisations } from "../ir/weight-initialisation.js";

/** What the value of an option may be. */
export type OptionKind =
  | NumberKind
  /** One of some names; with an argument, a call: `collapse(2)`. */
  | { readonly kind: "choice"; readonly choices: readonly OptionChoice[] };

export interface NumberKind {
  readonly kind: "number";
  readonly least: number;
  readonly most: number;
  /** An end that is itself excluded. */
  readonly open?: "least" | "most";
  readonly integer?: boolean;
}

export interface OptionChoice {
  readonly name: string;
  /** A number in parentheses after the name. */
  readonly argument?: Pick<NumberKind, "least" | "open" | "integer">;
}

export interface LearnOptionDefinition {
  readonly value: OptionKind;
  readonly summary: string;
  readonly example: string;
}

export type LearnMethod = "em" | "elbo" | "adversarial";

const whole = (summary: string, example: string): LearnOptionDefinition => ({
  value: { kind: "number", least: 1, most: Infinity, integer: true },
  summary,
  example,
});
const positive = (summary: string, example: string): LearnOptionDefinition => ({
  value: { kind: "number", least: 0, most: Infinity, open: "least" },
  summary,
  example,
});
const nonNegative = (summary: string, example: string): LearnOptionDefinition => ({
  value: { kind: "number", least: 0, most: Infinity },
  summary,
  example,
});
const belowOne = (summary: string, example: string): LearnOptionDefinition => ({
  value: { kind: "number", least: 0, most: 1, open: "most" },
  summary,
  example,
});
const choice = (summary: string, ...names: readonly string[]): LearnOptionDefinition => ({
  value: { kind: "choice", choices: names.map((name) => ({ name })) },
  summary,
  example: names[0],
});
const flag = (summary: string): LearnOptionDefinition => ({
  value: { kind: "number", least: 0, most: 1, integer: true },
  summary,
  example: "1",
});

const gradientOptions: Readonly<Record<string, LearnOptionDefinition>> = {
  batch: whole("rows in a batch", "128"),
  epochs: whole("passes over the data", "50"),
  rate: positive("learning rate", "1e-3"),
  clip: positive("largest norm of a gradient", "1"),
  optimizer: choice("how gradients become steps", "adam", "sgd", "rmsprop"),
  beta1: belowOne("decay of the mean of the gradients", "0.9"),
  beta2: belowOne("decay of the mean of their squares", "0.999"),
  init: choice("how the weights of layers begin that do not say it themselves", ...weightInitialisations),
};

/** The options of each method of learning. */
export const learnOptions: Readonly<Record<LearnMethod, Readonly<Record<string, LearnOptionDefinition>>>> = {
  em: {
    approx: {
      value: {
        kind: "choice",
        choices: [{ name: "collapse", argument: { least: 1, integer: true } }, { name: "vb" }, { name: "exact" }],
      },
      summary: "the approximation where exact inference is out of reach",
      example: "collapse(2)",
    },
    tolerance: positive("gain of the mean log-likelihood at which it has converged", "1e-7"),
    iterations: whole("most iterations", "500"),
    ridge: nonNegative("small covariance that is added as a prior, in standardised units", "1e-6"),
    restarts: whole("how many starts are tried", "8"),
    maxtable: whole("largest table of an exact elimination, in cells", "1e6"),
    stream: whole("rows in a block of stepwise EM", "4096"),
    empty: choice("what happens to a component that loses its data", "reseed", "keep", "drop"),
    accelerate: choice("extrapolation between iterations", "squarem", "anderson", "none"),
  },
  elbo: {
    ...gradientOptions,
    beta: nonNegative("weight of the divergence in the objective", "1"),
    warmup: {
      value: { kind: "number", least: 0, most: Infinity, integer: true },
      summary: "epochs over which beta grows from 0",
      example: "20",
    },
    pretrain: {
      value: { kind: "number", least: 0, most: Infinity, integer: true },
      summary: "epochs in which a code with a mean for each group is learned as one group, before the groups begin",
      example: "10",
    },
    freebits: nonNegative("divergence per latent dimension that costs nothing", "0.1"),
    samples: whole("draws for each row", "1"),
    iwae: whole("draws of the importance-weighted bound", "16"),
    stl: flag("sticking the landing: less noise near the optimum"),
    relax: {
      value: { kind: "choice", choices: [{ name: "gumbel", argument: { least: 0, open: "least" } }, { name: "none" }] },
      summary: "continuous stand-in for large discrete variables",
      example: "gumbel(0.5)",
    },
    estimator: choice(
      "how the derivative in a discrete site is had: by its values, or by several draws",
      "enumerate",
      "rloo",
    ),
    maxenum: whole("largest discrete variable that is enumerated", "64"),
  },
  adversarial: {
    ...gradientOptions,
    loss: choice("what the critic and the generator minimise", "nonsaturating", "hinge", "lsgan", "wasserstein"),
    gp: nonNegative("weight of the gradient penalty between data and draws", "10"),
    r1: nonNegative("weight of the gradient penalty on the data", "1"),
    spectral: flag("weights of the critic divided by their largest singular value"),
    critic_steps: whole("steps of the critic for each of the generator", "5"),
    critic_rate: positive("learning rate of the critic", "2e-4"),
    ema: belowOne("decay of the averaged generator that draws samples", "0.999"),
  },
};
