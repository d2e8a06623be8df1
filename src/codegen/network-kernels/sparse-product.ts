import {
  branchIf,
  type Bytes,
  extractLaneMask,
  type FunctionWriter,
  get,
  integer,
  join,
  loadFloat,
  loadInteger,
  loadSplat,
  loadVector,
  set,
  shuffle,
  storeFloat,
  storeInteger,
  storeLane,
  storeVector,
  tee,
  vector,
  wasm,
} from "./assembler.js";
import { bitDepth, bitEntryBytes, bitListFunction, makeTable } from "./bit-lists.js";
import { bytesPerFloat, countOn, countTo, lanes, least, minus, plus, times } from "./matrix-tiles.js";
import { neededProduct } from "./needed-product.js";
import { high, highHalves, low, lowHalves } from "./pack-matrix.js";
import { type PanelPacking, ProductWriter } from "./product-writer.js";
import { multiplyAdd } from "./vector-functions.js";

/** Columns that are made at once, for one row: as many accumulators as hide the latency of a multiply-add. */
const vectors = 8;
export const sparseColumns = lanes * vectors;
const rowBytesOfPanel = bytesPerFloat * sparseColumns;
/** Lines of A that are listed at once. */
export const listedLines = lanes;

/** An entry of a list: where the row of B is in its packed panel, and the number that it is multiplied by. */
const entryBytes = 8;

/** A thread's memory: the number of the run and of the panel that it holds, four rows of a result, that panel; of bits a table. */
const spareOffset = 64;
const panelOffset = spareOffset + lanes * rowBytesOfPanel;
const tableOffset = panelOffset + bitDepth * rowBytesOfPanel;

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

/**
 * productOfLists(block, begin, end): C (+)= A B with A as lists. Work is counted in panels of B times parts of the rows. Of
 * each number all terms but those with a factor 0 are added in the order in which the other kernels add them.
 */
export function productOfLists(relaxed: boolean, packing: PanelPacking): FunctionWriter {
  return listProduct("productOfLists", { sharedAlong: "panels", entries: "numbers" }, relaxed, packing);
}

/** productOfBits(block, begin, end): the same with A as lists of picked sums. */
export function productOfBits(packing: PanelPacking): FunctionWriter {
  return listProduct("productOfBits", { sharedAlong: "panels", entries: "bits" }, false, packing);
}

/**
 * linesOfLists(block, begin, end): the same, work counted in groups of four rows. B is packed whole once by every thread: for
 * a result of many rows, which are then in the cache of one thread, as are their lists.
 */
export function linesOfLists(relaxed: boolean, packing: PanelPacking): FunctionWriter {
  return listProduct("linesOfLists", { sharedAlong: "lines", entries: "numbers" }, relaxed, packing);
}

/** linesOfBits(block, begin, end): the same with A as lists of picked sums. */
export function linesOfBits(packing: PanelPacking): FunctionWriter {
  return listProduct("linesOfBits", { sharedAlong: "lines", entries: "bits" }, false, packing);
}

interface ListProduct {
  /** What threads share. */
  readonly sharedAlong: "panels" | "lines";
  /** Numbers that rows of B are multiplied by, or sums of rows of B that are picked. */
  readonly entries: "numbers" | "bits";
}

/** Numbers of a product where lists say so. */
export function productWhereNeeded(relaxed: boolean): FunctionWriter {
  return neededProduct(relaxed, entryBytes, rowBytesOfPanel);
}

export function bitLists(packing: PanelPacking): FunctionWriter {
  return bitListFunction(packing, listedLines, rowBytesOfPanel);
}

function listProduct(
  name: string,
  { sharedAlong, entries }: ListProduct,
  relaxed: boolean,
  packing: PanelPacking,
): FunctionWriter {
  const product = new ProductWriter(name, packing);
  const { fn, words, firstRow: row, firstColumn, own } = product;
  const { rows, columns, c, rowBytes, isFirst, lists, listBytes, lengths, isTurned, rowParts, run, terms } = words;
  const local = (): number => fn.local("i32");
  const [unit, panelNumber, panel, spare, partRows, first, lastRow] = [0, 1, 2, 3, 4, 5, 6].map(local) as [
    ...[number, number, number, number, number, number, number],
  ];
  const [at, end, base, target, width, height, isNew] = [0, 1, 2, 3, 4, 5, 6].map(local) as [
    ...[number, number, number, number, number, number, number],
  ];
  const [i, j, from, termNumber, held] = [0, 1, 2, 3, 4].map(local) as [number, number, number, number, number];
  const accumulators = Array.from({ length: vectors }, () => fn.local("v128"));
  const factor = fn.local("v128");
  const table = fn.local("i32");
  const isBits = entries === "bits";
  const isWhole = join(get(width), integer(sparseColumns), wasm.i32Equal);
  const clear = join(...accumulators.map((accumulator) => join(vector(0), set(accumulator))));
  const load = join(...accumulators.map((each, v) => join(get(target), loadVector(16 * v), set(each))));
  const addThere = join(
    ...accumulators.map((each, v) => join(get(target), loadVector(16 * v), get(each), wasm.add, set(each))),
  );
  const store = join(...accumulators.map((each, v) => join(get(target), get(each), storeVector(16 * v))));
  const listEnd = (line: Bytes): Bytes =>
    join(plus(get(lengths), times(line, integer(bytesPerFloat))), loadInteger(), get(held), wasm.i32Add);
  const line = plus(times(get(termNumber), join(plus(get(rows), integer(3)), integer(-4), wasm.i32And)), get(row));
  const multiply = join(
    join(plus(get(lists), times(get(row), get(listBytes))), tee(held), set(at)),
    join(get(termNumber), wasm.if),
    listEnd(minus(line, join(plus(get(rows), integer(3)), integer(-4), wasm.i32And))),
    join(set(at), wasm.end, listEnd(line), set(end)),
    join(wasm.block, get(at), get(end), wasm.i32GreaterEqualSigned, branchIf(0), wasm.loop),
    join(plus(get(isBits ? table : panel), join(get(at), loadInteger())), set(base)),
    isBits ? [] : join(get(at), loadSplat(bytesPerFloat), set(factor)),
    ...accumulators.map((accumulator, v) => {
      const row = join(get(base), loadVector(16 * v));
      return join(
        isBits ? join(get(accumulator), row, wasm.add) : multiplyAdd(get(factor), row, get(accumulator), relaxed),
        set(accumulator),
        // Never taken: it keeps V8 from loading all vectors first, for which there are not enough registers.
        v === vectors / 2 - 1 ? join(get(base), wasm.i32Eqz, branchIf(1)) : [],
      );
    }),
    join(
      plus(get(at), integer(isBits ? bitEntryBytes : entryBytes)),
      join(tee(at), get(end), wasm.i32LessSigned, branchIf(0)),
    ),
    join(wasm.end, wasm.end),
  );
  const place = plus(plus(get(c), times(get(row), get(rowBytes))), times(get(firstColumn), integer(bytesPerFloat)));
  const partBytes = times(get(width), integer(bytesPerFloat));
  // A part of a row at the edge is made elsewhere.
  const straight = join(
    join(place, set(base), isWhole, wasm.if),
    join(get(base), set(target), wasm.else),
    join(get(spare), tee(target), get(base), partBytes, wasm.memoryCopy, wasm.end),
    join(get(base), set(from)),
    // Sums of bits wait for nothing: what is there already is added in the end.
    isBits ? clear : join(get(isNew), wasm.if, clear, wasm.else, load, wasm.end),
    multiply,
    isBits ? join(get(isNew), wasm.i32Eqz, wasm.if, addThere, wasm.end) : [],
    store,
    join(isWhole, wasm.i32Eqz, wasm.if, get(from), get(spare), partBytes, wasm.memoryCopy, wasm.end),
  );
  /** One number of C from the spare rows. */
  const put = (to: Bytes, value: Bytes): Bytes =>
    join(
      join(to, set(target), get(isNew), wasm.if),
      join(get(target), value, storeFloat(), wasm.else),
      join(get(target), get(target), loadFloat(), value, wasm.f32Add, storeFloat(), wasm.end),
    );
  // C[column, row]: four rows are gathered, then turned.
  const inFour = join(get(row), integer(lanes - 1), wasm.i32And);
  const column = plus(get(firstColumn), get(j));
  const corner = plus(
    plus(get(c), times(column, get(rowBytes))),
    times(join(get(row), integer(-lanes), wasm.i32And), integer(bytesPerFloat)),
  );
  const [a, b, d, e, t0, t1, t2, t3] = Array.from({ length: 8 }, () => fn.local("v128")) as [
    ...[number, number, number, number, number, number, number, number],
  ];
  const sources = [a, b, d, e];
  const turned = join(
    join(plus(get(spare), times(inFour, integer(rowBytesOfPanel))), set(target)),
    store,
    join(
      inFour,
      integer(lanes - 1),
      wasm.i32Equal,
      plus(get(row), integer(1)),
      get(lastRow),
      wasm.i32Equal,
      wasm.i32Or,
    ),
    wasm.if,
    join(plus(inFour, integer(1)), set(height)),
    join(integer(0), set(j)),
    join(get(height), integer(lanes), wasm.i32Equal, get(isNew), wasm.i32And, wasm.if),
    countOn(
      j,
      join(get(width), integer(-lanes), wasm.i32And),
      lanes,
      join(plus(get(spare), times(get(j), integer(bytesPerFloat))), set(from), corner, set(target)),
      ...sources.map((source, line) => join(get(from), loadVector(line * rowBytesOfPanel), set(source))),
      join(get(a), get(b), shuffle(low), set(t0), get(d), get(e), shuffle(low), set(t1)),
      join(get(a), get(b), shuffle(high), set(t2), get(d), get(e), shuffle(high), set(t3)),
      ...[
        join(get(t0), get(t1), shuffle(lowHalves)),
        join(get(t0), get(t1), shuffle(highHalves)),
        join(get(t2), get(t3), shuffle(lowHalves)),
        join(get(t2), get(t3), shuffle(highHalves)),
      ].map((turnedRow) => join(get(target), turnedRow, storeVector(), plus(get(target), get(rowBytes)), set(target))),
    ),
    wasm.end,
    countOn(
      j,
      get(width),
      1,
      countTo(
        i,
        get(height),
        1,
        put(
          plus(corner, times(get(i), integer(bytesPerFloat))),
          join(
            plus(get(spare), plus(times(get(i), integer(rowBytesOfPanel)), times(get(j), integer(bytesPerFloat)))),
            loadFloat(),
          ),
        ),
      ),
    ),
    wasm.end,
  );
  const begin = join(
    product.begin(),
    join(plus(get(own), integer(spareOffset)), set(spare), plus(get(own), integer(panelOffset)), set(panel)),
    isBits ? join(plus(get(own), integer(tableOffset)), set(table)) : [],
  );
  const packPanel = join(
    product.packTerm(sparseColumns, get(panel)),
    isBits ? makeTable(fn, panel, table, product.term.termDepth, vectors) : [],
  );
  const edge = join(least(minus(get(columns), get(firstColumn)), integer(sparseColumns)), set(width));
  const nextTerm = join(plus(get(termNumber), integer(1)), set(termNumber));
  if (sharedAlong === "lines") {
    const whole = fn.local("i32");
    const panelBytes = times(get(words.depth), integer(bytesPerFloat));
    fn.add(
      begin,
      isBits
        ? []
        : join(
            join(get(panel), set(whole)),
            product.once(
              countTo(
                firstColumn,
                get(columns),
                sparseColumns,
                product.packRight(sparseColumns, plus(get(whole), times(get(firstColumn), panelBytes))),
              ),
            ),
          ),
      join(times(get(1), integer(lanes)), set(first)),
      join(least(get(rows), times(get(2), integer(lanes))), set(lastRow)),
      countTo(
        firstColumn,
        get(columns),
        sparseColumns,
        edge,
        join(integer(0), set(termNumber)),
        isBits ? [] : join(plus(get(whole), times(get(firstColumn), panelBytes)), set(panel)),
        product.eachTerm(
          isBits ? packPanel : [],
          join(get(termNumber), wasm.i32Eqz, get(isFirst), wasm.i32And, set(isNew)),
          join(get(first), set(row)),
          countOn(row, get(lastRow), 1, straight),
          isBits
            ? []
            : join(plus(get(panel), times(get(product.term.termDepth), integer(rowBytesOfPanel))), set(panel)),
          nextTerm,
        ),
      ),
    );
    return fn;
  }
  fn.add(
    begin,
    // Parts are whole groups of four rows.
    join(minus(plus(get(rows), get(rowParts)), integer(1)), get(rowParts), wasm.i32DivideUnsigned),
    join(integer(lanes - 1), wasm.i32Add, integer(-lanes), wasm.i32And, set(partRows)),
    join(get(1), set(unit)),
    countOn(
      unit,
      get(2),
      1,
      join(get(unit), get(rowParts), wasm.i32DivideUnsigned, set(panelNumber)),
      join(times(get(panelNumber), integer(sparseColumns)), set(firstColumn)),
      edge,
      join(times(minus(get(unit), times(get(panelNumber), get(rowParts))), get(partRows)), set(first)),
      join(least(get(rows), plus(get(first), get(partRows))), set(lastRow)),
      join(integer(0), set(termNumber)),
      product.eachTerm(
        join(plus(times(get(panelNumber), get(terms)), get(termNumber)), set(held)),
        join(get(own), loadInteger(), get(run), wasm.i32NotEqual),
        join(get(own), loadInteger(4), get(held), wasm.i32NotEqual, wasm.i32Or, wasm.if),
        join(get(own), get(run), storeInteger(), get(own), get(held), storeInteger(4)),
        packPanel,
        wasm.end,
        join(get(termNumber), wasm.i32Eqz, get(isFirst), wasm.i32And, set(isNew)),
        join(get(first), set(row)),
        countOn(
          row,
          get(lastRow),
          1,
          join(get(isTurned), wasm.if, clear, multiply, turned, wasm.else, straight, wasm.end),
        ),
        nextTerm,
      ),
    ),
  );
  return fn;
}
