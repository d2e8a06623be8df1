import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { allWeightsZero, unknownVariable } from "../diagnostics/catalogue/data.js";
import type { BindableVariable, BindRequest, BoundData, Label, Sequence } from "./bindable.js";
import { chooseColumns, findColumns } from "./choose-columns.js";
import { chooseEncoding } from "./choose-encoding.js";
import { encodeValues } from "./encode-values.js";
import { groupSequences } from "./group-sequences.js";
import { settleShapes } from "./settle-shapes.js";
import { tablePlace, type Column } from "./table.js";

/** Reads every variable that a model takes from the data out of a table: which columns, which sizes, which numbers. */
export function bindColumns(request: BindRequest): DataOutcome<BoundData> {
  const { table } = request;
  const diagnostics: DataDiagnostic[] = [...unknownVariables(request)];
  const sizes = new Map(request.sizes);

  const chosen = choose(request, diagnostics);
  const { shapes, problems } = settleShapes(request, chosen, sizes);
  diagnostics.push(...problems);

  const values: Record<string, Float64Array> = {};
  const labels: Record<string, readonly Label[]> = {};
  const levels: Record<string, number> = {};
  for (const [variable, columns] of chosen) {
    const encoding = chooseEncoding(request, variable, columns, sizes, diagnostics);
    if (encoding === undefined) continue;
    if (encoding.labels !== undefined) labels[variable.name] = encoding.labels;
    if (encoding.level !== undefined) levels[variable.name] = encoding.level;
    const encoded = encodeValues(table, variable, columns, encoding);
    values[variable.name] = encoded.values;
    diagnostics.push(...encoded.diagnostics);
    if (
      request.whole === undefined &&
      variable.role === "weight" &&
      encoded.diagnostics.length === 0 &&
      encoded.values.every((w) => w === 0)
    ) {
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

/** The columns of each variable that is read. */
export function choose(
  request: BindRequest,
  diagnostics: DataDiagnostic[],
): ReadonlyMap<BindableVariable, readonly Column[]> {
  const chosen = new Map<BindableVariable, readonly Column[]>();
  for (const variable of readVariables(request)) {
    const outcome =
      variable.role === "weight" && request.weights !== undefined
        ? findColumns(request.table, [request.weights], "`--weights`")
        : chooseColumns(variable, request);
    if (outcome.kind === "ready") chosen.set(variable, outcome.value);
    else diagnostics.push(...outcome.diagnostics);
  }
  return chosen;
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

function sequencesOf(request: BindRequest, diagnostics: DataDiagnostic[]): readonly Sequence[] | undefined {
  if (request.sequence === undefined) return undefined;
  const column = findColumns(request.table, [request.sequence], "`--sequence`");
  if (column.kind === "ready") return groupSequences(column.value[0]);
  diagnostics.push(...column.diagnostics);
  return undefined;
}
