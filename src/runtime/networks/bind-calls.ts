import type { Leaf, NetworkBuffer, NetworkCall, PlaceAlong } from "./network-description.js";
import { type Binding, bytesPerFloat, type CallMemory, type Step, task } from "./binding.js";
import { bindProduct } from "./bind-product.js";

/** A cache line of numbers: what one thread should write. */
const lineFloats = 16;

/** The steps of a call, their arguments written to memory. */
export function bindCall(call: NetworkCall, binding: Binding, memory: CallMemory): readonly Step[] {
  switch (call.kind) {
    case "product":
      return bindProduct(call, binding, memory);
    case "map":
      return bindMap(call, binding, memory);
  }
}

function bindMap(
  call: Extract<NetworkCall, { kind: "map" }>,
  { fn, addresses, strides, sizes }: Binding,
  memory: CallMemory,
): readonly Step[] {
  const { leaves, result, fill } = call;
  const loops = call.loops.length === 0 ? [-1] : call.loops;
  const extents = loops.map((axis) => (axis < 0 ? 1 : sizes[axis]));
  const place = call.place ?? { axes: fn.buffers[result].axes, along: [] };
  const own = place.axes.map((axis, position) => (position === call.scattered ? -2 : axis));
  const strideOf = (
    axes: readonly number[],
    along: readonly PlaceAlong[] | undefined,
    buffer: number,
    loop: number,
  ): number => {
    let stride = axes.reduce((sum, axis, i) => sum + (axis === loop ? strides[buffer][i] : 0), 0);
    for (const { position, terms } of along ?? [])
      for (const { axis, step, by } of terms)
        if (axis === loop)
          stride += strides[buffer][position] * (by ?? []).reduce((product, other) => product * sizes[other], step);
    return bytesPerFloat * stride;
  };
  const offsetOf = (along: readonly PlaceAlong[] | undefined, buffer: number): number =>
    (along ?? []).reduce((sum, { position, offset }) => sum + offset * strides[buffer][position], 0);
  const addressOf = (leaf: Leaf): number => {
    if (leaf.kind === "size") return memory.writeFloat(sizes[leaf.axis]);
    const sliced = leaf.slices.reduce((offset, { position, at }) => offset + at * strides[leaf.buffer][position], 0);
    return addresses[leaf.buffer] + bytesPerFloat * (sliced + offsetOf(leaf.along, leaf.buffer));
  };
  const pickedStride = (leaf: Leaf): number =>
    leaf.kind === "size" || leaf.gathered === undefined ? 0 : bytesPerFloat * strides[leaf.buffer][leaf.gathered];
  const steps = loops.map((loop) => [
    strideOf(own, place.along, result, loop),
    ...leaves.map((leaf) => (leaf.kind === "size" ? 0 : strideOf(leaf.axes, leaf.along, leaf.buffer, loop))),
  ]);
  const isFree = loops.map((axis) => own.includes(axis));
  if (call.counted !== true) joinLoops(extents, steps, isFree);
  const split = splitLoop(extents, isFree);
  const block = memory.writeBlock([
    ...[addresses[result] + bytesPerFloat * offsetOf(place.along, result), ...leaves.map(addressOf)],
    ...extents,
    ...steps.flat(),
    ...[
      call.scattered === undefined ? 0 : bytesPerFloat * strides[result][call.scattered],
      ...leaves.map(pickedStride),
    ],
    split,
  ]);
  const cells = extents.reduce((product, extent) => product * extent, 1);
  const isInner = split === loops.length - 1;
  const work: Step =
    split < 0
      ? task(call.kernel, block, 1, 1, cells)
      : task(call.kernel, block, extents[split], isInner ? lineFloats : 1, cells / extents[split]);
  if (fill === undefined) return [work];
  const begin = addresses[result] / bytesPerFloat;
  const end = begin + extentsOf(fn.buffers[result], sizes).reduce((product, extent) => product * extent, 1);
  return [{ kind: "fill", begin, end, value: fill }, work];
}

/** Enough units for any number of threads. */
const plenty = 32;

/**
 * The loop that threads share: one along which every cell of the result is made by one pass of it, the outermost that has
 * plenty of passes, or else the longest. -1: there is none, one thread does it all.
 */
function splitLoop(extents: readonly number[], isFree: readonly boolean[]): number {
  const free = extents.map((_, loop) => ({ loop })).filter(({ loop }) => isFree[loop]);
  const long = free.find(({ loop }) => extents[loop] >= plenty);
  const [longest] = [...free].sort((a, b) => extents[b.loop] - extents[a.loop]);
  return long?.loop ?? longest?.loop ?? -1;
}

/**
 * Makes one long loop of the innermost two where every place moves along both as along one, and again with the next:
 * short rows are gone through at once. Loops that threads may share are not joined with others.
 *
 * @param steps strides by loop: of the result, then of the leaves
 */
function joinLoops(extents: number[], steps: readonly (readonly number[])[], isFree: readonly boolean[]): void {
  const inner = extents.length - 1;
  for (let outer = inner - 1; outer >= 0; outer--) {
    const isOne = steps[outer].every((stride, place) => stride === extents[inner] * steps[inner][place]);
    if (!isOne || isFree[outer] !== isFree[inner]) return;
    extents[inner] *= extents[outer];
    extents[outer] = 1;
  }
}

/** How long each stored dimension is. */
export function extentsOf({ axes, extents }: NetworkBuffer, sizes: readonly number[]): readonly number[] {
  return axes.map((axis, position) => extents?.find((longer) => longer.position === position)?.extent ?? sizes[axis]);
}
