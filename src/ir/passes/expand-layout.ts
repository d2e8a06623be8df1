import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation, PlanFunction, Windows } from "../plan.js";
import { rebuild } from "./rebuild.js";

/** Writes windows, their sums, and axes split and merged as gathers and scatters, for engines without views of them. */
export function expandLayout(fn: PlanFunction): PlanFunction {
  const isThere = fn.nodes.some(({ operation }) => isLayout(operation));
  return isThere ? rebuild(fn, (operation, _node, _id, builder) => expanded(operation, builder)) : fn;
}

function isLayout(operation: Operation): boolean {
  return ["window", "overlapAdd", "split", "merge"].includes(operation.kind);
}

function expanded(operation: Operation, b: PlanBuilder): NodeId | undefined {
  switch (operation.kind) {
    case "window": {
      const place = placeInWindow(operation, b);
      const inside = b.times(
        b.binary("lessEqual", b.constant(0), place),
        b.binary("less", place, b.size(operation.axis)),
      );
      return b.select(inside, b.gather(operation.operand, operation.axis, place), b.constant(0));
    }
    case "overlapAdd": {
      const { operand, axis, positions, offsets } = operation;
      return b.scatterAdd(operand, axis, placeInWindow(operation, b), [positions, offsets]);
    }
    case "split":
      return b.gather(operation.operand, operation.axis, rowMajor(operation.into, b));
    case "merge":
      return b.scatterAdd(operation.operand, operation.axis, rowMajor(operation.from, b), operation.from);
    default:
      return undefined;
  }
}

function placeInWindow({ positions, offsets, stride, before }: Windows, b: PlanBuilder): NodeId {
  return b.minus(b.plus(b.scale(stride, b.position(positions)), b.position(offsets)), b.constant(before));
}

function rowMajor(axes: readonly string[], b: PlanBuilder): NodeId {
  return axes.reduce((place, axis) => b.plus(b.times(place, b.size(axis)), b.position(axis)), b.constant(0));
}
