import type { NodeId } from "../../ir/plan.js";
import type { Leaf } from "../../runtime/networks/network-description.js";
import { type MapExpression, mappedUnary } from "./map-expression.js";
import { NotLowered } from "./not-lowered.js";
import { PlanBuffers, renamedPlace, type Stored } from "./plan-buffers.js";

/** What a nest reads, in order, by what tells one from another. */
export type LeafList = Map<string, { readonly stored: Stored | undefined; readonly leaf: Leaf }>;

/** Values of a plan as expressions of the loop nest that reads them. */
export abstract class NestExpressions extends PlanBuffers {
  /** Computes a value into a buffer. */
  protected abstract store(id: NodeId, axes: readonly string[]): Stored;
  /** A value in a buffer of its own, all axes along it. */
  protected abstract copied(id: NodeId): Stored;
  /** Windows or parts of an axis where the value itself is stored. */
  protected abstract view(id: NodeId): Stored;

  /** A value as part of a nest: read where it is stored, else computed. `names` renames axes on the way down. */
  protected expression(id: NodeId, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    const place = this.placeOf(id);
    if (place !== undefined) {
      return this.leaf(place, names, leaves);
    }
    return this.inline(id, names, leaves);
  }

  /** By the leaves of a nest and what is asked for: shared parts of one nest are one object, so that they are computed once. */
  private readonly memo = new WeakMap<LeafList, Map<string, MapExpression>>();

  protected inline(id: NodeId, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    const known = this.memo.get(leaves) ?? new Map<string, MapExpression>();
    this.memo.set(leaves, known);
    const key = `${id} ${[...names].map(([from, to]) => `${from}>${to}`).join()}`;
    const made = known.get(key) ?? this.makeInline(id, names, leaves);
    known.set(key, made);
    return made;
  }

  private makeInline(id: NodeId, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    const { operation } = this.node(id);
    const part = (operand: NodeId): MapExpression => this.expression(operand, names, leaves);
    switch (operation.kind) {
      case "constant":
        return { kind: "constant", value: operation.value };
      case "size":
        return { kind: "leaf", leaf: this.sizeLeaf(operation.axis, leaves) };
      case "position":
        return { kind: "position", loop: this.positionOf(names.get(operation.axis) ?? operation.axis) };
      case "unary":
        if (!mappedUnary.has(operation.function)) throw new NotLowered(operation.function);
        return { kind: "unary", function: operation.function, operand: part(operation.operand) };
      case "binary":
        if (operation.function === "power") throw new NotLowered("power");
        if (operation.function === "divide" && this.isCount(operation.right)) return this.share(operation, part);
        return {
          kind: "binary",
          function: operation.function,
          left: part(operation.left),
          right: part(operation.right),
        };
      case "select":
        return {
          kind: "select",
          condition: part(operation.condition),
          whenTrue: part(operation.whenTrue),
          whenFalse: part(operation.whenFalse),
        };
      case "rename": {
        const inner = new Map(names);
        inner.set(operation.from, names.get(operation.to) ?? operation.to);
        inner.delete(operation.to);
        return this.expression(operation.operand, inner, leaves);
      }
      case "gather": {
        const found = this.placeOf(operation.table) ?? this.store(operation.table, this.node(operation.table).axes);
        const table = found.axes.includes(operation.axis) ? found : this.copied(operation.table);
        const position = table.axes.indexOf(operation.axis);
        const renamed = renamedPlace(table, (axis) => names.get(axis) ?? axis);
        const axes = renamed.axes.map((axis, i) => (i === position ? "" : axis));
        const leaf = this.leafOf({ ...renamed, axes }, leaves, position);
        return { kind: "gather", leaf, index: part(operation.index) };
      }
      case "input":
      case "slice": {
        if (operation.kind === "slice") {
          this.store(operation.operand, this.node(operation.operand).axes);
          return this.expression(id, names, leaves);
        }
        throw new Error("network kernels: an input without a place");
      }
      case "contract":
      case "reduce":
      case "overlapAdd":
      case "merge":
      case "scatterAdd": {
        const place = this.store(id, this.node(id).axes);
        return this.leaf(place, names, leaves);
      }
      case "window":
      case "split": {
        const place = this.view(id);
        return this.leaf(place, names, leaves);
      }
      case "softmax":
      case "diagonal":
      case "stack":
      case "cholesky":
      case "triangularSolve":
      case "draw":
        throw new NotLowered(operation.kind);
    }
  }

  /** Is a value the size of an axis? */
  private isCount(id: NodeId): boolean {
    return this.node(id).operation.kind === "size";
  }

  /** Divided by a size: times its inverse, which is the same in all cells. */
  private share(
    { left, right }: { readonly left: NodeId; readonly right: NodeId },
    part: (operand: NodeId) => MapExpression,
  ): MapExpression {
    const inverse: MapExpression = { kind: "unary", function: "reciprocal", operand: part(right) };
    return { kind: "binary", function: "multiply", left: part(left), right: inverse };
  }

  private leaf(place: Stored, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    return {
      kind: "leaf",
      leaf: this.leafOf(
        renamedPlace(place, (axis) => names.get(axis) ?? axis),
        leaves,
      ),
    };
  }

  protected leafOf(place: Stored, leaves: LeafList, gathered?: number): number {
    const parts = [place.slices, place.along].map((part) => JSON.stringify(part));
    const key = `${place.buffer} ${place.axes.join()} ${parts.join()} ${gathered ?? ""}`;
    const known = leaves.get(key);
    if (known !== undefined) return [...leaves.keys()].indexOf(key);
    leaves.set(key, {
      stored: place,
      leaf: {
        kind: "buffer",
        buffer: place.buffer,
        axes: place.axes.map((axis) => (axis === "" ? -1 : this.number(axis))),
        slices: place.slices,
        ...(place.along === undefined ? {} : { along: this.placeNumbers(place.along) }),
        ...(gathered === undefined ? {} : { gathered }),
      },
    });
    return leaves.size - 1;
  }

  private sizeLeaf(axis: string, leaves: LeafList): number {
    const key = `size ${axis}`;
    if (!leaves.has(key)) leaves.set(key, { stored: undefined, leaf: { kind: "size", axis: this.number(axis) } });
    return [...leaves.keys()].indexOf(key);
  }
}
