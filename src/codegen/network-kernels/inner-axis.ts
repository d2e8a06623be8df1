import type { Stored } from "./plan-buffers.js";

/** The axis along which most values lie side by side. */
export function innerAxis(
  looped: readonly string[],
  places: readonly (Stored | undefined)[],
  result: readonly string[],
): string | undefined {
  const last = (own: readonly string[]): string | undefined => own.findLast((axis) => axis !== "");
  const votes = new Map<string, number>();
  const vote = (axis: string | undefined, weight: number): void => {
    if (axis !== undefined && looped.includes(axis)) votes.set(axis, (votes.get(axis) ?? 0) + weight);
  };
  for (const place of places) if (place !== undefined) vote(last(place.axes), place.axes.length > 1 ? 2 : 1);
  vote(last(result), result.length > 1 ? 2 : 1);
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? looped.at(-1);
}
