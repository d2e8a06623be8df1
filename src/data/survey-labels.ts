import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import type { BindRequest, Label, WholeData } from "./bindable.js";
import { choose } from "./bind-columns.js";
import { greyRange, oddLabels } from "./choose-encoding.js";
import { distinctLabels, sortedLabels } from "./label-dictionary.js";
import type { Table } from "./table.js";

/** Whether labels or grey levels have to be looked for in all rows before the first can be read. */
export function needsSurvey({ variables, trained, threshold }: Omit<BindRequest, "table">): boolean {
  if (trained !== undefined) return false;
  return variables.some(({ role, domain }) => {
    return role !== "latent" && (domain === "category" || (threshold && domain === "binary"));
  });
}

/** Goes through all rows for the labels of Category variables and the range of grey levels. */
export async function surveyLabels(
  request: Omit<BindRequest, "table">,
  tables: AsyncIterable<Table>,
): Promise<DataOutcome<WholeData>> {
  const labels = new Map<string, Set<Label>>();
  const ranges = new Map<string, { readonly largest: number; readonly grey: boolean } | undefined>();
  for await (const table of tables) {
    const diagnostics: DataDiagnostic[] = [];
    for (const [variable, columns] of choose({ ...request, table }, diagnostics)) {
      const { name, domain } = variable;
      if (domain === "category") {
        const odd = oddLabels({ table }, variable, columns);
        if (odd !== undefined) diagnostics.push(odd);
        const known = labels.get(name) ?? new Set();
        for (const label of distinctLabels(columns)) known.add(label);
        labels.set(name, known);
      }
      if (domain === "binary") {
        const here = greyRange(columns);
        const before = ranges.has(name) ? ranges.get(name) : { largest: 1, grey: false };
        const both = here === undefined || before === undefined ? undefined : joined(here, before);
        ranges.set(name, both);
      }
    }
    if (diagnostics.length > 0) return { kind: "refused", diagnostics };
  }
  const levels = [...ranges].flatMap(([name, range]) =>
    range?.grey === true ? [[name, range.largest / 2] as const] : [],
  );
  return {
    kind: "ready",
    value: {
      labels: Object.fromEntries([...labels].map(([name, found]) => [name, sortedLabels([...found])])),
      levels: Object.fromEntries(levels),
    },
  };
}

function joined(
  a: { readonly largest: number; readonly grey: boolean },
  b: { readonly largest: number; readonly grey: boolean },
): { readonly largest: number; readonly grey: boolean } {
  return { largest: Math.max(a.largest, b.largest), grey: a.grey || b.grey };
}
