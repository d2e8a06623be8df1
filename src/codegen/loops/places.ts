import type { AxisSize } from "../../ir/plan.js";
import type { Index } from "./loop-tree.js";

/** Where each axis is read or written. */
export type Places = ReadonlyMap<string, Index>;

export function placeOf(places: Places, axis: string): Index {
  const place = places.get(axis);
  if (place === undefined) throw new Error(`lower: no place along axis ${axis}`);
  return place;
}

export function withPlace(places: Places, axis: string, index: Index): Map<string, Index> {
  return new Map([...places, [axis, index]]);
}

/** A place along the rows, some rows back; along any other axis the place itself. */
export function lookingBack(index: Index, size: AxisSize, lag: number | undefined): Index {
  return lag === undefined || size.kind !== "rows" || index.kind !== "variable" ? index : { ...index, back: lag };
}
