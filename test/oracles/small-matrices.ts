/** Matrices as lists of rows: slow, plain, and shared by oracles only. */
export type Matrix = readonly (readonly number[])[];

export const zero = (rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
export const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => (i === j ? 1 : 0)));
export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);
export const apply = (M: Matrix, v: readonly number[]): readonly number[] => M.map((row) => dot(row, v));
export const transpose = (M: Matrix): Matrix => M[0]!.map((_, j) => M.map((row) => row[j]!));
export const multiply = (A: Matrix, B: Matrix): Matrix =>
  A.map((row) => transpose(B).map((column) => dot(row, column)));
export const add = (A: Matrix, B: Matrix): Matrix => A.map((row, i) => row.map((value, j) => value + B[i]![j]!));
export const subtract = (A: Matrix, B: Matrix): Matrix => A.map((row, i) => row.map((value, j) => value - B[i]![j]!));
export const addVectors = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, i) => value + b[i]!);
export const differ = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, i) => value - b[i]!);
export const outer = (a: readonly number[], b: readonly number[]): Matrix => a.map((u) => b.map((v) => u * v));

/** Gauss and Jordan, with the largest pivot of the column. */
export function invert(M: Matrix): { readonly inverse: Matrix; readonly logDeterminant: number } {
  const size = M.length;
  const rows = M.map((row, i) => [...row, ...identity(size)[i]!]);
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let r = i + 1; r < size; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    const head = rows[i]![i]!;
    logDeterminant += Math.log(Math.abs(head));
    rows[i] = rows[i]!.map((value) => value / head);
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = rows[r]![i]!;
      rows[r] = rows[r]!.map((value, j) => value - factor * rows[i]![j]!);
    }
  }
  return { inverse: rows.map((row) => row.slice(size)), logDeterminant };
}
export const scaled = (A: Matrix, by: number): Matrix => A.map((row) => row.map((value) => value * by));
