import { branch, branchIf, type Bytes, get, integer, join, loadInteger, set, wasm } from "./assembler.js";

/** The register tile of a product: rows, and columns in vectors of four. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

/**
 * Eight accumulators are as many as hide the latency of a multiply-add, and few enough that engines keep them in
 * registers: with ten or more V8 spills, at half the speed. With a product and a sum apart, fewer splats are better.
 */
export const tileOf = (relaxed: boolean): Tile => (relaxed ? { rows: 4, vectors: 2 } : { rows: 2, vectors: 4 });

/** Lines of a packed panel of the left side: one tile of four rows or two of two. */
export const panelRows = 4;

export const bytesPerFloat = 4;
export const lanes = 4;

/** `for (counter = 0; counter < limit; counter += step) body` */
export function countTo(counter: number, limit: Bytes, step: number, ...body: readonly Bytes[]): Bytes {
  return join(integer(0), set(counter), countOn(counter, limit, step, ...body));
}

/** `for (; counter < limit; counter += step) body` */
export function countOn(counter: number, limit: Bytes, step: number, ...body: readonly Bytes[]): Bytes {
  return join(
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

/** `while (counter < limit) body`, where the body moves the counter on. */
export function whileBelow(counter: number, limit: Bytes, ...body: readonly Bytes[]): Bytes {
  return join(
    join(wasm.block, wasm.loop, get(counter), limit, wasm.i32GreaterEqualSigned, branchIf(1)),
    ...body,
    join(branch(0), wasm.end, wasm.end),
  );
}

export const times = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Multiply);
export const plus = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Add);
export const minus = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Subtract);
export const least = (a: Bytes, b: Bytes): Bytes => join(a, b, a, b, wasm.i32LessSigned, wasm.select);

/** The words of a block of arguments whose address is the first parameter, as locals. */
export function loadWords(locals: readonly number[]): Bytes {
  return join(...locals.map((local, i) => join(get(0), loadInteger(4 * i), set(local))));
}
