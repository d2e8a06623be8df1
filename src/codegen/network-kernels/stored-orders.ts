import { type NodeId, operandsOf, type PlanFunction } from "../../ir/plan.js";

/**
 * In which order the axes of a value are stored: those of outputs as they are wanted, and of what is added up into them,
 * cell by cell, in the same order, so that no loop has to turn a matrix.
 */
export function storedOrders(plan: PlanFunction): ReadonlyMap<NodeId, readonly string[]> {
  const orders = new Map<NodeId, readonly string[]>();
  for (const { node, axes } of plan.outputs) {
    const missing = axes.filter((axis) => !plan.nodes[node]!.axes.includes(axis));
    if (missing.length === 0 && !orders.has(node)) orders.set(node, axes);
  }
  for (let id = plan.nodes.length - 1; id >= 0; id--) {
    const order = orders.get(id);
    const { operation } = plan.nodes[id]!;
    if (order === undefined) continue;
    if (operation.kind !== "unary" && operation.kind !== "binary" && operation.kind !== "select") continue;
    for (const operand of operandsOf(operation)) {
      const own = plan.nodes[operand]!.axes;
      const isSame = own.length === order.length && order.every((axis) => own.includes(axis));
      if (isSame && !orders.has(operand)) orders.set(operand, order);
    }
  }
  return orders;
}
