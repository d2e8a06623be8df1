import type { NodeId } from "../ir/plan.js";
import type { ArgumentContext, DensityContext, SampleContext, Slot } from "./distribution.js";

/** What the densities of Normal and StudentT read of a residual e and a covariance S. */
export interface QuadraticForm {
  /** e' S^-1 e over the observed entries. */
  readonly squaredDistance: NodeId;
  /** log det of the covariance of the observed entries. */
  readonly logDeterminant: NodeId;
  /** Number of observed entries. */
  readonly dimension: NodeId;
}

/** The two forms of a spread: a matrix (variance for a scalar child), or a standard deviation. */
export function spreadSlots(matrix: { name: string; documentation: string }, position: number): readonly Slot[] {
  return [
    { name: matrix.name, position, support: "covariance", shape: "covariance", documentation: matrix.documentation },
    {
      name: "sd",
      position,
      optional: true,
      support: "positive",
      shape: "event",
      documentation: `square root of the ${matrix.name} where its entries are independent: one number, or one per entry`,
    },
  ];
}

/**
 * Quadratic form and log-determinant by Cholesky: |L^-1 e|^2 and 2 sum log diag L; no inverse is formed.
 *
 * Missing entries are integrated out exactly: with m = 1 where observed, S becomes m m' * S + diag(1 - m) and e becomes
 * m * e, which leaves the form of the observed block and a unit block that adds nothing.
 */
export function quadraticForm(
  context: DensityContext,
  value: NodeId,
  location: NodeId,
  matrixSlot: string,
): QuadraticForm {
  const { builder, eventAxes, present } = context;
  const difference = builder.minus(value, location);
  const residual = present === undefined ? difference : builder.times(present, difference);
  const dimension = builder.sum(present ?? builder.constant(1), eventAxes);
  const spread = context.has(matrixSlot) ? context.covariance(matrixSlot) : undefined;

  if (spread !== undefined && (spread.structure === "full" || spread.structure === "lowRank")) {
    const { row, column } = axesOfMatrix(spread);
    const lower = builder.cholesky(maskedCovariance(context, spread.node, row, column), row, column);
    const whitened = builder.triangularSolve(lower, residual, row, column);
    return {
      squaredDistance: builder.sum(builder.unary("square", whitened), [column]),
      logDeterminant: builder.scale(2, builder.sum(builder.unary("log", builder.diagonal(lower, row, column)), [row])),
      dimension,
    };
  }

  const variance = spread?.node ?? builder.unary("square", context.argument("sd"));
  const logVariance = builder.unary("log", variance);
  const varies = eventAxes.some((axis) => builder.has(variance, axis));
  const squares = builder.unary("square", residual);
  return {
    squaredDistance: varies
      ? builder.contract([squares, builder.unary("reciprocal", variance)], eventAxes)
      : builder.over(builder.sum(squares, eventAxes), variance),
    logDeterminant: !varies
      ? builder.times(dimension, logVariance)
      : present === undefined
        ? builder.sum(logVariance, eventAxes)
        : builder.contract([present, logVariance], eventAxes),
    dimension,
  };
}

/** Variances of the entries, along the row axis where they differ. */
export function variances(context: ArgumentContext, matrixSlot: string): NodeId {
  const { builder } = context;
  if (!context.has(matrixSlot)) return builder.unary("square", context.argument("sd"));
  const spread = context.covariance(matrixSlot);
  if (spread.structure === "isotropic" || spread.structure === "diagonal") return spread.node;
  const { row, column } = axesOfMatrix(spread);
  return builder.diagonal(spread.node, row, column);
}

/** A draw of covariance S around 0: L times standard normals. */
export function centredNormal(context: SampleContext, matrixSlot: string): NodeId {
  const { builder, axes, eventAxes, site } = context;
  const standard = builder.draw("normal", [], [...axes, ...eventAxes], site);
  if (!context.has(matrixSlot)) return builder.times(context.argument("sd"), standard);
  const spread = context.covariance(matrixSlot);
  if (spread.structure === "isotropic" || spread.structure === "diagonal") {
    return builder.times(builder.unary("sqrt", spread.node), standard);
  }
  const { row, column } = axesOfMatrix(spread);
  const lower = builder.cholesky(spread.node, row, column);
  return builder.contract([lower, builder.rename(standard, row, column)], [column]);
}

export function maskedCovariance(context: DensityContext, covariance: NodeId, row: string, column: string): NodeId {
  const { builder, present } = context;
  if (present === undefined) return covariance;
  const both = builder.times(present, builder.rename(present, row, column));
  const missing = builder.minus(builder.constant(1), present);
  return builder.plus(builder.times(both, covariance), builder.times(builder.identity(row, column), missing));
}

function axesOfMatrix(spread: { readonly row?: string; readonly column?: string }): { row: string; column: string } {
  if (spread.row === undefined || spread.column === undefined) {
    throw new Error("distributions: a full covariance argument needs a row and a column axis");
  }
  return { row: spread.row, column: spread.column };
}
