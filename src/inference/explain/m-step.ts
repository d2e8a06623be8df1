import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression } from "../../ir/model.js";
import type { ClosedUpdate, PriorValues, Update } from "../../ir/program.js";
import type { EquationRow } from "./document.js";
import type { LinesOf } from "./e-step.js";
import { call, equals, fraction, infix, type Math, symbol } from "./math.js";
import type { Notation } from "./notation.js";
import { printMathText } from "./print-math-text.js";
import { coefficient, declaration, factorsOf, notes, regressor } from "./m-step-parts.js";
import { explainRegression } from "./m-step-regression.js";
import { lettersOf, WeightedSums } from "./weighted-sums.js";

/** One update of the M-step as formulas. */
export function explainUpdate(notation: Notation, update: Update, linesOf: LinesOf): readonly EquationRow[] {
  switch (update.kind) {
    case "closed":
      return explainClosed(notation, update, linesOf);
    case "regression":
      return explainRegression(notation, update, linesOf);
    case "gradient":
      return update.parameters.map((parameter) => ({
        math: equals(symbol(parameter), {
          kind: "words",
          text: "a step uphill on the expected log-density, in unconstrained coordinates",
        }),
        note: `no closed form: ${update.reason}`,
        lines: linesOf([declaration(notation.model, parameter)]),
      }));
  }
}

function explainClosed(notation: Notation, update: ClosedUpdate, linesOf: LinesOf): readonly EquationRow[] {
  const factors = factorsOf(notation.model, Object.values(update.parameters));
  const factor = factors.find((candidate) => candidate.distribution === update.distribution);
  if (factor === undefined) throw new Error(`explain: no factor has ${Object.values(update.parameters).join(", ")}`);
  const remarks = factors.length > 1 ? ["summed over all its factors"] : [];
  const lines = (parameter: string): readonly number[] => linesOf([declaration(notation.model, parameter)]);
  const probabilities = update.parameters["probabilities"];
  if (update.distribution === "Categorical" && probabilities !== undefined) {
    return [
      {
        math: explainProbabilities(notation, factor, update.priors["probabilities"]),
        ...notes(remarks, update.priors),
        lines: lines(probabilities),
      },
    ];
  }
  const formulas = distributions[update.distribution].maximisation?.formula ?? [];
  const rows = formulas.flatMap(({ slot, text, latex }): readonly EquationRow[] => {
    const parameter = update.parameters[slot];
    const argument = factor.arguments[slot];
    if (parameter === undefined || argument === undefined) return [];
    const left = coefficient(notation, argument, parameter);
    const exposed = argument.kind === "parameter" ? [] : [exposureNote(notation, factor, argument, parameter)];
    const note = notes([...remarks, ...exposed], update.priors);
    return [{ math: equals(left, { kind: "written", text, latex }), ...note, lines: lines(parameter) }];
  });
  return [...rows, { math: explainExpectation(notation, factor, update), lines: linesOf([factor.span]) }];
}

/** rate * exposure: an item of twice the exposure counts as two. */
function exposureNote(notation: Notation, factor: DensityFactor, argument: Expression, parameter: string): string {
  const statistic = distributions[factor.distribution].maximisation?.exposure?.statistic;
  const term = statistic === undefined || statistic === "count" ? "E[1]" : `E[${statistic}]`;
  return `items in ${term} are weighted by ${printMathText(regressor(notation, argument, parameter))}`;
}

/** What E[…] of a written formula stands for. */
function explainExpectation(notation: Notation, factor: DensityFactor, update: ClosedUpdate): Math {
  const sums = new WeightedSums(notation, factor);
  const learned = Object.keys(update.parameters).flatMap((slot) => factor.arguments[slot] ?? []);
  const names = Object.values(update.parameters);
  const stays = lettersOf(...learned.flatMap((argument) => names.map((name) => coefficient(notation, argument, name))));
  const value = notation.valueOf(factor.child);
  return equals(symbol("E[f(x)]"), sums.sum(stays, call("f", [value])));
}

/** p[d, v] = weight of v / weight of all values. */
function explainProbabilities(notation: Notation, factor: DensityFactor, prior: PriorValues | undefined): Math {
  const sums = new WeightedSums(notation, factor);
  const argument = factor.arguments["probabilities"];
  if (argument === undefined) throw new Error("explain: a Categorical without probabilities");
  const table = notation.of(argument);
  const stays = lettersOf(table);
  const latent = notation.isSummed(factor.child);
  const value = latent ? notation.indexOf(factor.child) : notation.unused("v", "c", "w");
  const left = notation.entry(table, [symbol(value)]);
  const ofValue = latent
    ? []
    : [{ kind: "indicator", condition: infix(notation.valueOf(factor.child), "==", symbol(value)) } as const];
  const count = sums.sum(new Set([...stays, value]), ...ofValue);
  const isShareOfRows =
    latent && stays.size === 0 && notation.variable(factor.child).axes.length === 1 && sums.weight.length === 1;
  const total = isShareOfRows ? symbol(notation.unused("N", "n")) : sums.sum(stays);
  const pseudo = prior?.arguments["concentration"];
  if (pseudo === undefined) return equals(left, fraction(count, total));
  const [first] = pseudo;
  const isUniform = first !== undefined && pseudo.every((each) => each === first);
  const added: Math = isUniform ? { kind: "number", value: rounded(first - 1) } : symbol("alpha", [symbol(value)]);
  const numerator = infix(count, "+", isUniform ? added : infix(added, "-", { kind: "number", value: 1 }));
  return equals(left, fraction(numerator, { kind: "words", text: `the same summed over ${value}` }));
}

/** 1.1 - 1 is 0.10000000000000009 in binary, and 0.1 to people. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
