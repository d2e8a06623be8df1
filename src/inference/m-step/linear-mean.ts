import type { Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { axisSize, shapeOf } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { cellIndices, type CellIndex } from "./cells.js";
import { learnedParametersOf } from "./parameter-groups.js";

/** One learned parameter in a mean that is linear in its parameters: coefficient times regressor. */
export interface LinearTerm {
  readonly parameter: string;
  readonly cells: readonly CellIndex[];
  /** full: a coefficient per entry of the child · shared: one scalar for all entries. */
  readonly form: "full" | "shared";
  /** Known vector that the coefficients multiply; absent: the coefficient stands alone. */
  readonly regressor?: Expression;
  /** Known scalars the term is multiplied or divided by. */
  readonly factors: readonly { readonly expression: Expression; readonly inverse: boolean }[];
  readonly sign: 1 | -1;
}

/**
 * Takes a mean apart into learned coefficients times known regressors.
 *
 *     mean = sum over terms of coefficient[cell] * regressor + known
 *
 * What is known (data, givens, fixed parameters) needs no term: the statistics are about the residual.
 *
 * @returns undefined where the mean is not linear in its learned parameters, or in a form the update cannot solve
 */
export function linearMean(elaborator: Elaborator, mean: Expression, rank: number): readonly LinearTerm[] | undefined {
  const { model } = elaborator;
  const isKnown = (expression: Expression): boolean => learnedParametersOf(model, expression).length === 0;
  const isScalar = (expression: Expression): boolean => shapeOf(expression.type).length === 0;

  const bare = (expression: Expression): { name: string; cells: readonly CellIndex[] } | undefined => {
    if (expression.kind !== "parameter" || elaborator.parameter(expression.name).domain.kind !== "real")
      return undefined;
    const cells = cellIndices(elaborator, expression.name, expression.indices);
    return cells === undefined ? undefined : { name: expression.name, cells };
  };
  const product = (coefficient: Expression, regressor: Expression): readonly LinearTerm[] | undefined => {
    const found = bare(coefficient);
    if (found === undefined || !isKnown(regressor)) return undefined;
    return [{ parameter: found.name, cells: found.cells, form: "full", regressor, factors: [], sign: 1 }];
  };
  const visit = (expression: Expression): readonly LinearTerm[] | undefined => {
    if (isKnown(expression)) return [];
    if (expression.kind === "parameter") {
      const found = bare(expression);
      if (found === undefined) return undefined;
      const form = isScalar(expression) && rank > 0 ? "shared" : "full";
      return [{ parameter: found.name, cells: found.cells, form, factors: [], sign: 1 }];
    }
    if (expression.kind !== "apply") return undefined;
    const [left, right] = expression.arguments;
    if (left === undefined) return undefined;
    switch (expression.function) {
      case "negate":
        return visit(left)?.map(negated);
      case "add":
      case "subtract": {
        if (right === undefined) return undefined;
        const first = visit(left);
        const second = visit(right);
        if (first === undefined || second === undefined) return undefined;
        return [...first, ...(expression.function === "add" ? second : second.map(negated))];
      }
      case "multiply":
      case "divide": {
        if (right === undefined) return undefined;
        const [scale, scaled] = isKnown(left) ? [left, right] : [right, left];
        if (!isKnown(scale) || !isScalar(scale) || (expression.function === "divide" && scale === left))
          return undefined;
        const factor = { expression: scale, inverse: expression.function === "divide" };
        return visit(scaled)?.map((term) => ({ ...term, factors: [...term.factors, factor] }));
      }
      case "dot":
        return right === undefined ? undefined : (product(left, right) ?? product(right, left));
      case "matmul": {
        const isMatrixVector =
          shapeOf(left.type).length === 2 && right !== undefined && shapeOf(right.type).length === 1;
        return isMatrixVector ? product(left, right) : undefined;
      }
      default:
        return undefined;
    }
  };
  const terms = visit(mean);
  if (terms === undefined) return undefined;
  const names = terms.map((term) => term.parameter);
  return new Set(names).size === names.length ? terms : undefined;
}

function negated(term: LinearTerm): LinearTerm {
  return { ...term, sign: term.sign === 1 ? -1 : 1 };
}

/** The regressor of a term as a node: along `axis` where the term has a vector of them. */
export function regressorNode(
  elaborator: Elaborator,
  term: LinearTerm,
  axis: string,
): { readonly node: NodeId; readonly axis?: string } {
  const { builder } = elaborator;
  let node = builder.constant(term.sign);
  if (term.regressor !== undefined) {
    const [dimension] = shapeOf(term.regressor.type);
    if (dimension === undefined) throw new Error("m-step: a regressor that is no vector");
    builder.axis(axis, axisSize(dimension));
    node = builder.times(node, elaborator.value(term.regressor, [axis]));
  }
  for (const { expression, inverse } of term.factors)
    node = builder.binary(inverse ? "divide" : "multiply", node, elaborator.value(expression, []));
  return term.regressor === undefined ? { node } : { node, axis };
}
