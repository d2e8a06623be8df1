import { type NodeId, type Operation, operandsOf, type PlanFunction } from "../../ir/plan.js";

/**
 * Values of which many numbers may be 0, by how they are computed: data, what an activation cuts off, and what is
 * multiplied by such values. How many are is known when the numbers are there.
 */
export function oftenZero(plan: PlanFunction): (id: NodeId) => boolean {
  const known: boolean[] = [];
  for (const { operation, axes } of plan.nodes) known.push(isOftenZero(operation, axes.length));
  return (id) => known[id] === true;

  function isOftenZero(operation: Operation, axes: number): boolean {
    // A factor of fewer axes, such as a weight for each row, is rarely 0.
    const isFactor = (id: NodeId): boolean => known[id] === true && plan.nodes[id]!.axes.length === axes;
    switch (operation.kind) {
      case "input":
        return operation.source === "data";
      case "unary":
        switch (operation.function) {
          case "relu":
          case "step":
            return true;
          case "negate":
          case "abs":
          case "square":
          case "sqrt":
          case "sign":
          case "presentOrZero":
            return known[operation.operand] === true;
          default:
            return false;
        }
      case "binary":
        switch (operation.function) {
          case "multiply":
            return isFactor(operation.left) || isFactor(operation.right);
          case "divide":
            return isFactor(operation.left);
          case "less":
          case "lessEqual":
          case "equal":
            return true;
          default:
            return false;
        }
      case "select":
        return [operation.whenTrue, operation.whenFalse].some((id) => {
          const { operation: chosen } = plan.nodes[id]!;
          return known[id] === true || (chosen.kind === "constant" && chosen.value === 0);
        });
      case "rename":
      case "slice":
      case "window":
      case "split":
      case "merge":
        return operandsOf(operation).some((id) => known[id] === true);
      default:
        return false;
    }
  }
}
