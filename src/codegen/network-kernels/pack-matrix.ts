import {
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
  vector,
  wasm,
} from "./assembler.js";
import { bytesPerFloat, countOn, countTo, lanes, plus, times } from "./matrix-tiles.js";

/**
 * packPanel<width>(source, across, along, count, depth, destination): a panel of `width` lines, laid out step by step
 * along the summed axis: destination[k][i] = source[i * across + k * along], 0 from line `count` on. Strides are in bytes.
 */
export function packPanelFunction(width: number): FunctionWriter {
  const fn = new FunctionWriter(`packPanel${width}`, ["i32", "i32", "i32", "i32", "i32", "i32"]);
  const [source, across, along, count, depth, destination] = [0, 1, 2, 3, 4, 5];
  const stepBytes = width * bytesPerFloat;
  const k = fn.local("i32");
  const i = fn.local("i32");
  const from = fn.local("i32");
  const to = fn.local("i32");
  const isWhole = join(get(count), integer(width), wasm.i32Equal);
  const isUnit = (stride: number): Bytes => join(get(stride), integer(bytesPerFloat), wasm.i32Equal);
  const vectors = Array.from({ length: width / lanes }, (_, v) => v);

  // Lines side by side: whole vectors are copied step by step.
  const copySteps = join(
    get(source),
    set(from),
    get(destination),
    set(to),
    countTo(
      k,
      get(depth),
      1,
      ...vectors.map((v) => join(get(to), get(from), loadVector(16 * v), storeVector(16 * v))),
      plus(get(from), get(along)),
      set(from),
      plus(get(to), integer(stepBytes)),
      set(to),
    ),
  );

  // Contiguous along the summed axis: blocks of four by four are transposed in registers.
  const groups = vectors.map((v) => join(turnLines(fn, v, stepBytes)));

  // Anything else, number by number.
  const copyLine = join(
    plus(get(source), times(get(i), get(across))),
    set(from),
    plus(get(destination), times(get(i), integer(bytesPerFloat))),
    set(to),
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
      plus(get(to), integer(stepBytes)),
      set(to),
    ),
  );
  const clear = join(
    get(destination),
    set(to),
    countTo(
      k,
      get(depth),
      1,
      ...vectors.map((v) => join(get(to), vector(0), storeVector(16 * v))),
      plus(get(to), integer(stepBytes)),
      set(to),
    ),
  );
  fn.add(
    isWhole,
    isUnit(across),
    wasm.i32And,
    wasm.if,
    copySteps,
    wasm.else,
    isWhole,
    isUnit(along),
    wasm.i32And,
    wasm.if,
    ...groups,
    wasm.else,
    isWhole,
    [0x45],
    wasm.if,
    clear,
    wasm.end,
    countTo(i, get(count), 1, copyLine),
    wasm.end,
    wasm.end,
  );
  return fn;
}

/** Shuffles that turn four vectors of four. */
export const low = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
export const high = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
export const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
export const highHalves = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** Lines 4v to 4v + 3 of a panel, each contiguous. */
function turnLines(fn: FunctionWriter, v: number, stepBytes: number): Bytes {
  const [source, across, depth, destination] = [0, 1, 4, 5];
  const locals = <T extends readonly unknown[]>(names: T): { [K in keyof T]: number } =>
    names.map(() => fn.local("v128")) as { [K in keyof T]: number };
  const rows = locals(["a", "b", "c", "d"] as const);
  const [a, b, c, d] = rows;
  const [t0, t1, t2, t3] = locals([0, 1, 2, 3] as const);
  const lines = rows.map(() => fn.local("i32"));
  const to = fn.local("i32");
  const k = fn.local("i32");
  return join(
    ...lines.map((line, j) => join(plus(get(source), times(integer(lanes * v + j), get(across))), set(line))),
    plus(get(destination), integer(16 * v)),
    set(to),
    countTo(
      k,
      join(get(depth), integer(-lanes), wasm.i32And),
      lanes,
      ...rows.map((row, j) => join(get(lines[j]!), loadVector(), set(row))),
      join(get(a), get(b), shuffle(low), set(t0), get(c), get(d), shuffle(low), set(t1)),
      join(get(a), get(b), shuffle(high), set(t2), get(c), get(d), shuffle(high), set(t3)),
      join(get(to), get(t0), get(t1), shuffle(lowHalves), storeVector()),
      join(get(to), get(t0), get(t1), shuffle(highHalves), storeVector(stepBytes)),
      join(get(to), get(t2), get(t3), shuffle(lowHalves), storeVector(2 * stepBytes)),
      join(get(to), get(t2), get(t3), shuffle(highHalves), storeVector(3 * stepBytes)),
      plus(get(to), integer(lanes * stepBytes)),
      set(to),
      ...lines.map((line) => join(plus(get(line), integer(16)), set(line))),
    ),
    // What of a block of four is left along the summed axis.
    countOn(
      k,
      get(depth),
      1,
      ...lines.map((line, j) =>
        join(get(to), get(line), loadFloat(), storeFloat(4 * j), plus(get(line), integer(bytesPerFloat)), set(line)),
      ),
      plus(get(to), integer(stepBytes)),
      set(to),
    ),
  );
}
