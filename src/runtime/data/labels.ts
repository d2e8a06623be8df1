import { DataError } from "../errors.js";
import type { Label, RawColumn } from "./raw-column.js";

/** The labels of a category in the order of their codes. */
export type LabelDictionary = readonly Label[];

/** Codes of a Category column, and the dictionary where its entries are not plainly 0 … K-1. */
export interface CodedColumn {
  readonly codes: Float64Array;
  readonly dictionary?: LabelDictionary;
  /** Number of categories that the column calls for. */
  readonly categories: number;
}

/**
 * Turns labels into codes. With a dictionary (of an earlier fit), by it. Otherwise integers within 0 … K-1 are codes as
 * they stand, and anything else makes a dictionary of the distinct labels, sorted, so that the order of the rows does
 * not matter.
 *
 * @param categories K where it is known
 * @throws DataError for a label that the dictionary lacks, or a number that is not an integer
 */
export function codeLabels(
  variable: string,
  column: RawColumn,
  categories: number | undefined,
  dictionary: LabelDictionary | undefined,
): CodedColumn {
  const width = column.shape.slice(1).reduce((a, b) => a * b, 1);
  if (dictionary !== undefined) {
    return {
      codes: lookUp(variable, column, width, dictionary),
      dictionary,
      categories: categories ?? dictionary.length,
    };
  }
  const { values, labels } = column;
  if (labels === undefined) {
    const seen = new Set<number>();
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value)) continue;
      if (!Number.isSafeInteger(value)) {
        throw new DataError(
          "support",
          `\`${variable}\`, row ${Math.floor(i / width)}: expected an integer or a label, found ${value}.`,
          {
            variable,
            row: Math.floor(i / width),
            column: i % width,
          },
        );
      }
      seen.add(value);
    }
    const distinct = [...seen].sort((a, b) => a - b);
    const least = distinct.at(0) ?? 0;
    const greatest = distinct.at(-1) ?? 0;
    const plain = least >= 0 && (categories === undefined ? greatest === distinct.length - 1 : greatest < categories);
    if (plain || distinct.length === 0) return { codes: values, categories: categories ?? greatest + 1 };
    return withDictionary(variable, column, width, distinct, categories);
  }
  const distinct = [...new Set(labels.filter((label) => label !== undefined))].sort(byLabel);
  return withDictionary(variable, column, width, distinct, categories);
}

function withDictionary(
  variable: string,
  column: RawColumn,
  width: number,
  distinct: LabelDictionary,
  categories: number | undefined,
): CodedColumn {
  if (categories !== undefined && distinct.length > categories) {
    const examples = distinct
      .slice(0, 6)
      .map((label) => JSON.stringify(label))
      .join(", ");
    const more = distinct.length > 6 ? ", …" : "";
    throw new DataError(
      "label",
      `\`${variable}\` has ${distinct.length} distinct values (${examples}${more}), but only ${categories} categories.`,
      { variable },
    );
  }
  return {
    codes: lookUp(variable, column, width, distinct),
    dictionary: distinct,
    categories: categories ?? distinct.length,
  };
}

function lookUp(variable: string, column: RawColumn, width: number, dictionary: LabelDictionary): Float64Array {
  const codeOf = new Map(dictionary.map((label, code) => [label, code]));
  const codes = new Float64Array(column.values.length);
  for (let i = 0; i < codes.length; i++) {
    const label = column.labels === undefined ? column.values[i] : column.labels[i];
    if (label === undefined || Number.isNaN(label)) {
      codes[i] = NaN;
      continue;
    }
    const code = codeOf.get(label);
    if (code === undefined) {
      const row = Math.floor(i / width);
      throw new DataError(
        "label",
        `\`${variable}\`, row ${row}: ${JSON.stringify(label)} is none of the labels that the model was fitted with.`,
        { variable, row, column: i % width },
      );
    }
    codes[i] = code;
  }
  return codes;
}

/** Numbers before strings; strings by code unit, which no locale changes. */
function byLabel(a: Label, b: Label): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
