import {
  type Bytes,
  extractLaneMask,
  type FunctionWriter,
  get,
  integer,
  join,
  bits,
  loadSplat,
  loadVector,
  set,
  storeInteger,
  storeLane,
  storeVector,
  tee,
  vector,
  wasm,
} from "./assembler.js";
import { bytesPerFloat, countOn, countTo, lanes, minus, plus, times, whileBelow } from "./matrix-tiles.js";
import { type PanelPacking, ProductWriter } from "./product-writer.js";

/**
 * Matrices of zeros and ones. Of four rows of the other side there are sixteen sums: they are made once, and each four entries
 * of a line pick one of them.
 *
 * @source Arlazarov, Dinic, Kronrod and Faradzev 1970
 */
const bitsOfEntry = 4;
const sums = 1 << bitsOfEntry;
export const bitEntryBytes = 4;

/** Rows of B whose sums are made at once: their table lies in the nearest cache. */
export const bitDepth = 64;

/**
 * bitList(block, begin, end): of each line of A, four at a time, where in a panel's table the sums are that it picks, those of
 * nothing too: all lists are as long. Where the list of each product of the sum ends is stored apart, as by `list`; -1 where an
 * entry so far is neither 0 nor 1.
 */
export function bitListFunction(packing: PanelPacking, listedLines: number, rowBytesOfPanel: number): FunctionWriter {
  const product = new ProductWriter("bitList", packing);
  const { fn, words, term } = product;
  const local = (): number => fn.local("i32");
  const [panel, line, lines, length, from, mask, k, bit, next] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(local) as [
    ...[number, number, number, number, number, number, number, number, number],
  ];
  const ends = Array.from({ length: listedLines }, local);
  const isOther = Array.from({ length: listedLines }, local);
  const [values, picked, others] = [0, 1, 2].map(() => fn.local("v128")) as [number, number, number];
  const groupShift = Math.log2(sums / bitsOfEntry);
  const offsetShift = Math.log2(rowBytesOfPanel);
  const wholeGroups = join(get(term.termDepth), integer(-bitsOfEntry), wasm.i32And);
  const isUnit = (stride: number): Bytes => join(get(stride), integer(bytesPerFloat), wasm.i32Equal);
  const eachLine = (body: (j: number) => Bytes): Bytes => join(...ends.map((_, j) => body(j)));
  /** Remembers lanes that are neither 0 nor 1. */
  const check = join(
    join(get(others), get(values), get(values), wasm.multiply, get(values), wasm.f32NotEqual),
    join(wasm.or, set(others)),
  );
  const isNotZero = join(get(values), vector(0), wasm.f32NotEqual);
  const groupStart = join(get(k), integer(groupShift), wasm.i32ShiftLeft);

  const appendMask = (end: number): Bytes =>
    join(
      join(get(end), groupStart, get(mask), wasm.i32Add, integer(offsetShift), wasm.i32ShiftLeft, storeInteger()),
      join(plus(get(end), integer(bitEntryBytes)), set(end)),
    );
  const alongLine = (end: number): Bytes =>
    join(
      countTo(
        k,
        wholeGroups,
        bitsOfEntry,
        join(get(from), loadVector(), set(values), check, isNotZero, extractLaneMask, set(mask)),
        appendMask(end),
        plus(get(from), integer(bytesPerFloat * lanes)),
        set(from),
      ),
      join(get(k), get(term.termDepth), wasm.i32LessSigned, wasm.if, integer(0), set(mask)),
      countTo(
        bit,
        minus(get(term.termDepth), get(k)),
        1,
        join(get(from), loadSplat(), set(values), check),
        join(get(mask), isNotZero, extractLaneMask, integer(1), wasm.i32And, get(bit), wasm.i32ShiftLeft),
        join(wasm.i32Or, set(mask)),
        plus(get(from), get(term.aAlong)),
        set(from),
      ),
      appendMask(end),
      wasm.end,
    );

  const pick = (j: number): Bytes =>
    join(
      join(get(next), loadVector(), set(values), check),
      join(get(picked), isNotZero, bits(1 << j), wasm.and, wasm.or, set(picked)),
      join(get(next), get(term.aAlong), wasm.i32Add, set(next)),
    );
  const appendPicked = join(
    join(get(picked), groupStart, wasm.i32Splat, wasm.i32VectorAdd, integer(offsetShift), wasm.i32VectorShiftLeft),
    set(picked),
    eachLine((j) =>
      join(
        join(get(ends[j]!), get(picked), storeLane(j)),
        join(plus(get(ends[j]!), integer(bitEntryBytes)), set(ends[j]!)),
      ),
    ),
  );
  const begin = join(join(get(from), set(next)), bits(0), set(picked));
  const acrossLines = join(
    countTo(
      k,
      wholeGroups,
      bitsOfEntry,
      begin,
      ...Array.from({ length: bitsOfEntry }, (_, j) => pick(j)),
      appendPicked,
      join(get(next), set(from)),
    ),
    join(get(k), get(term.termDepth), wasm.i32LessSigned, wasm.if, begin),
    ...Array.from({ length: bitsOfEntry - 1 }, (_, j) =>
      join(plus(get(k), integer(j)), get(term.termDepth), wasm.i32LessSigned, wasm.if, pick(j), wasm.end),
    ),
    appendPicked,
    wasm.end,
  );

  const start = (j: number): Bytes => plus(get(words.lists), times(plus(get(line), integer(j)), get(words.listBytes)));
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
      eachLine((j) => join(start(j), set(ends[j]!), integer(0), set(isOther[j]!))),
      join(get(words.lengths), set(length)),
      product.eachTerm(
        join(vector(0), set(others), isUnit(term.aAcross), wasm.if),
        // Lines lie side by side; what is read beyond the last is listed, and never looked at.
        plus(get(term.a), times(get(line), integer(bytesPerFloat))),
        set(from),
        acrossLines,
        join(get(others), extractLaneMask, set(mask)),
        eachLine((j) => join(get(isOther[j]!), get(mask), integer(1 << j), wasm.i32And, wasm.i32Or, set(isOther[j]!))),
        wasm.else,
        eachLine((j) =>
          join(
            join(plus(get(line), integer(j)), get(words.rows), wasm.i32LessSigned, wasm.if),
            plus(get(term.a), times(plus(get(line), integer(j)), get(term.aAcross))),
            join(set(from), vector(0), set(others)),
            alongLine(ends[j]!),
            join(get(isOther[j]!), get(others), extractLaneMask, wasm.i32Or, set(isOther[j]!)),
            wasm.end,
          ),
        ),
        wasm.end,
        eachLine((j) =>
          join(
            plus(get(length), times(plus(get(line), integer(j)), integer(bytesPerFloat))),
            join(integer(-1), minus(get(ends[j]!), start(j)), get(isOther[j]!), wasm.select, storeInteger()),
          ),
        ),
        plus(get(length), times(get(lines), integer(bytesPerFloat))),
        set(length),
      ),
    ),
  );
  return fn;
}

/** The sums of each four rows of a packed panel, one after the other: that of rows i, j, … is number 2^i + 2^j + …. */
export function makeTable(fn: FunctionWriter, panel: number, table: number, depth: number, vectors: number): Bytes {
  const [from, to, last] = [0, 1, 2].map(() => fn.local("i32")) as [number, number, number];
  const rows = Array.from({ length: bitsOfEntry }, () => fn.local("v128"));
  const made = Array.from({ length: sums }, () => fn.local("v128"));
  const rowBytes = vectors * lanes * bytesPerFloat;
  return join(
    join(get(panel), set(from), get(table), set(to)),
    plus(get(panel), times(get(depth), integer(rowBytes))),
    set(last),
    whileBelow(
      from,
      get(last),
      ...Array.from({ length: vectors }, (_, v) =>
        join(
          ...rows.map((row, i) => join(get(from), loadVector(i * rowBytes + 16 * v), set(row))),
          join(get(to), vector(0), storeVector(16 * v)),
          ...Array.from({ length: sums - 1 }, (__, i) => i + 1).map((number) => {
            const highest = Math.floor(Math.log2(number));
            const rest = number - (1 << highest);
            const sum = rest === 0 ? get(rows[highest]!) : join(get(made[rest]!), get(rows[highest]!), wasm.add);
            return join(get(to), sum, tee(made[number]!), storeVector(number * rowBytes + 16 * v));
          }),
        ),
      ),
      plus(get(from), integer(bitsOfEntry * rowBytes)),
      set(from),
      plus(get(to), integer(sums * rowBytes)),
      set(to),
    ),
  );
}
