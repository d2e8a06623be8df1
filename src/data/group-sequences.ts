import { labelAt } from "./label-dictionary.js";
import type { Label, Sequence } from "./bindable.js";
import type { Column } from "./table.js";

/** Rows with the same value form one sequence, in order; sequences in the order of their first rows. */
export function groupSequences(column: Column): readonly Sequence[] {
  const groups = new Map<Label | undefined, number[]>();
  for (let row = 0; row < column.values.length; row++) {
    const key = labelAt(column, row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].map(([label, rows]) => ({ label, rows: Int32Array.from(rows) }));
}
