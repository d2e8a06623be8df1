import type { AdversarialProgram, ChainElboProgram, ElboProgram } from "../../ir/program.js";
import { describeLines, type Section } from "./document.js";
import type { LinesOf } from "./e-step.js";

type Algorithm = "elbo" | "chainElbo" | "adversarial";

const learning: Readonly<Record<Algorithm, string>> = {
  elbo:
    "stochastic gradient ascent (Adam) on the mean bound of minibatches; the derivative is derived with the bound, " +
    "plan to plan.",
  chainElbo:
    "stochastic gradient ascent (Adam) on the bound of batches of whole sequences, by step; what does not recur is worked " +
    "out for all steps at once, draws and memories step by step, and their derivatives back along them.",
  adversarial:
    "both derivatives are made with the game, plan to plan. Rows are shuffled anew in each epoch. `genc sample` draws from " +
    "an exponential average of the generator over its steps.",
};

const guarantees: Readonly<Record<Algorithm, string>> = {
  elbo:
    "the derivative is unbiased and the objective a lower bound of the log-likelihood in expectation; it does not rise " +
    "in every step, and where it ends depends on the seed.",
  chainElbo:
    "the derivative is unbiased and the objective a lower bound of the log-likelihood in expectation; it does not rise " +
    "in every step, and where it ends depends on the seed.",
  adversarial:
    "none: the steps of a game need not converge. Draws are compared with data (squared maximum mean discrepancy, " +
    "precision, recall, groups covered), with --holdout on rows that were not learned from, and then the best epoch is " +
    "kept. Draws that have collapsed and critics from which nothing is learned are warned of.",
};

/** The derivation of what is learned by steps: what is drawn, what is summed, what each step ascends, what is guaranteed. */
export function explainSteps(
  program: ElboProgram | ChainElboProgram | AdversarialProgram,
  linesOf: LinesOf,
  engine: string | undefined,
): { readonly sections: readonly Section[] } {
  const items = program.report.map(({ rule, text, span }) => {
    const at = span === undefined ? "" : describeLines(linesOf([span]));
    return `${rule}: ${text}${at === "" ? "" : ` (${at})`}`;
  });
  const weights = Object.values(program.starts).filter(({ kind }) => kind !== "moments").length;
  return {
    sections: [
      { kind: "list", label: "Derivation", items },
      {
        kind: "paragraph",
        label: "Learning",
        text:
          `${learning[program.algorithm]} ` +
          `Networks have ${weights} arrays of weights: N(0, 2 / inputs) in front of rectifiers, ` +
          "else uniform within sqrt(6 / (inputs + outputs)); biases begin at 0.",
      },
      {
        kind: "paragraph",
        label: "Guarantee",
        text: guarantees[program.algorithm],
      },
      ...(engine === undefined ? [] : [{ kind: "paragraph" as const, label: "Engine", text: engine }]),
    ],
  };
}
