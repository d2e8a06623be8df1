import type { Sizes, Tensors } from "../description.js";
import type { CellCount, KernelArrayDescription, KernelArrayRole, KernelDescription } from "./kernel-description.js";

/** What a kernel's functions are given; the same as the generated loops. */
export interface KernelArguments {
  readonly sizes: Sizes;
  readonly rows: number;
  /** Of a scan: where each sequence begins, and last where the last one ends; absent: all rows are one. */
  readonly starts?: Int32Array;
  readonly parameters?: Tensors;
  readonly previous?: Tensors;
  readonly data?: Tensors;
  readonly tables?: Tensors;
  /** Outputs without rows are added to; outputs by row are written. */
  readonly into: Tensors;
}

/** Where what is given for an array is. */
export function tensorsOf(role: KernelArrayRole, given: KernelArguments): Tensors | undefined {
  switch (role) {
    case "parameter":
      return given.parameters;
    case "previous":
      return given.previous;
    case "data":
      return given.data;
    case "table":
    case "rowTable":
      return given.tables;
    case "output":
    case "rowOutput":
      return given.into;
    case "derived":
    case "lanes":
    case "kept":
    case "uniform":
    case "varying":
    case "total":
      return undefined;
  }
}

export function column(tensors: Tensors | undefined, key: string): Float64Array {
  const found = tensors?.[key];
  if (found === undefined) throw new Error(`kernel: ${key} is not given`);
  return found;
}

export function sizeNamed(sizes: Sizes, name: string): number {
  const found = sizes[name];
  if (found === undefined) throw new Error(`kernel: the size ${name} is not given`);
  return found;
}

export function widthOf(array: KernelArrayDescription, given: KernelArguments): number {
  return countCells(array.cells ?? [], given.sizes);
}

/** Memory for the sums of one shard. */
export function totalBytes({ arrays }: KernelDescription, given: KernelArguments): number {
  return arrays.reduce((sum, array) => sum + (array.role === "total" ? 16 * widthOf(array, given) : 0), 0);
}

/** The number that a description's sum of products is. */
export function countCells(cells: CellCount, sizes: Sizes): number {
  return cells.reduce((total, [factor, ...names]) => {
    const product = names.reduce((count, name) => count * sizeNamed(sizes, name), factor);
    return total + product;
  }, 0);
}
