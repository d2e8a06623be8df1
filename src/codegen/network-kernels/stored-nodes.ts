import { type NodeId, type Operation, operandsOf, type PlanFunction } from "../../ir/plan.js";
import { NotLowered } from "./not-lowered.js";
import { productSides } from "./product-sides.js";

/** Which values are kept in memory, rather than computed by each reader. */
export function storedNodes(plan: PlanFunction): (id: NodeId) => boolean {
  const uses = plan.nodes.map(() => 0);
  for (const { operation } of plan.nodes) for (const id of new Set(operandsOf(operation))) uses[id] = uses[id]! + 1;
  const withoutRenames = (id: NodeId): NodeId => {
    const { operation } = plan.nodes[id]!;
    return operation.kind === "rename" ? withoutRenames(operation.operand) : id;
  };
  /** Values that a product reads as they are. */
  const productOperands = new Set<NodeId>();
  for (const { operation } of plan.nodes) {
    if (operation.kind !== "contract") continue;
    for (const [only, ...others] of productSides(plan, operation) ?? [])
      if (only !== undefined && others.length === 0) productOperands.add(withoutRenames(only));
  }
  const isOnlyAddedUp = new Set<NodeId>();
  for (const { operation } of plan.nodes) {
    if (operation.kind !== "overlapAdd" || uses[operation.operand] !== 1) continue;
    if (!plan.outputs.some(({ node }) => node === operation.operand)) isOnlyAddedUp.add(operation.operand);
  }
  /**
   * A stored value with one of fewer axes added to it, or as a factor, such as a bias: reading both again is no more than
   * reading the result would be, and nothing has to be written.
   */
  const isShift = (id: NodeId): boolean => {
    const { operation, axes } = plan.nodes[id]!;
    if (operation.kind !== "binary" || !["add", "subtract", "multiply"].includes(operation.function)) return false;
    const sides = [operation.left, operation.right];
    const isSmall = (side: NodeId): boolean => plan.nodes[side]!.axes.length < axes.length;
    const isAtHand = (side: NodeId): boolean => {
      const { kind } = plan.nodes[withoutRenames(side)]!.operation;
      return kind === "input" || kind === "constant" || kind === "size" || kind === "contract" || kind === "reduce";
    };
    return sides.every(isAtHand) && sides.some(isSmall);
  };
  const isStored = (id: NodeId): boolean => {
    const { operation } = plan.nodes[id]!;
    switch (operation.kind) {
      case "contract":
      case "reduce":
      case "scatterAdd":
      case "merge":
        return true;
      // Sums of sums of windows are taken at once.
      case "overlapAdd":
        return !isOnlyAddedUp.has(id);
      // Windows are seen in what they look at; products read them side by side.
      case "window":
        return productOperands.has(id) && uses[id]! > 1;
      case "constant":
      case "size":
      case "position":
      case "input":
      case "rename":
      case "slice":
      case "gather":
      case "split":
        return false;
      case "unary":
        return productOperands.has(id) || (uses[id]! > 1 && !isCheap(operation));
      case "binary":
        return productOperands.has(id) || (uses[id]! > 1 && plan.nodes[id]!.axes.length > 0 && !isShift(id));
      case "select":
        return productOperands.has(id) || (uses[id]! > 1 && plan.nodes[id]!.axes.length > 0);
      case "softmax":
      case "diagonal":
      case "stack":
      case "cholesky":
      case "triangularSolve":
      case "draw":
        throw new NotLowered(operation.kind);
    }
  };
  return isStored;
}

function isCheap(operation: Extract<Operation, { kind: "unary" }>): boolean {
  switch (operation.function) {
    case "negate":
    case "abs":
    case "square":
    case "step":
    case "relu":
    case "leakyRelu":
    case "sign":
    case "isPresent":
    case "presentOrZero":
      return true;
    default:
      return false;
  }
}
