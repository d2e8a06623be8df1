import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import {
  allWeightsZero,
  notALabel,
  sizeContradiction,
  sizeUnknown,
  tooManyLabels,
  unknownVariable,
  wrongColumnCount,
} from "../diagnostics/catalogue/data.js";
import type { BindableVariable, BindRequest, BoundData, Label } from "./bindable.js";
import { chooseColumns, columnCountText, findColumns } from "./choose-columns.js";
import { encodeValues, isGrey, type Encoding } from "./encode-values.js";
import { groupSequences } from "./group-sequences.js";
import { distinctLabels, makeDictionary } from "./label-dictionary.js";
import { extentValue, solveSizes } from "./solve-sizes.js";
import { placeOf, tablePlace, type Column } from "./table.js";

/** Reads every variable that a model takes from the data out of a table: which columns, which sizes, which numbers. */
export function bindColumns(request: BindRequest): DataOutcome<BoundData> {
  const { table } = request;
  const diagnostics: DataDiagnostic[] = [...unknownVariables(request)];
  const sizes = new Map(request.sizes);

  const chosen = new Map<BindableVariable, readonly Column[]>();
  for (const variable of readVariables(request)) {
    const outcome =
      variable.role === "weight" && request.weights !== undefined
        ? findColumns(table, [request.weights], "`--weights`")
        : chooseColumns(variable, request);
    if (outcome.kind === "ready") chosen.set(variable, outcome.value);
    else diagnostics.push(...outcome.diagnostics);
  }
  const { shapes, problems } = settleShapes(request, chosen, sizes);
  diagnostics.push(...problems);

  const values: Record<string, Float64Array> = {};
  const labels: Record<string, readonly Label[]> = {};
  const levels: Record<string, number> = {};
  for (const [variable, columns] of chosen) {
    const encoding = encodingOf(request, variable, columns, sizes, diagnostics);
    if (encoding === undefined) continue;
    if (encoding.labels !== undefined) labels[variable.name] = encoding.labels;
    if (encoding.level !== undefined) levels[variable.name] = encoding.level;
    const encoded = encodeValues(table, variable, columns, encoding);
    values[variable.name] = encoded.values;
    diagnostics.push(...encoded.diagnostics);
    if (variable.role === "weight" && encoded.diagnostics.length === 0 && encoded.values.every((w) => w === 0)) {
      diagnostics.push(allWeightsZero({ ...tablePlace(table), column: columns[0].name }, {}));
    }
  }
  const sequences = sequencesOf(request, diagnostics);
  if (diagnostics.length > 0) return { kind: "refused", diagnostics };

  return {
    kind: "ready",
    value: {
      rows: table.rows,
      values,
      shapes: Object.fromEntries([...chosen].map(([variable]) => [variable.name, shapes.get(variable) ?? []])),
      sizes: Object.fromEntries([...sizes].map(([name, size]) => [name, size.value])),
      mapping: {
        columns: Object.fromEntries(
          [...chosen].map(([variable, columns]) => [variable.name, columns.map((column) => column.name)]),
        ),
        labels,
        levels,
      },
      ...(sequences === undefined ? {} : { sequences }),
    },
  };
}

/** Observed and given variables; the weight where there is a column for it (without one, every row counts once). */
function readVariables({ variables, weights, map, table }: BindRequest): readonly BindableVariable[] {
  const names = new Set(table.columns.map((column) => column.name));
  return variables.filter(({ role, name }) => {
    if (role === "weight") return weights !== undefined || Object.hasOwn(map, name) || names.has(name);
    return role !== "latent";
  });
}

function unknownVariables({ table, map, variables }: BindRequest): readonly DataDiagnostic[] {
  const known = variables.filter((variable) => variable.role !== "latent").map((variable) => variable.name);
  return Object.keys(map)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const suggestion = didYouMean(name, known);
      return unknownVariable(tablePlace(table), {
        name,
        variables: known,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    });
}

type MutableSizes = Map<string, { readonly value: number; readonly by: string }>;

/** Shapes of all variables; what one settles helps the others, whatever their order. */
function settleShapes(
  { table }: BindRequest,
  chosen: ReadonlyMap<BindableVariable, readonly Column[]>,
  sizes: MutableSizes,
): { readonly shapes: ReadonlyMap<BindableVariable, readonly number[]>; readonly problems: readonly DataDiagnostic[] } {
  const shapes = new Map<BindableVariable, readonly number[]>();
  const problems: DataDiagnostic[] = [];
  let waiting = [...chosen];
  for (let progress = true; progress;) {
    progress = false;
    const still: typeof waiting = [];
    for (const [variable, columns] of waiting) {
      const extents = [...variable.plates, ...variable.event];
      const solution = solveSizes(extents, columns.length, sizes);
      if (solution.kind === "open") {
        still.push([variable, columns]);
        continue;
      }
      progress = true;
      if (solution.kind === "fits") {
        shapes.set(variable, solution.shape);
        for (const [name, value] of Object.entries(solution.found)) {
          sizes.set(name, { value, by: `the columns of \`${variable.name}\`` });
        }
        continue;
      }
      const place = { ...tablePlace(table), ...(columns.length === 1 ? { column: columns[0].name } : {}) };
      const [only] = extents;
      const size = extents.length === 1 && typeof only === "string" ? sizes.get(only) : undefined;
      if (size !== undefined && typeof only === "string") {
        const { value: declared, by: declaredBy } = size;
        problems.push(
          sizeContradiction(place, {
            size: only,
            declared,
            declaredBy,
            variable: variable.name,
            found: columns.length,
          }),
        );
      } else {
        const total = solution.kind === "contradicts" && extents.length > 0 ? ` = ${solution.expected}` : "";
        const expected = `${columnCountText(extents)}${total}`;
        const names = columns.map((column) => column.name);
        problems.push(wrongColumnCount(place, { variable: variable.name, expected, columns: names }));
      }
    }
    waiting = still;
  }
  for (const [variable, columns] of waiting) {
    const solution = solveSizes([...variable.plates, ...variable.event], columns.length, sizes);
    const unknown = solution.kind === "open" ? solution.unknown : [];
    problems.push(sizeUnknown(tablePlace(table), { variable: variable.name, sizes: unknown, columns: columns.length }));
  }
  return { shapes, problems };
}

/** Labels and levels: those the model was trained with, else from these data. Undefined: no encoding is possible. */
function encodingOf(
  request: BindRequest,
  variable: BindableVariable,
  columns: readonly Column[],
  sizes: MutableSizes,
  diagnostics: DataDiagnostic[],
): Encoding | undefined {
  const { table, trained, threshold } = request;
  if (variable.domain === "binary") {
    const level = trained === undefined ? (threshold ? middleGrey(columns) : undefined) : trained.levels[variable.name];
    return level === undefined ? {} : { level };
  }
  if (variable.domain !== "category") return {};
  const before = trained?.labels[variable.name];
  if (before !== undefined) return { labels: before };
  const odd = firstOddLabel(columns);
  if (odd !== undefined) {
    const { column, row, more } = odd;
    const details = { variable: variable.name, value: column.values[row], more };
    diagnostics.push(notALabel(placeOf(table, row, column.name), details));
    return undefined;
  }
  const found = distinctLabels(columns);
  const { categories: extent } = variable;
  const categories = extent === undefined ? undefined : extentValue(extent, sizes);
  const labels = makeDictionary(found, categories);
  if (categories !== undefined && labels.length > categories) {
    const by = typeof extent === "string" ? (sizes.get(extent)?.by ?? "the model") : "the model";
    const place = { ...tablePlace(table), column: columns[0].name };
    diagnostics.push(tooManyLabels(place, { variable: variable.name, categories, by, found: found.map(String) }));
    return undefined;
  }
  if (categories === undefined && typeof extent === "string") {
    sizes.set(extent, { value: labels.length, by: `the labels of \`${variable.name}\`` });
  }
  return { labels };
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
  return grey ? largest / 2 : undefined;
}

function sequencesOf(request: BindRequest, diagnostics: DataDiagnostic[]): readonly Int32Array[] | undefined {
  if (request.sequence === undefined) return undefined;
  const column = findColumns(request.table, [request.sequence], "`--sequence`");
  if (column.kind === "ready") return groupSequences(column.value[0]);
  diagnostics.push(...column.diagnostics);
  return undefined;
}
