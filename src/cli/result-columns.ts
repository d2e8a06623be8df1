import type { ColumnMapping } from "../data/bindable.js";
import type { CsvCell, CsvColumn } from "../data/write-csv.js";
import type { NamedTensor } from "../runtime/named-tensor.js";

/**
 * `z`, `z_0`, `z_1`, …: the most probable value, then the probability of each; inside plates `z[0]`, `z[0]_0`, ….
 *
 * @param chosen the most probable values
 */
export function posteriorColumns(
  name: string,
  { shape, data }: NamedTensor,
  chosen: ArrayLike<number>,
): readonly CsvColumn[] {
  const values = shape[shape.length - 1];
  const plates = shape.slice(1, -1);
  const cells = plates.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: cells }, (_, cell): readonly CsvColumn[] => {
    const label = plates.length === 0 ? name : `${name}[${indexOf(cell, plates).join(",")}]`;
    const probability = (row: number, value: number): number => data[(row * cells + cell) * values + value];
    const each = Array.from({ length: values }, (_, value) => ({
      name: `${label}_${value}`,
      at: (row: number) => probability(row, value),
    }));
    return [{ name: label, at: (row: number) => chosen[row * cells + cell] }, ...each];
  }).flat();
}

/**
 * `z.0`, `z.0.sd`, `z.1`, …: posterior mean and standard deviation of each entry of a Gaussian latent; of a number `a`,
 * `a.sd`; inside plates `z[0].0`, `z[0].0.sd`, ….
 *
 * @param mean [rows, plates, event]
 * @param covariance [rows, plates, event, event]
 */
export function momentColumns(name: string, mean: NamedTensor, covariance: NamedTensor): readonly CsvColumn[] {
  const isVector = covariance.shape.length > mean.shape.length;
  const width = isVector ? (mean.shape.at(-1) ?? 1) : 1;
  const plates = mean.shape.slice(1, isVector ? -1 : undefined);
  const cells = plates.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: cells * width }, (_, column): readonly CsvColumn[] => {
    const cell = Math.floor(column / width);
    const entry = column % width;
    const place = plates.length === 0 ? name : `${name}[${indexOf(cell, plates).join(",")}]`;
    const label = isVector ? `${place}.${entry}` : place;
    const variance = (row: number): number => covariance.data[((row * cells + cell) * width + entry) * width + entry];
    return [
      { name: label, at: (row) => mean.data[(row * cells + cell) * width + entry] },
      { name: `${label}.sd`, at: (row) => Math.sqrt(variance(row)) },
    ];
  }).flat();
}

/**
 * The columns of a variable under the names that it was read from, else under names that it would be read from: `x`,
 * `x0 x1 …`, `x[0,0] …`. Codes of a category become its labels.
 */
export function variableColumns(
  name: string,
  { shape, data }: Pick<NamedTensor, "shape" | "data">,
  mapping: ColumnMapping | undefined,
): readonly CsvColumn[] {
  const own = shape.slice(1);
  const width = own.reduce((product, extent) => product * extent, 1);
  const known = mapping?.columns[name];
  const labels = mapping?.labels[name];
  return Array.from({ length: width }, (_, j) => ({
    name: known?.length === width ? known[j] : columnName(name, own, j),
    at(row: number): CsvCell {
      const value = data[row * width + j];
      return labels === undefined ? value : labels[value];
    },
  }));
}

function columnName(name: string, own: readonly number[], j: number): string {
  if (own.length === 0) return name;
  return own.length === 1 ? `${name}${j}` : `${name}[${indexOf(j, own).join(",")}]`;
}

function indexOf(cell: number, shape: readonly number[]): readonly number[] {
  const index: number[] = [];
  let rest = cell;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}
