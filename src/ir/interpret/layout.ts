import type { Operation } from "../plan.js";
import { type Cells, type Coordinates, forEachCell, isPosition, read, type Scope, tabulate } from "./cells.js";

/** Windows of an axis and their sums; one axis as several and back. */
export function interpretLayout(
  operation: Extract<Operation, { readonly kind: "window" | "overlapAdd" | "split" | "merge" }>,
  axes: readonly number[],
  { sizes, axisNumber, values }: Scope,
): Cells {
  const operand = values[operation.operand];
  const axis = axisNumber(operation.axis);
  const fill = (value: (at: Coordinates) => number): Cells => tabulate(axes, sizes, value);
  switch (operation.kind) {
    case "window": {
      const [positions, offsets] = [axisNumber(operation.positions), axisNumber(operation.offsets)];
      return fill((at) => {
        at[axis] = at[positions] * operation.stride + at[offsets] - operation.before;
        return isPosition(at[axis], sizes[axis]) ? read(operand, at) : 0;
      });
    }
    case "overlapAdd": {
      const [positions, offsets] = [axisNumber(operation.positions), axisNumber(operation.offsets)];
      return fill((at) => {
        let total = 0;
        forEachCell([positions, offsets], sizes, at, () => {
          const place = at[positions] * operation.stride + at[offsets] - operation.before;
          if (place === at[axis]) total += read(operand, at);
        });
        return total;
      });
    }
    case "split": {
      const into = operation.into.map(axisNumber);
      return fill((at) => {
        at[axis] = into.reduce((place, part) => place * sizes[part] + at[part], 0);
        return read(operand, at);
      });
    }
    case "merge": {
      const from = [...operation.from.map(axisNumber)].reverse();
      return fill((at) => {
        let place = at[axis];
        for (const part of from) {
          at[part] = place % sizes[part];
          place = Math.floor(place / sizes[part]);
        }
        return read(operand, at);
      });
    }
  }
}
