import { PlanBuilder } from "../../ir/plan-builder.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";

/** A builder with the axes of a function, that makes every node as it is asked for. */
export function builderLike(fn: PlanFunction): PlanBuilder {
  const builder = new PlanBuilder({ fold: false });
  for (const axis of fn.axes) builder.axis(axis.name, axis.size);
  return builder;
}

export function rowsAxisOf(fn: PlanFunction): string | undefined {
  return fn.axes.find((axis) => axis.size.kind === "rows")?.name;
}

export function varies(fn: PlanFunction, id: NodeId, axis: string | undefined): boolean {
  return axis !== undefined && fn.nodes[id].axes.includes(axis);
}
