import { branch, branchIf, type Bytes, get, integer, join, set, wasm } from "./assembler.js";

/** Rows and columns of the register tile: 12 accumulators of four lanes, two columns of B and one splat of A. */
export const tileRows = 6;
export const tileColumns = 8;

export const bytesPerFloat = 4;
export const lanes = 4;

/** `for (counter = 0; counter < limit; counter += step) body` */
export function countTo(counter: number, limit: Bytes, step: number, ...body: readonly Bytes[]): Bytes {
  return join(
    integer(0),
    set(counter),
    wasm.block,
    wasm.loop,
    get(counter),
    limit,
    wasm.i32GreaterEqualSigned,
    branchIf(1),
    ...body,
    get(counter),
    integer(step),
    wasm.i32Add,
    set(counter),
    branch(0),
    wasm.end,
    wasm.end,
  );
}

export const times = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Multiply);
export const plus = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Add);
