import type { BinaryFunction, UnaryFunction } from "../../ir/plan.js";
import { NotLowered } from "./not-lowered.js";

/** What a loop nest computes for each cell: a tree over leaves. Shared parts are shared objects. */
export type MapExpression =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "leaf"; readonly leaf: number }
  /** A leaf of which an axis is picked by an index that does not vary along the innermost loop. */
  | { readonly kind: "gather"; readonly leaf: number; readonly index: MapExpression }
  /** The counter of a loop. */
  | { readonly kind: "position"; readonly loop: number }
  | { readonly kind: "unary"; readonly function: UnaryFunction; readonly operand: MapExpression }
  | {
      readonly kind: "binary";
      readonly function: BinaryFunction;
      readonly left: MapExpression;
      readonly right: MapExpression;
    }
  | {
      readonly kind: "select";
      readonly condition: MapExpression;
      readonly whenTrue: MapExpression;
      readonly whenFalse: MapExpression;
    };

/** How a leaf or the result moves along the innermost loop. */
export type InnerStep = "contiguous" | "constant" | "strided";

export interface MapKernel {
  readonly name: string;
  /** Loops, outermost first; at least one. */
  readonly loops: number;
  readonly leaves: readonly InnerStep[];
  readonly result: InnerStep;
  /** How cells that meet in one place of the result are combined. */
  readonly reduce?: "sum" | "max";
  /** The place in the result that an index picks besides. */
  readonly scatter?: MapExpression;
  readonly expression: MapExpression;
}

/** Unary functions that float32 loops have. */
export const mappedUnary: ReadonlySet<UnaryFunction> = new Set([
  "negate",
  "exp",
  "log",
  "log1p",
  "expm1",
  "sqrt",
  "square",
  "reciprocal",
  "abs",
  "sign",
  "softplus",
  "sigmoid",
  "tanh",
  "relu",
  "leakyRelu",
  "step",
  "isPresent",
  "presentOrZero",
  "logGamma",
  "digamma",
] satisfies readonly UnaryFunction[]);

/**
 * Words of the block of arguments that a kernel takes the address of: result, leaves, sizes of the loops, then for each
 * loop the strides in bytes of the result and of the leaves, then the strides of picked axes: result, leaves; then the
 * number of the loop of which only a range is to be run, as the kernel's second and third argument say.
 */
export function argumentLayout(kernel: Pick<MapKernel, "loops" | "leaves">): {
  readonly result: number;
  leaf(leaf: number): number;
  size(loop: number): number;
  /** place 0: the result, 1 and on: the leaves */
  stride(loop: number, place: number): number;
  picked(place: number): number;
  readonly split: number;
  readonly words: number;
} {
  const places = kernel.leaves.length + 1;
  const sizes = places;
  const strides = sizes + kernel.loops;
  const picked = strides + kernel.loops * places;
  return {
    result: 0,
    leaf: (leaf) => 1 + leaf,
    size: (loop) => sizes + loop,
    stride: (loop, place) => strides + loop * places + place,
    picked: (place) => picked + place,
    split: picked + places,
    words: picked + places + 1,
  };
}

/** Positions along axes as counters of loops. */
export function withLoops(expression: MapExpression, loops: readonly number[]): MapExpression {
  const made = new Map<MapExpression, MapExpression>();
  const visit = (part: MapExpression): MapExpression => {
    const known = made.get(part);
    if (known !== undefined) return known;
    const result = rebuilt(part);
    made.set(part, result);
    return result;
  };
  const rebuilt = (part: MapExpression): MapExpression => {
    switch (part.kind) {
      case "constant":
      case "leaf":
        return part;
      case "position": {
        const loop = loops.indexOf(-1 - part.loop);
        if (loop < 0) throw new NotLowered("a position along no loop");
        return { kind: "position", loop };
      }
      case "gather":
        return { ...part, index: visit(part.index) };
      case "unary":
        return { ...part, operand: visit(part.operand) };
      case "binary":
        return { ...part, left: visit(part.left), right: visit(part.right) };
      case "select":
        return {
          ...part,
          condition: visit(part.condition),
          whenTrue: visit(part.whenTrue),
          whenFalse: visit(part.whenFalse),
        };
    }
  };
  return visit(expression);
}

/** The leaves that an expression reads. */
export function leavesIn(expression: MapExpression, found = new Set<number>()): ReadonlySet<number> {
  switch (expression.kind) {
    case "constant":
    case "position":
      return found;
    case "leaf":
      return found.add(expression.leaf);
    case "gather":
      found.add(expression.leaf);
      return leavesIn(expression.index, found);
    case "unary":
      return leavesIn(expression.operand, found);
    case "binary":
      leavesIn(expression.left, found);
      return leavesIn(expression.right, found);
    case "select":
      leavesIn(expression.condition, found);
      leavesIn(expression.whenTrue, found);
      return leavesIn(expression.whenFalse, found);
  }
}

/** Does an expression read the counter of a loop, or pick by an index? */
export function readsCounters(expression: MapExpression, seen = new Set<MapExpression>()): boolean {
  if (seen.has(expression)) return false;
  seen.add(expression);
  const inside = (part: MapExpression): boolean => readsCounters(part, seen);
  switch (expression.kind) {
    case "constant":
    case "leaf":
      return false;
    case "position":
    case "gather":
      return true;
    case "unary":
      return inside(expression.operand);
    case "binary":
      return inside(expression.left) || inside(expression.right);
    case "select":
      return inside(expression.condition) || inside(expression.whenTrue) || inside(expression.whenFalse);
  }
}
