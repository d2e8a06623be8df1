import type { NodeId, Operation, PlanFunction } from "../ir/plan.js";
import { withOperands } from "../ir/plan.js";
import type { PlanBuilder } from "../ir/plan-builder.js";

/**
 * Writes a function's nodes into another builder, with some of its table inputs replaced by nodes there.
 *
 * A replacement may lack axes of the input it stands for (it is constant along them): reductions over an axis that is
 * no longer there multiply by its size.
 *
 * @param table the node for a table input, or undefined to keep it as an input
 * @returns the node of each output, by name
 */
export function instantiate(
  builder: PlanBuilder,
  fn: PlanFunction,
  table: (name: string) => NodeId | undefined,
): ReadonlyMap<string, NodeId> {
  for (const axis of fn.axes) builder.axis(axis.name, axis.size);
  const made: NodeId[] = [];
  for (const node of fn.nodes) {
    const operation = withOperands(node.operation, (id) => made[id]!);
    made.push(builder.rule(node.rule, () => write(builder, operation, table)));
  }
  return new Map(fn.outputs.map((output) => [output.name, made[output.node]!]));
}

function write(builder: PlanBuilder, operation: Operation, table: (name: string) => NodeId | undefined): NodeId {
  switch (operation.kind) {
    case "input":
      return (operation.source === "table" ? table(operation.name) : undefined) ?? builder.add(operation);
    case "reduce":
      switch (operation.function) {
        case "sum":
          return builder.sum(operation.operand, operation.over);
        case "logSumExp":
          return builder.logSumExp(operation.operand, operation.over);
        case "max":
          return builder.max(operation.operand, operation.over);
      }
    case "contract":
      return builder.contract(operation.operands, operation.over);
    case "softmax": {
      const present = operation.over.filter((axis) => builder.has(operation.operand, axis));
      if (present.length === operation.over.length) return builder.add(operation);
      throw new Error("instantiate: a softmax over an axis that its table lacks");
    }
    case "triangularSolve": {
      const from = operation.transposed ? operation.column : operation.row;
      const { operation: right } = builder.node(operation.right);
      if (right.kind === "constant" && right.value === 0) return operation.right;
      // The solution differs from entry to entry also where the right-hand side does not.
      const along = builder.has(operation.right, from)
        ? operation.right
        : builder.times(operation.right, ones(builder, from));
      return builder.add({ ...operation, right: along });
    }
    default:
      return builder.remake(operation);
  }
}

/** 1 for every entry of an axis; nodes with different marks are different nodes. */
export function ones(builder: PlanBuilder, axis: string, mark = 0): NodeId {
  return builder.binary("lessEqual", builder.constant(-mark), builder.position(axis));
}
