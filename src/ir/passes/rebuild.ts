import { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation, PlanFunction, PlanNode } from "../plan.js";
import { withOperands } from "../plan.js";

/** Makes another node for one of a function; undefined leaves it as it is. `operation` reads nodes of the new builder. */
export type Replacement = (
  operation: Operation,
  node: PlanNode,
  id: NodeId,
  builder: PlanBuilder,
) => NodeId | undefined;

/**
 * Appends the nodes of a function to a builder, folded and shared with what is there, and returns the new node of each.
 *
 * Axes of the same name are the same axis. Replacing inputs inlines a function into another.
 */
export function copyInto(builder: PlanBuilder, fn: PlanFunction, replace?: Replacement): readonly NodeId[] {
  for (const axis of fn.axes) builder.axis(axis.name, axis.size);
  const copies: NodeId[] = [];
  fn.nodes.forEach((node, id) => {
    const operation = withOperands(node.operation, (operand) => copies[operand]);
    copies.push(builder.rule(node.rule, () => replace?.(operation, node, id, builder) ?? builder.remake(operation)));
  });
  return copies;
}

/** The same function made anew, without what its outputs do not need. */
export function rebuild(fn: PlanFunction, replace?: Replacement): PlanFunction {
  const builder = new PlanBuilder();
  const copies = copyInto(builder, fn, replace);
  for (const { name, node, axes, ...options } of fn.outputs) builder.output(name, copies[node], axes, options);
  return { ...builder.build(fn.name, fn.documentation), ...orderOf(fn) };
}

/** When and over which rows a function runs: what a rewritten function keeps. */
export function orderOf({ sweep, before }: PlanFunction): Pick<PlanFunction, "sweep" | "before"> {
  return { ...(sweep === undefined ? {} : { sweep }), ...(before === undefined ? {} : { before }) };
}
