import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";
import { constantOf, isSurelyNonNegative } from "./facts.js";

/**
 * Rewrites of formulas that overflow, underflow or cancel into ones that do not; undefined where none applies. They are
 * applied before differentiation and to derivatives alike, because every node passes through here.
 */
export function stabiliseOperation(operation: Operation, b: PlanBuilder): NodeId | undefined {
  switch (operation.kind) {
    case "unary":
      switch (operation.function) {
        case "log":
          return stableLog(operation.operand, b);
        case "log1p":
          return stableLog1p(operation.operand, b);
        case "exp":
          return stableExp(operation.operand, b);
        case "reciprocal":
          return stableReciprocal(operation.operand, b);
        default:
          return undefined;
      }
    case "binary":
      switch (operation.function) {
        case "subtract":
          return stableSubtract(operation.left, operation.right, b);
        case "divide":
          return stableDivide(operation.left, operation.right, b);
        case "multiply":
          return productOfExponentials(operation.left, operation.right, b);
        default:
          return undefined;
      }
    default:
      return undefined;
  }
}

/** a where a node is exp(a). */
function exponentOf(id: NodeId, b: PlanBuilder): NodeId | undefined {
  const operation = b.seen(id);
  return operation?.kind === "unary" && operation.function === "exp" ? operation.operand : undefined;
}

/** The operand, where a node is that function of one operand. */
function operandOf(
  id: NodeId,
  name: "sigmoid" | "negate" | "exp" | "sqrt" | "square" | "reciprocal",
  b: PlanBuilder,
): NodeId | undefined {
  const operation = b.seen(id);
  return operation?.kind === "unary" && operation.function === name ? operation.operand : undefined;
}

function stableLog(x: NodeId, b: PlanBuilder): NodeId | undefined {
  const operation = b.seen(x);
  switch (operation?.kind) {
    case "reduce": {
      const exponent = exponentOf(operation.operand, b);
      return operation.function === "sum" && exponent !== undefined ? b.logSumExp(exponent, operation.over) : undefined;
    }
    case "softmax":
      return b.minus(operation.operand, b.logSumExp(operation.operand, operation.over));
    case "contract": {
      // log sum w exp(a) = logSumExp(log w + a), where no w can be negative.
      const isExponential = operation.operands.some((operand) => exponentOf(operand, b) !== undefined);
      if (!isExponential || !operation.operands.every((operand) => isSurelyNonNegative(operand, b))) return undefined;
      const logarithms = operation.operands.map((operand) => b.unary("log", operand));
      return b.logSumExp(
        logarithms.reduce((left, right) => b.plus(left, right)),
        operation.over,
      );
    }
    case "unary":
      switch (operation.function) {
        case "sigmoid":
          return b.unary("negate", b.unary("softplus", b.unary("negate", operation.operand)));
        case "square":
          return b.scale(2, b.unary("log", b.unary("abs", operation.operand)));
        case "sqrt":
          return b.scale(0.5, b.unary("log", operation.operand));
        case "reciprocal":
          return b.unary("negate", b.unary("log", operation.operand));
        default:
          return undefined;
      }
    case "binary":
      switch (operation.function) {
        case "add":
          return logOfSum(operation.left, operation.right, b);
        case "subtract":
          return constantOf(operation.left, b) === 1 ? b.unary("log1p", b.unary("negate", operation.right)) : undefined;
        case "multiply":
          return logOfProduct(operation.left, operation.right, b) ?? logOfProduct(operation.right, operation.left, b);
        case "divide": {
          const [above, below] = [exponentOf(operation.left, b), exponentOf(operation.right, b)];
          if (below !== undefined) return b.minus(b.unary("log", operation.left), below);
          return above === undefined ? undefined : b.minus(above, b.unary("log", operation.right));
        }
        default:
          return undefined;
      }
    default:
      return undefined;
  }
}

function logOfSum(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  if (constantOf(left, b) === 1) return b.unary("log1p", right);
  const [first, second] = [exponentOf(left, b), exponentOf(right, b)];
  if (first === undefined || second === undefined) return undefined;
  const terms = b.axis("terms'2", { kind: "literal", value: 2 });
  if (b.has(first, terms) || b.has(second, terms)) return undefined;
  return b.logSumExp(b.stack([first, second], terms), [terms]);
}

/** log(c e) = log c + log e where e is exp(a) or a sum of such. */
function logOfProduct(factor: NodeId, other: NodeId, b: PlanBuilder): NodeId | undefined {
  const exponent = exponentOf(other, b);
  if (exponent !== undefined) return b.plus(b.unary("log", factor), exponent);
  const sum = b.seen(other);
  const isSumOfExponentials =
    sum?.kind === "reduce" && sum.function === "sum" && exponentOf(sum.operand, b) !== undefined;
  return isSumOfExponentials ? b.plus(b.unary("log", factor), b.unary("log", other)) : undefined;
}

function stableLog1p(x: NodeId, b: PlanBuilder): NodeId | undefined {
  const exponent = exponentOf(x, b);
  if (exponent !== undefined) return b.unary("softplus", exponent);
  const subtracted = operandOf(x, "negate", b);
  if (subtracted === undefined) return undefined;
  const logit = operandOf(subtracted, "sigmoid", b);
  if (logit !== undefined) return b.unary("negate", b.unary("softplus", logit));
  const a = exponentOf(subtracted, b);
  if (a === undefined) return undefined;
  // log(1 - exp a), a < 0: the difference would cancel near 0.
  return b.unary("log", b.unary("negate", b.unary("expm1", a)));
}

function stableExp(x: NodeId, b: PlanBuilder): NodeId | undefined {
  const operation = b.seen(x);
  if (operation?.kind === "binary" && operation.function === "subtract") {
    const total = b.seen(operation.right);
    const isNormalised = total?.kind === "reduce" && total.function === "logSumExp" && total.operand === operation.left;
    return isNormalised ? b.softmax(operation.left, total.over) : undefined;
  }
  const inner = operandOf(x, "negate", b);
  const softplus = inner === undefined ? undefined : b.seen(inner);
  return softplus?.kind === "unary" && softplus.function === "softplus"
    ? b.unary("sigmoid", b.unary("negate", softplus.operand))
    : undefined;
}

function stableReciprocal(x: NodeId, b: PlanBuilder): NodeId | undefined {
  const exponent = exponentOf(x, b);
  if (exponent !== undefined) return b.unary("exp", b.unary("negate", exponent));
  const logit = exponentBesideOne(x, b);
  return logit === undefined ? undefined : b.unary("sigmoid", b.unary("negate", logit));
}

/** a where a node is 1 + exp(a). */
function exponentBesideOne(id: NodeId, b: PlanBuilder): NodeId | undefined {
  const operation = b.seen(id);
  if (operation?.kind !== "binary" || operation.function !== "add") return undefined;
  return constantOf(operation.left, b) === 1 ? exponentOf(operation.right, b) : undefined;
}

function stableSubtract(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  const logit = operandOf(right, "sigmoid", b);
  if (constantOf(left, b) === 1 && logit !== undefined) return b.unary("sigmoid", b.unary("negate", logit));
  const exponent = exponentOf(left, b);
  return exponent !== undefined && constantOf(right, b) === 1 ? b.unary("expm1", exponent) : undefined;
}

function stableDivide(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  const exponent = exponentOf(left, b);
  if (exponent === undefined) return undefined;
  if (exponentBesideOne(right, b) === exponent) return b.unary("sigmoid", exponent);
  const divisor = exponentOf(right, b);
  if (divisor !== undefined && isWithin(exponent, divisor, b)) return b.unary("exp", b.minus(exponent, divisor));
  const total = b.seen(right);
  const isSoftmax = total?.kind === "reduce" && total.function === "sum" && total.operand === left;
  return isSoftmax ? b.softmax(exponent, total.over) : undefined;
}

function productOfExponentials(left: NodeId, right: NodeId, b: PlanBuilder): NodeId | undefined {
  const [first, second] = [exponentOf(left, b), exponentOf(right, b)];
  if (first === undefined || second === undefined || !isWithin(first, second, b)) return undefined;
  return b.unary("exp", b.plus(first, second));
}

/** Do the axes of one include those of the other? Where not, one exponential per cell of both costs more than two. */
function isWithin(first: NodeId, second: NodeId, b: PlanBuilder): boolean {
  const includes = (outer: NodeId, inner: NodeId): boolean => b.axesOf(inner).every((axis) => b.has(outer, axis));
  return includes(first, second) || includes(second, first);
}
