import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { cannotBind, numberedColumnMissing, unknownColumn } from "../diagnostics/catalogue/data.js";
import type { BindableVariable, BindRequest, Extent } from "./bindable.js";
import { extentText, solveSizes } from "./solve-sizes.js";
import { isTextual, tablePlace, type Column, type Table } from "./table.js";

/**
 * The columns that feed a variable: those of `--map`; else those it was trained on; else the column of its name; else
 * its numbered columns; else, for the only variable of a model that reads nothing else, all columns of a fitting kind.
 * Of the defaults, the first that there is and that fits the sizes.
 */
export function chooseColumns(variable: BindableVariable, request: BindRequest): DataOutcome<readonly Column[]> {
  const { table, map, trained } = request;
  if (Object.hasOwn(map, variable.name)) return findColumns(table, map[variable.name], `\`--map ${variable.name}=…\``);
  const before = trained?.columns[variable.name];
  const known = before?.every((name) => table.columns.some((column) => column.name === name)) === true;
  if (before !== undefined && known) return findColumns(table, before, "the model");

  const numbered = numberedColumns(variable, table);
  if (numbered.kind === "refused") return numbered;
  const exact = table.columns.filter((column) => column.name === variable.name);
  const candidates = [
    exact,
    numbered.value,
    ...(readsAlone(variable, request) ? [fittingColumns(variable, request)] : []),
  ];
  const there = candidates.filter((columns) => columns.length > 0);
  const extents = [...variable.plates, ...variable.event];
  const fits = (columns: readonly Column[]): boolean =>
    solveSizes(extents, columns.length, request.sizes).kind === "fits";
  const chosen = there.find(fits) ?? there[0];
  if (chosen !== undefined) return { kind: "ready", value: chosen };
  if (before !== undefined) return findColumns(table, before, "the model");
  return refused(nothingFits(variable, request));
}

/** Names as in `--map`: `a`, `b`, or `a..c` for all from one to the other in the order of the file. */
export function findColumns(table: Table, names: readonly string[], asked: string): DataOutcome<readonly Column[]> {
  const all = table.columns.map((column) => column.name);
  const found: Column[] = [];
  const diagnostics: DataDiagnostic[] = [];
  const find = (name: string): number => {
    const at = all.indexOf(name);
    if (at === -1) {
      const suggestion = didYouMean(name, all);
      const details = { name, asked, columns: all, ...(suggestion === undefined ? {} : { suggestion }) };
      diagnostics.push(unknownColumn({ ...tablePlace(table), column: name }, details));
    }
    return at;
  };
  for (const name of names) {
    const range = all.includes(name) ? null : /^(.+)\.\.(.+)$/.exec(name);
    const first = find(range === null ? name : range[1]);
    const last = range === null ? first : find(range[2]);
    if (first >= 0 && last >= 0) found.push(...table.columns.slice(Math.min(first, last), Math.max(first, last) + 1));
  }
  return diagnostics.length > 0 ? { kind: "refused", diagnostics } : { kind: "ready", value: found };
}

/** `x0 x1 …`, `x_1 x_2 …`, `x[0] x[1] …`, and with several dimensions `x_1_1`, `x[0,1]`, `x[0][1]`; from 0 or 1 on. */
function numberedColumns(variable: BindableVariable, table: Table): DataOutcome<readonly Column[]> {
  const escaped = variable.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`^${escaped}(?:_?(\\d+(?:_\\d+)*)|\\[(\\d+(?:(?:,\\s*|\\]\\[)\\d+)*)\\])$`);
  const numbered = table.columns.flatMap((column) => {
    const match = pattern.exec(column.name);
    if (match === null) return [];
    return [{ column, index: (match[1] ?? match[2]).split(/\D+/).map(Number) }];
  });
  if (numbered.length === 0) return { kind: "ready", value: [] };
  numbered.sort((a, b) => compareIndices(a.index, b.index));
  const missing = firstGap(numbered.map((each) => each.index));
  if (missing === undefined) return { kind: "ready", value: numbered.map((each) => each.column) };
  const found = numbered.map((each) => each.column.name);
  const name = nameLike(found[0], missing);
  return refused(numberedColumnMissing(tablePlace(table), { variable: variable.name, missing: name, found }));
}

function compareIndices(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at === -1 ? a.length - b.length : a[at] - (b[at] ?? 0);
}

/** The first cell that is not there of the grid that sorted indices span. */
function firstGap(indices: readonly (readonly number[])[]): readonly number[] | undefined {
  const rank = indices[0].length;
  const lows = Array.from({ length: rank }, (_, d) => Math.min(1, ...indices.map((index) => index[d])));
  const highs = Array.from({ length: rank }, (_, d) => Math.max(...indices.map((index) => index[d])));
  let wanted: readonly number[] = lows;
  for (const index of indices) {
    if (compareIndices(index, wanted) !== 0) return wanted;
    const next = [...wanted];
    for (let d = rank - 1; d >= 0; d--) {
      if (next[d] < highs[d] || d === 0) {
        next[d]++;
        break;
      }
      next[d] = lows[d];
    }
    wanted = next;
  }
  return wanted[0] > highs[0] ? undefined : wanted;
}

/** The name of another index, in the style of a given one. */
function nameLike(name: string, index: readonly number[]): string {
  let at = 0;
  const tail = /(?:\d+(?:_\d+)*|\[[^a-zA-Z]*\])$/.exec(name)?.[0] ?? "";
  return name.slice(0, name.length - tail.length) + tail.replace(/\d+/g, () => String(index[at++]));
}

function readsAlone(variable: BindableVariable, { variables }: BindRequest): boolean {
  const readers = variables.filter((each) => each.role === "observed" || each.role === "given");
  return variable.role === "observed" && readers.length === 1;
}

/** Columns with numbers in them, except those with another office; text has a meaning for categories and Binary. */
function fittingColumns(
  variable: BindableVariable,
  { table, weights, sequence, variables }: BindRequest,
): readonly Column[] {
  const taken = [weights, sequence, ...variables.filter((each) => each.role === "weight").map((each) => each.name)];
  const textFits = variable.domain === "category" || variable.domain === "binary";
  return table.columns.filter((column) => !taken.includes(column.name) && (textFits || !isTextual(column)));
}

function nothingFits(variable: BindableVariable, { table, variables }: BindRequest): DataDiagnostic {
  const wanted = variables.filter((each) => each.role !== "latent").map(wantedColumns);
  const columns = table.columns.map((column) => column.name);
  const many = variable.plates.length + variable.event.length > 0;
  const example = `--map ${variable.name}=${columns.slice(0, many ? 2 : 1).join(",")}${many ? ",…" : ""}`;
  return cannotBind(tablePlace(table), { variable: variable.name, wanted, columns, example });
}

/** `x` (D columns), `y` (one column) */
export function wantedColumns(variable: BindableVariable): string {
  return `\`${variable.name}\` (${columnCountText([...variable.plates, ...variable.event])})`;
}

export function columnCountText(extents: readonly Extent[]): string {
  if (extents.length === 0) return "one column";
  return `${extents.map(extentText).join(" × ")} columns`;
}
