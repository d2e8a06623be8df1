import type { CovarianceStructure, DensityFactor, Expression } from "../../ir/model.js";
import type { AxisSize } from "../../ir/plan.js";
import { axisSize, shapeOf } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { type CellIndex, cellIndices } from "./cells.js";
import { literalValues } from "./known-prior.js";
import { linearMean, type LinearTerm } from "./linear-mean.js";
import { learnedParametersOf } from "./parameter-groups.js";
import type { NotClosed } from "./statistics-context.js";

/** Slots of the families that a regression update can learn. */
const roles = {
  Normal: { mean: "mean", covariance: "covariance", degreesOfFreedom: undefined },
  LogNormal: { mean: "mean", covariance: "covariance", degreesOfFreedom: undefined },
  StudentT: { mean: "location", covariance: "scale", degreesOfFreedom: "degreesOfFreedom" },
} as const;

type RegressionFamily = keyof typeof roles;

function isRegressionFamily(name: string): name is RegressionFamily {
  return name in roles;
}

/** What a factor has in each role. */
export interface Matched {
  readonly factor: DensityFactor;
  readonly terms: readonly LinearTerm[];
  readonly covariance: CovarianceRole;
  readonly tail?: { readonly parameter?: string; readonly cells: readonly CellIndex[] };
  readonly cells: readonly CellIndex[];
}

export interface CovarianceRole {
  readonly parameter?: string;
  readonly constant?: number;
  readonly structure: CovarianceStructure;
  readonly form: "variance" | "standardDeviation";
  readonly rank?: AxisSize;
  readonly cells: readonly CellIndex[];
}

/** The factor as a regression; why it is none. */
export function matchFactor(elaborator: Elaborator, factor: DensityFactor): Matched | NotClosed {
  const family = factor.distribution;
  if (!isRegressionFamily(family)) return { reason: `${family} is not a family of the regression update` };
  const role = roles[family];
  const rank = shapeOf(elaborator.variable(factor.child).domain).length;
  if (rank > 1) return { reason: `${factor.child} has more than one dimension` };
  const mean = factor.arguments[role.mean];
  const terms = mean === undefined ? undefined : linearMean(elaborator, mean, rank);
  if (terms === undefined) return { reason: `the mean of ${factor.child} is not linear in its parameters` };
  const covariance = matchCovariance(elaborator, factor, role.covariance, rank);
  if (covariance === undefined) return { reason: `the spread of ${factor.child} is not a plain parameter` };
  const tailArgument = role.degreesOfFreedom === undefined ? undefined : factor.arguments[role.degreesOfFreedom];
  const tail = tailArgument === undefined ? undefined : matchTail(elaborator, tailArgument);
  if (tail === "unknown") return { reason: `the degrees of freedom of ${factor.child} are not a plain parameter` };
  const cells: CellIndex[] = [];
  for (const index of [...terms.flatMap((term) => term.cells), ...covariance.cells, ...(tail?.cells ?? [])])
    if (!cells.some((cell) => cell.key === index.key)) cells.push(index);
  return { factor, terms, covariance, cells, ...(tail === undefined ? {} : { tail }) };
}

function matchTail(
  elaborator: Elaborator,
  argument: Expression,
): { readonly parameter?: string; readonly cells: readonly CellIndex[] } | "unknown" {
  if (learnedParametersOf(elaborator.model, argument).length === 0) return { cells: [] };
  if (argument.kind !== "parameter") return "unknown";
  const cells = cellIndices(elaborator, argument.name, argument.indices);
  return cells === undefined ? "unknown" : { parameter: argument.name, cells };
}

function matchCovariance(
  elaborator: Elaborator,
  factor: DensityFactor,
  slot: string,
  rank: number,
): CovarianceRole | undefined {
  const argument = factor.arguments[slot] ?? factor.arguments["sd"];
  if (argument === undefined) return undefined;
  const form = factor.arguments[slot] === undefined ? "standardDeviation" : "variance";
  if (learnedParametersOf(elaborator.model, argument).length === 0) {
    const values = literalValues(elaborator.model, argument);
    const [value] = values ?? [];
    if (value === undefined || values?.length !== 1 || argument.kind !== "constant") return undefined;
    return {
      constant: form === "variance" ? value : value * value,
      structure: "isotropic",
      form: "variance",
      cells: [],
    };
  }
  if (argument.kind !== "parameter") return undefined;
  const cells = cellIndices(elaborator, argument.name, argument.indices);
  if (cells === undefined) return undefined;
  const { domain } = elaborator.parameter(argument.name);
  const common = { parameter: argument.name, cells, form } as const;
  if (domain.kind === "covariance") {
    return {
      ...common,
      structure: domain.structure,
      ...(domain.rank === undefined ? {} : { rank: axisSize(domain.rank) }),
    };
  }
  const ownRank = shapeOf(domain).length;
  if (domain.kind !== "positive" || ownRank > rank) return undefined;
  return { ...common, structure: ownRank === 0 ? "isotropic" : "diagonal" };
}

/** The parameters that are learned by it. */
export function parametersOf(matched: Matched): readonly string[] {
  return [
    ...matched.terms.map((term) => term.parameter),
    ...(matched.covariance.parameter === undefined ? [] : [matched.covariance.parameter]),
    ...(matched.tail?.parameter === undefined ? [] : [matched.tail.parameter]),
  ];
}

/** Factors with equal signatures can add their statistics. */
export function signature(elaborator: Elaborator, matched: Matched): string {
  const positions = (indices: readonly CellIndex[]): readonly number[] =>
    indices.map((index) => matched.cells.findIndex((cell) => cell.key === index.key));
  return JSON.stringify([
    matched.factor.distribution,
    shapeOf(elaborator.variable(matched.factor.child).domain),
    matched.terms.map((term) => [
      term.parameter,
      term.form,
      term.regressor === undefined ? 0 : shapeOf(term.regressor.type),
      positions(term.cells),
    ]),
    [
      matched.covariance.parameter,
      matched.covariance.constant,
      matched.covariance.form,
      positions(matched.covariance.cells),
    ],
    matched.tail === undefined ? null : [matched.tail.parameter, positions(matched.tail.cells)],
  ]);
}
