import type { DataDiagnostic } from "../diagnostics/data-diagnostic.js";
import { notALabel, tooManyLabels } from "../diagnostics/catalogue/data.js";
import type { BindableVariable, BindRequest } from "./bindable.js";
import { isGrey, type Encoding } from "./encode-values.js";
import { distinctLabels, makeDictionary } from "./label-dictionary.js";
import type { MutableSizes } from "./settle-shapes.js";
import { extentValue } from "./solve-sizes.js";
import { placeOf, tablePlace, type Column } from "./table.js";

/** Labels and levels: those the model was trained with, else from these data. Undefined: no encoding is possible. */
export function chooseEncoding(
  request: BindRequest,
  variable: BindableVariable,
  columns: readonly Column[],
  sizes: MutableSizes,
  diagnostics: DataDiagnostic[],
): Encoding | undefined {
  const { table, trained, threshold, whole } = request;
  if (variable.domain === "binary") {
    const here = (): number | undefined => (whole === undefined ? middleGrey(columns) : whole.levels[variable.name]);
    const level = trained === undefined ? (threshold ? here() : undefined) : trained.levels[variable.name];
    return level === undefined ? {} : { level };
  }
  if (variable.domain !== "category") return {};
  const before = trained?.labels[variable.name];
  if (before !== undefined) return { labels: before };
  const odd = oddLabels(request, variable, columns);
  if (odd !== undefined) {
    diagnostics.push(odd);
    return undefined;
  }
  const found = whole === undefined ? distinctLabels(columns) : whole.labels[variable.name];
  const { categories: extent } = variable;
  const categories = extent === undefined ? undefined : extentValue(extent, sizes);
  const byDefault = typeof extent === "string" ? request.defaults[extent] : undefined;
  const labels = makeDictionary(found, categories ?? byDefault);
  if (categories !== undefined && labels.length > categories) {
    const by = typeof extent === "string" ? (sizes.get(extent)?.by ?? "the model") : "the model";
    const place = { ...tablePlace(table), column: columns[0].name };
    diagnostics.push(tooManyLabels(place, { variable: variable.name, categories, by, found: found.map(String) }));
    return undefined;
  }
  if (categories === undefined && typeof extent === "string") {
    sizes.set(extent, { value: Math.max(labels.length, byDefault ?? 0), by: `the labels of \`${variable.name}\`` });
  }
  return { labels };
}

/** What to say of numbers that are no integers. */
export function oddLabels(
  { table }: Pick<BindRequest, "table">,
  { name }: BindableVariable,
  columns: readonly Column[],
): DataDiagnostic | undefined {
  const odd = firstOddLabel(columns);
  if (odd === undefined) return undefined;
  const { column, row, more } = odd;
  return notALabel(placeOf(table, row, column.name), { variable: name, value: column.values[row], more });
}

function firstOddLabel(columns: readonly Column[]): { column: Column; row: number; more: number } | undefined {
  for (const column of columns) {
    const odd = [...column.values.keys()].filter(
      (row) => !Number.isNaN(column.values[row]) && !Number.isInteger(column.values[row]),
    );
    if (odd.length > 0) return { column, row: odd[0], more: odd.length - 1 };
  }
  return undefined;
}

/** Half of the largest level; undefined where the values are 0 and 1 already, or no grey levels. */
function middleGrey(columns: readonly Column[]): number | undefined {
  const range = greyRange(columns);
  return range?.grey === true ? range.largest / 2 : undefined;
}

/** The largest level, at least 1, and whether there is one besides 0 and 1; undefined where there are no grey levels. */
export function greyRange(
  columns: readonly Column[],
): { readonly largest: number; readonly grey: boolean } | undefined {
  let largest = 1;
  let grey = false;
  for (const column of columns) {
    for (const value of column.values) {
      if (Number.isNaN(value)) continue;
      if (!isGrey(value)) return undefined;
      largest = Math.max(largest, value);
      grey ||= value !== 0 && value !== 1;
    }
  }
  return { largest, grey };
}
