import type { Index, Item, Value } from "./loop-tree.js";
import { resolve, statementReads, statementWrites, statementsIn } from "./loop-tree.js";

/**
 * The axes along which a value needs memory. Along the others it is written and read in the same turn of the same loop.
 */
export function keptPositions(items: readonly Item[]): Map<Value, readonly number[]> {
  const accesses = new Map<Value, (readonly Index[])[]>();
  for (const statement of statementsIn(items)) {
    for (const access of [...statementWrites(statement), ...statementReads(statement)]) {
      const known = accesses.get(access.value);
      if (known === undefined) accesses.set(access.value, [access.indices]);
      else known.push(access.indices);
    }
  }
  const kept = new Map<Value, readonly number[]>();
  for (const [value, all] of accesses) {
    const positions = value.axes.map((_, position) => position);
    kept.set(
      value,
      value.isTotal
        ? positions
        : positions.filter((position) => !isOneVariable(all.map((indices) => indices[position]))),
    );
  }
  return kept;
}

function isOneVariable(indices: readonly Index[]): boolean {
  const [first] = indices;
  if (first.kind !== "variable") return false;
  const variable = resolve(first.variable);
  return indices.every((index) => index.kind === "variable" && resolve(index.variable) === variable);
}
