import { type NodeId, type Operation, operandsOf, type PlanFunction } from "../../ir/plan.js";
import type { NetworkCall, NetworkFunction, Operand } from "../../runtime/networks/network-description.js";
import { reuseProducts } from "../../ir/passes/reuse-products.js";
import { expandReductions } from "./expand-reductions.js";
import {
  type InnerStep,
  leavesIn,
  readsCounters,
  type MapExpression,
  type MapKernel,
  withLoops,
} from "./map-expression.js";
import { innerAxis } from "./inner-axis.js";
import { type LeafList, NestExpressions } from "./nest-expressions.js";
import { NotLowered } from "./not-lowered.js";
import { oftenZero } from "./often-zero.js";
import { type Along, extentOf, type Stored } from "./plan-buffers.js";
import { type Contraction, productSides } from "./product-sides.js";
import { storedNodes } from "./stored-nodes.js";
import { storedOrders } from "./stored-orders.js";
import {
  chainOf,
  marginsOf,
  mergedTarget,
  type NestTarget,
  overlapOrder,
  overlappedTarget,
  paddedTarget,
  splitPlace,
  windowOrder,
  windowPlace,
} from "./window-places.js";

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
    return new NetworkLowering(expandReductions(reuseProducts(plan)), prefix).lower();
  } catch (error) {
    if (error instanceof NotLowered) return undefined;
    throw error;
  }
}

class NetworkLowering extends NestExpressions {
  private readonly calls: NetworkCall[] = [];
  private readonly kernels: MapKernel[] = [];
  private readonly isStored: (id: NodeId) => boolean;
  private readonly isOftenZero: (id: NodeId) => boolean;

  /** Windows that are added up, in the order in which they are. */
  private readonly overlapped: ReadonlyMap<NodeId, readonly string[]>;

  constructor(
    plan: PlanFunction,
    private readonly prefix: string,
  ) {
    super(plan);
    this.isStored = storedNodes(plan);
    this.isOftenZero = oftenZero(plan);
    this.overlapped = new Map(
      plan.nodes.flatMap(({ operation }, id) => {
        if (operation.kind !== "overlapAdd" || !this.isStored(id)) return [];
        const { base, order } = overlapOrder(plan, id);
        return order === undefined ? [] : [[base, order] as const];
      }),
    );
  }

  lower(): LoweredNetwork {
    const { plan } = this;
    const orders = storedOrders(plan);
    const isOutput = new Set(plan.outputs.map(({ node }) => node));
    for (const [id, node] of plan.nodes.entries()) {
      // What is put out as it was handed in is copied in the end.
      if (node.operation.kind === "input") continue;
      if (!this.isStored(id) && !(isOutput.has(id) && orders.has(id))) continue;
      const natural = isOutput.has(id) ? undefined : this.naturalAxes(id);
      this.store(id, natural ?? orders.get(id) ?? node.axes);
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

  protected override store(id: NodeId, axes: readonly string[]): Stored {
    const known = this.stored.get(id);
    if (known !== undefined) return known;
    const { operation } = this.node(id);
    if (operation.kind === "overlapAdd" || operation.kind === "merge") return this.addUp(id, operation, axes);
    if (operation.kind === "contract" && this.product(id, operation, axes)) return this.stored.get(id)!;
    return this.nest(id, axes);
  }

  /** A matrix product, where the contraction is one. */
  private product(id: NodeId, operation: Contraction, axes: readonly string[]): boolean {
    const groups = productSides(this.plan, operation);
    if (groups === undefined) return false;
    const [first, second] = groups;
    const over = this.summedOrder(groups, operation.over);
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
      left: { buffer: a.buffer, axes: this.numbers(a.axes), ...this.zeros(left) },
      right: { buffer: b.buffer, axes: this.numbers(b.axes), ...this.zeros(right) },
      result,
      rows: this.numbers(rows),
      columns: this.numbers(columns),
      summed: this.numbers(over),
      ...this.neededOf(id),
    });
    this.stored.set(id, { buffer: result, axes: order, slices: [] });
    return true;
  }

  private zeros(ids: readonly NodeId[]): { readonly isOftenZero?: true } {
    return ids.some((id) => this.isOftenZero(id)) ? { isOftenZero: true } : {};
  }

  /**
   * What is 0 wherever a product is not needed: its one reader multiplies it by the derivative of a `relu` whose value is at hand.
   */
  private neededOf(id: NodeId): { readonly needed?: Operand } {
    if (this.plan.outputs.some(({ node }) => node === id)) return {};
    const [reader, ...others] = this.plan.nodes.filter(({ operation }) => operandsOf(operation).includes(id));
    if (reader?.operation.kind !== "binary" || reader.operation.function !== "multiply" || others.length > 0) return {};
    const { left, right } = reader.operation;
    const factor = this.node(left === id ? right : left).operation;
    if (left === right || factor.kind !== "unary" || factor.function !== "step") return {};
    const passed = this.plan.nodes.findIndex(
      ({ operation }) =>
        operation.kind === "unary" && operation.function === "relu" && operation.operand === factor.operand,
    );
    const place = this.stored.get(passed);
    const isWhole = place !== undefined && place.slices.length === 0 && place.along === undefined;
    const { axes } = this.node(id);
    if (!isWhole || place.axes.length !== axes.length || !axes.every((axis) => place.axes.includes(axis))) return {};
    return { needed: { buffer: place.buffer, axes: this.numbers(place.axes) } };
  }

  /** Summed axes in the order in which the side with more of them has them in memory. */
  private summedOrder(sides: readonly (readonly NodeId[])[], over: readonly string[]): readonly string[] {
    const places = sides.flatMap(([only, ...others]) => {
      const place = only === undefined || others.length > 0 ? undefined : this.placeOf(only);
      return place === undefined || place.axes.includes("") ? [] : [place.axes];
    });
    const [widest] = places.sort((a, b) => b.length - a.length);
    return widest?.filter((axis) => over.includes(axis)) ?? over;
  }

  /** One side of a product, stored so that its own axes lie together, and the summed ones. */
  private operand(ids: readonly NodeId[], own: readonly string[], over: readonly string[]): Stored {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) {
      const place = this.placeOf(only);
      if (place !== undefined && place.slices.length === 0 && place.along === undefined) {
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

  /** Windows lie side by side in the order in which a product reads them. */
  private naturalAxes(id: NodeId): readonly string[] | undefined {
    return this.node(id).operation.kind === "window" ? windowOrder(this.plan, id) : this.overlapped.get(id);
  }

  private readonly views = new Map<NodeId, Stored>();
  private readonly padded = new Map<string, Stored>();

  /** Windows and parts of an axis, seen where their values lie. */
  protected override view(id: NodeId): Stored {
    const known = this.views.get(id);
    if (known !== undefined) return known;
    const { operation } = this.node(id);
    if (operation.kind !== "window" && operation.kind !== "split") throw new Error("network kernels: not a view");
    const made =
      operation.kind === "split"
        ? splitPlace(this.placed(operation.operand), operation)
        : windowPlace(this.withMargins(id), chainOf(this.plan, id, "window").layers);
    this.views.set(id, made);
    return made;
  }

  private placed(id: NodeId): Stored {
    const place = this.placeOf(id);
    if (place !== undefined) return place;
    const { operation, axes } = this.node(id);
    return operation.kind === "window" || operation.kind === "split" ? this.view(id) : this.store(id, axes);
  }

  /** What nested windows look at, with zeros where they look beyond its edges. */
  private withMargins(id: NodeId): Stored {
    const { base, layers } = chainOf(this.plan, id, "window");
    const margins = marginsOf(layers, (axis) => this.knownSize(axis));
    const own = this.node(base).axes;
    if (margins.length === 0 && layers.every(({ axis }) => own.includes(axis))) return this.placed(base);
    const key = `${base} ${JSON.stringify(margins)}`;
    const known = this.padded.get(key);
    if (known !== undefined) return known;
    const place = this.placeOf(base);
    const stored = place === undefined || place.axes.includes("") ? own : place.axes;
    const axes = [...stored, ...layers.map(({ axis }) => axis).filter((axis) => !stored.includes(axis))];
    const { target, place: padded } = paddedTarget(axes, margins);
    const leaves: LeafList = new Map();
    const expression = this.expression(base, new Map(), leaves);
    const buffer = this.emitNest(expression, leaves, axes, [], undefined, "margins", undefined, {
      ...target,
      loops: axes,
    });
    const made = { ...padded, buffer };
    this.padded.set(key, made);
    return made;
  }

  /** Windows added up where they overlap, or several axes laid out as one. */
  private addUp(
    id: NodeId,
    operation: Extract<Operation, { kind: "overlapAdd" | "merge" }>,
    axes: readonly string[],
  ): Stored {
    const leaves: LeafList = new Map();
    const { rule } = this.node(id);
    let made: Stored;
    if (operation.kind === "merge") {
      const expression = this.expression(operation.operand, new Map(), leaves);
      const target = mergedTarget(axes, operation);
      const buffer = this.emitNest(expression, leaves, axes, [], undefined, rule, undefined, target);
      made = { buffer, axes, slices: [] };
    } else {
      const { base, layers } = chainOf(this.plan, id, "overlapAdd", (inner) => this.isAlone(inner));
      const margins = marginsOf(layers, (axis) => this.knownSize(axis));
      const { target, place } = overlappedTarget(axes, layers, margins);
      const expression = this.expression(base, new Map(), leaves);
      const buffer = this.emitNest(expression, leaves, axes, [], "sum", rule, undefined, target);
      made = { ...place, buffer };
    }
    this.stored.set(id, made);
    return made;
  }

  /** Is a value read by one other, and no output? */
  private isAlone(id: NodeId): boolean {
    const readers = this.plan.nodes.filter(({ operation }) => operandsOf(operation).includes(id));
    return readers.length === 1 && !this.plan.outputs.some(({ node }) => node === id) && !this.stored.has(id);
  }

  /** A value that is seen in another, stored by itself. */
  protected override copied(id: NodeId): Stored {
    const { axes } = this.node(id);
    const leaves: LeafList = new Map();
    const expression = this.expression(id, new Map(), leaves);
    return { buffer: this.emitNest(expression, leaves, axes, [], undefined, "copy"), axes, slices: [] };
  }

  private emitNest(
    expression: MapExpression,
    leaves: LeafList,
    axes: readonly string[],
    over: readonly string[],
    reduce: "sum" | "max" | undefined,
    rule: string,
    scatter?: { readonly axis: string; readonly index: MapExpression },
    target?: NestTarget,
  ): number {
    const looped = target?.loops ?? [...axes.filter((axis) => axis !== scatter?.axis), ...over];
    const list = [...leaves.values()];
    // One index is read for a whole innermost loop.
    const indexed = new Set(
      scatter === undefined ? [] : [...leavesIn(scatter.index)].flatMap((leaf) => list[leaf]?.stored?.axes ?? []),
    );
    const inner = innerAxis(
      looped.filter((axis) => !indexed.has(axis)),
      list.map(({ stored }) => stored),
      target?.axes ?? axes,
    );
    if (inner === undefined && indexed.size > 0) throw new NotLowered("a scatter of single numbers");
    const loops = [
      ...this.inPlanOrder(looped.filter((axis) => axis !== inner)),
      ...(inner === undefined ? [] : [inner]),
    ];
    const stepOf = (own: readonly string[], along?: readonly Along[]): InnerStep => {
      if (inner === undefined) return "constant";
      const terms = along?.flatMap((part) => part.terms.filter(({ axis }) => axis === inner)) ?? [];
      if (!own.includes(inner)) return terms.length === 0 ? "constant" : "strided";
      return own.at(-1) === inner && terms.length === 0 ? "contiguous" : "strided";
    };
    const result = this.addBuffer("work", rule, axes, target?.extents);
    const name = `${this.prefix}${this.kernels.length}`;
    this.kernels.push({
      name,
      loops: Math.max(1, loops.length),
      leaves: list.map(({ stored }) => (stored === undefined ? "constant" : stepOf(stored.axes, stored.along))),
      result: target === undefined ? stepOf(axes) : stepOf(target.axes, target.along),
      ...(reduce === undefined ? {} : { reduce }),
      ...(scatter === undefined ? {} : { scatter: withLoops(scatter.index, this.numbers(loops)) }),
      expression: withLoops(expression, this.numbers(loops)),
    });
    this.calls.push({
      kind: "map",
      kernel: name,
      loops: this.numbers(loops),
      result,
      ...(target === undefined
        ? {}
        : {
            place: {
              axes: target.axes.map((axis) => (axis === "" ? -1 : this.number(axis))),
              along: this.placeNumbers(target.along),
            },
          }),
      ...(scatter !== undefined || readsCounters(expression) ? { counted: true } : {}),
      ...(reduce === undefined ? {} : { fill: reduce === "max" ? lowest : 0 }),
      ...(scatter === undefined ? {} : { scattered: axes.indexOf(scatter.axis) }),
      leaves: list.map(({ leaf }) => leaf),
    });
    return result;
  }

  private outputBuffer(id: NodeId, axes: readonly string[], name: string): number {
    let place = this.placeOf(id);
    const isOwn =
      place !== undefined &&
      this.buffers[place.buffer]?.kind === "work" &&
      place.slices.length === 0 &&
      place.along === undefined;
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
