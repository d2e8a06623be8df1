import { binaryValue } from "../elementwise.js";
import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";
import { constantOf, isIndicator, isSurelyFinite, isSurelyNonNegative } from "./facts.js";

type Binary = Extract<Operation, { readonly kind: "binary" }>;

/** Identities of elementwise functions of two operands; the policy is that of `fold.ts`. */
export function foldBinary(operation: Binary, b: PlanBuilder): Operation | NodeId {
  const [left, right] = [constantOf(operation.left, b), constantOf(operation.right, b)];
  if (left !== undefined && right !== undefined) return b.constant(binaryValue(operation.function, left, right));
  return foldByFunction(operation, b) ?? inCanonicalOrder(operation, b);
}

/** Commuting operands: a constant first, else the older node first, so that a + b and b + a are one node. */
function inCanonicalOrder(operation: Binary, b: PlanBuilder): Operation {
  switch (operation.function) {
    case "add":
    case "multiply":
    case "maximum":
    case "minimum":
    case "equal": {
      const leftIsConstant = constantOf(operation.left, b) !== undefined;
      const rightIsConstant = constantOf(operation.right, b) !== undefined;
      const swap = rightIsConstant || (!leftIsConstant && operation.left > operation.right);
      return swap ? { ...operation, left: operation.right, right: operation.left } : operation;
    }
    case "subtract":
    case "divide":
    case "power":
    case "less":
    case "lessEqual":
      return operation;
  }
}

function foldByFunction(operation: Binary, b: PlanBuilder): NodeId | undefined {
  const { left, right } = operation;
  switch (operation.function) {
    case "add":
      return foldAdd(left, right, b) ?? foldAdd(right, left, b);
    case "subtract":
      return foldSubtract(left, right, b);
    case "multiply":
      return foldMultiply(left, right, b) ?? foldMultiply(right, left, b);
    case "divide":
      return foldDivide(left, right, b);
    case "power":
      return foldPower(left, constantOf(right, b), b);
    case "maximum":
    case "minimum": {
      const neutral = operation.function === "maximum" ? -Infinity : Infinity;
      if (left === right || constantOf(right, b) === neutral) return left;
      // A test or its negation holds: what both branches of a choice use is used everywhere.
      if (isNegationOf(left, right, b) || isNegationOf(right, left, b))
        return b.constant(operation.function === "maximum" ? 1 : 0);
      return constantOf(left, b) === neutral ? right : undefined;
    }
    case "less":
      return left === right ? b.constant(0) : undefined;
    case "lessEqual":
      return left === right && isSurelyFinite(left, b) ? b.constant(1) : undefined;
    case "equal":
      if (left === right && isSurelyFinite(left, b)) return b.constant(1);
      return foldNegatedTest(left, right, b) ?? foldNegatedTest(right, left, b);
  }
}

function isNegationOf(test: NodeId, other: NodeId, b: PlanBuilder): boolean {
  const inner = b.seen(test);
  if (inner?.kind !== "binary" || inner.function !== "equal" || !isIndicator(other, b)) return false;
  return constantOf(inner.left, b) === 0 && inner.right === other;
}

/** not (not a) is a. */
function foldNegatedTest(zero: NodeId, test: NodeId, b: PlanBuilder): NodeId | undefined {
  const inner = b.seen(test);
  if (constantOf(zero, b) === 1 && isIndicator(test, b)) return test;
  if (constantOf(zero, b) !== 0 || inner?.kind !== "binary" || inner.function !== "equal") return undefined;
  return constantOf(inner.left, b) === 0 && isIndicator(inner.right, b) ? inner.right : undefined;
}

function foldAdd(x: NodeId, y: NodeId, b: PlanBuilder): NodeId | undefined {
  const value = constantOf(x, b);
  if (value === 0) return y;
  const inner = b.seen(y);
  if (inner?.kind === "unary" && inner.function === "negate") return b.minus(x, inner.operand);
  if (value !== undefined && inner?.kind === "binary" && inner.function === "add") {
    const second = constantOf(inner.left, b);
    if (second !== undefined) return b.plus(b.constant(value + second), inner.right);
  }
  return undefined;
}

function foldSubtract(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  if (constantOf(right, b) === 0) return left;
  if (constantOf(left, b) === 0) return b.unary("negate", right);
  if (left === right && isSurelyFinite(left, b)) return b.constant(0);
  const inner = b.seen(right);
  if (inner?.kind === "unary" && inner.function === "negate") return b.plus(left, inner.operand);
  return undefined;
}

function foldMultiply(x: NodeId, y: NodeId, b: PlanBuilder): NodeId | undefined {
  const value = constantOf(x, b);
  const inner = b.seen(y);
  if (value === 1) return y;
  if (value === -1) return b.unary("negate", y);
  if (value === 0 && isSurelyFinite(y, b)) return b.constant(0);
  if (x === y) return isIndicator(x, b) ? x : b.unary("square", x);
  if (inner?.kind === "unary") {
    if (inner.function === "negate") {
      return value === undefined ? b.unary("negate", b.times(x, inner.operand)) : b.scale(-value, inner.operand);
    }
    if (inner.function === "reciprocal") return b.over(x, inner.operand);
  }
  if (value !== undefined && inner?.kind === "binary" && inner.function === "multiply") {
    const second = constantOf(inner.left, b);
    // A product of constants that overflows or vanishes would lose what the two steps keep.
    if (second !== undefined && isNormal(value * second)) return b.scale(value * second, inner.right);
  }
  return undefined;
}

function isNormal(value: number): boolean {
  return Math.abs(value) > 1e-300 && Math.abs(value) < 1e300;
}

function foldDivide(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  const divisor = constantOf(right, b);
  if (divisor === 1) return left;
  if (divisor === -1) return b.unary("negate", left);
  const numerator = constantOf(left, b);
  if (numerator === 1) return b.unary("reciprocal", right);
  const [above, below] = [b.seen(left), b.seen(right)];
  if (below?.kind === "unary" && below.function === "reciprocal") return b.times(left, below.operand);
  if (above?.kind === "unary" && above.function === "negate") return b.unary("negate", b.over(above.operand, right));
  if (below?.kind === "unary" && below.function === "negate") return b.unary("negate", b.over(left, below.operand));
  return undefined;
}

function foldPower(base: NodeId, exponent: number | undefined, b: PlanBuilder): NodeId | undefined {
  switch (exponent) {
    case 0:
      return b.constant(1);
    case 1:
      return base;
    case 2:
      return b.unary("square", base);
    case -1:
      return b.unary("reciprocal", base);
    case 0.5:
      // Of -inf the power would be +inf and the root NaN.
      return isSurelyNonNegative(base, b) ? b.unary("sqrt", base) : undefined;
    default:
      return undefined;
  }
}
