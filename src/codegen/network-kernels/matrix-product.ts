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
  shuffle,
  storeFloat,
  storeVector,
  tee,
  vector,
  wasm,
} from "./assembler.js";
import { multiplyAdd } from "./vector-functions.js";

/** Rows and columns of the register tile: 12 accumulators of four lanes, two columns of B and one splat of A. */
export const tileRows = 6;
export const tileColumns = 8;

const bytesPerFloat = 4;
const lanes = 4;

/** `for (counter = 0; counter < limit; counter += step) body` */
function countTo(counter: number, limit: Bytes, step: number, ...body: readonly Bytes[]): Bytes {
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

const times = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Multiply);
const plus = (a: Bytes, b: Bytes): Bytes => join(a, b, wasm.i32Add);

/**
 * pack(source, across, along, count, depth, width, destination): panels of `width` lines, each laid out step by step
 * along the summed axis: destination[panel][k][i] = source[(panel * width + i) * across + k * along], 0 beyond `count`.
 * Strides are in bytes.
 */
export function packFunction(): FunctionWriter {
  const fn = new FunctionWriter("pack", ["i32", "i32", "i32", "i32", "i32", "i32", "i32"]);
  const [source, across, along, count, depth, width, destination] = [0, 1, 2, 3, 4, 5, 6];
  const line = fn.local("i32");
  const k = fn.local("i32");
  const i = fn.local("i32");
  const from = fn.local("i32");
  const to = fn.local("i32");
  const left = fn.local("i32");
  const step = fn.local("i32");
  const rows = [0, 1, 2, 3].map(() => fn.local("v128"));
  const wide = fn.local("i32");
  fn.add(times(get(width), integer(bytesPerFloat)), set(step));
  // Scalar copy of one line along k.
  const copyLine = join(
    plus(get(source), times(plus(get(line), get(i)), get(across))),
    set(from),
    plus(
      plus(get(destination), times(times(get(line), get(depth)), integer(bytesPerFloat))),
      times(get(i), integer(4)),
    ),
    set(to),
    plus(get(line), get(i)),
    get(count),
    wasm.i32LessSigned,
    wasm.if,
    countTo(
      k,
      get(depth),
      1,
      get(to),
      get(from),
      loadFloat(),
      storeFloat(),
      plus(get(from), get(along)),
      set(from),
      plus(get(to), get(step)),
      set(to),
    ),
    wasm.else,
    countTo(k, get(depth), 1, get(to), [0x43, 0, 0, 0, 0], storeFloat(), plus(get(to), get(step)), set(to)),
    wasm.end,
  );
  // Four lines at once, contiguous along k: blocks of four by four are transposed in registers.
  const [a, b, c, d] = rows as [number, number, number, number];
  const low = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
  const high = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
  const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
  const highHalves = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];
  const t = [0, 1, 2, 3].map(() => fn.local("v128"));
  const [t0, t1, t2, t3] = t as [number, number, number, number];
  const address = (j: number): Bytes => plus(get(from), times(integer(j), get(across)));
  const transpose = join(
    ...rows.map((row, j) => join(address(j), loadVector(), set(row))),
    join(get(a), get(b), shuffle(low), set(t0), get(c), get(d), shuffle(low), set(t1)),
    join(get(a), get(b), shuffle(high), set(t2), get(c), get(d), shuffle(high), set(t3)),
    join(get(to), get(t0), get(t1), shuffle(lowHalves), storeVector()),
    join(plus(get(to), get(step)), tee(to), get(t0), get(t1), shuffle(highHalves), storeVector()),
    join(plus(get(to), get(step)), tee(to), get(t2), get(t3), shuffle(lowHalves), storeVector()),
    join(plus(get(to), get(step)), tee(to), get(t2), get(t3), shuffle(highHalves), storeVector()),
    join(plus(get(to), get(step)), set(to), plus(get(from), integer(16)), set(from)),
  );
  const four = join(
    plus(get(source), times(plus(get(line), get(i)), get(across))),
    set(from),
    plus(
      plus(get(destination), times(times(get(line), get(depth)), integer(bytesPerFloat))),
      times(get(i), integer(4)),
    ),
    set(to),
    countTo(k, join(get(depth), integer(-lanes), wasm.i32And), lanes, transpose),
  );
  // What of a block of four is left along k.
  const rest = (j: number): Bytes =>
    join(
      plus(get(from), times(integer(j), get(across))),
      set(left),
      plus(get(to), integer(4 * j)),
      set(wide),
      join(get(depth), integer(-lanes), wasm.i32And, set(k)),
      wasm.block,
      wasm.loop,
      get(k),
      get(depth),
      wasm.i32GreaterEqualSigned,
      branchIf(1),
      get(wide),
      get(left),
      loadFloat(),
      storeFloat(),
      plus(get(left), integer(4)),
      set(left),
      plus(get(wide), get(step)),
      set(wide),
      plus(get(k), integer(1)),
      set(k),
      branch(0),
      wasm.end,
      wasm.end,
    );
  // Lines side by side: whole vectors across are copied step by step.
  const across8 = join(
    plus(get(source), times(get(line), integer(bytesPerFloat))),
    set(from),
    plus(get(destination), times(times(get(line), get(depth)), integer(bytesPerFloat))),
    set(to),
    countTo(
      k,
      get(depth),
      1,
      get(to),
      get(from),
      loadVector(),
      storeVector(),
      get(width),
      integer(tileColumns),
      wasm.i32Equal,
      wasm.if,
      get(to),
      get(from),
      loadVector(16),
      storeVector(16),
      wasm.else,
      get(to),
      get(from),
      loadFloat(16),
      storeFloat(16),
      get(to),
      get(from),
      loadFloat(20),
      storeFloat(20),
      wasm.end,
      plus(get(from), get(along)),
      set(from),
      plus(get(to), get(step)),
      set(to),
    ),
  );
  fn.add(
    integer(0),
    set(line),
    wasm.block,
    wasm.loop,
    get(line),
    get(count),
    wasm.i32GreaterEqualSigned,
    branchIf(1),
    // A whole panel of lines side by side?
    get(across),
    integer(bytesPerFloat),
    wasm.i32Equal,
    plus(get(line), get(width)),
    get(count),
    wasm.i32LessEqualSigned,
    wasm.i32And,
    wasm.if,
    across8,
    wasm.else,
    integer(0),
    set(i),
    wasm.block,
    wasm.loop,
    get(i),
    get(width),
    wasm.i32GreaterEqualSigned,
    branchIf(1),
    // Four whole lines, contiguous along the summed axis?
    get(along),
    integer(bytesPerFloat),
    wasm.i32Equal,
    plus(get(i), integer(lanes)),
    get(width),
    wasm.i32LessEqualSigned,
    wasm.i32And,
    plus(plus(get(line), get(i)), integer(lanes)),
    get(count),
    wasm.i32LessEqualSigned,
    wasm.i32And,
    wasm.if,
    four,
    rest(0),
    rest(1),
    rest(2),
    rest(3),
    plus(get(i), integer(lanes)),
    set(i),
    wasm.else,
    copyLine,
    plus(get(i), integer(1)),
    set(i),
    wasm.end,
    branch(0),
    wasm.end,
    wasm.end,
    wasm.end,
    plus(get(line), get(width)),
    set(line),
    branch(0),
    wasm.end,
    wasm.end,
  );
  return fn;
}

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
