import type { Item } from "./loop-tree.js";
import { statementsIn } from "./loop-tree.js";

/** Going through several rows together, so that what they share is read once. */
export interface Tiling {
  readonly lanes: number;
  /** Depth of loops inside the pass over rows from which on it is worth the longer code. */
  readonly fromDepth: number;
}

export const untiled: Tiling = { lanes: 1, fromDepth: Infinity };

/** Rows with linear algebra or draws of their own are gone through one by one. */
export function isTiled(items: readonly Item[], { fromDepth }: Tiling): boolean {
  const depthOf = (item: Item): number => (item.kind === "loop" ? 1 + Math.max(0, ...item.items.map(depthOf)) : 0);
  const passes = items.filter((item) => item.kind === "loop" && item.variable.size.kind === "rows");
  const isPlain = statementsIn(passes).every(
    (statement) => statement.kind !== "factor" && !(statement.kind === "define" && statement.term.kind === "draw"),
  );
  return isPlain && passes.some((pass) => depthOf(pass) - 1 >= fromDepth);
}
