import type { AxisSize, NodeId, PlanFunction } from "../../ir/plan.js";
import type { Extent } from "../../runtime/description.js";
import type { NetworkBuffer } from "../../runtime/networks/network-description.js";
import { NotLowered } from "./not-lowered.js";

/** Where a value is stored, its axes as the reader calls them. */
export interface Stored {
  readonly buffer: number;
  readonly axes: readonly string[];
  readonly slices: readonly { readonly position: number; readonly at: number }[];
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
        const axes = inner.axes.map((axis) => (axis === operation.from ? operation.to : axis));
        return { ...inner, axes };
      }
      case "slice": {
        const inner = this.placeOf(operation.operand);
        if (inner === undefined) return undefined;
        const position = inner.axes.indexOf(operation.axis);
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

  protected addBuffer(kind: NetworkBuffer["kind"], name: string, axes: readonly string[]): number {
    return this.buffers.push({ kind, name, axes: this.numbers(axes) }) - 1;
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
