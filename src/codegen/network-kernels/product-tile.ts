import {
  branchIf,
  type Bytes,
  type FunctionWriter,
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
  vector,
  wasm,
} from "./assembler.js";
import { bytesPerFloat, countTo, lanes, least, minus, panelRows, plus, tileOf, times } from "./matrix-tiles.js";
import { multiplyAdd } from "./vector-functions.js";

/** Locals that say where a tile is, and what it is made of. */
export interface TilePlace {
  /** Packed panels of either side; they are moved along. */
  readonly left: number;
  readonly right: number;
  readonly firstRow: number;
  readonly firstColumn: number;
  readonly c: number;
  readonly rowBytes: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Is this the first part of the sum? Else it is added to C. */
  readonly isFirst: number;
  /** Where a tile at the edge is made. */
  readonly spare: number;
}

/** Computes one tile of C (+)= A B from packed panels: one sum over the whole depth, in its order. */
export function productTile(fn: FunctionWriter, relaxed: boolean, place: TilePlace): Bytes {
  const { rows: tileRows, vectors } = tileOf(relaxed);
  const tileColumns = lanes * vectors;
  const { left, right, firstRow, firstColumn, c, rowBytes, rows, columns, depth, isFirst, spare } = place;
  const [k, at, target, targetRow] = integers(fn, 4);
  const accumulators = Array.from({ length: tileRows * vectors }, () => fn.local("v128"));
  const columnsOfB = Array.from({ length: vectors }, () => fn.local("v128"));
  const splat = fn.local("v128");
  const cell = (row: number, v: number): number => accumulators[row * vectors + v]!;
  const multiply = join(
    ...accumulators.map((accumulator) => join(vector(0), set(accumulator))),
    get(depth),
    set(k),
    wasm.loop,
    ...columnsOfB.map((local, v) => join(get(right), loadVector(16 * v), set(local))),
    ...Array.from({ length: tileRows }, (_, row) =>
      join(
        get(left),
        loadSplat(bytesPerFloat * row),
        set(splat),
        ...columnsOfB.map((local, v) =>
          join(multiplyAdd(get(splat), get(local), get(cell(row, v)), relaxed), set(cell(row, v))),
        ),
      ),
    ),
    plus(get(left), integer(bytesPerFloat * panelRows)),
    set(left),
    plus(get(right), integer(bytesPerFloat * tileColumns)),
    set(right),
    minus(get(k), integer(1)),
    tee(k),
    branchIf(0),
    wasm.end,
  );
  const eachRow = (make: (row: number, v: number) => Bytes): Bytes =>
    join(
      get(target),
      set(at),
      ...Array.from({ length: tileRows }, (_, row) =>
        join(...columnsOfB.map((__, v) => make(row, v)), plus(get(at), get(targetRow)), set(at)),
      ),
    );
  const writeTile = eachRow((row, v) => join(get(at), get(cell(row, v)), storeVector(16 * v)));
  const addTile = eachRow((row, v) =>
    join(get(at), get(at), loadVector(16 * v), get(cell(row, v)), wasm.add, storeVector(16 * v)),
  );
  return join(
    multiply,
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
  );

  /** A tile at the edge is made elsewhere; what lies inside of C is copied. */
  function edge(): Bytes {
    const [p, q, height, length, from, into, corner] = integers(fn, 7);
    return join(
      join(get(target), set(corner)),
      join(get(spare), tee(target), set(from)),
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

/** So many locals of type i32. */
export function integers(fn: FunctionWriter, count: 4): [number, number, number, number];
export function integers(fn: FunctionWriter, count: 7): [number, number, number, number, number, number, number];
export function integers(fn: FunctionWriter, count: number): number[] {
  return Array.from({ length: count }, () => fn.local("i32"));
}
