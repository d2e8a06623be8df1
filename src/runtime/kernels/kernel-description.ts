/**
 * What the run time must know of a compiled kernel: which functions the WebAssembly module exports, what each reads and
 * writes, and how that is laid out in memory.
 *
 * A function has a *frame*, a block of memory from which it reads its sizes and the addresses of its arrays. Its
 * segments run in order: `once` (frame), then `rows` (frame, first group, end group), then `once` again, and so on. A
 * group is `lanes` rows. Rows are run shard by shard, each with a frame, with varying memory and with totals of its own:
 * `clear` (frame) before it, and, when all are through, `collect` (frame) for one shard after the other.
 */
export interface KernelDescription {
  readonly name: string;
  readonly segments: readonly KernelSegment[];
  /** Runs over the rows (frame, first group, end group) once per data set, to compute the derived columns. */
  readonly columns?: string;
  readonly frameBytes: number;
  /** Where in the frame the number of rows goes, as a 32-bit integer. */
  readonly rowsOffset: number;
  readonly sizes: readonly { readonly name: string; readonly offset: number }[];
  readonly arrays: readonly KernelArrayDescription[];
  /** Lanes are sequences, groups their steps; see `scan-layout.ts`. */
  readonly scan?: ScanDescription;
}

export interface ScanDescription {
  /** Where in the frame the first step of a shard and the end of its steps go; what is called for its rows reads them there. */
  readonly begin: number;
  readonly end: number;
  /** Where numbers of rows go: of those at positions `from` to `to` - 1 of their sequences, with `last` the last ones. */
  readonly counts: readonly {
    readonly offset: number;
    readonly from: number;
    readonly to?: number;
    readonly last?: boolean;
  }[];
  /** Kept arrays in which a step tells the next one, or the one before, all that it knows of the others. */
  readonly state: readonly string[];
  /** May a sequence be cut, because what is far away is forgotten? */
  readonly mayCut?: boolean;
}

export interface KernelSegment {
  readonly export: string;
  readonly kind: "once" | "rows";
  readonly clear?: string;
  readonly collect?: string;
}

export interface KernelArrayDescription {
  /** Where in the frame its address goes. */
  readonly offset: number;
  readonly role: KernelArrayRole;
  /** Name of the parameter, data column, table or output; empty for memory of the kernel's own. */
  readonly key: string;
  /** Number of cells; of arrays by row: in one row. Inputs without rows are as long as what is given. */
  readonly cells?: CellCount;
}

/**
 * parameter, previous, table: float64 entries in row-major order · data, rowTable: [group, cell, lane], zeros where
 * there is no row · derived: a column that depends on the data alone, [group, cell, lane] · output: entries that are added to · rowOutput: [group, cell, lane] · lanes: of a scan, [step, mark, lane] · kept: memory of a shard of a scan, [step, cell, lane] · uniform: own memory, 8 bytes a
 * cell, written before the rows · varying: own memory of a shard, 8 bytes a lane and cell · total: sums of a shard, 16
 * bytes a cell.
 */
export type KernelArrayRole =
  | "parameter"
  | "previous"
  | "table"
  | "data"
  | "rowTable"
  | "derived"
  | "output"
  | "rowOutput"
  | "lanes"
  | "kept"
  | "uniform"
  | "varying"
  | "total";

/** A sum of products: a number and the sizes it is multiplied by. */
export type CellCount = readonly (readonly [number, ...(readonly string[])])[];

/** The functions of one model, compiled into one module. */
export interface KernelModule {
  readonly lanes: number;
  /** The WebAssembly module, as `bytesOfText` reads it. */
  readonly bytes: string;
  /** Where its multiply-adds are, which are fused where there is relaxed SIMD; in the same form. */
  readonly fusions: string;
  /** Place of the byte that says whether the imported memory is shared: 1 where it is not, 3 where it is. */
  readonly memoryFlags: number;
  /** Memory below is the module's own constants. */
  readonly firstFreeByte: number;
  readonly functions: readonly KernelDescription[];
}
