import type { NodeId, PlanFunction } from "../../ir/plan.js";
import type { Leaf, NetworkCall, NetworkFunction } from "../../runtime/networks/network-description.js";
import { expandReductions } from "./expand-reductions.js";
import {
  type InnerStep,
  leavesIn,
  type MapExpression,
  type MapKernel,
  mappedUnary,
  withLoops,
} from "./map-expression.js";
import { NotLowered } from "./not-lowered.js";
import { extentOf, PlanBuffers, type Stored } from "./plan-buffers.js";
import { type Contraction, productSides } from "./product-sides.js";
import { storedNodes } from "./stored-nodes.js";
import { storedOrders } from "./stored-orders.js";

/** A function as calls of kernels, and those kernels. */
export interface LoweredNetwork {
  readonly fn: NetworkFunction;
  readonly kernels: readonly MapKernel[];
}

/**
 * Turns a plan function into matrix products and loop nests over float32 buffers; undefined where it needs an operation
 * that they do not have.
 *
 * A contraction of two values is a matrix product where each has axes of its own besides the summed ones. Everything
 * elementwise is computed inside the loop nest that reads it; a value is stored where a product reads it, where several
 * nests do, or where it is the end of a reduction.
 *
 * @param prefix begins the names of the kernels
 */
export function lowerNetwork(plan: PlanFunction, prefix: string): LoweredNetwork | undefined {
  try {
    return new NetworkLowering(expandReductions(plan), prefix).lower();
  } catch (error) {
    if (error instanceof NotLowered) return undefined;
    throw error;
  }
}

class NetworkLowering extends PlanBuffers {
  private readonly calls: NetworkCall[] = [];
  private readonly kernels: MapKernel[] = [];
  private readonly isStored: (id: NodeId) => boolean;

  constructor(
    plan: PlanFunction,
    private readonly prefix: string,
  ) {
    super(plan);
    this.isStored = storedNodes(plan);
  }

  lower(): LoweredNetwork {
    const { plan } = this;
    const orders = storedOrders(plan);
    const isOutput = new Set(plan.outputs.map(({ node }) => node));
    for (const [id, node] of plan.nodes.entries()) {
      if (this.isStored(id) || (isOutput.has(id) && orders.has(id))) this.store(id, orders.get(id) ?? node.axes);
    }
    const outputs = plan.outputs.map(({ name, node, axes }) => ({ name, buffer: this.outputBuffer(node, axes, name) }));
    return {
      fn: {
        name: plan.name,
        axes: plan.axes.map(({ size }) => extentOf(size)),
        buffers: this.buffers,
        calls: this.calls,
        outputs,
      },
      kernels: this.kernels,
    };
  }

  private store(id: NodeId, axes: readonly string[]): Stored {
    const known = this.stored.get(id);
    if (known !== undefined) return known;
    const { operation } = this.node(id);
    if (operation.kind === "contract" && this.product(id, operation, axes)) return this.stored.get(id)!;
    return this.nest(id, axes);
  }

  /** A matrix product, where the contraction is one. */
  private product(id: NodeId, operation: Contraction, axes: readonly string[]): boolean {
    const groups = productSides(this.plan, operation);
    if (groups === undefined) return false;
    const [first, second] = groups;
    const { over } = operation;
    const ownAxes = (side: readonly NodeId[]): readonly string[] =>
      axes.filter((axis) => side.some((operand) => this.node(operand).axes.includes(axis)));
    const [one, two] = [ownAxes(first), ownAxes(second)];
    const isFirstLeft = axes.join() === [...one, ...two].join();
    const isSecondLeft = axes.join() === [...two, ...one].join();
    const order = isSecondLeft && !isFirstLeft ? [...two, ...one] : [...one, ...two];
    const [left, right, rows, columns] =
      isSecondLeft && !isFirstLeft ? [second, first, two, one] : [first, second, one, two];
    const a = this.operand(left, rows, over);
    const b = this.operand(right, columns, over);
    const result = this.addBuffer("work", this.node(id).rule, order);
    this.calls.push({
      kind: "product",
      left: { buffer: a.buffer, axes: this.numbers(a.axes) },
      right: { buffer: b.buffer, axes: this.numbers(b.axes) },
      result,
      rows: this.numbers(rows),
      columns: this.numbers(columns),
      summed: this.numbers(over),
    });
    this.stored.set(id, { buffer: result, axes: order, slices: [] });
    return true;
  }

  /** One side of a product, stored so that its own axes lie together, and the summed ones. */
  private operand(ids: readonly NodeId[], own: readonly string[], over: readonly string[]): Stored {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) {
      const place = this.placeOf(only);
      if (place !== undefined && place.slices.length === 0) {
        const text = place.axes.join();
        if (text === [...own, ...over].join() || text === [...over, ...own].join()) return place;
      }
    }
    const axes = [...own, ...over];
    const leaves: LeafList = new Map();
    const expression = ids
      .map((id) => this.expression(id, new Map(), leaves))
      .reduce((left, right): MapExpression => ({ kind: "binary", function: "multiply", left, right }));
    const buffer = this.emitNest(expression, leaves, axes, [], undefined, "operand");
    return { buffer, axes, slices: [] };
  }

  /** A loop nest that stores a value. */
  private nest(id: NodeId, axes: readonly string[]): Stored {
    const { operation, rule } = this.node(id);
    const leaves: LeafList = new Map();
    const names = new Map<string, string>();
    let buffer: number;
    switch (operation.kind) {
      case "reduce": {
        if (operation.function === "logSumExp") throw new NotLowered("logSumExp");
        const expression = this.expression(operation.operand, names, leaves);
        buffer = this.emitNest(expression, leaves, axes, operation.over, operation.function, rule);
        break;
      }
      case "contract": {
        const expression = operation.operands
          .map((operand) => this.expression(operand, names, leaves))
          .reduce((left, right): MapExpression => ({ kind: "binary", function: "multiply", left, right }));
        buffer = this.emitNest(expression, leaves, axes, operation.over, "sum", rule);
        break;
      }
      case "scatterAdd": {
        const expression = this.expression(operation.operand, names, leaves);
        const index = this.expression(operation.index, names, leaves);
        buffer = this.emitNest(expression, leaves, axes, operation.over, "sum", rule, {
          axis: operation.axis,
          index,
        });
        break;
      }
      default:
        buffer = this.emitNest(this.inline(id, names, leaves), leaves, axes, [], undefined, rule);
    }
    const made: Stored = { buffer, axes, slices: [] };
    this.stored.set(id, made);
    return made;
  }

  private emitNest(
    expression: MapExpression,
    leaves: LeafList,
    axes: readonly string[],
    over: readonly string[],
    reduce: "sum" | "max" | undefined,
    rule: string,
    scatter?: { readonly axis: string; readonly index: MapExpression },
  ): number {
    const looped = [...axes.filter((axis) => axis !== scatter?.axis), ...over];
    const list = [...leaves.values()];
    // One index is read for a whole innermost loop.
    const indexed = new Set(
      scatter === undefined ? [] : [...leavesIn(scatter.index)].flatMap((leaf) => list[leaf]?.stored?.axes ?? []),
    );
    const inner = this.innerAxis(
      looped.filter((axis) => !indexed.has(axis)),
      list.map(({ stored }) => stored),
      axes,
    );
    if (inner === undefined && indexed.size > 0) throw new NotLowered("a scatter of single numbers");
    const loops = [
      ...this.inPlanOrder(looped.filter((axis) => axis !== inner)),
      ...(inner === undefined ? [] : [inner]),
    ];
    const stepOf = (own: readonly string[]): InnerStep =>
      inner === undefined || !own.includes(inner) ? "constant" : own.at(-1) === inner ? "contiguous" : "strided";
    const result = this.addBuffer("work", rule, axes);
    const name = `${this.prefix}${this.kernels.length}`;
    this.kernels.push({
      name,
      loops: Math.max(1, loops.length),
      leaves: list.map(({ stored }) => (stored === undefined ? "constant" : stepOf(stored.axes))),
      result: stepOf(axes),
      ...(reduce === undefined ? {} : { reduce }),
      ...(scatter === undefined ? {} : { scatter: withLoops(scatter.index, this.numbers(loops)) }),
      expression: withLoops(expression, this.numbers(loops)),
    });
    this.calls.push({
      kind: "map",
      kernel: name,
      loops: this.numbers(loops),
      result,
      ...(reduce === undefined ? {} : { fill: reduce === "max" ? lowest : 0 }),
      ...(scatter === undefined ? {} : { scattered: axes.indexOf(scatter.axis) }),
      leaves: list.map(({ leaf }) => leaf),
    });
    return result;
  }

  /** The axis along which most values lie side by side. */
  private innerAxis(
    looped: readonly string[],
    places: readonly (Stored | undefined)[],
    result: readonly string[],
  ): string | undefined {
    const last = (own: readonly string[]): string | undefined => own.findLast((axis) => axis !== "");
    const votes = new Map<string, number>();
    const vote = (axis: string | undefined, weight: number): void => {
      if (axis !== undefined && looped.includes(axis)) votes.set(axis, (votes.get(axis) ?? 0) + weight);
    };
    for (const place of places) if (place !== undefined) vote(last(place.axes), place.axes.length > 1 ? 2 : 1);
    vote(last(result), result.length > 1 ? 2 : 1);
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? looped.at(-1);
  }

  /** A value as part of a nest: read where it is stored, else computed. `names` renames axes on the way down. */
  private expression(id: NodeId, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    const place = this.placeOf(id);
    if (place !== undefined) {
      const axes = place.axes.map((axis) => names.get(axis) ?? axis);
      return { kind: "leaf", leaf: this.leafOf({ ...place, axes }, leaves) };
    }
    return this.inline(id, names, leaves);
  }

  private readonly memo = new Map<string, MapExpression>();

  private inline(id: NodeId, names: ReadonlyMap<string, string>, leaves: LeafList): MapExpression {
    // Shared parts of one nest are one object, so that they are computed once.
    const key = `${leafListId(leaves)} ${id} ${[...names].map(([from, to]) => `${from}>${to}`).join()}`;
    const known = this.memo.get(key);
    if (known !== undefined) return known;
    const made = this.makeInline(id, names, leaves);
    this.memo.set(key, made);
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
        const table = this.placeOf(operation.table) ?? this.store(operation.table, this.node(operation.table).axes);
        const position = table.axes.indexOf(operation.axis);
        const axes = table.axes.map((axis, i) => (i === position ? "" : (names.get(axis) ?? axis)));
        const leaf = this.leafOf({ ...table, axes }, leaves, position);
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
      case "scatterAdd": {
        const place = this.store(id, this.node(id).axes);
        const axes = place.axes.map((axis) => names.get(axis) ?? axis);
        return { kind: "leaf", leaf: this.leafOf({ ...place, axes }, leaves) };
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

  private leafOf(place: Stored, leaves: LeafList, gathered?: number): number {
    const key = `${place.buffer} ${place.axes.join()} ${JSON.stringify(place.slices)} ${gathered ?? ""}`;
    const known = leaves.get(key);
    if (known !== undefined) return [...leaves.keys()].indexOf(key);
    leaves.set(key, {
      stored: place,
      leaf: {
        kind: "buffer",
        buffer: place.buffer,
        axes: place.axes.map((axis) => (axis === "" ? -1 : this.number(axis))),
        slices: place.slices,
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

  private outputBuffer(id: NodeId, axes: readonly string[], name: string): number {
    let place = this.placeOf(id);
    const isOwn = place !== undefined && this.buffers[place.buffer]?.kind === "work" && place.slices.length === 0;
    if (!isOwn || place?.axes.join() !== axes.join() || this.taken.has(place.buffer)) {
      const leaves: LeafList = new Map();
      const expression = this.expression(id, new Map(), leaves);
      place = { buffer: this.emitNest(expression, leaves, axes, [], undefined, name), axes, slices: [] };
    }
    const { buffer } = place;
    this.taken.add(buffer);
    this.buffers[buffer] = { ...this.buffers[buffer]!, kind: "output", name };
    return buffer;
  }

  private readonly taken = new Set<number>();
}

/** Where a maximum begins. */
const lowest = -3e38;

type LeafList = Map<string, { readonly stored: Stored | undefined; readonly leaf: Leaf }>;

const leafListIds = new WeakMap<LeafList, number>();
let nextLeafList = 0;

function leafListId(leaves: LeafList): number {
  const known = leafListIds.get(leaves);
  if (known !== undefined) return known;
  leafListIds.set(leaves, nextLeafList);
  return nextLeafList++;
}
