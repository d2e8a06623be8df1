import { unaryValue } from "../elementwise.js";
import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation, UnaryFunction } from "../plan.js";
import { constantOf, isIndicator, isSurelyFinite, isSurelyNonNegative } from "./facts.js";
import { foldBinary } from "./fold-binary.js";
import { foldReduction } from "./fold-reduction.js";
import { stabiliseOperation } from "./stabilise.js";

/**
 * The identities applied while nodes are made; returns a node that has the same value, or the operation to add.
 *
 * Policy: an identity may change the last bits of a result, and it may give a number where the original overflowed; it
 * never gives NaN or infinity where the original was finite. So x * 0 is 0 only where x is surely finite (0 * NaN is
 * NaN: a broken start must not look like a good one), and exp(log x) is x only where x is surely not negative.
 * An identity whose result lacks an axis of the original is fine: a node is constant along an axis that it lacks.
 */
export function foldOperation(operation: Operation, builder: PlanBuilder): Operation | NodeId {
  const stable = stabiliseOperation(operation, builder);
  if (stable !== undefined) return stable;
  switch (operation.kind) {
    case "size": {
      const size = builder.sizeOf(operation.axis);
      return size.kind === "literal" ? builder.constant(size.value) : operation;
    }
    case "unary":
      return foldUnary(operation.function, operation.operand, builder) ?? operation;
    case "binary":
      return foldBinary(operation, builder);
    case "select":
      return foldSelect(operation, builder);
    case "reduce":
    case "softmax":
    case "contract":
      return foldReduction(operation, builder) ?? operation;
    case "gather":
    case "scatterAdd":
      return foldIndexed(operation, builder) ?? operation;
    case "rename":
      return foldRename(operation, builder) ?? operation;
    case "diagonal":
    case "slice":
      return foldPicking(operation, builder) ?? operation;
    case "constant":
    case "position":
    case "input":
    case "stack":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
    case "cholesky":
    case "triangularSolve":
    case "draw":
      return operation;
  }
}

function foldUnary(name: UnaryFunction, operand: NodeId, b: PlanBuilder): NodeId | undefined {
  const value = constantOf(operand, b);
  if (value !== undefined) return b.constant(unaryValue(name, value));
  const inner = b.seen(operand);
  if (name === "isPresent" && isSurelyFinite(operand, b)) return b.constant(1);
  if (name === "presentOrZero" && isSurelyFinite(operand, b)) return operand;
  if (name === "abs" && isSurelyNonNegative(operand, b)) return operand;
  if (inner?.kind === "unary") return foldUnaryOfUnary(name, inner.function, inner.operand, operand, b);
  if (name === "negate" && inner?.kind === "binary") {
    if (inner.function === "subtract") return b.minus(inner.right, inner.left);
    const factor = constantOf(inner.left, b);
    if (inner.function === "multiply" && factor !== undefined) return b.scale(-factor, inner.right);
  }
  return undefined;
}

const evenFunctions: ReadonlySet<UnaryFunction> = new Set(["abs", "square", "cos", "logBesselI0"]);

function foldUnaryOfUnary(
  outer: UnaryFunction,
  inner: UnaryFunction,
  x: NodeId,
  innerNode: NodeId,
  b: PlanBuilder,
): NodeId | undefined {
  if (evenFunctions.has(outer) && (inner === "negate" || inner === "abs")) return b.unary(outer, x);
  switch (`${outer} ${inner}`) {
    case "negate negate":
    case "reciprocal reciprocal":
    case "log exp":
    case "log1p expm1":
    case "expm1 log1p":
      return x;
    case "exp log":
    case "square sqrt":
      return isSurelyNonNegative(x, b) ? x : undefined;
    case "sqrt square":
      return b.unary("abs", x);
    case "isPresent presentOrZero":
      return b.constant(1);
    case "isPresent negate":
      return b.unary("isPresent", x);
    case "presentOrZero presentOrZero":
      return innerNode;
    default:
      return undefined;
  }
}

function foldSelect(operation: Extract<Operation, { readonly kind: "select" }>, b: PlanBuilder): Operation | NodeId {
  const { condition, whenTrue, whenFalse } = operation;
  const known = constantOf(condition, b);
  if (known !== undefined) return known !== 0 ? whenTrue : whenFalse;
  if (whenTrue === whenFalse) return whenTrue;
  if (isIndicator(condition, b)) {
    if (constantOf(whenTrue, b) === 1 && constantOf(whenFalse, b) === 0) return condition;
    const test = b.seen(condition);
    if (test?.kind === "binary" && test.function === "equal" && constantOf(test.left, b) === 0) {
      return b.select(test.right, whenFalse, whenTrue);
    }
  }
  const [first, second] = [b.seen(whenTrue), b.seen(whenFalse)];
  if (first?.kind === "select" && first.condition === condition) return b.select(condition, first.whenTrue, whenFalse);
  if (second?.kind === "select" && second.condition === condition) {
    return b.select(condition, whenTrue, second.whenFalse);
  }
  return operation;
}

function foldIndexed(
  operation: Extract<Operation, { readonly kind: "gather" | "scatterAdd" }>,
  b: PlanBuilder,
): NodeId | undefined {
  const { axis, index } = operation;
  const size = b.sizeOf(axis);
  const at = constantOf(index, b);
  const picker = b.seen(index);
  const sameSize = picker?.kind === "position" && JSON.stringify(b.sizeOf(picker.axis)) === JSON.stringify(size);
  if (operation.kind === "gather") {
    const inside = at !== undefined && Number.isInteger(at) && at >= 0 && size.kind === "literal" && at < size.value;
    if (inside) return b.slice(operation.table, axis, at);
    return sameSize ? b.diagonal(operation.table, picker.axis, axis) : undefined;
  }
  if (!sameSize || !operation.over.includes(picker.axis)) return undefined;
  const summed = b.sum(
    operation.operand,
    operation.over.filter((name) => name !== picker.axis),
  );
  return b.rename(summed, picker.axis, axis);
}

function foldRename(operation: Extract<Operation, { readonly kind: "rename" }>, b: PlanBuilder): NodeId | undefined {
  const { operand, from, to } = operation;
  const inner = b.seen(operand);
  if (inner?.kind === "position") return b.position(to);
  if (inner?.kind !== "rename") return undefined;
  // [a -> from] then [from -> to] is [a -> to].
  return inner.to === from ? b.rename(inner.operand, inner.from, to) : undefined;
}

/** Picking entries first leaves less to compute. */
function foldPicking(
  operation: Extract<Operation, { readonly kind: "diagonal" | "slice" }>,
  b: PlanBuilder,
): NodeId | undefined {
  const pick = (id: NodeId): NodeId =>
    operation.kind === "slice"
      ? b.slice(id, operation.axis, operation.at)
      : b.diagonal(id, operation.row, operation.column);
  const inner = b.seen(operation.operand);
  switch (inner?.kind) {
    case "position":
      return operation.kind === "slice" ? b.constant(operation.at) : undefined;
    case "unary":
      return b.unary(inner.function, pick(inner.operand));
    case "binary": {
      const isDiagonalTest =
        operation.kind === "diagonal" && inner.function === "equal" && isIdentity(inner, operation, b);
      return isDiagonalTest ? b.constant(1) : b.binary(inner.function, pick(inner.left), pick(inner.right));
    }
    case "select":
      return b.select(pick(inner.condition), pick(inner.whenTrue), pick(inner.whenFalse));
    case "stack":
      if (operation.kind === "slice" && operation.axis === inner.axis) return inner.operands[operation.at];
      return undefined;
    default:
      return undefined;
  }
}

function isIdentity(
  test: Extract<Operation, { readonly kind: "binary" }>,
  axes: { readonly row: string; readonly column: string },
  b: PlanBuilder,
): boolean {
  const [left, right] = [b.seen(test.left), b.seen(test.right)];
  if (left?.kind !== "position" || right?.kind !== "position") return false;
  return [left.axis, right.axis].sort().join() === [axes.row, axes.column].sort().join();
}
