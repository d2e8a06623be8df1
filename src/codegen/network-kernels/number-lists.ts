import {
  type Bytes,
  extractLaneMask,
  type FunctionWriter,
  get,
  integer,
  join,
  loadSplat,
  loadVector,
  set,
  storeInteger,
  storeLane,
  tee,
  vector,
  wasm,
} from "./assembler.js";
import { bytesPerFloat, countOn, countTo, lanes, plus, times } from "./matrix-tiles.js";
import { type PanelPacking, ProductWriter } from "./product-writer.js";

/** Vectors of a row that are made at once: as many accumulators as hide the latency of a multiply-add. */
export const vectorsOfPanel = 8;
export const sparseColumns = lanes * vectorsOfPanel;
export const rowBytesOfPanel = bytesPerFloat * sparseColumns;
/** Lines of A that are listed at once. */
export const listedLines = lanes;

/** An entry of a list: where the row of B is in its packed panel, and the number that it is multiplied by. */
export const entryBytes = 8;

/**
 * list(block, begin, end): of each line of A, four at a time, the entries that are not 0, in the order of the sum.
 * Where the list of each product of the sum ends is stored apart, in bytes from the beginning: product by product.
 */
export function listFunction(packing: PanelPacking): FunctionWriter {
  const product = new ProductWriter("list", packing);
  const { fn, words, term } = product;
  const local = (): number => fn.local("i32");
  const [panel, line, lines, length, from, mask, k] = [0, 1, 2, 3, 4, 5, 6].map(local) as [
    ...[number, number, number, number, number, number, number],
  ];
  const ends = Array.from({ length: listedLines }, local);
  const values = fn.local("v128");
  const isUnit = (stride: number): Bytes => join(get(stride), integer(bytesPerFloat), wasm.i32Equal);
  /** Writes an entry, which counts if a bit of the mask is set. */
  const append = (lane: number, end: number, offset: Bytes): Bytes =>
    join(
      join(get(end), offset, storeInteger()),
      join(get(end), get(values), storeLane(lane, bytesPerFloat)),
      join(get(end), get(mask), integer(lane), wasm.i32ShiftRightUnsigned, integer(1), wasm.i32And),
      join(integer(3), wasm.i32ShiftLeft, wasm.i32Add, set(end)),
    );
  const look = (count: number): Bytes =>
    join(
      count === lanes ? join(get(from), loadVector()) : join(get(from), loadSplat()),
      join(tee(values), vector(0), wasm.f32NotEqual, extractLaneMask, set(mask)),
    );
  const alongLine = (end: number): Bytes =>
    join(
      countTo(
        k,
        join(get(term.termDepth), integer(-lanes), wasm.i32And),
        lanes,
        look(lanes),
        get(mask),
        wasm.if,
        ...Array.from({ length: lanes }, (_, lane) =>
          append(lane, end, plus(times(get(k), integer(rowBytesOfPanel)), integer(lane * rowBytesOfPanel))),
        ),
        wasm.end,
        plus(get(from), integer(bytesPerFloat * lanes)),
        set(from),
      ),
      countOn(
        k,
        get(term.termDepth),
        1,
        look(1),
        append(0, end, times(get(k), integer(rowBytesOfPanel))),
        plus(get(from), get(term.aAlong)),
        set(from),
      ),
    );
  const eachLine = (body: (j: number) => Bytes): Bytes => join(...ends.map((_, j) => body(j)));
  fn.add(
    product.begin(),
    join(plus(get(words.rows), integer(listedLines - 1)), integer(-listedLines), wasm.i32And, set(lines)),
    join(get(1), set(panel)),
    countOn(
      panel,
      get(2),
      1,
      times(get(panel), integer(listedLines)),
      set(line),
      eachLine((j) =>
        join(plus(get(words.lists), times(plus(get(line), integer(j)), get(words.listBytes))), set(ends[j]!)),
      ),
      join(get(words.lengths), set(length)),
      product.eachTerm(
        isUnit(term.aAcross),
        wasm.if,
        // Lines lie side by side; what is read beyond the last is listed, and never looked at.
        plus(get(term.a), times(get(line), integer(bytesPerFloat))),
        set(from),
        countTo(
          k,
          get(term.termDepth),
          1,
          look(lanes),
          get(mask),
          wasm.if,
          eachLine((j) => append(j, ends[j]!, times(get(k), integer(rowBytesOfPanel)))),
          wasm.end,
          plus(get(from), get(term.aAlong)),
          set(from),
        ),
        wasm.else,
        eachLine((j) =>
          join(
            join(plus(get(line), integer(j)), get(words.rows), wasm.i32LessSigned, wasm.if),
            plus(get(term.a), times(plus(get(line), integer(j)), get(term.aAcross))),
            set(from),
            alongLine(ends[j]!),
            wasm.end,
          ),
        ),
        wasm.end,
        eachLine((j) =>
          join(
            plus(get(length), times(plus(get(line), integer(j)), integer(bytesPerFloat))),
            get(ends[j]!),
            plus(get(words.lists), times(plus(get(line), integer(j)), get(words.listBytes))),
            wasm.i32Subtract,
            storeInteger(),
          ),
        ),
        plus(get(length), times(get(lines), integer(bytesPerFloat))),
        set(length),
      ),
    ),
  );
  return fn;
}
