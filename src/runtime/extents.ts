import type { Extent, ParameterDescription, Sizes } from "./description.js";

/** The number an extent stands for; undefined while one of its sizes is not bound. */
export function extentValue(extent: Extent, sizes: Sizes): number | undefined {
  if (typeof extent === "number") return extent;
  if (typeof extent === "string") return Object.hasOwn(sizes, extent) ? sizes[extent] : undefined;
  let total = 0;
  for (const part of extent) {
    const value = extentValue(part, sizes);
    if (value === undefined) return undefined;
    total += value;
  }
  return total;
}

/** As people read it: `K`, `3`, `D + 1`. */
export function extentText(extent: Extent): string {
  return typeof extent === "number" || typeof extent === "string"
    ? String(extent)
    : extent.map((part) => extentText(part)).join(" + ");
}

/** A shape whose sizes must all be bound; otherwise a bug of the caller. */
export function boundShape(shape: readonly Extent[], sizes: Sizes): number[] {
  return shape.map((extent) => {
    const value = extentValue(extent, sizes);
    if (value === undefined) throw new Error(`size ${extentText(extent)} is not bound`);
    return value;
  });
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, extent) => total * extent, 1);
}

/** Cells of a parameter's table and the number of stored values in each. */
export function cellsOf(
  parameter: ParameterDescription,
  sizes: Sizes,
): { cells: number; width: number; own: number[] } {
  const shape = boundShape(parameter.shape, sizes);
  const own = shape.slice(parameter.tableRank);
  return { cells: product(shape.slice(0, parameter.tableRank)), width: product(own), own };
}
