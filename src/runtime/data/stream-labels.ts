import type { ModelDescription, Sizes, VariableDescription } from "../description.js";
import { DataError } from "../errors.js";
import { extentValue } from "../extents.js";
import type { OpenBatches } from "./batches.js";
import { collectColumns } from "./collect-columns.js";
import type { LabelDictionary } from "./labels.js";
import { codeLabels } from "./labels.js";
import type { Label, RawColumn } from "./raw-column.js";

/** What a first pass settles for later ones, so that each batch is coded alike. */
export interface StreamLabels {
  readonly labels: Readonly<Record<string, LabelDictionary>>;
  readonly sizes: Sizes;
}

/** More distinct labels than this are no labels. */
const MOST_LABELS = 1_000_000;

/** Is there a Category variable in the data, whose labels have to be looked for before anything else? */
export function readsLabels(description: ModelDescription): boolean {
  return labelled(description).length > 0;
}

function labelled({ variables }: ModelDescription): readonly VariableDescription[] {
  return variables.filter(({ role, domain, categories }) => {
    return (role === "observed" || role === "given") && domain === "category" && categories !== undefined;
  });
}

/** Goes through all batches for the labels of Category variables; models without such need no pass. */
export async function labelsOfStream(
  description: ModelDescription,
  open: OpenBatches,
  sizes: Sizes,
): Promise<StreamLabels> {
  const wanted = labelled(description);
  if (wanted.length === 0) return { labels: {}, sizes };
  const seen = new Map(wanted.map(({ name }) => [name, new Set<Label>()]));
  const textual = new Set<string>();
  for await (const batch of open()) {
    for (const [name, column] of (await collectColumns(description, wanted, batch, undefined)).columns) {
      const labels = seen.get(name);
      if (labels === undefined) continue;
      if (column.labels?.some((label) => typeof label === "string") === true) textual.add(name);
      for (const value of column.labels ?? column.values) {
        if (value !== undefined && !Number.isNaN(value)) labels.add(value);
      }
      if (labels.size > MOST_LABELS) {
        throw new DataError("label", `\`${name}\` has more than ${MOST_LABELS} distinct values.`, { variable: name });
      }
    }
  }
  const settled: Record<string, number> = { ...sizes };
  const labels: Record<string, LabelDictionary> = {};
  for (const { name, categories = 1 } of wanted) {
    const all = [...(seen.get(name) ?? [])];
    const values = Float64Array.from(all, (label) => (typeof label === "number" ? label : NaN));
    const column: RawColumn = { shape: [all.length], values, ...(textual.has(name) ? { labels: all } : {}) };
    const byData = description.sizes.find(({ categoriesOf }) => categoriesOf === name);
    const known = extentValue(categories, settled);
    const coding = codeLabels(name, column, known ?? byData?.default, undefined);
    if (coding.dictionary !== undefined) labels[name] = coding.dictionary;
    if (known === undefined && typeof categories === "string") settled[categories] = coding.categories;
  }
  return { labels, sizes: settled };
}
