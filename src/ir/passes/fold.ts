import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";

/** The identities applied while nodes are made; returns a node that has the same value, or the operation to add. */
export function foldOperation(operation: Operation, _builder: PlanBuilder): Operation | NodeId {
  return operation;
}
