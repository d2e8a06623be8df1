import {
  branch,
  branchIf,
  type Bytes,
  FunctionWriter,
  get,
  integer,
  join,
  loadFloat,
  loadVector,
  set,
  shuffle,
  storeFloat,
  storeVector,
  tee,
  wasm,
} from "./assembler.js";
import { tileColumns, bytesPerFloat, lanes, countTo, times, plus } from "./matrix-tiles.js";

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
