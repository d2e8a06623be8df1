import type { CovarianceArgument } from "../../distributions/distribution.js";
import type { Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { axisSize, shapeOf } from "./axes.js";
import type { Elaborator } from "./elaborator.js";

/**
 * The covariance of a density as plan nodes, keeping what is known of its structure.
 *
 * @param row the child's event axis; absent for a scalar child
 * @param column a second axis of the same size
 */
export function elaborateCovariance(
  elaborator: Elaborator,
  expression: Expression,
  row: string | undefined,
  column: string | undefined,
): CovarianceArgument {
  const { builder } = elaborator;
  const matrix = (): { row: string; column: string } => {
    if (row === undefined || column === undefined) throw new Error("elaborate: a matrix covariance for a scalar child");
    return { row, column };
  };
  const { type } = expression;
  if (expression.kind === "parameter" && type.kind === "covariance") {
    switch (type.structure) {
      case "full": {
        const axes = matrix();
        const node = elaborator.parameterCell(expression.name, expression.indices, [axes.row, axes.column]);
        return { structure: "full", node, ...axes };
      }
      case "diagonal": {
        const axes = matrix();
        const node = elaborator.parameterCell(expression.name, expression.indices, [axes.row]);
        return { structure: "diagonal", node, ...axes };
      }
      case "isotropic":
        return {
          structure: "isotropic",
          node: elaborator.parameterCell(expression.name, expression.indices, []),
          ...(row === undefined || column === undefined ? {} : { row, column }),
        };
      case "lowRank": {
        const axes = matrix();
        return { structure: "lowRank", node: multipliedOut(elaborator, expression, axes.row, axes.column), ...axes };
      }
    }
  }
  const rank = type.kind === "covariance" ? 2 : shapeOf(type).length;
  if (rank === 0) {
    return {
      structure: "isotropic",
      node: elaborator.value(expression, []),
      ...(row === undefined || column === undefined ? {} : { row, column }),
    };
  }
  const axes = matrix();
  if (rank === 1) return { structure: "diagonal", node: elaborator.value(expression, [axes.row]), ...axes };
  if (expression.kind === "apply") {
    const [left, right] = expression.arguments;
    if (expression.function === "diag" && left !== undefined)
      return { structure: "diagonal", node: elaborator.value(left, [axes.row]), ...axes };
    if (left !== undefined && right !== undefined) {
      if (expression.function === "add") {
        const parts = [left, right].map((part) => elaborateCovariance(elaborator, part, row, column));
        const [a, b] = parts.map((part) => asFull(elaborator, part));
        return { structure: "full", node: builder.plus(a!, b!), ...axes };
      }
      if (expression.function === "multiply" || expression.function === "divide") {
        const [scale, covariance] = shapeOf(left.type).length === 0 ? [left, right] : [right, left];
        const argument = elaborateCovariance(elaborator, covariance, row, column);
        return { ...argument, node: builder.binary(expression.function, argument.node, elaborator.value(scale, [])) };
      }
    }
  }
  return { structure: "full", node: elaborator.value(expression, [axes.row, axes.column]), ...axes };
}

/** The matrix that a structured covariance stands for. */
export function asFull(elaborator: Elaborator, argument: CovarianceArgument): NodeId {
  const { builder } = elaborator;
  switch (argument.structure) {
    case "full":
    case "lowRank":
      return argument.node;
    case "diagonal":
    case "isotropic":
      if (argument.row === undefined || argument.column === undefined) return argument.node;
      return builder.times(argument.node, builder.identity(argument.row, argument.column));
  }
}

/** Loadings times their transpose, plus the variances: W W' + diag(v), stored as the columns [W v]. */
function multipliedOut(
  elaborator: Elaborator,
  expression: Extract<Expression, { kind: "parameter" }>,
  row: string,
  column: string,
): NodeId {
  const { builder } = elaborator;
  if (expression.type.kind !== "covariance" || expression.type.rank === undefined)
    throw new Error("elaborate: a low-rank covariance without its rank");
  const factor = builder.axis(`${expression.name}.factor`, {
    kind: "sum",
    terms: [axisSize(expression.type.rank), { kind: "literal", value: 1 }],
  });
  const stored = elaborator.parameterCell(expression.name, expression.indices, [row, factor]);
  const last = builder.minus(builder.size(factor), builder.constant(1));
  const loadings = builder.times(stored, builder.binary("less", builder.position(factor), last));
  const variance = builder.contract([stored, builder.binary("equal", builder.position(factor), last)], [factor]);
  const product = builder.contract([loadings, builder.rename(loadings, row, column)], [factor]);
  return builder.plus(product, builder.times(variance, builder.identity(row, column)));
}
