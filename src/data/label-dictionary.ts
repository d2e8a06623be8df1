import type { Label } from "./bindable.js";
import { textAt, type Column } from "./table.js";

/** What a cell says as a label; undefined where it is missing. */
export function labelAt(column: Column, row: number): Label | undefined {
  const text = textAt(column, row);
  if (text !== undefined) return text;
  const value = column.values[row];
  return Number.isNaN(value) ? undefined : value;
}

/** The distinct labels of some columns: numbers by size, then text by code point. */
export function distinctLabels(columns: readonly Column[]): readonly Label[] {
  const numbers = new Set<number>();
  const texts = new Set<string>();
  for (const column of columns) {
    for (const value of column.values) if (!Number.isNaN(value)) numbers.add(value);
    for (const text of column.text?.distinct ?? []) texts.add(text);
  }
  return sortedLabels([...numbers, ...texts]);
}

/** Numbers by size, then text by code point. */
export function sortedLabels(labels: readonly Label[]): readonly Label[] {
  const numbers = labels.filter((label) => typeof label === "number");
  const texts = labels.filter((label) => typeof label === "string");
  return [...numbers.sort((a, b) => a - b), ...texts.sort(byCodePoint)];
}

/**
 * The label of each code. Integers that already are 0 … K−1 stay what they are; anything else gets codes in order.
 *
 * @param categories K where it is known
 */
export function makeDictionary(labels: readonly Label[], categories: number | undefined): readonly Label[] {
  if (categories === undefined) return labels;
  const codes = labels.every(
    (label) => typeof label === "number" && Number.isInteger(label) && label >= 0 && label < categories,
  );
  return codes ? Array.from({ length: categories }, (_, code) => code) : labels;
}

function byCodePoint(a: string, b: string): number {
  const left = [...a].map((character) => character.codePointAt(0) ?? 0);
  const right = [...b].map((character) => character.codePointAt(0) ?? 0);
  const at = left.findIndex((code, i) => code !== right[i]);
  return at === -1 ? left.length - right.length : left[at] - (right[at] ?? -1);
}
