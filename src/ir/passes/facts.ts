import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";

/**
 * What is known of a node's values from the operations that make it. Nothing is known of inputs: their supports are
 * not part of a plan.
 */

/** The number, where a node is a constant. */
export function constantOf(id: NodeId, builder: PlanBuilder): number | undefined {
  const operation = builder.seen(id);
  return operation?.kind === "constant" ? operation.value : undefined;
}

/** Never NaN and never infinite. */
export function isSurelyFinite(id: NodeId, builder: PlanBuilder): boolean {
  const operation = builder.seen(id);
  if (operation === undefined) return false;
  if (operation.kind === "constant") return Number.isFinite(operation.value);
  return operation.kind === "size" || operation.kind === "position" || isIndicator(id, builder);
}

/** 0 or 1, never NaN. */
export function isIndicator(id: NodeId, builder: PlanBuilder): boolean {
  const operation = builder.seen(id);
  switch (operation?.kind) {
    case "constant":
      return operation.value === 0 || operation.value === 1;
    case "unary":
      return operation.function === "isPresent" || operation.function === "step";
    case "binary":
      if (operation.function === "multiply" || operation.function === "maximum" || operation.function === "minimum") {
        return isIndicator(operation.left, builder) && isIndicator(operation.right, builder);
      }
      return operation.function === "less" || operation.function === "lessEqual" || operation.function === "equal";
    default:
      return false;
  }
}

const nonNegativeUnary = new Set(["exp", "sqrt", "square", "abs", "softplus", "sigmoid", "relu", "step", "isPresent"]);
const comparisons = new Set(["less", "lessEqual", "equal"]);
const keepsNonNegative = new Set(["add", "multiply", "divide", "maximum", "minimum", "power"]);

/** At least 0, or NaN. */
export function isSurelyNonNegative(id: NodeId, builder: PlanBuilder, depth = 4): boolean {
  const operation: Operation | undefined = builder.seen(id);
  const holds = (operand: NodeId): boolean => depth > 0 && isSurelyNonNegative(operand, builder, depth - 1);
  switch (operation?.kind) {
    case "constant":
      return operation.value >= 0 && !Object.is(operation.value, -0);
    case "size":
    case "position":
    case "softmax":
      return true;
    case "unary":
      return nonNegativeUnary.has(operation.function);
    case "binary":
      if (comparisons.has(operation.function)) return true;
      return keepsNonNegative.has(operation.function) && holds(operation.left) && holds(operation.right);
    case "select":
      return holds(operation.whenTrue) && holds(operation.whenFalse);
    case "reduce":
      return operation.function !== "logSumExp" && holds(operation.operand);
    case "contract":
      return operation.operands.every(holds);
    case "rename":
    case "slice":
    case "diagonal":
      return holds(operation.operand);
    default:
      return false;
  }
}
