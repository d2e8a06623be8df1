import type { AxisSize, NodeId, Operation, Windows } from "./plan.js";
import { operandsOf } from "./plan.js";

/** What the axes of an operation depend on: the axes of earlier nodes, and the declared axes. */
export interface AxisContext {
  axesOf(id: NodeId): readonly string[];
  /** Throws where the axis is not declared. */
  sizeOf(axis: string): AxisSize;
}

/** The axes along which the value of an operation varies, each once, in no particular order. */
export function axesOfOperation(operation: Operation, context: AxisContext): readonly string[] {
  const of = (id: NodeId): readonly string[] => context.axesOf(id);
  switch (operation.kind) {
    case "constant":
    case "size":
      return [];
    case "position":
      return [operation.axis];
    case "input":
      return operation.axes;
    case "unary":
    case "binary":
    case "select":
    case "softmax":
    case "cholesky":
      return union(operandsOf(operation).map(of));
    case "reduce":
      return without(of(operation.operand), operation.over);
    case "contract":
      return without(union(operation.operands.map(of)), operation.over);
    case "gather":
      return union([without(of(operation.table), [operation.axis]), of(operation.index)]);
    case "scatterAdd":
      return union([without(union([of(operation.operand), of(operation.index)]), operation.over), [operation.axis]]);
    case "rename":
      return of(operation.operand).map((axis) => (axis === operation.from ? operation.to : axis));
    case "diagonal":
      return without(of(operation.operand), [operation.column]);
    case "slice":
      return without(of(operation.operand), [operation.axis]);
    case "stack":
      return union([...operation.operands.map(of), [operation.axis]]);
    case "window":
      return union([without(of(operation.operand), [operation.axis]), [operation.positions, operation.offsets]]);
    case "overlapAdd":
      return union([without(of(operation.operand), [operation.positions, operation.offsets]), [operation.axis]]);
    case "split":
      return union([without(of(operation.operand), [operation.axis]), operation.into]);
    case "merge":
      return union([without(of(operation.operand), operation.from), [operation.axis]]);
    case "triangularSolve": {
      const { from, to } = solveAxes(operation);
      const batch = without(of(operation.matrix), [operation.row, operation.column]);
      return union([batch, without(of(operation.right), [from]), [to]]);
    }
    case "draw":
      return union([...operation.arguments.map(of), operation.axes]);
  }
}

/** A triangular solve takes a right-hand side along axis `from` to a solution along axis `to`. */
export function solveAxes(operation: { readonly row: string; readonly column: string; readonly transposed: boolean }): {
  readonly from: string;
  readonly to: string;
} {
  return operation.transposed
    ? { from: operation.column, to: operation.row }
    : { from: operation.row, to: operation.column };
}

/** Number of arguments of a draw. */
export const drawArguments = {
  uniform: 0,
  normal: 0,
  gamma: 1,
  beta: 2,
  poisson: 1,
  binomial: 2,
  vonMises: 2,
} as const;

/** Why an operation breaks the rules stated in `plan.ts`; undefined where it keeps them. */
export function misuseOf(operation: Operation, context: AxisContext): string | undefined {
  const of = (id: NodeId): readonly string[] => context.axesOf(id);
  const lacks = (axes: readonly string[], wanted: readonly string[]): string | undefined => {
    const missing = wanted.filter((axis) => !axes.includes(axis));
    if (missing.length > 0) return `its operand [${axes.join(", ")}] has no axis ${missing.join(", ")}`;
    return wanted.length === new Set(wanted).size ? undefined : `an axis is listed twice in [${wanted.join(", ")}]`;
  };
  const has = (axes: readonly string[], axis: string): string | undefined =>
    axes.includes(axis) ? `its operand [${axes.join(", ")}] has axis ${axis} already` : undefined;
  const unequal = (first: string, second: string): string | undefined => {
    if (first === second) return `axis ${first} is named twice`;
    return JSON.stringify(context.sizeOf(first)) === JSON.stringify(context.sizeOf(second))
      ? undefined
      : `axes ${first} and ${second} differ in size`;
  };
  switch (operation.kind) {
    case "constant":
    case "unary":
    case "binary":
    case "select":
      return undefined;
    case "size":
    case "position":
      context.sizeOf(operation.axis);
      return undefined;
    case "input":
      operation.axes.forEach((axis) => context.sizeOf(axis));
      return lacks(operation.axes, operation.axes);
    case "reduce":
    case "softmax":
      return operation.over.length === 0 ? "it is over no axis" : lacks(of(operation.operand), operation.over);
    case "contract":
      if (operation.operands.length < 2) return "it has fewer than two operands";
      return operation.over.length === 0
        ? "it is over no axis"
        : lacks(union(operation.operands.map(of)), operation.over);
    case "gather":
      return lacks(of(operation.table), [operation.axis]) ?? has(of(operation.index), operation.axis);
    case "scatterAdd":
      context.sizeOf(operation.axis);
      return (
        has(of(operation.operand), operation.axis) ??
        has(of(operation.index), operation.axis) ??
        lacks(union([of(operation.operand), of(operation.index)]), operation.over)
      );
    case "rename":
      return (
        lacks(of(operation.operand), [operation.from]) ??
        has(of(operation.operand), operation.to) ??
        unequal(operation.from, operation.to)
      );
    case "diagonal":
    case "cholesky":
      return (
        lacks(of(operation.operand), [operation.row, operation.column]) ?? unequal(operation.row, operation.column)
      );
    case "slice": {
      const size = context.sizeOf(operation.axis);
      if (!Number.isInteger(operation.at) || operation.at < 0) return `${operation.at} is no position`;
      if (size.kind === "literal" && operation.at >= size.value) return `${operation.at} is beyond the axis`;
      return size.kind === "rows" ? "it is along the rows" : lacks(of(operation.operand), [operation.axis]);
    }
    case "stack": {
      const size = context.sizeOf(operation.axis);
      if (size.kind !== "literal" || size.value !== operation.operands.length) {
        return `axis ${operation.axis} has not the literal size ${operation.operands.length}`;
      }
      return operation.operands.map((id) => has(of(id), operation.axis)).find((reason) => reason !== undefined);
    }
    case "window":
      return (
        [operation.positions, operation.offsets]
          .map((axis) => has(of(operation.operand), axis))
          .find((reason) => reason !== undefined) ?? windowMisuse(operation, context)
      );
    case "overlapAdd":
      return has(of(operation.operand), operation.axis) ?? windowMisuse(operation, context);
    case "split":
      return (
        lacks(of(operation.operand), [operation.axis]) ??
        operation.into.map((axis) => has(of(operation.operand), axis)).find((reason) => reason !== undefined)
      );
    case "merge":
      context.sizeOf(operation.axis);
      operation.from.forEach((axis) => context.sizeOf(axis));
      return has(of(operation.operand), operation.axis);
    case "triangularSolve":
      return (
        lacks(of(operation.matrix), [operation.row, operation.column]) ??
        has(of(operation.right), solveAxes(operation).to) ??
        unequal(operation.row, operation.column)
      );
    case "draw": {
      operation.axes.forEach((axis) => context.sizeOf(axis));
      const expected = drawArguments[operation.family];
      return operation.arguments.length === expected
        ? undefined
        : `${operation.family} has ${operation.arguments.length} arguments instead of ${expected}`;
    }
  }
}

function windowMisuse(windows: Windows, context: AxisContext): string | undefined {
  const { axis, positions, offsets, stride, before } = windows;
  if (new Set([axis, positions, offsets]).size < 3) return "its axes are not three";
  if ([axis, positions, offsets].some((name) => context.sizeOf(name).kind !== "literal"))
    return "the size of an axis is not known";
  return Number.isInteger(stride) && stride > 0 && Number.isInteger(before) && before >= 0
    ? undefined
    : `a stride of ${stride} with ${before} entries before`;
}

export function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

export function without(axes: readonly string[], removed: readonly string[]): readonly string[] {
  return axes.filter((axis) => !removed.includes(axis));
}
