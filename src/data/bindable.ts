import type { Table } from "./table.js";

/** A size known at run time: a number, a size symbol, or a sum of such. */
export type Extent = number | string | readonly Extent[];

/** What binding needs to know of a variable that the model reads; a trainer's description has it. */
export interface BindableVariable {
  readonly name: string;
  readonly role: "observed" | "given" | "weight" | "latent";
  readonly domain: "real" | "positive" | "unit" | "angle" | "count" | "binary" | "category" | "simplex" | "ordered";
  /** Values of a category. */
  readonly categories?: Extent;
  /** Inner plates, outermost first. */
  readonly plates: readonly Extent[];
  /** Own shape: [D] for a Vector[D]. */
  readonly event: readonly Extent[];
  readonly optional: boolean;
}

/** Sizes that are settled, and by what, in words: "--dim K=3", "the parameters". */
export type SettledSizes = ReadonlyMap<string, { readonly value: number; readonly by: string }>;

export type Label = number | string;

/** Which columns feed which variable, and how their cells become numbers: saved with the model. */
export interface ColumnMapping {
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** By Category variable: the label of each code. */
  readonly labels: Readonly<Record<string, readonly Label[]>>;
  /** By Binary variable that was made so from grey levels: the least level that counts as 1. */
  readonly levels: Readonly<Record<string, number>>;
}

export interface BindRequest {
  readonly table: Table;
  readonly variables: readonly BindableVariable[];
  readonly sizes: SettledSizes;
  /** Defaults of sizes in the program: they give way to the data. */
  readonly defaults: Readonly<Record<string, number>>;
  /** `--map`, by variable. */
  readonly map: Readonly<Record<string, readonly string[]>>;
  /** `--weights`: the column of the declared weight. */
  readonly weights?: string;
  /** `--sequence` */
  readonly sequence?: string;
  /** Grey levels of a Binary variable are cut in the middle of their range. */
  readonly threshold: boolean;
  /** Of the model that was trained: its columns are the default, its labels and levels are binding. */
  readonly trained?: ColumnMapping;
  /** Where the table is a part of the data: what can only be said of all of them. */
  readonly whole?: WholeData;
}

/** What a part of the data cannot tell. */
export interface WholeData {
  /** By Category variable: its distinct labels, numbers by size, then text. */
  readonly labels: Readonly<Record<string, readonly Label[]>>;
  /** By Binary variable of grey levels: the least level that counts as 1. */
  readonly levels: Readonly<Record<string, number>>;
}

/** Data as a trainer takes it. */
export interface BoundData {
  readonly rows: number;
  /** By variable, row-major: rows, then plates, then event. Missing entries are NaN. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** By variable: plates, then event. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly mapping: ColumnMapping;
  readonly sequences?: readonly Sequence[];
}

/** Rows with one value of the column that tells sequences apart. */
export interface Sequence {
  readonly label: Label | undefined;
  /** In order. */
  readonly rows: Int32Array;
}
