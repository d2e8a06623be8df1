import type { EmProgram } from "../../ir/program.js";
import type { Section } from "./document.js";
import { describeLines } from "./document.js";
import type { LinesOf } from "./e-step.js";

/** How the latents of a model with a chain are eliminated, step by step, and how its parameters are updated. */
export function explainScan(program: EmProgram, linesOf: LinesOf): readonly Section[] {
  const { rowsAxis: chain } = program;
  const lines = program.report.map(({ rule, text, span }) => ({
    isUpdate: rule.endsWith("M-step"),
    text: span === undefined ? text : `${text} (${describeLines(linesOf([span]))})`,
  }));
  const isCollapsed = program.report.some(({ rule }) => rule === "collapse");
  return [
    { kind: "list", label: "Latents", items: lines.flatMap(({ isUpdate, text }) => (isUpdate ? [] : [text])) },
    {
      kind: "list",
      label: "E-step",
      items: [
        `forwards: what is told at ${chain}-1 is joined with the densities of step ${chain}, and what no later step reads is eliminated; log p(step ${chain} | earlier steps) adds up to the log-likelihood`,
        `backwards: the derivative of each step with respect to its densities and to what it was told, from the last step to the first; the derivatives of the densities are the posterior weights, in which the statistics are added up in the same pass`,
        ...(isCollapsed
          ? [
              "the derivatives are those of the collapsed likelihood, so that the parameters settle where it is stationary",
            ]
          : []),
      ],
    },
    { kind: "list", label: "M-step", items: lines.flatMap(({ isUpdate, text }) => (isUpdate ? [text] : [])) },
  ];
}

/** What holds of the objective along the iterations. */
export function scanGuarantee(program: EmProgram, exact: string): string {
  return program.report.some(({ rule }) => rule === "collapse")
    ? "the likelihood is an approximation (collapsed); it need not grow in every iteration, and a warning says where it fell."
    : exact;
}

/** Steps of a regime for which a Gaussian is kept apart: r of `collapse(r)`. */
export function historiesOf({ approximation }: EmProgram): number {
  return Number(/\((\d+)\)/.exec(approximation ?? "")?.[1] ?? 1);
}
