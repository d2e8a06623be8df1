import type { AxisSize, NodeId, Operation } from "../../ir/plan.js";
import type { Term } from "./loop-tree.js";
import { lookingBack, placeOf, type Places, withPlace } from "./places.js";

export interface CellContext {
  /** One cell of another node: where it is stored, or its own expression. */
  cell(id: NodeId, places: Places): Term;
  sizeOf(axis: string): AxisSize;
}

/** One cell of what an operation computes, for operations that are an expression per cell. */
export function cellTerm(operation: Operation, places: Places, context: CellContext): Term {
  switch (operation.kind) {
    case "constant":
      return { kind: "number", value: operation.value };
    case "size":
      return { kind: "size", size: context.sizeOf(operation.axis) };
    case "position":
      return { kind: "index", index: placeOf(places, operation.axis) };
    case "input":
      return {
        kind: "input",
        source: operation.source,
        name: operation.name,
        sizes: operation.axes.map((axis) => context.sizeOf(axis)),
        indices: operation.axes.map((axis) => lookingBack(placeOf(places, axis), context.sizeOf(axis), operation.lag)),
      };
    case "unary":
      return { kind: "unary", function: operation.function, operand: context.cell(operation.operand, places) };
    case "binary":
      return {
        kind: "binary",
        function: operation.function,
        left: context.cell(operation.left, places),
        right: context.cell(operation.right, places),
      };
    case "select":
      return {
        kind: "select",
        condition: context.cell(operation.condition, places),
        whenTrue: context.cell(operation.whenTrue, places),
        whenFalse: context.cell(operation.whenFalse, places),
      };
    case "rename":
      return context.cell(operation.operand, withPlace(places, operation.from, placeOf(places, operation.to)));
    case "diagonal":
      return context.cell(operation.operand, withPlace(places, operation.column, placeOf(places, operation.row)));
    case "slice":
      return context.cell(operation.operand, withPlace(places, operation.axis, { kind: "fixed", value: operation.at }));
    case "gather": {
      const position = context.cell(operation.index, places);
      const entry = context.cell(
        operation.table,
        withPlace(places, operation.axis, { kind: "picked", value: position }),
      );
      return { kind: "pick", position, size: context.sizeOf(operation.axis), entry };
    }
    case "draw":
      return {
        kind: "draw",
        family: operation.family,
        site: operation.site,
        arguments: operation.arguments.map((argument) => context.cell(argument, places)),
      };
    case "reduce":
    case "softmax":
    case "contract":
    case "scatterAdd":
    case "stack":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
    case "cholesky":
    case "triangularSolve":
      throw new Error(`lower: ${operation.kind} is not an expression`);
  }
}
