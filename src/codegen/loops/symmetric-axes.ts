import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { operandsOf } from "../../ir/plan.js";
import { sameSize } from "./loop-tree.js";

/** Two axes of a contraction that may be swapped without changing it: half of the cells need computing. */
export function symmetricAxes(
  fn: PlanFunction,
  id: NodeId,
): { readonly row: string; readonly column: string } | undefined {
  const { operation, axes } = fn.nodes[id];
  if (operation.kind !== "contract") return undefined;
  const sizeOf = (name: string) => fn.axes.find((axis) => axis.name === name)!.size;
  for (let i = 0; i < axes.length; i++) {
    for (let j = i + 1; j < axes.length; j++) {
      if (!sameSize(sizeOf(axes[i]), sizeOf(axes[j]))) continue;
      const written = operation.operands.map((operand) => spelled(fn, operand, new Map()));
      const swap = new Map([
        [axes[i], axes[j]],
        [axes[j], axes[i]],
      ]);
      const swapped = operation.operands.map((operand) => spelled(fn, operand, swap));
      if (JSON.stringify(written.sort()) === JSON.stringify(swapped.sort())) return { row: axes[i], column: axes[j] };
    }
  }
  return undefined;
}

/** Deepest expression that is compared. */
const deepest = 6;

/** A node as text, its axes called otherwise; renamed axes are written through. */
function spelled(fn: PlanFunction, id: NodeId, names: ReadonlyMap<string, string>, depth = 0): string {
  const { operation, axes } = fn.nodes[id];
  const named = (axis: string): string => names.get(axis) ?? axis;
  if (operation.kind === "rename") {
    const inner = new Map(names);
    inner.set(operation.from, named(operation.to));
    return spelled(fn, operation.operand, inner, depth);
  }
  if (
    axes.every((axis) => named(axis) === axis) &&
    [...names].every(([from, to]) => from === to || !reaches(fn, id, from))
  ) {
    return `#${id}`;
  }
  switch (operation.kind) {
    case "input":
      return `${operation.source} ${operation.name}[${operation.axes.map(named).join()}]`;
    case "position":
      return `position ${named(operation.axis)}`;
    case "unary":
    case "binary":
    case "select":
    case "triangularSolve":
    case "diagonal":
    case "slice":
    case "gather":
    case "reduce":
    case "contract": {
      // Inside, axes that are summed or solved along keep their names.
      if (depth >= deepest) return `#${id}[${axes.map(named).join()}]`;
      const own = new Map(axes.map((axis) => [axis, named(axis)]));
      const parts = operandsOf(operation).map((operand) => spelled(fn, operand, own, depth + 1));
      const commutes =
        operation.kind === "contract" || (operation.kind === "binary" && isCommutative(operation.function));
      const { kind, ...rest } = operation;
      return `${kind} ${signature(rest, named)}(${(commutes ? parts.sort() : parts).join("; ")})[${axes.map(named).join()}]`;
    }
    case "constant":
    case "size":
    case "softmax":
    case "scatterAdd":
    case "stack":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
    case "cholesky":
    case "draw":
      return `#${id}[${axes.map(named).join()}]`;
  }
}

function reaches(fn: PlanFunction, id: NodeId, axis: string): boolean {
  return fn.nodes[id].axes.includes(axis);
}

function isCommutative(name: string): boolean {
  return name === "add" || name === "multiply" || name === "equal" || name === "maximum" || name === "minimum";
}

/** What an operation is besides its operands, its named axes renamed. */
function signature(rest: object, named: (axis: string) => string): string {
  const fields = rest as Readonly<Record<string, unknown>>;
  return ["function", "axis", "over", "row", "column", "transposed", "at"]
    .filter((field) => field in fields)
    .map((field) => {
      const value = fields[field];
      if (typeof value === "string" && field !== "function") return named(value);
      return Array.isArray(value) ? value.map((axis) => named(String(axis))).join() : String(value);
    })
    .join(" ");
}
