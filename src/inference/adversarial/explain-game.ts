import type { DensityFactor, Model } from "../../ir/model.js";
import type { ReportLine } from "../../ir/program.js";
import { relaxedDensity } from "../relaxation.js";
import { printExpression } from "../print-expression.js";
import type { AdversarialLoss, AdversarialOptions } from "./learn-options.js";

/** The losses of critic and generator, as people write them. */
function lossesOf(loss: AdversarialLoss, x: string): readonly [critic: string, generator: string] {
  switch (loss) {
    case "nonsaturating":
      return [`softplus(-F(${x})) + softplus(F(${x}~))`, `softplus(-F(${x}~))`];
    case "hinge":
      return [`relu(1 - F(${x})) + relu(1 + F(${x}~))`, `-F(${x}~)`];
    case "lsgan":
      return [`(F(${x}) - 1)^2 / 2 + F(${x}~)^2 / 2`, `(F(${x}~) - 1)^2 / 2`];
    case "wasserstein":
      return [`F(${x}~) - F(${x})`, `-F(${x}~)`];
  }
}

/** The game in words: what is drawn, why there is no likelihood, both updates and how they take turns. */
export function explainGame(
  model: Model,
  options: AdversarialOptions,
  latents: readonly DensityFactor[],
  { standard, units }: { readonly standard: readonly string[]; readonly units: readonly ReportLine[] },
): readonly ReportLine[] {
  const defined = model.factors.filter((factor) => factor.kind === "implicit");
  const [implicit] = defined;
  const { critic } = model;
  if (implicit === undefined || critic === undefined) throw new Error(`explain: ${model.name} is no game`);
  const names = defined.map(({ child }) => child);
  // Several are one row, r.
  const x = names.length === 1 ? implicit.child : "r";
  const value = printExpression(implicit.value);
  const relaxed = defined.flatMap((factor) => {
    const density = relaxedDensity(model, factor);
    return density === undefined ? [] : [`${factor.child} ~ ${density.distribution}(${printExpression(factor.value)})`];
  });
  const given = model.variables.filter(({ role }) => role === "given").map(({ name }) => name);
  const judged = critic.arguments.map((argument) => printExpression(argument)).join(", ");
  const definitions =
    defined.map((factor) => `${factor.child}~ = ${printExpression(factor.value)}`).join(", ") +
    (names.length === 1 ? "" : `, together r~ = (${names.map((name) => `${name}~`).join(", ")})`);
  const noise = latents.map(({ child, distribution, arguments: slots }) => {
    const shown = Object.values(slots).map((slot) => printExpression(slot));
    return `${child} ~ ${distribution}(${shown.join(", ")})`;
  });
  const [criticLoss, generatorLoss] = lossesOf(options.loss, x);
  const penalties = [
    ...(options.gp > 0 ? [`${options.gp} (|dF/d${x}^| - 1)^2`] : []),
    ...(options.r1 > 0 ? [`${options.r1 / 2} |dF/d${x}|^2`] : []),
  ];
  const others = model.networks.map(({ name }) => name).filter((name) => name !== critic.network);
  const { batch, rate, criticRate, beta1, beta2, criticSteps } = options;
  const adam = (step: number): string => `Adam(rate ${step}, decays ${beta1} and ${beta2})`;
  const lines: ReportLine[] = [
    {
      rule: "draws",
      text: `${definitions}${noise.length === 0 ? "" : `, ${noise.join(", ")}`}`,
      span: implicit.span,
    },
    {
      rule: "refused: EM and evidence lower bounds",
      text:
        `both are made of log p(${x}), and \`=\` gives ${x} no density: what ${defined.map((factor) => printExpression(factor.value)).join(", ")} cannot make has probability 0, ` +
        `and that is nearly every row of the data. For a likelihood write ${implicit.child} ~ Normal(${value}, v)`,
    },
    {
      rule: "game",
      text:
        `F(${judged}) = ${critic.network}(${judged}) learns to be large on rows of the data and small on draws; ` +
        `${others.join(", ")} learns to make draws on which F is large` +
        (given.length === 0 ? "" : `. Both are told ${given.join(", ")}, which draws share with rows of the data`),
      span: critic.span,
    },
    {
      rule: "critic's update",
      text:
        `parameters of ${critic.network}: one step of ${adam(criticRate)} down the mean of ` +
        `${[criticLoss, ...penalties].join(" + ")} over ${batch} rows ${x} and as many draws ${x}~`,
    },
    {
      rule: "generator's update",
      text:
        `all other parameters: one step of ${adam(rate)} down the mean of ${generatorLoss} over ${batch} fresh draws ` +
        `${x}~, F held`,
    },
    {
      rule: "turns",
      text:
        (criticSteps === 1 ? "one update of the critic, then" : `${criticSteps} updates of the critic, then`) +
        " one of the generator, and again; each side has its own moments of Adam",
    },
  ];
  lines.push(...units);
  if (standard.length > 0) {
    const all = standard.join(", ");
    lines.push({
      rule: "units of the data",
      text: `${critic.network} reads (${all} - mean) / deviation of data and draws by the same numbers, and slopes are taken in that`,
      span: critic.span,
    });
  }
  if (relaxed.length > 0)
    lines.push({
      rule: "relaxation",
      text:
        "while it learns, the critic sees probabilities beside the data's one-hot vectors (or bits), so that it has a slope; " +
        `a row that is sampled takes one value: ${relaxed.join(", ")}`,
    });
  if (options.gp > 0)
    lines.push({
      rule: "gradient penalty",
      text: `${x}^ = e ${x} + (1 - e) ${x}~ with e uniform in each row; the slope is a plan, and is differentiated again`,
    });
  if (options.r1 > 0)
    lines.push({
      rule: "gradient penalty",
      text: `r1, on rows of the data; the slope is a plan, and is differentiated again`,
    });
  if (options.spectral)
    lines.push({
      rule: "spectral norm",
      text: `weights of ${critic.network} are divided by their largest singular value, by one power iteration in each step`,
    });
  return lines;
}
