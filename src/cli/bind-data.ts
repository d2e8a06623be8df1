import { bindColumns } from "../data/bind-columns.js";
import type { BindRequest, BoundData, ColumnMapping } from "../data/bindable.js";
import { readTable } from "../data/read-table.js";
import type { Table } from "../data/table.js";
import { harmlessText } from "../diagnostics/harmless-text.js";
import { readingGrey } from "../runtime/elbo/grey-values.js";
import type { ModelDescription } from "../runtime/description.js";
import { CommandFailure, usageFailure } from "./failure.js";
import type { KnownSizes } from "./known-sizes.js";
import type { Terminal } from "./terminal.js";

export interface DataOptions {
  readonly data: readonly string[];
  readonly map: Readonly<Record<string, readonly string[]>>;
  readonly weights?: string;
  readonly sequence?: string;
  readonly binarize?: string;
  readonly quiet?: boolean;
  /** true: read the data in blocks; false: hold them in memory; undefined: by their size. */
  readonly stream?: boolean;
}

/** Reads the files of `--data`. */
export async function readData(terminal: Terminal, options: DataOptions): Promise<Table> {
  if (options.data.length === 0) throw usageFailure("There is no --data.");
  const table = await readTable(options.data, terminal.input);
  if (table.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: table.diagnostics });
  return table.value;
}

/** Binds a table to the variables of a model, and says which columns became what. */
export function bindData(
  terminal: Terminal,
  table: Table,
  description: ModelDescription,
  sizes: KnownSizes,
  options: DataOptions,
  trained?: ColumnMapping,
): BoundData {
  if (options.sequence !== undefined && description.sequences?.plate === undefined) {
    throw usageFailure(
      `${description.name} has no sequences, so --sequence has nothing to tell apart.`,
      "Put its `chain` into a plate: `each s { chain t { … } }`.",
    );
  }
  const bound = bindColumns({ ...bindRequest(description, sizes, options, trained), table });
  if (bound.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: bound.diagnostics });
  if (options.quiet !== true) terminal.message(mappingText(bound.value, table, description));
  return bound.value;
}

/** What binding needs to know besides the table. */
export function bindRequest(
  description: ModelDescription,
  sizes: KnownSizes,
  options: DataOptions,
  trained?: ColumnMapping,
): Omit<BindRequest, "table"> {
  return {
    variables:
      options.binarize === "resample" || options.binarize === "expected"
        ? readingGrey(description.variables)
        : description.variables,
    sizes: sizes.settled,
    defaults: sizes.defaults,
    map: options.map,
    threshold: options.binarize === "threshold",
    ...(options.weights === undefined ? {} : { weights: options.weights }),
    ...(options.sequence === undefined ? {} : { sequence: options.sequence }),
    ...(trained === undefined ? {} : { trained }),
  };
}

/** `data: 50 rows; x = a, b; not used: c` */
export function mappingText(
  { rows, mapping, sequences }: BoundData,
  table: Table,
  { variables }: ModelDescription,
  extent = `${rows} ${rows === 1 ? "row" : "rows"}`,
): string {
  const parts = Object.entries(mapping.columns).map(([variable, columns]) => `${variable} = ${listed(columns)}`);
  const used = new Set(Object.values(mapping.columns).flat());
  const unused = table.columns.map((column) => column.name).filter((name) => !used.has(name));
  if (sequences !== undefined) parts.unshift(`${sequences.length} sequences`);
  const weight = variables.find(({ role }) => role === "weight")?.name;
  if (weight !== undefined && mapping.columns[weight] === undefined) {
    parts.push(`every row counts once (there is no column ${weight})`);
  }
  if (unused.length > 0) parts.push(`not used: ${listed(unused)}`);
  return `${harmlessText(`data: ${extent}; ${parts.join("; ")}`)}\n`;
}

function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 6).join(", ")}, … ${names.at(-1)} (${names.length})`;
}

/** Data in the form that a trainer takes; the plate of the sequences says which one each row belongs to. */
export function trainerData(
  bound: BoundData,
  { sequences }: Pick<ModelDescription, "sequences">,
): Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>> {
  const columns = Object.entries(bound.values).map(
    ([name, data]) => [name, { shape: [bound.rows, ...bound.shapes[name]], data }] as const,
  );
  if (bound.sequences === undefined || sequences?.plate === undefined) return Object.fromEntries(columns);
  const numbers = new Float64Array(bound.rows);
  bound.sequences.forEach(({ rows }, number) => rows.forEach((row) => (numbers[row] = number)));
  return Object.fromEntries([...columns, [sequences.plate, { shape: [bound.rows], data: numbers }]]);
}
