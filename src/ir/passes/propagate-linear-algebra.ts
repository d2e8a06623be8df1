import type { NodeId, Operation } from "../plan.js";
import { solveAxes, union, without } from "../plan-axes.js";
import { guardedBy } from "./reverse-step.js";
import type { Step } from "./reverse-step.js";

/**
 * With L L' = A:  adjoint of A = 1/2 L^-T (P + P') L^-1, P the lower triangle of L' dL with its diagonal halved.
 * It is symmetric: the derivative along symmetric changes of A.
 *
 * @source Murray 2016, "Differentiation of the Cholesky decomposition", eq. 10
 */
export function propagateCholesky(step: Step, operation: Extract<Operation, { readonly kind: "cholesky" }>): void {
  const { builder: b, id, seed } = step;
  const { operand, row, column } = operation;
  const domain = step.domainAcross([row, column]);
  const factor = guardedBy(b, domain, id, b.identity(row, column));
  const second = b.freshAxis(column);
  const spare = b.freshAxis(column);
  const swap = (matrix: NodeId, first: string, other: string): NodeId =>
    b.rename(b.rename(b.rename(matrix, first, spare), other, first), spare, other);
  const product = b.contract([factor, b.rename(seed, column, second)], [row]);
  const isLower = b.binary("lessEqual", b.position(second), b.position(column));
  const symmetric = b.select(isLower, product, swap(product, column, second));
  // [column, second] -> [row, second] -> [row, second'] with row and column exchanged -> both sides solved.
  const leftSolved = b.triangularSolve(factor, symmetric, row, column, true);
  const turned = b.rename(b.rename(leftSolved, row, spare), second, column);
  const bothSolved = b.rename(b.triangularSolve(factor, turned, row, column, true), spare, column);
  step.give(operand, b.scale(0.5, bothSolved), undefined, domain);
}

/** With L y = b:  adjoint of b = L^-T dy, adjoint of L = -(adjoint of b) y' below and on the diagonal. */
export function propagateTriangularSolve(
  step: Step,
  operation: Extract<Operation, { readonly kind: "triangularSolve" }>,
): void {
  const { builder: b, id, seed } = step;
  const { matrix, right, row, column, transposed } = operation;
  const { from, to } = solveAxes(operation);
  const domain = step.domainAcross([to]);
  const factor = guardedBy(b, domain, matrix, b.identity(row, column));
  const solution = guardedBy(b, domain, id, b.constant(0));
  const back = b.triangularSolve(factor, seed, row, column, !transposed);
  const cells = union([without(b.axesOf(id), [to]), [from]]);
  if (step.wants(right)) step.give(right, back, cells, domain);
  if (step.wants(matrix)) {
    const extra = without(cells, b.axesOf(matrix));
    const outer = b.unary("negate", b.contract([back, solution], extra));
    const isLower = b.binary("lessEqual", b.position(column), b.position(row));
    step.give(matrix, b.select(isLower, outer, b.constant(0)), b.axesOf(matrix), domain);
  }
}
