import type { AxisSize, NodeId } from "../../ir/plan.js";
import type { CoefficientBlock, PriorValues, RegressionUpdate, Statistic } from "../../ir/program.js";
import { axisSize, shapeOf } from "../elaborate/axes.js";
import { concatenateAlong, type Elaborator } from "../elaborate/elaborator.js";
import { densityContext } from "../elaborate/factor-density.js";
import { type CellIndex, renameAxes, sumIntoCells } from "./cells.js";
import { knownPrior } from "./known-prior.js";
import { latentSpread } from "./latent-spread.js";
import { type LinearTerm, regressorNode } from "./linear-mean.js";
import { type Matched, matchFactor, parametersOf, signature } from "./match-regression.js";
import { residualMoments } from "./residual-moments.js";
import type { NotClosed, ParameterGroup, StatisticsContext, UpdateDerivation } from "./statistics-context.js";

/**
 * Normal, log-normal and Student-t densities whose mean is linear in the learned parameters: weighted least squares
 * for the coefficients, then the covariance of the residuals.
 *
 * @source Bishop 2006, sections 3.1 and 9.2; for Student-t Liu and Rubin 1995
 */
export function deriveRegressionUpdate(elaborator: Elaborator, group: ParameterGroup): UpdateDerivation | NotClosed {
  const matches: Matched[] = [];
  for (const factor of group.factors) {
    const matched = matchFactor(elaborator, factor);
    if ("reason" in matched) return matched;
    matches.push(matched);
  }
  const [first] = matches;
  if (first === undefined) return { reason: "nothing observed depends on these parameters" };
  if (matches.some((other) => signature(elaborator, other) !== signature(elaborator, first)))
    return { reason: `${group.parameters.join(", ")} serve factors of different form` };
  const inside = new Set(parametersOf(first));
  const outside = group.parameters.filter((name) => !inside.has(name));
  if (outside.length > 0) return { reason: `${outside.join(", ")} enter in a way that has no closed form` };

  const { model } = elaborator;
  const blockPriors = new Map<string, PriorValues>();
  for (const term of first.terms) {
    const prior = knownPrior(model, term.parameter, ["Normal"]);
    if (prior === "unknown") return { reason: `the prior of ${term.parameter} is not a Normal of known values` };
    if (prior !== undefined) blockPriors.set(term.parameter, prior);
  }
  let covariancePrior: PriorValues | undefined;
  if (first.covariance.parameter !== undefined) {
    const families = first.covariance.form === "standardDeviation" ? [] : (["InvWishart", "InvGamma"] as const);
    const prior = knownPrior(model, first.covariance.parameter, families);
    if (prior === "unknown") return { reason: `the prior of ${first.covariance.parameter} is not conjugate` };
    covariancePrior = prior;
  }
  if (first.tail?.parameter !== undefined && knownPrior(model, first.tail.parameter, []) === "unknown")
    return { reason: `the prior of ${first.tail.parameter} has no closed form` };
  return assemble(elaborator, first, matches, blockPriors, covariancePrior);
}

function assemble(
  elaborator: Elaborator,
  first: Matched,
  matches: readonly Matched[],
  blockPriors: ReadonlyMap<string, PriorValues>,
  covariancePrior: PriorValues | undefined,
): UpdateDerivation {
  const child = elaborator.variable(first.factor.child);
  const dimension: AxisSize = shapeOf(child.domain).map(axisSize)[0] ?? { kind: "literal", value: 1 };
  const cells = first.cells.map((cell) => axisSize(cell.size));
  const positions = (indices: readonly CellIndex[]): readonly number[] =>
    indices.map((index) => first.cells.findIndex((cell) => cell.key === index.key));
  const widthOf = (term: LinearTerm): AxisSize =>
    term.regressor === undefined ? { kind: "literal", value: 1 } : shapeOf(term.regressor.type).map(axisSize)[0]!;
  const blocks: CoefficientBlock[] = first.terms.map((term) => {
    const prior = blockPriors.get(term.parameter);
    return {
      parameter: term.parameter,
      cellAxes: positions(term.cells),
      width: widthOf(term),
      form: term.form,
      ...(prior === undefined ? {} : { prior }),
    };
  });
  const widths = blocks.map((block) => block.width);
  const total: AxisSize = widths.length === 1 ? widths[0]! : { kind: "sum", terms: widths };
  const prefix = parametersOf(first).join("_");
  const name = (statistic: string): string => `${prefix}.${statistic}`;
  const { structure } = first.covariance;
  const scatterShape = structure === "isotropic" ? [] : structure === "diagonal" ? [dimension] : [dimension, dimension];
  const isStudent = first.tail !== undefined;
  const statistics: Statistic[] = [
    { name: name("count"), shape: cells },
    ...(blocks.length === 0
      ? []
      : [
          { name: name("regressors"), shape: [...cells, total, total] },
          { name: name("cross"), shape: [...cells, dimension, total] },
        ]),
    { name: name("scatter"), shape: [...first.covariance.cells.map((cell) => axisSize(cell.size)), ...scatterShape] },
    ...(isStudent
      ? [
          { name: name("tail"), shape: cells },
          { name: name("scaleCount"), shape: cells },
        ]
      : []),
  ];
  const { covariance, tail } = first;
  const update: RegressionUpdate = {
    kind: "regression",
    child: child.name,
    logarithm: first.factor.distribution === "LogNormal",
    statistics: {
      count: name("count"),
      ...(blocks.length === 0 ? {} : { regressors: name("regressors"), cross: name("cross") }),
      scatter: name("scatter"),
      ...(isStudent ? { tail: name("tail"), scaleCount: name("scaleCount") } : {}),
    },
    cells,
    dimension,
    blocks,
    covariance: {
      ...(covariance.parameter === undefined ? {} : { parameter: covariance.parameter }),
      ...(covariance.constant === undefined ? {} : { constant: covariance.constant }),
      ...(covariance.rank === undefined ? {} : { rank: covariance.rank }),
      ...(covariancePrior === undefined ? {} : { prior: covariancePrior }),
      structure,
      form: covariance.form,
      cellAxes: positions(covariance.cells),
    },
    ...(tail === undefined
      ? {}
      : {
          degreesOfFreedom: {
            ...(tail.parameter === undefined ? {} : { parameter: tail.parameter }),
            cellAxes: positions(tail.cells),
          },
        }),
    spans: [
      ...parametersOf(first).map((parameter) => elaborator.parameter(parameter).span),
      ...matches.map((matched) => matched.factor.span),
    ],
  };
  return { update, statistics, write: (context) => writeStatistics(context, matches, update, prefix, total) };
}

function writeStatistics(
  context: StatisticsContext,
  matches: readonly Matched[],
  update: RegressionUpdate,
  prefix: string,
  total: AxisSize,
): void {
  const { builder } = context.elaborator;
  const table = update.cells.map((size, i) => builder.axis(`${prefix}.${i}`, size));
  const row = builder.axis(`${prefix}.row`, update.dimension);
  const column = builder.axis(`${prefix}.column`, update.dimension);
  const left = builder.axis(`${prefix}.regressor`, total);
  const right = builder.axis(`${prefix}.regressor'`, total);
  const sums = new Map<string, { node: NodeId; axes: readonly string[] }>();
  for (const matched of matches) {
    if (!context.isActive(matched.factor.name)) continue;
    const { elaborator } = context;
    const density = densityContext(elaborator, matched.factor, context.missing);
    const responsibility = context.responsibility(matched.factor.name);
    const moments = residualMoments(density, matched.factor.distribution, update.covariance.structure);
    const weight = builder.times(responsibility, moments.weight);
    const scaled = builder.times(weight, moments.scale);
    const [eventRow] = density.eventAxes;
    const along = context.tableAxes(matched.factor.name);
    // What the covariances read is the same for all cells that share one.
    const cellsOf = (name: string): readonly CellIndex[] =>
      name === "scatter" ? matched.covariance.cells : matched.cells;
    const tableOf = (name: string): readonly string[] =>
      name === "scatter" ? update.covariance.cellAxes.map((at) => table[at]) : table;
    const put = (
      name: string,
      operands: readonly NodeId[],
      from: readonly string[],
      to: readonly string[],
      over = along,
    ): void => {
      const { node, axes } = sumIntoCells(elaborator, operands, cellsOf(name), from, over);
      const own = tableOf(name);
      const renamed = renameAxes(builder, node, [...axes, ...from], [...own, ...to]);
      const known = sums.get(name);
      sums.set(name, {
        node: known === undefined ? renamed : builder.plus(known.node, renamed),
        axes: known?.axes ?? [...own, ...(to.length < from.length ? from : to)],
      });
    };
    put("count", [weight], [], []);
    if (moments.tail !== undefined) {
      put("tail", [weight, moments.tail], [], []);
      put("scaleCount", [scaled], [], []);
    }
    if (update.blocks.length > 0) {
      const z = regressors(elaborator, matched.terms, left);
      put("regressors", [scaled, z, builder.rename(z, left, right)], [left, right], [left, right]);
      if (eventRow === undefined) {
        put("cross", [scaled, moments.residual, z], [left], [left]);
        const cross = sums.get("cross")!;
        sums.set("cross", { node: cross.node, axes: [...table, row, left] });
      } else {
        put("cross", [scaled, moments.residual, z], [eventRow, left], [row, left]);
      }
    }
    const latent = latentSpread(context, matched.factor, matched.terms, moments, update.covariance.structure, [
      left,
      right,
    ]);
    if (latent !== undefined) {
      // Often the same for many rows: their weights are added up first.
      const spread = (name: string, node: NodeId, from: readonly string[], to: readonly string[]): void => {
        const { total: summed, rest } = weightOf(elaborator, weight, node, cellsOf(name), along);
        put(name, [summed, node], from, to, rest);
      };
      if (latent.regressors !== undefined) spread("regressors", latent.regressors, [left, right], [left, right]);
      if (latent.cross !== undefined) {
        const event = eventRow === undefined ? [] : [eventRow];
        spread("cross", latent.cross, [...event, left], [...event.map(() => row), left]);
      }
      const pair = eventRow === undefined ? [] : [eventRow, `${eventRow}'`];
      const rank = { isotropic: 0, diagonal: 1, full: 2, lowRank: 2 }[update.covariance.structure];
      spread("scatter", latent.scatter, pair.slice(0, rank), [row, column].slice(0, rank));
    }
    // The spread of what is missing is not scaled by a Student-t weight: it is the conditional covariance itself.
    const rowName = eventRow === undefined ? [] : [eventRow];
    switch (update.covariance.structure) {
      case "isotropic":
        put("scatter", [scaled, moments.square], [], []);
        if (moments.spread !== undefined) put("scatter", [weight, moments.spread], [], []);
        break;
      case "diagonal":
        put("scatter", [scaled, moments.square], rowName, [row]);
        if (moments.spread !== undefined) put("scatter", [weight, moments.spread], rowName, [row]);
        break;
      case "full":
      case "lowRank": {
        const pair = eventRow === undefined ? [] : [eventRow, `${eventRow}'`];
        put("scatter", [scaled, ...moments.outer], pair, [row, column]);
        if (moments.spread !== undefined) put("scatter", [weight, moments.spread], pair, [row, column]);
        break;
      }
    }
  }
  for (const [name, { node, axes }] of sums) builder.output(`${prefix}.${name}`, node, axes);
}

/**
 * A weight summed over the axes along which a value does not vary, which is quicker than adding up their products.
 *
 * @returns the sum, and the axes that are left to sum over
 */
function weightOf(
  elaborator: Elaborator,
  weight: NodeId,
  value: NodeId,
  cells: readonly CellIndex[],
  along: readonly string[],
): { readonly total: NodeId; readonly rest: readonly string[] } {
  const { builder } = elaborator;
  const kept = new Set([
    ...builder.axesOf(value),
    ...cells.flatMap(({ key, expression }) => [key, ...builder.axesOf(elaborator.value(expression, []))]),
  ]);
  const first = [...new Set([...along, ...builder.axesOf(weight)])].filter((axis) => !kept.has(axis));
  return { total: builder.sum(weight, first), rest: along.filter((axis) => !first.includes(axis)) };
}

/** All regressors of a mean along one axis, in the order of the blocks. */
function regressors(elaborator: Elaborator, terms: readonly LinearTerm[], axis: string): NodeId {
  const parts = terms.map((term, i) => regressorNode(elaborator, term, `${axis}.part${i}`));
  const [only] = parts;
  if (only !== undefined && parts.length === 1)
    return only.axis === undefined ? only.node : elaborator.builder.rename(only.node, only.axis, axis);
  return concatenateAlong(elaborator.builder, axis, parts);
}
