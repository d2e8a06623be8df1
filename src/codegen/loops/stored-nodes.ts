import type { NodeId, Operation, PlanFunction } from "../../ir/plan.js";
import { operandsOf } from "../../ir/plan.js";
import { solveAxes } from "../../ir/plan-axes.js";
import type { Phases } from "./phases.js";

/** Longest chain of arithmetic written as one expression. */
const longestExpression = 8;

/**
 * Which nodes get a place in memory. The others are written into the expressions that read them: they cost nothing
 * (inputs, constants, renamed axes), or are read once, by a node that visits each of their cells once.
 */
export function storedNodes(fn: PlanFunction, phases: Phases): readonly boolean[] {
  const readers: Reading[][] = fn.nodes.map(() => []);
  const stored: boolean[] = fn.nodes.map(() => false);
  const lengths: number[] = fn.nodes.map(() => 0);
  for (const output of fn.outputs) {
    readers[output.node].push(direct({ kind: "output", domain: output.axes }, fn, output.node));
  }
  for (let id = fn.nodes.length - 1; id >= 0; id--) {
    const { operation, axes } = fn.nodes[id];
    if (isFree(operation)) continue;
    if (isView(operation)) {
      for (const reading of readers[id]) readers[operandsOf(operation)[0]].push(throughView(operation, reading));
      continue;
    }
    const [only, ...others] = readers[id];
    stored[id] =
      !isElementwise(operation) ||
      only === undefined ||
      others.length > 0 ||
      (only.root.kind === "node" && phases.of[only.root.node] !== phases.of[id] && !phases.isTotal[only.root.node]) ||
      !coversDomain(axes, only) ||
      lengthAt(only, lengths) >= longestExpression;
    if (!stored[id] && only !== undefined) {
      if (only.root.kind === "node") lengths[only.root.node] += 1;
      operandsOf(operation).forEach((operand, position) => {
        if (isLookedAtTwice(operation, position)) {
          readers[operand].push({ root: { kind: "whole" }, places: only.places });
          return;
        }
        const places = new Map(only.places);
        if (operation.kind === "gather") places.delete(operation.axis);
        readers[operand].push({ root: only.root, places });
      });
    } else {
      const domain = domainOf(fn, id);
      operandsOf(operation).forEach((operand, position) => {
        readers[operand].push(operandReading(fn, id, operation, operand, position, domain));
      });
    }
  }
  return stored;
}

/** A place where a node is read: the stored node (or output) it is written into, and what its axes are there. */
interface Reading {
  readonly root:
    | { readonly kind: "node"; readonly node: NodeId; readonly domain: readonly string[] }
    | { readonly kind: "output"; readonly domain: readonly string[] }
    /** Many cells are read together. */
    | { readonly kind: "whole" };
  /** Axis of the node → axis of the root. */
  readonly places: ReadonlyMap<string, string>;
}

function direct(root: Reading["root"], fn: PlanFunction, node: NodeId): Reading {
  return { root, places: new Map(fn.nodes[node].axes.map((axis) => [axis, axis])) };
}

function operandReading(
  fn: PlanFunction,
  id: NodeId,
  operation: Operation,
  operand: NodeId,
  position: number,
  domain: readonly string[],
): Reading {
  const reading = direct({ kind: "node", node: id, domain }, fn, operand);
  if (operation.kind === "triangularSolve") {
    if (position === 0) return direct({ kind: "whole" }, fn, operand);
    const { from, to } = solveAxes(operation);
    return {
      root: reading.root,
      places: new Map([...reading.places].map(([axis, place]) => [axis, place === from ? to : place])),
    };
  }
  if (isLookedAtTwice(operation, position)) {
    return { root: { kind: "whole" }, places: reading.places };
  }
  if (operation.kind === "gather") {
    const places = new Map(reading.places);
    places.delete(operation.axis);
    return { root: reading.root, places };
  }
  return reading;
}

/** The axes that are gone through to compute a node. */
function domainOf(fn: PlanFunction, id: NodeId): readonly string[] {
  const { operation, axes } = fn.nodes[id];
  switch (operation.kind) {
    case "reduce":
    case "contract":
      return [...axes, ...operation.over];
    case "scatterAdd":
      return [...axes.filter((axis) => axis !== operation.axis), ...operation.over];
    case "stack":
      return axes.filter((axis) => axis !== operation.axis);
    case "constant":
    case "size":
    case "position":
    case "input":
    case "unary":
    case "binary":
    case "select":
    case "softmax":
    case "gather":
    case "rename":
    case "diagonal":
    case "slice":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
    case "cholesky":
    case "triangularSolve":
    case "draw":
      return axes;
  }
}

function throughView(operation: Operation, reading: Reading): Reading {
  const places = new Map(reading.places);
  if (operation.kind === "rename") {
    const place = places.get(operation.to);
    places.delete(operation.to);
    if (place !== undefined) places.set(operation.from, place);
  }
  if (operation.kind === "diagonal") {
    const place = places.get(operation.row);
    if (place !== undefined) places.set(operation.column, place);
  }
  return { root: reading.root, places };
}

/** Is each cell read once? */
function coversDomain(axes: readonly string[], reading: Reading): boolean {
  if (reading.root.kind === "whole") return false;
  const reached = new Set(axes.map((axis) => reading.places.get(axis)));
  return reading.root.domain.every((axis) => reached.has(axis));
}

function lengthAt(reading: Reading, lengths: readonly number[]): number {
  return reading.root.kind === "node" ? lengths[reading.root.node] : 0;
}

/** Read from where it is stored already, or known. */
export function isFree(operation: Operation): boolean {
  return (
    operation.kind === "constant" ||
    operation.kind === "size" ||
    operation.kind === "position" ||
    operation.kind === "input"
  );
}

/** The same cells, addressed otherwise. */
export function isView(operation: Operation): boolean {
  return operation.kind === "rename" || operation.kind === "diagonal" || operation.kind === "slice";
}

/** Operands that are written twice into an expression: worth a place of their own. */
function isLookedAtTwice(operation: Operation, position: number): boolean {
  if (operation.kind === "unary") return operation.function === "presentOrZero" || operation.function === "leakyRelu";
  return (operation.kind === "gather" || operation.kind === "scatterAdd") && position === 1;
}

function isElementwise(operation: Operation): boolean {
  return (
    operation.kind === "unary" ||
    operation.kind === "binary" ||
    operation.kind === "select" ||
    operation.kind === "gather"
  );
}
