import type { ElboProgram } from "../../ir/program.js";
import { describeLines, type Section } from "./document.js";
import type { LinesOf } from "./e-step.js";

/** The derivation of a bound: what is drawn, what is summed, where divergences are closed, what is guaranteed. */
export function explainBound(
  program: ElboProgram,
  linesOf: LinesOf,
  engine: string | undefined,
): { readonly sections: readonly Section[] } {
  const items = program.report.map(({ rule, text, span }) => {
    const at = span === undefined ? "" : describeLines(linesOf([span]));
    return `${rule}: ${text}${at === "" ? "" : ` (${at})`}`;
  });
  const weights = Object.keys(program.starts).length;
  return {
    sections: [
      { kind: "list", label: "Derivation", items },
      {
        kind: "paragraph",
        label: "Learning",
        text:
          "stochastic gradient ascent (Adam) on the mean bound of minibatches; the derivative is derived with the " +
          `bound, plan to plan. Networks have ${weights} arrays of weights: N(0, 2 / inputs) in front of rectifiers, ` +
          "else uniform within sqrt(6 / (inputs + outputs)); biases begin at 0.",
      },
      {
        kind: "paragraph",
        label: "Guarantee",
        text:
          "the derivative is unbiased and the objective a lower bound of the log-likelihood in expectation; it does not " +
          "rise in every step, and where it ends depends on the seed.",
      },
      ...(engine === undefined ? [] : [{ kind: "paragraph" as const, label: "Engine", text: engine }]),
    ],
  };
}
