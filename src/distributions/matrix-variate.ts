import type { NodeId } from "../ir/plan.js";
import type { ArgumentContext, SampleContext } from "./distribution.js";

/** The axes of a full covariance child. */
export function matrixAxes(context: ArgumentContext): { row: string; column: string } {
  const [row, column] = context.eventAxes;
  if (row === undefined || column === undefined) {
    throw new Error("distributions: a covariance child needs the event axes row and column");
  }
  return { row, column };
}

/** A covariance argument as a full matrix along row and column, whatever its structure. */
export function fullMatrix(context: ArgumentContext, slot: string): NodeId {
  const { builder } = context;
  const { row, column } = matrixAxes(context);
  const argument = context.covariance(slot);
  switch (argument.structure) {
    case "full":
    case "lowRank":
      return builder.rename(
        argument.row === undefined ? argument.node : builder.rename(argument.node, argument.row, row),
        argument.column ?? column,
        column,
      );
    case "diagonal":
      return builder.times(
        builder.identity(row, column),
        argument.row === undefined ? argument.node : builder.rename(argument.node, argument.row, row),
      );
    case "isotropic":
      return builder.times(builder.identity(row, column), argument.node);
  }
}

/** 2 sum log diag L: the log-determinant of L L'. */
export function logDeterminantOfFactor(context: ArgumentContext, lower: NodeId): NodeId {
  const { builder } = context;
  const { row, column } = matrixAxes(context);
  return builder.scale(2, builder.sum(builder.unary("log", builder.diagonal(lower, row, column)), [row]));
}

/** trace(B^-1 A) = |L_B^-1 L_A|^2 from the lower factors of A and B. */
export function traceOfRatio(context: ArgumentContext, lowerA: NodeId, lowerB: NodeId): NodeId {
  const { builder } = context;
  const { row, column } = matrixAxes(context);
  const other = builder.freshAxis(column);
  const solved = builder.triangularSolve(lowerB, builder.rename(lowerA, column, other), row, column);
  return builder.sum(builder.unary("square", solved), [column, other]);
}

/** log of the multivariate gamma function at a: D(D-1)/4 log pi + sum over i < D of logGamma(a - i/2). */
export function logMultivariateGamma(context: ArgumentContext, a: NodeId): NodeId {
  const { builder } = context;
  const { row } = matrixAxes(context);
  const size = builder.size(row);
  const pairs = builder.times(size, builder.minus(size, builder.constant(1)));
  const terms = builder.unary("logGamma", builder.minus(a, builder.scale(0.5, builder.position(row))));
  return builder.plus(builder.scale(Math.log(Math.PI) / 4, pairs), builder.sum(terms, [row]));
}

/**
 * Lower factor A of a draw A A' ~ Wishart(degreesOfFreedom, identity): normals below the diagonal, square roots of
 * chi-squared with degreesOfFreedom - i degrees of freedom on it.
 *
 * @source Bartlett 1933; Smith and Hocking 1972
 */
export function bartlettFactor(context: SampleContext): NodeId {
  const { builder } = context;
  const { row, column } = matrixAxes(context);
  const half = builder.scale(0.5, builder.minus(context.argument("degreesOfFreedom"), builder.position(row)));
  const chiSquared = builder.scale(
    2,
    builder.draw("gamma", [half], [...context.axes, row], `${context.site}.diagonal`),
  );
  const below = builder.draw("normal", [], [...context.axes, row, column], `${context.site}.below`);
  return builder.select(
    builder.binary("less", builder.position(column), builder.position(row)),
    below,
    builder.select(builder.identity(row, column), builder.unary("sqrt", chiSquared), builder.constant(0)),
  );
}
