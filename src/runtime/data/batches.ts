import { DataError } from "../errors.js";
import { isNumericTypedArray, isTensorLike } from "./raw-column.js";

/** A way to go through all batches, as often as it is called. */
export type OpenBatches = () => Iterable<unknown> | AsyncIterable<unknown>;

/** How data comes: as a whole, as batches that can be gone through again and again, or as batches that can be gone through once. */
export type DataForm =
  { readonly kind: "whole" } | { readonly kind: "again"; readonly open: OpenBatches } | { readonly kind: "once" };

/** Arrays, even of batches, are in memory as a whole already; what iterates over itself can be gone through once. */
export function formOf(data: unknown): DataForm {
  if (typeof data === "function") return { kind: "again", open: () => iterableOf((data as () => unknown)()) };
  if (!isIterable(data)) return { kind: "whole" };
  // An iterator iterates over itself.
  return "next" in data && typeof data.next === "function" ? { kind: "once" } : { kind: "again", open: () => data };
}

type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>;

function isIterable(data: unknown): data is AnyIterable {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return false;
  if (isNumericTypedArray(data) || isTensorLike(data)) return false;
  return Symbol.asyncIterator in data || Symbol.iterator in data;
}

/** Data that come as batches, as such. */
export function iterableOf(made: unknown): AnyIterable {
  if (isIterable(made) || Array.isArray(made)) return made as AnyIterable;
  throw new DataError("type", "A function given as data must return an iterable or an async iterable of batches.");
}
