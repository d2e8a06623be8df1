import type { DeviceKernels } from "../../runtime/elbo/wasm-adam.js";
import {
  type Bytes,
  encodeFunctions,
  FunctionWriter,
  get,
  integer,
  join,
  loadVector,
  type LocalType,
  set,
  storeLane,
  storeVector,
  vector,
  wasm,
} from "../network-kernels/assembler.js";
import { base64 } from "../network-kernels/emit-network.js";
import { countOn } from "../network-kernels/matrix-tiles.js";

/** Kernels that work on the memory of TensorFlow.js's wasm backend. */
export function deviceKernels(): DeviceKernels {
  const { bytes, memoryFlags } = encodeFunctions([adam()]);
  return { bytes: base64(bytes), memoryFlags };
}

/**
 * adam(after, x, gradient, first, second, length, b1, b2, scale, epsilon, kept, factor): one step over flat vectors at these
 * addresses, as `ascend` in runtime/elbo/optimiser.ts.
 */
function adam(): FunctionWriter {
  const fn = new FunctionWriter("adam", [...sixOf("i32"), ...sixOf("f32")]);
  const [after, x, gradient, first, second, length] = [0, 1, 2, 3, 4, 5];
  const [b1, b2, scale, epsilon, kept, factor] = [6, 7, 8, 9, 10, 11].map((parameter) => {
    const local = fn.local("v128");
    fn.add(get(parameter), wasm.f32Splat, set(local));
    return local;
  }) as [number, number, number, number, number, number];
  const [c1, c2] = [fn.local("v128"), fn.local("v128")];
  const [g, m, v, moved] = [fn.local("v128"), fn.local("v128"), fn.local("v128"), fn.local("v128")];
  const [at, end, last] = [fn.local("i32"), fn.local("i32"), fn.local("i32")];
  fn.add(
    join(vector(1), get(b1), wasm.subtract, set(c1)),
    join(vector(1), get(b2), wasm.subtract, set(c2)),
    join(get(length), integer(2), wasm.i32ShiftLeft, set(end)),
    join(get(length), integer(-4), wasm.i32And, integer(2), wasm.i32ShiftLeft, set(last)),
    join(integer(0), set(at)),
  );
  const address = (base: number): Bytes => join(get(base), get(at), wasm.i32Add);
  const compute = [
    join(address(gradient), loadVector(), get(factor), wasm.multiply, set(g)),
    join(average(join(address(first), loadVector()), get(g), get(b1), get(c1)), set(m)),
    join(average(join(address(second), loadVector()), join(get(g), get(g), wasm.multiply), get(b2), get(c2)), set(v)),
    join(address(x), loadVector(), get(kept), wasm.multiply),
    join(get(m), get(scale), wasm.multiply, get(v), wasm.f32Sqrt, get(epsilon), wasm.add, wasm.divide),
    join(wasm.add, set(moved)),
  ];
  const results = [
    [first, m],
    [second, v],
    [after, moved],
  ] as const;
  fn.add(
    countOn(
      at,
      get(last),
      16,
      ...compute,
      ...results.map(([to, value]) => join(address(to), get(value), storeVector())),
    ),
    // The last few numbers are computed as four, and those that there are stored one by one.
    join(get(at), get(end), wasm.i32LessSigned, wasm.if),
    ...compute,
    ...[0, 1, 2].map((lane) =>
      join(
        join(get(at), integer(4 * lane), wasm.i32Add, get(end), wasm.i32LessSigned, wasm.if),
        ...results.map(([to, value]) => join(address(to), get(value), storeLane(lane, 4 * lane))),
        wasm.end,
      ),
    ),
    wasm.end,
  );
  return fn;
}

/** old * kept + now * added */
function average(old: Bytes, now: Bytes, kept: Bytes, added: Bytes): Bytes {
  return join(join(old, kept, wasm.multiply), join(now, added, wasm.multiply), wasm.add);
}

function sixOf(type: LocalType): readonly LocalType[] {
  return Array.from({ length: 6 }, () => type);
}
