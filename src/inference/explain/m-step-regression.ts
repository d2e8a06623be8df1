import type { DensityFactor, Dimension, Expression } from "../../ir/model.js";
import { shapeOf } from "../../ir/domain.js";
import type { RegressionUpdate } from "../../ir/program.js";
import { learnedParametersOf } from "../m-step/parameter-groups.js";
import type { EquationRow } from "./document.js";
import type { LinesOf } from "./e-step.js";
import { call, equals, fraction, infix, type Math, symbol, times } from "./math.js";
import type { Notation } from "./notation.js";
import { coefficient, declaration, factorsOf, notes, regressor } from "./m-step-parts.js";
import { lettersOf, WeightedSums } from "./weighted-sums.js";

/** A regression that is explained. */
interface Regression {
  readonly update: RegressionUpdate;
  /** One of the densities that it describes. */
  readonly factor: DensityFactor;
  readonly mean: Expression;
  readonly sums: WeightedSums;
  /** By which each item is weighted besides. */
  readonly scale: readonly Math[];
  /** Remarks that hold for all its formulas. */
  readonly shared: readonly string[];
  readonly linesOf: LinesOf;
}

/** Coefficients, spread and degrees of freedom of a regression. */
export function explainRegression(
  notation: Notation,
  update: RegressionUpdate,
  linesOf: LinesOf,
): readonly EquationRow[] {
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
  const regression = { update, factor, mean, sums, scale, shared, linesOf };
  return [
    ...rows,
    ...explainCoefficients(notation, regression),
    ...explainSpread(notation, regression),
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
  const size = entriesOf(dimension);
  const nu = notation.of(freedom);
  const math = equals(weight, fraction(infix(nu, "+", size), infix(nu, "+", distance)));
  return { weight, row: { math, note: "how far each item counts: far ones less", lines: linesOf([factor.span]) } };
}

/** How many entries a value has whose axis is of this size; a number has none. */
function entriesOf(dimension: Dimension | undefined): Math {
  if (dimension === undefined) return { kind: "number", value: 1 };
  return dimension.kind === "literal" ? { kind: "number", value: dimension.value } : symbol(dimension.name);
}

function explainCoefficients(
  notation: Notation,
  { update, factor, mean, sums, scale, shared, linesOf }: Regression,
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
  { update, factor, mean, sums, scale, shared, linesOf }: Regression,
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
        const size = entriesOf(dimension);
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
