import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import { shapeOf } from "../../ir/domain.js";
import { walkExpression } from "../../ir/walk-expression.js";
import type { ClosedUpdate, PriorValues, RegressionUpdate, Update } from "../../ir/program.js";
import { learnedParametersOf } from "../m-step/parameter-groups.js";
import { latentsOf, variableReferences } from "../latents.js";
import type { EquationRow } from "./document.js";
import { latentsIn, type LinesOf, responsibility } from "./e-step.js";
import { call, equals, fraction, infix, type Math, sum, symbol, times } from "./math.js";
import type { Notation } from "./notation.js";
import { printMathText } from "./print-math-text.js";

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

/** How a factor is weighted and summed: over its plates and the values of its latents, except those that stay. */
class WeightedSums {
  private readonly notation: Notation;
  private readonly factor: DensityFactor;
  private readonly latents: readonly string[];
  /** Does it read a Gaussian latent, of which only moments are known? */
  private readonly isUncertain: boolean;

  constructor(notation: Notation, factor: DensityFactor) {
    this.notation = notation;
    this.factor = factor;
    this.latents = latentsIn(notation, factor);
    const { continuous } = latentsOf(notation.model);
    const read = Object.values(factor.arguments).flatMap((argument) => variableReferences(argument));
    this.isUncertain = continuous.has(factor.child) || read.some(({ name }) => continuous.has(name));
  }

  /** Posterior weight of the factor's latents, times the weight of the row. */
  get weight(): readonly Math[] {
    const axes = this.notation.variable(this.factor.child).axes;
    const weights = this.notation.model.axes.flatMap((axis) =>
      axes.includes(axis.name) && axis.weight !== undefined ? [symbol(axis.weight, [symbol(axis.name)])] : [],
    );
    return this.latents.length === 0 ? weights : [...weights, responsibility(this.notation, this.latents)];
  }

  /** sum of weight * terms over everything but the letters that stay. */
  sum(stays: ReadonlySet<string>, ...terms: readonly Math[]): Math {
    const plates = this.notation.variable(this.factor.child).axes;
    const values = this.latents.map((name) => this.notation.indexOf(name));
    const over = [...plates, ...values].filter((name) => !stays.has(name));
    const expected =
      this.isUncertain && terms.length > 0 ? [{ kind: "expectation", operand: times(...terms) } as const] : terms;
    const factors = [...this.weight, ...expected];
    return sum(over, factors.length === 0 ? { kind: "number", value: 1 } : times(...factors));
  }

  /** The sum of the weights alone; without latents and weights it is the number of rows. */
  count(stays: ReadonlySet<string>): Math {
    const plates = this.notation.variable(this.factor.child).axes;
    const isRows = this.weight.length === 0 && plates.length === 1 && !plates.some((axis) => stays.has(axis));
    return isRows ? symbol(this.notation.unused("N", "n")) : this.sum(stays);
  }
}

/** Letters in the subscripts of a formula's left side: they are not summed over. */
function lettersOf(...formulas: readonly Math[]): ReadonlySet<string> {
  return new Set(
    formulas.flatMap((formula) =>
      formula.kind === "symbol"
        ? formula.subscripts.flatMap((part) => (part.kind === "symbol" ? [part.name] : []))
        : [],
    ),
  );
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

function explainRegression(notation: Notation, update: RegressionUpdate, linesOf: LinesOf): readonly EquationRow[] {
  const spread = update.covariance.parameter;
  const names = [...update.blocks.map((block) => block.parameter), ...(spread === undefined ? [] : [spread])];
  const [factor, ...more] = factorsOf(notation.model, names);
  if (factor === undefined) throw new Error(`explain: no factor has ${names.join(", ")}`);
  const mean = factor.arguments["mean"] ?? factor.arguments["location"];
  if (mean === undefined) throw new Error(`explain: ${factor.name} has no mean`);
  const sums = new WeightedSums(notation, factor);
  const shared = more.length > 0 ? ["summed over all its factors"] : [];
  const tail = explainTail(notation, factor, linesOf);
  const scale = tail === undefined ? [] : [tail.weight];
  const rows = tail === undefined ? [] : [tail.row];
  return [
    ...rows,
    ...explainCoefficients(notation, update, factor, mean, sums, scale, shared, linesOf),
    ...explainSpread(notation, update, factor, mean, sums, scale, shared, linesOf),
    ...explainFreedom(notation, update, factor, linesOf),
  ];
}

/** Student-t: the expected precision of each item, by which it is weighted. */
function explainTail(
  notation: Notation,
  factor: DensityFactor,
  linesOf: LinesOf,
): { readonly weight: Math; readonly row: EquationRow } | undefined {
  const freedom = factor.arguments["degreesOfFreedom"];
  const location = factor.arguments["location"];
  const scale = factor.arguments["scale"];
  if (freedom === undefined || location === undefined || scale === undefined) return undefined;
  const variable = notation.variable(factor.child);
  const values = [...lettersOf(notation.of(location), notation.of(scale), notation.of(freedom))];
  const subscripts = [...new Set([...variable.axes, ...values])].map((name) => symbol(name));
  const weight = symbol(notation.unused("u", "h", "q"), subscripts);
  const residual = infix(notation.valueOf(factor.child), "-", notation.of(location));
  const distance = times(
    { kind: "transpose", operand: residual },
    { kind: "inverse", operand: notation.of(scale) },
    residual,
  );
  const [dimension] = shapeOf(variable.domain);
  const size: Math =
    dimension === undefined
      ? { kind: "number", value: 1 }
      : dimension.kind === "literal"
        ? { kind: "number", value: dimension.value }
        : symbol(dimension.name);
  const nu = notation.of(freedom);
  const math = equals(weight, fraction(infix(nu, "+", size), infix(nu, "+", distance)));
  return { weight, row: { math, note: "how far each item counts: far ones less", lines: linesOf([factor.span]) } };
}

function explainCoefficients(
  notation: Notation,
  update: RegressionUpdate,
  factor: DensityFactor,
  mean: Expression,
  sums: WeightedSums,
  scale: readonly Math[],
  shared: readonly string[],
  linesOf: LinesOf,
): readonly EquationRow[] {
  const [first] = update.blocks;
  if (first === undefined) return [];
  const lines = linesOf(update.blocks.map((block) => declaration(notation.model, block.parameter)));
  const child = difference(response(notation, factor), knownTerms(notation, mean));
  const priors = Object.fromEntries(
    update.blocks.flatMap(({ parameter, prior }) => (prior === undefined ? [] : [[parameter, prior] as const])),
  );
  const isMean = update.blocks.length === 1 && mean.kind === "parameter";
  if (isMean) {
    const left = notation.of(mean);
    const stays = lettersOf(left);
    const remark = notes([...shared, ...averaging(update)], priors);
    return [
      {
        math: equals(
          left,
          fraction(
            sums.sum(stays, ...scale, child),
            scale.length === 0 ? sums.count(stays) : sums.sum(stays, ...scale),
          ),
        ),
        ...remark,
        lines,
      },
    ];
  }
  const coefficients = update.blocks.map((block) => coefficient(notation, mean, block.parameter));
  const regressors = update.blocks.map((block) => regressor(notation, mean, block.parameter));
  const stays = lettersOf(...coefficients);
  const variable = notation.variable(factor.child);
  const column = symbol(
    notation.unused("z", "h", "q"),
    variable.axes.map((axis) => symbol(axis)),
  );
  const transposed: Math = { kind: "transpose", operand: column };
  const left: Math = coefficients.length === 1 ? (coefficients[0] as Math) : { kind: "row", items: coefficients };
  const cross = sums.sum(stays, ...scale, child, transposed);
  const square: Math = { kind: "inverse", operand: sums.sum(stays, ...scale, column, transposed) };
  const remark = notes([...shared, "least squares, weighted by the posterior", ...averaging(update)], priors);
  return [
    { math: equals(left, times(cross, square)), ...remark, lines },
    {
      math: equals(column, regressors.length === 1 ? (regressors[0] as Math) : { kind: "column", items: regressors }),
      lines: linesOf([factor.span]),
    },
  ];
}

/** The terms of a mean that hold no learned parameter: they are taken off what is explained. */
function knownTerms(notation: Notation, mean: Expression): readonly { readonly sign: 1 | -1; readonly math: Math }[] {
  if (mean.kind === "apply" && (mean.function === "add" || mean.function === "subtract")) {
    const [left, right] = mean.arguments;
    if (left === undefined || right === undefined) return [];
    const turned = mean.function === "subtract" ? -1 : 1;
    return [
      ...knownTerms(notation, left),
      ...knownTerms(notation, right).map(({ sign, math }) => ({ sign: (turned * sign) as 1 | -1, math })),
    ];
  }
  const isKnown = learnedParametersOf(notation.model, mean).length === 0;
  return isKnown && mean.kind !== "constant" ? [{ sign: 1, math: notation.of(mean) }] : [];
}

function difference(value: Math, terms: ReturnType<typeof knownTerms>): Math {
  return terms.reduce((left, { sign, math }) => infix(left, sign === 1 ? "-" : "+", math), value);
}

/** What the mean is the mean of. */
function response(notation: Notation, factor: DensityFactor): Math {
  const value = notation.valueOf(factor.child);
  return factor.distribution === "LogNormal" ? call("log", [value]) : value;
}

/** Coefficients tied over cells with covariances of their own, or the reverse, need more than one sum each. */
function averaging(update: RegressionUpdate): readonly string[] {
  const cells = (axes: readonly number[]): string => [...axes].sort((a, b) => a - b).join(",");
  const spread = cells(update.covariance.cellAxes);
  const isTied = update.blocks.some((block) => cells(block.cellAxes) !== cells(update.cells.map((_, i) => i)));
  if (!isTied || spread === "") return [];
  return ["cells weighted by the inverse of their own covariance"];
}

function explainSpread(
  notation: Notation,
  update: RegressionUpdate,
  factor: DensityFactor,
  mean: Expression,
  sums: WeightedSums,
  scale: readonly Math[],
  shared: readonly string[],
  linesOf: LinesOf,
): readonly EquationRow[] {
  const { parameter, structure, prior } = update.covariance;
  if (parameter === undefined) return [];
  const argument = ["covariance", "scale", "sd"].flatMap((slot) => factor.arguments[slot] ?? [])[0];
  if (argument === undefined) return [];
  const left = notation.of(argument);
  const stays = lettersOf(left);
  const isZero = mean.kind === "constant" && mean.value === 0;
  const explained = response(notation, factor);
  const residual = isZero ? explained : infix(explained, "-", notation.of(mean));
  const [dimension] = shapeOf(notation.variable(factor.child).domain);
  const squared: Math = { kind: "power", base: residual, exponent: { kind: "number", value: 2 } };
  const total = sums.count(stays);
  const remarks = [...shared];
  let value: Math;
  if (dimension === undefined) value = fraction(sums.sum(stays, ...scale, squared), total);
  else {
    switch (structure) {
      case "full":
      case "lowRank":
        value = fraction(sums.sum(stays, ...scale, residual, { kind: "transpose", operand: residual }), total);
        if (structure === "lowRank") remarks.push("then the nearest low rank plus diagonal");
        break;
      case "diagonal":
        value = fraction(sums.sum(stays, ...scale, squared), total);
        remarks.push("entry by entry");
        break;
      case "isotropic": {
        const size: Math =
          dimension.kind === "symbol" ? symbol(dimension.name) : { kind: "number", value: dimension.value };
        const length: Math = times({ kind: "transpose", operand: residual }, residual);
        value = fraction(sums.sum(stays, ...scale, length), times(size, total));
        break;
      }
    }
  }
  const standard = factor.arguments["sd"] === argument;
  const note = notes(remarks, prior === undefined ? {} : { [parameter]: prior });
  const target: Math = standard ? { kind: "power", base: left, exponent: { kind: "number", value: 2 } } : left;
  return [{ math: equals(target, value), ...note, lines: linesOf([declaration(notation.model, parameter)]) }];
}

function explainFreedom(
  notation: Notation,
  update: RegressionUpdate,
  factor: DensityFactor,
  linesOf: LinesOf,
): readonly EquationRow[] {
  const parameter = update.degreesOfFreedom?.parameter;
  const argument = factor.arguments["degreesOfFreedom"];
  if (parameter === undefined || argument === undefined) return [];
  const right: Math = { kind: "words", text: "the root of the derivative of the expected log-density in it" };
  return [{ math: equals(notation.of(argument), right), lines: linesOf([declaration(notation.model, parameter)]) }];
}

/** The parameter as the mean writes it: `beta[k]`. */
function coefficient(notation: Notation, mean: Expression, parameter: string): Math {
  const found = [...walkExpression(mean)].find((part) => part.kind === "parameter" && part.name === parameter);
  return found === undefined ? symbol(parameter) : notation.of(found);
}

/** What a parameter of the mean multiplies; 1 for an intercept. */
function regressor(notation: Notation, mean: Expression, parameter: string): Math {
  const isParameter = (part: Expression): boolean => part.kind === "parameter" && part.name === parameter;
  const product = [...walkExpression(mean)].find(
    (part) =>
      part.kind === "apply" &&
      ["multiply", "matmul", "dot"].includes(part.function) &&
      part.arguments.some(isParameter),
  );
  const other = product?.kind === "apply" ? product.arguments.find((part) => !isParameter(part)) : undefined;
  return other === undefined ? { kind: "number", value: 1 } : notation.of(other);
}

function factorsOf(model: Model, parameters: readonly string[]): readonly DensityFactor[] {
  return model.factors.filter(
    (factor): factor is DensityFactor =>
      factor.kind === "density" &&
      Object.values(factor.arguments).some((argument) =>
        [...walkExpression(argument)].some((part) => part.kind === "parameter" && parameters.includes(part.name)),
      ),
  );
}

function declaration(model: Model, parameter: string): Model["span"] {
  const found = model.parameters.find((candidate) => candidate.name === parameter);
  if (found === undefined) throw new Error(`explain: the model has no parameter ${parameter}`);
  return found.span;
}

function notes(remarks: readonly string[], priors: Readonly<Record<string, PriorValues>>): { readonly note?: string } {
  const families = Object.values(priors).map(
    (prior) =>
      `with its prior ${prior.distribution}(${Object.values(prior.arguments).map(describeNumbers).join(", ")})`,
  );
  const all = [...remarks, ...new Set(families)];
  return all.length === 0 ? {} : { note: all.join("; ") };
}

function describeNumbers(values: readonly number[]): string {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? String(first) : `[${values.join(", ")}]`;
}

/** 1.1 - 1 is 0.10000000000000009 in binary, and 0.1 to people. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
