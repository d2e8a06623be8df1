import {
  branchIf,
  type Bytes,
  call,
  FunctionWriter,
  get,
  integer,
  join,
  loadFloat,
  loadSplat,
  loadVector,
  set,
  storeFloat,
  storeVector,
  tee,
  threadNumber,
  vector,
  wasm,
} from "./assembler.js";
import {
  bytesPerFloat,
  countOn,
  countTo,
  lanes,
  least,
  loadWords,
  minus,
  panelRows,
  plus,
  tileOf,
  times,
} from "./matrix-tiles.js";
import { multiplyAdd } from "./vector-functions.js";

/**
 * product(block, begin, end): tiles `begin` to `end` of C (+)= A B, counted along the rows of C first. A is packed; a
 * panel of B is packed by the thread that multiplies by it, into memory of its own, where it stays in the nearest cache.
 * Each tile is one sum over the whole depth: the same bits, whichever thread makes it.
 *
 * Words of the block: packed A, B, bytes across and along B, C, bytes of a row of C, rows, columns, depth, is this the
 * first part of the sum (else it is added to C), memory of the threads, bytes of it for each thread.
 *
 * @param packPanel function that packs as many lines as a tile has columns
 */
export function productFunction(relaxed: boolean, packPanel: number): FunctionWriter {
  const { rows: tileRows, vectors } = tileOf(relaxed);
  const tileColumns = lanes * vectors;
  const fn = new FunctionWriter("product", ["i32", "i32", "i32"]);
  const words = Array.from({ length: 12 }, () => fn.local("i32"));
  const [a, b, across, along, c, rowBytes, rows, columns, depth, isFirst, memory, memoryBytes] = words as Twelve;
  const [begin, end] = [1, 2];
  const ints = <T extends readonly string[]>(...names: T): { [K in keyof T]: number } =>
    names.map(() => fn.local("i32")) as { [K in keyof T]: number };
  const [tilesDown, x, y, panel, k, pa, pb, target, targetRow, firstColumn, firstRow] = ints(
    ...(["tilesDown", "x", "y", "panel", "k", "pa", "pb", "target", "targetRow", "firstColumn", "firstRow"] as const),
  );
  const accumulators = Array.from({ length: tileRows * vectors }, () => fn.local("v128"));
  const columnsOfB = Array.from({ length: vectors }, () => fn.local("v128"));
  const splat = fn.local("v128");
  const at = (row: number, v: number): number => accumulators[row * vectors + v]!;
  const eachCell = (make: (row: number, v: number) => Bytes): Bytes =>
    join(
      ...Array.from({ length: tileRows }, (_, row) => Array.from({ length: vectors }, (__, v) => make(row, v))).flat(),
    );

  const multiply = join(
    eachCell((row, v) => join(vector(0), set(at(row, v)))),
    get(depth),
    set(k),
    wasm.loop,
    ...columnsOfB.map((local, v) => join(get(pb), loadVector(16 * v), set(local))),
    ...Array.from({ length: tileRows }, (_, row) =>
      join(
        get(pa),
        loadSplat(bytesPerFloat * row),
        set(splat),
        ...columnsOfB.map((local, v) =>
          join(multiplyAdd(get(splat), get(local), get(at(row, v)), relaxed), set(at(row, v))),
        ),
      ),
    ),
    plus(get(pa), integer(bytesPerFloat * panelRows)),
    set(pa),
    plus(get(pb), integer(bytesPerFloat * tileColumns)),
    set(pb),
    minus(get(k), integer(1)),
    tee(k),
    branchIf(0),
    wasm.end,
  );
  const eachRow = (make: (row: number, v: number) => Bytes): Bytes =>
    join(
      get(target),
      set(pa),
      ...Array.from({ length: tileRows }, (_, row) =>
        join(...columnsOfB.map((__, v) => make(row, v)), plus(get(pa), get(targetRow)), set(pa)),
      ),
    );
  const writeTile = eachRow((row, v) => join(get(pa), get(at(row, v)), storeVector(16 * v)));
  const addTile = eachRow((row, v) =>
    join(get(pa), get(pa), loadVector(16 * v), get(at(row, v)), wasm.add, storeVector(16 * v)),
  );

  // Tiles of panels of four rows, or of half of one.
  const tilesOfPanel = panelRows / tileRows;
  const leftPanel = join(
    plus(
      get(a),
      times(
        join(get(x), integer(Math.log2(tilesOfPanel)), wasm.i32ShiftRightUnsigned),
        times(get(depth), integer(bytesPerFloat * panelRows)),
      ),
    ),
    times(join(get(x), integer(tilesOfPanel - 1), wasm.i32And), integer(bytesPerFloat * tileRows)),
    wasm.i32Add,
  );
  const packRight = join(
    join(plus(get(b), times(get(firstColumn), get(across))), get(across), get(along)),
    join(least(minus(get(columns), get(firstColumn)), integer(tileColumns)), get(depth), get(panel)),
    call(packPanel),
  );
  fn.add(
    loadWords(words),
    join(plus(get(rows), integer(tileRows - 1)), integer(tileRows), wasm.i32DivideUnsigned, set(tilesDown)),
    plus(get(memory), times(threadNumber, get(memoryBytes))),
    set(panel),
    join(get(begin), get(tilesDown), wasm.i32DivideUnsigned, set(y)),
    minus(get(begin), times(get(y), get(tilesDown))),
    set(x),
    countOn(
      begin,
      get(end),
      0,
      times(get(y), integer(tileColumns)),
      set(firstColumn),
      packRight,
      wasm.block,
      wasm.loop,
      join(leftPanel, set(pa)),
      join(get(panel), set(pb)),
      multiply,
      times(get(x), integer(tileRows)),
      set(firstRow),
      plus(plus(get(c), times(get(firstRow), get(rowBytes))), times(get(firstColumn), integer(bytesPerFloat))),
      set(target),
      join(plus(get(firstRow), integer(tileRows)), get(rows), wasm.i32GreaterSigned),
      join(plus(get(firstColumn), integer(tileColumns)), get(columns), wasm.i32GreaterSigned),
      wasm.i32Or,
      wasm.if,
      edge(),
      wasm.else,
      join(get(rowBytes), set(targetRow)),
      get(isFirst),
      wasm.if,
      writeTile,
      wasm.else,
      addTile,
      wasm.end,
      wasm.end,
      plus(get(x), integer(1)),
      set(x),
      plus(get(begin), integer(1)),
      tee(begin),
      get(end),
      wasm.i32GreaterEqualSigned,
      branchIf(1),
      join(get(x), get(tilesDown), wasm.i32LessSigned),
      branchIf(0),
      wasm.end,
      wasm.end,
      join(integer(0), set(x)),
      plus(get(y), integer(1)),
      set(y),
    ),
  );
  return fn;

  /** A tile at the edge is made beside the panel; what lies inside of C is copied. */
  function edge(): Bytes {
    const [p, q, height, length, from, into, corner] = ints(
      ...(["p", "q", "height", "length", "from", "into", "corner"] as const),
    );
    const spare = plus(get(panel), times(get(depth), integer(bytesPerFloat * tileColumns)));
    return join(
      join(get(target), set(corner)),
      join(spare, tee(target), set(from)),
      join(integer(bytesPerFloat * tileColumns), set(targetRow)),
      writeTile,
      join(least(minus(get(rows), get(firstRow)), integer(tileRows)), set(height)),
      join(least(minus(get(columns), get(firstColumn)), integer(tileColumns)), set(length)),
      countTo(
        p,
        get(height),
        1,
        join(get(corner), set(into)),
        countTo(
          q,
          get(length),
          1,
          get(isFirst),
          wasm.if,
          join(get(into), get(from), loadFloat(), storeFloat()),
          wasm.else,
          join(get(into), get(into), loadFloat(), get(from), loadFloat(), wasm.f32Add, storeFloat()),
          wasm.end,
          plus(get(from), integer(bytesPerFloat)),
          set(from),
          plus(get(into), integer(bytesPerFloat)),
          set(into),
        ),
        plus(get(from), times(minus(integer(tileColumns), get(length)), integer(bytesPerFloat))),
        set(from),
        plus(get(corner), get(rowBytes)),
        set(corner),
      ),
    );
  }
}

type Twelve = [number, number, number, number, number, number, number, number, number, number, number, number];
