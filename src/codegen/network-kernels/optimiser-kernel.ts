import {
  branch,
  branchIf,
  type Bytes,
  FunctionWriter,
  get,
  integer,
  join,
  loadSplat,
  loadVector,
  set,
  storeVector,
  wasm,
} from "./assembler.js";
import { countOn, loadWords } from "./matrix-tiles.js";
import { multiplyAdd } from "./vector-functions.js";

/**
 * average(block, begin, end): a += c (x - a) over flat vectors, from one group of four to another. Words of the block: a, x,
 * and the constant c.
 */
export function averageKernel(relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter("average", ["i32", "i32", "i32"]);
  const [average, x, at] = [fn.local("i32"), fn.local("i32"), fn.local("i32")];
  const [share, held] = [fn.local("v128"), fn.local("v128")];
  const address = (base: number): Bytes => join(get(base), get(at), wasm.i32Add);
  fn.add(
    loadWords([average, x]),
    join(get(0), loadSplat(8), set(share)),
    join(get(1), integer(4), wasm.i32ShiftLeft, set(at)),
    join(get(2), integer(4), wasm.i32ShiftLeft, set(2)),
    countOn(
      at,
      get(2),
      16,
      join(address(average), loadVector(), set(held)),
      address(average),
      multiplyAdd(join(address(x), loadVector(), get(held), wasm.subtract), get(share), get(held), relaxed),
      storeVector(),
    ),
  );
  return fn;
}

/**
 * adam(block, begin, end): one step over flat vectors, from one group of four to another. Words of the block: x, gradient,
 * first, second; then the constants b1, 1 - b1, b2, 1 - b2, the scaled rate, epsilon, decay (see `ascend` in
 * runtime/elbo/optimiser.ts).
 */
export function adamKernel(relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter("adam", ["i32", "i32", "i32"]);
  const words = Array.from({ length: 4 }, () => fn.local("i32"));
  const [x, gradient, first, second] = words as [number, number, number, number];
  const [begin, end] = [1, 2];
  fn.add(loadWords(words));
  const splats = Array.from({ length: 7 }, (_, i) => {
    const local = fn.local("v128");
    fn.add(get(0), loadSplat(4 * (words.length + i)), set(local));
    return get(local);
  });
  const [b1, c1, b2, c2, rate, epsilon, decay] = splats as [Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes];
  const at = fn.local("i32");
  const g = fn.local("v128");
  const m = fn.local("v128");
  const v = fn.local("v128");
  const address = (base: number): Bytes => join(get(base), get(at), wasm.i32Add);
  fn.add(
    join(get(begin), integer(4), wasm.i32ShiftLeft, set(at)),
    join(get(end), integer(4), wasm.i32ShiftLeft, set(end)),
    wasm.block,
    wasm.loop,
    get(at),
    get(end),
    wasm.i32GreaterEqualSigned,
    branchIf(1),
    address(gradient),
    loadVector(),
    set(g),
    multiplyAdd(join(address(first), loadVector()), b1, join(get(g), c1, wasm.multiply), relaxed),
    set(m),
    multiplyAdd(
      join(address(second), loadVector()),
      b2,
      join(get(g), get(g), wasm.multiply, c2, wasm.multiply),
      relaxed,
    ),
    set(v),
    address(first),
    get(m),
    storeVector(),
    address(second),
    get(v),
    storeVector(),
    address(x),
    join(address(x), loadVector(), decay, wasm.multiply),
    join(rate, get(m), wasm.multiply, get(v), wasm.f32Sqrt, epsilon, wasm.add, wasm.divide),
    wasm.add,
    storeVector(),
    get(at),
    integer(16),
    wasm.i32Add,
    set(at),
    branch(0),
    wasm.end,
    wasm.end,
  );
  return fn;
}
