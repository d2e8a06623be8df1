import {
  branch,
  branchIf,
  type Bytes,
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
  vector,
  wasm,
} from "./assembler.js";
import { tileRows, tileColumns, bytesPerFloat, countTo, times, plus } from "./matrix-tiles.js";
import { multiplyAdd } from "./vector-functions.js";

/**
 * product(a, b, c, rowBytes, rows, columns, depth, scratch, isFirst, aStride, bStride): C (+)= A B from packed panels.
 * Panels of A and B are `aStride` and `bStride` bytes apart; C has rows `rowBytes` apart; a tile at the edge is made in `scratch`
 * and copied. Where `isFirst` is 0 the product is added to what is there.
 */
export function productFunction(relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter(
    "product",
    Array.from({ length: 11 }, () => "i32" as const),
  );
  const [a, b, c, rowBytes, rows, columns, depth, scratch, isFirst, aStride, bStride] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ];
  const i = fn.local("i32");
  const j = fn.local("i32");
  const k = fn.local("i32");
  const pa = fn.local("i32");
  const pb = fn.local("i32");
  const pc = fn.local("i32");
  const target = fn.local("i32");
  const targetRow = fn.local("i32");
  const isEdge = fn.local("i32");
  const x = fn.local("i32");
  const y = fn.local("i32");
  const b0 = fn.local("v128");
  const b1 = fn.local("v128");
  const splat = fn.local("v128");
  const accumulators = Array.from({ length: 2 * tileRows }, () => fn.local("v128"));
  const unroll = 1;
  const stepOnce = (offset: number): Bytes =>
    join(
      get(pb),
      loadVector(32 * offset),
      set(b0),
      get(pb),
      loadVector(32 * offset + 16),
      set(b1),
      ...Array.from({ length: tileRows }, (_, row) => {
        const [left, right] = [accumulators[2 * row]!, accumulators[2 * row + 1]!];
        return join(
          get(pa),
          loadSplat(4 * row + 4 * tileRows * offset),
          set(splat),
          multiplyAdd(get(splat), get(b0), get(left), relaxed),
          set(left),
          multiplyAdd(get(splat), get(b1), get(right), relaxed),
          set(right),
        );
      }),
    );
  const tile = join(
    ...accumulators.map((accumulator) => join(vector(0), set(accumulator))),
    plus(get(a), times(get(x), get(aStride))),
    set(pa),
    plus(get(b), times(get(y), get(bStride))),
    set(pb),
    get(depth),
    set(k),
    wasm.block,
    wasm.loop,
    get(k),
    integer(0),
    wasm.i32LessEqualSigned,
    branchIf(1),
    stepOnce(0),
    plus(get(pa), integer(4 * tileRows * unroll)),
    set(pa),
    plus(get(pb), integer(4 * tileColumns * unroll)),
    set(pb),
    get(k),
    integer(unroll),
    wasm.i32Subtract,
    set(k),
    branch(0),
    wasm.end,
    wasm.end,
  );
  const writeTile = join(
    get(target),
    set(pc),
    ...Array.from({ length: tileRows }, (_, row) =>
      join(
        get(pc),
        get(accumulators[2 * row]!),
        storeVector(),
        get(pc),
        get(accumulators[2 * row + 1]!),
        storeVector(16),
        plus(get(pc), get(targetRow)),
        set(pc),
      ),
    ),
  );
  const addTile = join(
    get(target),
    set(pc),
    ...Array.from({ length: tileRows }, (_, row) =>
      join(
        get(pc),
        get(pc),
        loadVector(),
        get(accumulators[2 * row]!),
        wasm.add,
        storeVector(),
        get(pc),
        get(pc),
        loadVector(16),
        get(accumulators[2 * row + 1]!),
        wasm.add,
        storeVector(16),
        plus(get(pc), get(targetRow)),
        set(pc),
      ),
    ),
  );
  // Copies what of the scratch tile lies inside C.
  const p = fn.local("i32");
  const q = fn.local("i32");
  const height = fn.local("i32");
  const length = fn.local("i32");
  const from = fn.local("i32");
  const into = fn.local("i32");
  const least = (value: Bytes, limit: number): Bytes =>
    join(value, integer(limit), value, integer(limit), wasm.i32LessSigned, [0x1b]);
  const copyEdge = join(
    least(join(get(rows), get(i), wasm.i32Subtract), tileRows),
    set(height),
    least(join(get(columns), get(j), wasm.i32Subtract), tileColumns),
    set(length),
    countTo(
      p,
      get(height),
      1,
      countTo(
        q,
        get(length),
        1,
        plus(plus(get(scratch), times(get(p), integer(4 * tileColumns))), times(get(q), integer(4))),
        set(from),
        plus(
          plus(get(c), times(plus(get(i), get(p)), get(rowBytes))),
          times(plus(get(j), get(q)), integer(bytesPerFloat)),
        ),
        set(into),
        get(isFirst),
        wasm.if,
        get(into),
        get(from),
        loadFloat(),
        storeFloat(),
        wasm.else,
        get(into),
        get(into),
        loadFloat(),
        get(from),
        loadFloat(),
        wasm.f32Add,
        storeFloat(),
        wasm.end,
      ),
    ),
  );
  fn.add(
    integer(0),
    set(y),
    countTo(
      j,
      get(columns),
      tileColumns,
      integer(0),
      set(x),
      countTo(
        i,
        get(rows),
        tileRows,
        tile,
        plus(get(i), integer(tileRows)),
        get(rows),
        wasm.i32GreaterSigned,
        plus(get(j), integer(tileColumns)),
        get(columns),
        wasm.i32GreaterSigned,
        [0x72],
        set(isEdge),
        get(isEdge),
        wasm.if,
        get(scratch),
        set(target),
        integer(4 * tileColumns),
        set(targetRow),
        writeTile,
        copyEdge,
        wasm.else,
        plus(plus(get(c), times(get(i), get(rowBytes))), times(get(j), integer(bytesPerFloat))),
        set(target),
        get(rowBytes),
        set(targetRow),
        get(isFirst),
        wasm.if,
        writeTile,
        wasm.else,
        addTile,
        wasm.end,
        wasm.end,
        plus(get(x), integer(1)),
        set(x),
      ),
      plus(get(y), integer(1)),
      set(y),
    ),
  );
  return fn;
}
