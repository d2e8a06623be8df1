import type { EmProgram } from "../../ir/program.js";
import { describeLines, type Section } from "./document.js";
import type { LinesOf } from "./e-step.js";

/** How a product posterior is found block by block, and how the parameters are updated from it. */
export function explainVariational(program: EmProgram, linesOf: LinesOf): readonly Section[] {
  const { variational, rowsAxis, sequences } = program;
  if (variational === undefined) throw new Error("explain: the posterior is no product");
  const lines = program.report.map(({ rule, text, span }) => ({
    rule,
    text: span === undefined ? text : `${text} (${describeLines(linesOf([span]))})`,
  }));
  const of = (isWanted: (rule: string) => boolean): readonly string[] =>
    lines.flatMap(({ rule, text }) => (isWanted(rule) ? [text] : []));
  const product = variational.blocks.map(({ name }) => `q(${name})`).join(" ");
  return [
    {
      kind: "paragraph",
      label: "Posterior",
      text:
        `approximated by a product of blocks, q = ${product}, each exact given what is expected of the others. ` +
        "What dependence there is between blocks is left out, so that q is too sure of itself.",
    },
    { kind: "list", label: "Blocks", items: of((rule) => rule === "block") },
    {
      kind: "list",
      label: "E-step",
      items: [
        ...of((rule) => rule === "begin"),
        `each block in turn: log q(block) = sum of E[log density] over the densities that read it, the expectation being over the other blocks, less a constant; its expectations are derivatives of that constant${sequences === undefined ? "" : `, found forwards and backwards along ${rowsAxis}`}`,
        "three sweeps over the blocks in every iteration, from the posterior of the iteration before; where there is none (the first iteration, score, predict), sweeps until the bound rises by less than 1e-11 of itself",
        "bound = sum of E[log density] + sum of the entropies of the blocks",
      ],
    },
    { kind: "list", label: "M-step", items: of((rule) => rule.endsWith("M-step")) },
  ];
}

/** What holds of the objective along the iterations. */
export function variationalGuarantee({ model, filter }: EmProgram): string {
  const hasPrior = model.parameters.some((parameter) => parameter.prior !== undefined);
  const objective = hasPrior ? "the bound plus the log-density of the priors" : "the bound";
  return (
    `${objective} never decreases; it is a lower bound of the log-likelihood, and where it is highest the likelihood ` +
    "itself need not be. With a ridge the same holds once its weak prior on covariances is added." +
    (filter === undefined ? "" : " Filters and forecasts do not use q: they collapse histories, collapse(2).")
  );
}
