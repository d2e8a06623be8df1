import type { DensityContext } from "../../distributions/distribution.js";
import { maskedCovariance, quadraticForm } from "../../distributions/location-scale.js";
import type { CovarianceStructure } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";

/** Expected moments of a residual e = y - mean, given what is observed of y. */
export interface ResidualMoments {
  /** 0 where nothing of y is observed: such a row says nothing; else 1. */
  readonly weight: NodeId;
  /** Student-t: E u, the expected precision scale of the row; else 1. */
  readonly scale: NodeId;
  /** E log u - E u, for the degrees of freedom. */
  readonly tail?: NodeId;
  /** E e, along the event axis. */
  readonly residual: NodeId;
  /** (E e)^2 per entry. */
  readonly square: NodeId;
  /** Two nodes whose product is E e (E e)'. */
  readonly outer: readonly [NodeId, NodeId];
  /** Cov e of the missing entries: a matrix (full, lowRank), per entry (diagonal), or its trace (isotropic). */
  readonly spread?: NodeId;
  /** What E e becomes where the residual of the observed entries changes by this, along the event axis. */
  fill(change: NodeId): NodeId;
}

/**
 * Moments of the residual for the regression update. Missing entries are filled in by their conditional moments, which
 * makes the update exact under missing at random:
 *
 *     v = M S~^-1 M e,   E e = S v,   Cov e = S - S M S~^-1 M S      S~ = M S M + (I - M)
 *
 * @source Little and Rubin 2002, section 11.2; Student-t: Liu and Rubin 1995
 */
export function residualMoments(
  density: DensityContext,
  family: string,
  structure: CovarianceStructure,
): ResidualMoments {
  const { builder, eventAxes, present } = density;
  const isStudent = family === "StudentT";
  const matrixSlot = isStudent ? "scale" : "covariance";
  const location = density.argument(isStudent ? "location" : "mean");
  const value = family === "LogNormal" ? logarithm(density) : density.child;
  const observed =
    present === undefined ? builder.minus(value, location) : builder.times(present, builder.minus(value, location));
  const [row] = eventAxes;
  const column = row === undefined ? undefined : builder.axis(`${row}'`, builder.sizeOf(row));

  const weight = present === undefined ? builder.constant(1) : builder.max(present, eventAxes);
  const tails = isStudent ? studentWeight(density, value, location) : undefined;
  const scale = tails?.scale ?? builder.constant(1);
  const common = { weight, scale, ...(tails === undefined ? {} : { tail: tails.tail }) };
  const withResidual = (residual: NodeId): Pick<ResidualMoments, "residual" | "square" | "outer"> => ({
    residual,
    square: builder.unary("square", residual),
    outer: [residual, row === undefined || column === undefined ? residual : builder.rename(residual, row, column)],
  });
  if (present === undefined) return { ...common, ...withResidual(observed), fill: (change) => change };

  const isMatrix = (structure === "full" || structure === "lowRank") && row !== undefined && column !== undefined;
  if (!isMatrix) {
    const variance = density.has(matrixSlot)
      ? density.covariance(matrixSlot).node
      : builder.unary("square", density.argument("sd"));
    const spread = builder.times(builder.minus(builder.constant(1), present), variance);
    return {
      ...common,
      ...withResidual(observed),
      fill: (change) => builder.times(present, change),
      spread: structure === "isotropic" ? builder.sum(spread, eventAxes) : spread,
    };
  }
  const matrix = density.covariance(matrixSlot).node;
  const lower = builder.cholesky(maskedCovariance(density, matrix, row, column), row, column);
  const fill = (change: NodeId): NodeId => {
    const whitened = builder.triangularSolve(lower, change, row, column);
    const weighted = builder.times(present, builder.triangularSolve(lower, whitened, row, column, true));
    return builder.rename(builder.contract([matrix, weighted], [row]), column, row);
  };
  // S M S~^-1 M S = (L^-1 M S)' (L^-1 M S): the column axis of S is kept under a name of its own.
  const kept = builder.axis(`${row}''`, builder.sizeOf(row));
  const masked = builder.times(present, builder.rename(matrix, column, kept));
  const inner = builder.axis(`${row}'''`, builder.sizeOf(row));
  const half = builder.rename(builder.triangularSolve(lower, masked, row, column), column, inner);
  const explained = builder.contract([builder.rename(half, kept, row), builder.rename(half, kept, column)], [inner]);
  return {
    ...common,
    ...withResidual(fill(observed)),
    fill: (change) => fill(builder.times(present, change)),
    spread: builder.minus(matrix, explained),
  };
}

function logarithm(density: DensityContext): NodeId {
  const { builder, present, child } = density;
  const log = builder.unary("log", child);
  return present === undefined ? log : builder.select(present, log, builder.constant(0));
}

/** E u = (v + D)/(v + d), E log u = digamma((v + D)/2) - log((v + d)/2), with D the observed entries and d = e' S^-1 e. */
function studentWeight(
  density: DensityContext,
  value: NodeId,
  location: NodeId,
): { readonly scale: NodeId; readonly tail: NodeId } {
  const { builder } = density;
  const freedom = density.argument("degreesOfFreedom");
  const form = quadraticForm(density, value, location, "scale");
  const top = builder.plus(freedom, form.dimension);
  const bottom = builder.plus(freedom, form.squaredDistance);
  const scale = builder.over(top, bottom);
  const expectedLog = builder.minus(
    builder.unary("digamma", builder.scale(0.5, top)),
    builder.unary("log", builder.scale(0.5, bottom)),
  );
  return { scale, tail: builder.minus(expectedLog, scale) };
}
