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
  const first = asFactor(writer, a, batch, freeA, summed);
  const second = asFactor(writer, b, batch, summed, freeB);
  const asMatrix = ({ tensor, rows, columns }: Factor): DeviceArgument =>
    isMatrix(rows, columns)
      ? named(tensor)
      : { kind: "tensor", name: writer.emit("reshape", [named(tensor), shape(rows, columns)]) };
  const isMatrix = (rows: readonly string[], columns: readonly string[]): boolean =>
    batch.length <= 1 && rows.length === 1 && columns.length === 1;
  const axes = [...batch, ...freeA, ...freeB];
  const flags = [first, second].map(({ isTransposed }): DeviceArgument => ({
    kind: "number",
    text: `${isTransposed}`,
  }));
  const matrices = [asMatrix(first), asMatrix(second)];
  const product =
    first.isTransposed || second.isTransposed
      ? writer.make("multiplyMatrices", [...matrices, ...flags], axes)
      : writer.make("matMul", matrices, axes);
  return isMatrix(freeA, freeB) ? product : writer.reshaped(product, axes);
}

/** One side of a product of matrices, as it is stored. */
interface Factor {
  readonly tensor: DeviceTensor;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Is it stored with its rows as columns? */
  readonly isTransposed: boolean;
}

/** A tensor that lies as its transpose stays so: which backends should turn it is decided when it is multiplied. */
function asFactor(
  writer: TensorWriter,
  tensor: DeviceTensor,
  batch: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
): Factor {
  const turned = [...batch, ...columns, ...rows];
  if (rows.length > 0 && columns.length > 0 && turned.every((axis, i) => tensor.axes[i] === axis))
    return { tensor, rows: columns, columns: rows, isTransposed: true };
  const ordered = writer.transposed(tensor, [...batch, ...rows, ...columns]);
  return { tensor: ordered, rows, columns, isTransposed: false };
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
