import type { Extent, SettledSizes } from "./bindable.js";

/** What a number of columns says about the sizes in a variable's shape. */
export type SizeSolution =
  | { readonly kind: "fits"; readonly shape: readonly number[]; readonly found: Readonly<Record<string, number>> }
  | { readonly kind: "contradicts"; readonly expected: number }
  | { readonly kind: "indivisible"; readonly by: number }
  | { readonly kind: "open"; readonly unknown: readonly string[] };

export function extentValue(extent: Extent, sizes: SettledSizes): number | undefined {
  if (typeof extent === "number") return extent;
  if (typeof extent === "string") return sizes.get(extent)?.value;
  const parts = extent.map((part) => extentValue(part, sizes));
  return parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0);
}

export function extentText(extent: Extent): string {
  return typeof extent === "object" ? extent.map(extentText).join(" + ") : String(extent);
}

/** Settles at most one unknown size: `columns` = product of the extents. */
export function solveSizes(extents: readonly Extent[], columns: number, sizes: SettledSizes): SizeSolution {
  const values = extents.map((extent) => extentValue(extent, sizes));
  const known = values.reduce<number>((product, value) => product * (value ?? 1), 1);
  const unknown = extents.filter((_, i) => values[i] === undefined);
  if (unknown.length === 0) {
    return known === columns
      ? { kind: "fits", shape: values.map((value) => value ?? 0), found: {} }
      : { kind: "contradicts", expected: known };
  }
  const symbols = [...new Set(unknown.flatMap(symbolsIn))].filter((symbol) => !sizes.has(symbol));
  if (symbols.length > 1 || unknown.some((extent) => typeof extent !== "string"))
    return { kind: "open", unknown: symbols };
  // A symbol that occurs twice, as in Matrix[D, D], is a root.
  const size = Math.round((columns / known) ** (1 / unknown.length));
  if (size < 1 || size ** unknown.length * known !== columns) return { kind: "indivisible", by: known };
  return { kind: "fits", shape: values.map((value) => value ?? size), found: { [symbols[0]]: size } };
}

function symbolsIn(extent: Extent): readonly string[] {
  if (typeof extent === "string") return [extent];
  return typeof extent === "number" ? [] : extent.flatMap(symbolsIn);
}
