import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";
import { constantOf } from "./facts.js";

type Reduction = Extract<Operation, { readonly kind: "reduce" | "softmax" | "contract" }>;

/** Identities of sums and their kin: what is constant along the summed axes goes outside. Policy as in `fold.ts`. */
export function foldReduction(operation: Reduction, b: PlanBuilder): NodeId | undefined {
  const single = operation.over.find((axis) => {
    const size = b.sizeOf(axis);
    return size.kind === "literal" && size.value === 1;
  });
  if (single !== undefined) return foldSingleEntry(operation, single, b);
  switch (operation.kind) {
    case "reduce":
      return foldReduce(operation, b);
    case "softmax":
      return undefined;
    case "contract":
      return foldContract(operation.operands, operation.over, b);
  }
}

/** Along an axis of one entry there is nothing to sum. */
function foldSingleEntry(operation: Reduction, axis: string, b: PlanBuilder): NodeId | undefined {
  const rest = operation.over.filter((name) => name !== axis);
  switch (operation.kind) {
    case "reduce":
      return b.reduce(operation.function, b.slice(operation.operand, axis, 0), rest);
    case "contract":
      return b.contract(
        operation.operands.map((operand) => b.slice(operand, axis, 0)),
        rest,
      );
    case "softmax":
      return undefined;
  }
}

function foldReduce(operation: Extract<Operation, { readonly kind: "reduce" }>, b: PlanBuilder): NodeId | undefined {
  const inner = b.seen(operation.operand);
  const { over } = operation;
  switch (operation.function) {
    case "sum":
      if (inner?.kind === "unary" && inner.function === "negate") return b.unary("negate", b.sum(inner.operand, over));
      if (inner?.kind !== "binary") return undefined;
      if (inner.function === "multiply") {
        if (lacksAll(inner.left, over, b)) return b.times(inner.left, b.sum(inner.right, over));
        if (lacksAll(inner.right, over, b)) return b.times(inner.right, b.sum(inner.left, over));
      }
      return inner.function === "divide" && lacksAll(inner.right, over, b)
        ? b.over(b.sum(inner.left, over), inner.right)
        : undefined;
    case "logSumExp":
      if (inner?.kind !== "binary") return undefined;
      if (inner.function === "add") {
        if (lacksAll(inner.left, over, b)) return b.plus(inner.left, b.logSumExp(inner.right, over));
        if (lacksAll(inner.right, over, b)) return b.plus(inner.right, b.logSumExp(inner.left, over));
      }
      return inner.function === "subtract" && lacksAll(inner.right, over, b)
        ? b.minus(b.logSumExp(inner.left, over), inner.right)
        : undefined;
    case "max":
      return undefined;
  }
}

function lacksAll(id: NodeId, axes: readonly string[], b: PlanBuilder): boolean {
  return axes.every((axis) => !b.has(id, axis));
}

function foldContract(operands: readonly NodeId[], over: readonly string[], b: PlanBuilder): NodeId | undefined {
  const outside = operands.filter((operand) => lacksAll(operand, over, b));
  if (outside.length > 0) {
    const inside = operands.filter((operand) => !outside.includes(operand));
    return [b.contract(inside, over), ...outside].reduce((left, right) => b.times(left, right));
  }
  for (const [i, operand] of operands.entries()) {
    const others = operands.filter((_, j) => j !== i);
    const inner = b.seen(operand);
    if (inner?.kind === "unary" && inner.function === "negate") {
      return b.unary("negate", b.contract([...others, inner.operand], over));
    }
    if (inner?.kind === "binary" && inner.function === "multiply") {
      const factor = constantOf(inner.left, b);
      if (factor !== undefined) return b.scale(factor, b.contract([...others, inner.right], over));
    }
    if (inner?.kind === "binary" && inner.function === "equal") {
      const picked = contractWithIdentity(inner.left, inner.right, others, over, b);
      if (picked !== undefined) return picked;
    }
  }
  return undefined;
}

/** The sum over j of [i = j] f(i, j) is f(i, i). */
function contractWithIdentity(
  left: NodeId,
  right: NodeId,
  others: readonly NodeId[],
  over: readonly string[],
  b: PlanBuilder,
): NodeId | undefined {
  const [first, second] = [b.seen(left), b.seen(right)];
  if (first?.kind !== "position" || second?.kind !== "position") return undefined;
  const [row, column] = over.includes(second.axis) ? [first.axis, second.axis] : [second.axis, first.axis];
  const sameSize = JSON.stringify(b.sizeOf(row)) === JSON.stringify(b.sizeOf(column));
  if (!sameSize || row === column || !over.includes(column)) return undefined;
  return b.contract(
    others.map((other) => b.diagonal(other, row, column)),
    over.filter((axis) => axis !== column),
  );
}
