import {
  type Bytes,
  FunctionWriter,
  get,
  integer,
  join,
  loadSplat,
  loadVector,
  set,
  storeVector,
  threadNumber,
  wasm,
} from "./assembler.js";
import { countOn, least, loadWords, minus, plus } from "./matrix-tiles.js";
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
 * first, second; memory of the threads, 0 if there is only one, and bytes of it for each; then the constants b1, 1 - b1, b2,
 * 1 - b2, the scaled rate, epsilon, decay (see `ascend` in runtime/elbo/optimiser.ts).
 *
 * What other threads have read of x is in their caches: new numbers are made elsewhere and copied, as memory that is copied
 * is not waited for line by line.
 */
export function adamKernel(relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter("adam", ["i32", "i32", "i32"]);
  const words = Array.from({ length: 6 }, () => fn.local("i32"));
  const [x, gradient, first, second, memory, memoryBytes] = words as [number, number, number, number, number, number];
  const [begin, end] = [1, 2];
  fn.add(loadWords(words));
  const splats = Array.from({ length: 7 }, (_, i) => {
    const local = fn.local("v128");
    fn.add(get(0), loadSplat(4 * (words.length + i)), set(local));
    return get(local);
  });
  const [b1, c1, b2, c2, rate, epsilon, decay] = splats as [Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes];
  const [at, until, own, target] = [0, 1, 2, 3].map(() => fn.local("i32")) as [number, number, number, number];
  const g = fn.local("v128");
  const m = fn.local("v128");
  const v = fn.local("v128");
  const address = (base: number): Bytes => join(get(base), get(at), wasm.i32Add);
  fn.add(
    join(get(begin), integer(4), wasm.i32ShiftLeft, set(begin)),
    join(get(end), integer(4), wasm.i32ShiftLeft, set(end)),
    join(get(memory), threadNumber, get(memoryBytes), wasm.i32Multiply, wasm.i32Add, set(own)),
    countOn(
      begin,
      get(end),
      copiedBytes,
      join(least(get(end), plus(get(begin), integer(copiedBytes))), set(until)),
      join(get(begin), set(at)),
      // Where number `at` goes, less `at`.
      join(get(memory), wasm.if, minus(get(own), get(begin)), set(target), wasm.else, get(x), set(target), wasm.end),
      countOn(
        at,
        get(until),
        16,
        join(address(gradient), loadVector(), set(g)),
        multiplyAdd(join(address(first), loadVector()), b1, join(get(g), c1, wasm.multiply), relaxed),
        set(m),
        multiplyAdd(
          join(address(second), loadVector()),
          b2,
          join(get(g), get(g), wasm.multiply, c2, wasm.multiply),
          relaxed,
        ),
        set(v),
        join(address(first), get(m), storeVector()),
        join(address(second), get(v), storeVector()),
        address(target),
        join(address(x), loadVector(), decay, wasm.multiply),
        join(rate, get(m), wasm.multiply, get(v), wasm.f32Sqrt, epsilon, wasm.add, wasm.divide),
        join(wasm.add, storeVector()),
      ),
      join(get(memory), wasm.if, plus(get(x), get(begin)), get(own), minus(get(until), get(begin))),
      join(wasm.memoryCopy, wasm.end),
    ),
  );
  return fn;
}

/** As many as stay in the nearest cache, and are worth a copy. */
const copiedBytes = 8192;
