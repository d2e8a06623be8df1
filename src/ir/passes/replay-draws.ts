import type { AxisSize, Operation, PlanFunction } from "../plan.js";

/** A table of random numbers that a function reads in place of drawing them. */
export interface ReplayedDraw {
  readonly name: string;
  readonly family: "normal" | "uniform";
  readonly axes: readonly { readonly name: string; readonly size: AxisSize }[];
}

/**
 * Turns every draw into a table `noise.<site>` of standard draws, so that a step can be repeated, differentiated and
 * compiled like any other function.
 *
 * @throws Error for a draw that depends on values (gamma, Poisson, …): it cannot be written as a table
 */
export function replayDraws(fn: PlanFunction): {
  readonly fn: PlanFunction;
  readonly tables: readonly ReplayedDraw[];
} {
  const tables = new Map<string, ReplayedDraw>();
  const nodes = fn.nodes.map((node) => {
    const { operation } = node;
    if (operation.kind !== "draw") return node;
    if (operation.arguments.length > 0 || (operation.family !== "normal" && operation.family !== "uniform"))
      throw new Error(`replay draws: ${operation.site} is drawn from ${operation.family}`);
    const name = `noise.${operation.site}`;
    const axes = node.axes.map((axis) => ({ name: axis, size: fn.axes.find((each) => each.name === axis)!.size }));
    tables.set(name, { name, family: operation.family, axes });
    const input: Operation = { kind: "input", source: "table", name, axes: node.axes };
    return { ...node, operation: input };
  });
  return { fn: { ...fn, nodes }, tables: [...tables.values()] };
}
