import type { AxisSize, NodeId, PlanFunction } from "../../ir/plan.js";
import type { Extent } from "../../runtime/description.js";
import type { NetworkBuffer, PlaceAlong } from "../../runtime/networks/network-description.js";
import { literalSize } from "../literal-size.js";
import { NotLowered } from "./not-lowered.js";

/** Where a value is stored, its axes as the reader calls them. */
export interface Stored {
  readonly buffer: number;
  readonly axes: readonly string[];
  readonly slices: readonly { readonly position: number; readonly at: number }[];
  /** Stored dimensions, "" among the axes, whose entry several axes pick together. */
  readonly along?: readonly Along[];
}

/** As `PlaceAlong`, with the names of axes. */
export interface Along {
  readonly position: number;
  readonly offset: number;
  readonly terms: readonly { readonly axis: string; readonly step: number; readonly by?: readonly string[] }[];
}

/** A place with its axes called otherwise. */
export function renamedPlace(place: Stored, names: (axis: string) => string): Stored {
  return {
    ...place,
    axes: place.axes.map((axis) => (axis === "" ? "" : names(axis))),
    ...(place.along === undefined
      ? {}
      : {
          along: place.along.map((part) => ({
            ...part,
            terms: part.terms.map((term) => ({ ...term, axis: names(term.axis) })),
          })),
        }),
  };
}

/** Where the values of a plan function lie while it is lowered. */
export class PlanBuffers {
  protected readonly buffers: NetworkBuffer[] = [];
  protected readonly stored = new Map<NodeId, Stored>();
  private readonly inputs = new Map<string, number>();
  private readonly axisNumber: ReadonlyMap<string, number>;

  constructor(protected readonly plan: PlanFunction) {
    this.axisNumber = new Map(plan.axes.map(({ name }, number) => [name, number]));
  }

  protected node(id: NodeId): PlanFunction["nodes"][number] {
    return this.plan.nodes[id]!;
  }

  /** Where a value lies, looking through renames and slices of stored values. */
  protected placeOf(id: NodeId): Stored | undefined {
    const known = this.stored.get(id);
    if (known !== undefined) return known;
    const { operation } = this.node(id);
    switch (operation.kind) {
      case "input": {
        if (operation.source === "previous" || operation.source === "carry") throw new NotLowered(operation.source);
        const key = `${operation.source} ${operation.name}`;
        let buffer = this.inputs.get(key);
        if (buffer === undefined) {
          buffer = this.addBuffer(operation.source, operation.name, operation.axes);
          this.inputs.set(key, buffer);
        }
        return { buffer, axes: operation.axes, slices: [] };
      }
      case "rename": {
        const inner = this.placeOf(operation.operand);
        if (inner === undefined) return undefined;
        return renamedPlace(inner, (axis) => (axis === operation.from ? operation.to : axis));
      }
      case "slice": {
        const inner = this.placeOf(operation.operand);
        if (inner === undefined) return undefined;
        const position = inner.axes.indexOf(operation.axis);
        if (position < 0) return slicedAlong(inner, operation.axis, operation.at);
        return {
          ...inner,
          axes: inner.axes.map((axis, i) => (i === position ? "" : axis)),
          slices: [...inner.slices, { position, at: operation.at }],
        };
      }
      default:
        return undefined;
    }
  }

  protected addBuffer(
    kind: NetworkBuffer["kind"],
    name: string,
    axes: readonly string[],
    extents: NetworkBuffer["extents"] = [],
  ): number {
    const longer = extents.length === 0 ? {} : { extents };
    return this.buffers.push({ kind, name, axes: this.numbers(axes), ...longer }) - 1;
  }

  protected placeNumbers(along: readonly Along[]): readonly PlaceAlong[] {
    return along.map(({ position, offset, terms }) => ({
      position,
      offset,
      terms: terms.map(({ axis, step, by }) => ({
        axis: this.number(axis),
        step,
        ...(by === undefined ? {} : { by: this.numbers(by) }),
      })),
    }));
  }

  /** The size of an axis whose windows are read: known when compiling. */
  protected knownSize(axis: string): number {
    const size = literalSize(this.plan.axes[this.number(axis)]!.size);
    if (size === undefined) throw new NotLowered("windows of an axis whose size is not known");
    return size;
  }

  protected numbers(axes: readonly string[]): readonly number[] {
    return axes.map((axis) => this.number(axis));
  }

  protected number(axis: string): number {
    const found = this.axisNumber.get(axis);
    if (found === undefined) throw new Error(`network kernels: axis ${axis} is not declared`);
    return found;
  }

  protected inPlanOrder(axes: readonly string[]): readonly string[] {
    return [...axes].sort((a, b) => this.number(a) - this.number(b));
  }

  /** Loops are not known yet where an expression is made: the axis's number stands for its loop until then. */
  protected positionOf(axis: string): number {
    return -1 - this.number(axis);
  }
}

/** One entry along an axis that picks a stored dimension together with others. */
function slicedAlong(place: Stored, axis: string, at: number): Stored | undefined {
  const along = place.along?.map((part) => {
    const term = part.terms.find((each) => each.axis === axis);
    if (term === undefined) return part;
    const terms = part.terms.filter((each) => each !== term);
    return term.by === undefined ? { ...part, terms, offset: part.offset + at * term.step } : undefined;
  });
  return along === undefined || along.includes(undefined)
    ? undefined
    : { ...place, along: along.filter((part) => part !== undefined) };
}

/** How long an axis is, as the run time is told. */
export function extentOf(size: AxisSize): Extent | { readonly rows: true } {
  switch (size.kind) {
    case "rows":
      return { rows: true };
    case "symbol":
      return size.name;
    case "literal":
      return size.value;
    case "sum":
      return size.terms.map((term) => {
        const extent = extentOf(term);
        if (typeof extent === "object" && "rows" in extent) throw new Error("network kernels: rows in a sum");
        return extent;
      });
  }
}
