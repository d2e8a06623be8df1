import type { DeviceArgument } from "./device-ir.js";
import { type DeviceTensor, named, type TensorWriter } from "./tensor-writer.js";

/** Sum of a product over axes: pairs are multiplied, or contracted as matrices, until one is left. */
export function contractTensors(
  writer: TensorWriter,
  rows: string,
  operands: readonly DeviceTensor[],
  over: readonly string[],
  result: readonly string[],
): DeviceTensor {
  let left = operands.map((tensor, i) => {
    const own = over.filter(
      (axis) => tensor.axes.includes(axis) && !operands.some((other, j) => j !== i && other.axes.includes(axis)),
    );
    return own.length === 0 ? tensor : writer.reduced("sum", tensor, own);
  });
  while (left.length > 1) {
    const [i, j] = smallestPair(left);
    const others = left.filter((_, position) => position !== i && position !== j);
    const summed = over.filter(
      (axis) =>
        left[i].axes.includes(axis) &&
        left[j].axes.includes(axis) &&
        !others.some((other) => other.axes.includes(axis)),
    );
    left = [contractPair(writer, rows, left[i], left[j], summed, result), ...others];
  }
  const [only] = left;
  const remaining = over.filter((axis) => only.axes.includes(axis));
  const summed = remaining.length === 0 ? only : writer.reduced("sum", only, remaining);
  return summed.axes.length === result.length ? summed : writer.broadcast(summed, result);
}

function contractPair(
  writer: TensorWriter,
  rows: string,
  one: DeviceTensor,
  other: DeviceTensor,
  summed: readonly string[],
  result: readonly string[],
): DeviceTensor {
  // In the order in which the result is wanted, so that it need not be turned.
  const shared = one.axes.filter((axis) => other.axes.includes(axis));
  const [leading] = result.filter((axis) => !shared.includes(axis));
  const [a, b] = leading !== undefined && other.axes.includes(leading) ? [other, one] : [one, other];
  const union = writer.order([...a.axes, ...b.axes]);
  const batch = a.axes.filter((axis) => b.axes.includes(axis) && !summed.includes(axis));
  const freeA = a.axes.filter((axis) => !b.axes.includes(axis));
  const freeB = b.axes.filter((axis) => !a.axes.includes(axis));
  // Not a matrix product: nothing to sum, a vector on both sides, or one small product per row.
  if (summed.length === 0 || freeA.length === 0 || freeB.length === 0 || batch.includes(rows)) {
    const product = writer.make("mul", [writer.aligned(a, union), writer.aligned(b, union)], union);
    return summed.length === 0 ? product : writer.reduced("sum", product, summed);
  }
  const sizes = (axes: readonly string[]): string => writer.product(axes);
  const shape = (rows: readonly string[], columns: readonly string[]): DeviceArgument => ({
    kind: "numbers",
    values: [...(batch.length === 0 ? [] : [sizes(batch)]), sizes(rows), sizes(columns)],
  });
  // The wasm backend is several times faster on transposed copies than with its transposing flags.
  const first = writer.transposed(a, [...batch, ...freeA, ...summed]);
  const second = writer.transposed(b, [...batch, ...summed, ...freeB]);
  const asMatrix = (tensor: DeviceTensor, rows: readonly string[], columns: readonly string[]): DeviceArgument =>
    isMatrix(rows, columns)
      ? named(tensor)
      : { kind: "tensor", name: writer.emit("reshape", [named(tensor), shape(rows, columns)]) };
  const isMatrix = (rows: readonly string[], columns: readonly string[]): boolean =>
    batch.length <= 1 && rows.length === 1 && columns.length === 1;
  const axes = [...batch, ...freeA, ...freeB];
  const product = writer.make("matMul", [asMatrix(first, freeA, summed), asMatrix(second, summed, freeB)], axes);
  return isMatrix(freeA, freeB) ? product : writer.reshaped(product, axes);
}

/** The two tensors whose product has the fewest axes. */
function smallestPair(tensors: readonly DeviceTensor[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let fewest = Infinity;
  for (let i = 0; i < tensors.length; i++) {
    for (let j = i + 1; j < tensors.length; j++) {
      const axes = new Set([...tensors[i].axes, ...tensors[j].axes]).size;
      if (axes < fewest) [best, fewest] = [[i, j], axes];
    }
  }
  return best;
}
