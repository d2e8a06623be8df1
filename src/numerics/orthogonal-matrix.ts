import type { RandomStream } from "./random.js";

/**
 * A random matrix [rows, columns], row-major, whose rows (columns, where there are fewer of them) are orthonormal, by the
 * uniform distribution over such matrices: normal vectors, made orthogonal one after the other, twice for rounding.
 *
 * @source Stewart 1980, The efficient generation of random orthogonal matrices; Giraud, Langou and Rozloznik 2005
 */
export function orthogonalMatrix(rows: number, columns: number, stream: RandomStream): Float64Array {
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => stream.normal());
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) subtractPart(vector, other);
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    vectors.push(vector.map((value) => value / norm));
  }
  return rows <= columns
    ? Float64Array.from({ length: rows * columns }, (_, i) => vectors[Math.floor(i / columns)][i % columns])
    : Float64Array.from({ length: rows * columns }, (_, i) => vectors[i % columns][Math.floor(i / columns)]);
}

function subtractPart(vector: Float64Array, unit: Float64Array): void {
  let part = 0;
  for (let i = 0; i < vector.length; i++) part += vector[i] * unit[i];
  for (let i = 0; i < vector.length; i++) vector[i] -= part * unit[i];
}
