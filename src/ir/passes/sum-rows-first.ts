import { PlanBuilder } from "../plan-builder.js";
import type { NodeId, PlanFunction } from "../plan.js";
import { operandsOf, withOperands } from "../plan.js";
import type { Pass } from "./pass.js";
import { orderOf } from "./rebuild.js";

/**
 * What is the same for all rows is multiplied in after summing over them, where rows are gone through one by one:
 *
 *     sum[t] w[t] (S[t, a, b] - F[b, c] P[t, a, c])  ->  sum[t] w S - F (sum[t] w P)
 *
 * Only sums that are linear in what is taken apart, and only of products that were computed, which are as inexact already
 * as their sums will be: a difference between data and what is expected of it stays together.
 */
export const sumRowsFirst: Pass = {
  name: "sum rows first",
  ensures: "no sum over the rows of a sweep is of a product with something that is the same for all of them",
  run(fn) {
    const rows = fn.axes.find(({ size }) => size.kind === "rows")?.name;
    return fn.sweep === undefined || rows === undefined ? fn : new Hoisting(fn, rows).run();
  },
};

/** A sum over rows of a node times weights. */
interface Total {
  readonly weights: readonly NodeId[];
  readonly summand: NodeId;
  readonly over: readonly string[];
}

/** State of one function's pass. */
class Hoisting {
  private readonly builder = new PlanBuilder();
  private readonly copies: NodeId[] = [];
  private readonly computed = new Map<NodeId, boolean>();
  /** Nodes whose value is needed for each row, whatever is taken apart. */
  private readonly needed = new Set<NodeId>();

  constructor(
    private readonly fn: PlanFunction,
    private readonly rows: string,
  ) {
    fn.outputs.forEach(({ node }) => this.need(node));
    for (let known = -1; known !== this.needed.size;) {
      known = this.needed.size;
      for (const id of [...this.needed]) {
        const total = this.totalOf(id);
        if (total !== undefined && !this.canBeTakenApart(total, total.summand)) this.need(total.summand);
      }
    }
  }

  private need(id: NodeId): void {
    if (this.needed.has(id)) return;
    this.needed.add(id);
    (this.totalOf(id)?.weights ?? operandsOf(this.fn.nodes[id].operation)).forEach((operand) => this.need(operand));
  }

  run(): PlanFunction {
    const { fn, builder, copies } = this;
    for (const axis of fn.axes) builder.axis(axis.name, axis.size);
    fn.nodes.forEach((node, id) => {
      const total = this.totalOf(id);
      copies.push(
        builder.rule(node.rule, () =>
          total !== undefined && (node.operation.kind === "contract" || this.canBeTakenApart(total, total.summand))
            ? this.sum(total, total.summand)
            : builder.remake(withOperands(node.operation, (operand) => copies[operand])),
        ),
      );
    });
    for (const { name, node, axes, ...options } of fn.outputs) builder.output(name, copies[node], axes, options);
    return { ...builder.build(fn.name, fn.documentation), ...orderOf(fn) };
  }

  private totalOf(id: NodeId): Total | undefined {
    const { operation } = this.fn.nodes[id];
    if (operation.kind === "reduce" && operation.function === "sum" && operation.over.includes(this.rows)) {
      return { weights: [], summand: operation.operand, over: operation.over };
    }
    if (operation.kind !== "contract" || !operation.over.includes(this.rows) || operation.operands.length !== 2)
      return undefined;
    const [weight, summand] = [...operation.operands].sort((a, b) => this.axesOf(a).length - this.axesOf(b).length);
    const own = this.axesOf(summand);
    const isSmaller =
      this.axesOf(weight).length < own.length && this.axesOf(weight).every((axis) => own.includes(axis));
    return isSmaller ? { weights: [weight], summand, over: operation.over } : undefined;
  }

  private axesOf(id: NodeId): readonly string[] {
    return this.fn.nodes[id].axes;
  }

  /** Is there a product in it that need not be computed for each row? */
  private canBeTakenApart(total: Total, id: NodeId): boolean {
    if (this.needed.has(id)) return false;
    const { operation } = this.fn.nodes[id];
    switch (operation.kind) {
      case "binary":
        if (operation.function === "multiply") return this.partsOf(total, id) !== undefined;
        if (operation.function !== "add" && operation.function !== "subtract") return false;
        return (
          [operation.left, operation.right].every((side) => this.isComputed(side)) &&
          [operation.left, operation.right].some((side) => this.canBeTakenApart(total, side))
        );
      case "unary":
        return operation.function === "negate" && this.canBeTakenApart(total, operation.operand);
      case "rename":
        return this.isApart(total, [operation.from, operation.to]) && this.canBeTakenApart(total, operation.operand);
      case "diagonal":
        return this.isApart(total, [operation.row, operation.column]) && this.canBeTakenApart(total, operation.operand);
      case "contract":
        return this.partsOf(total, id) !== undefined;
      default:
        return false;
    }
  }

  /** Made from products, sums and parameters, not from data. */
  private isComputed(id: NodeId): boolean {
    const known = this.computed.get(id) ?? this.isMadeOfComputed(id);
    this.computed.set(id, known);
    return known;
  }

  private isMadeOfComputed(id: NodeId): boolean {
    const { operation, axes } = this.fn.nodes[id];
    if (!axes.includes(this.rows)) return true;
    switch (operation.kind) {
      case "contract":
      case "reduce":
      case "softmax":
        return true;
      case "input":
        return operation.source === "carry" || operation.source === "parameter" || operation.source === "previous";
      case "unary":
      case "binary":
      case "select":
      case "rename":
      case "diagonal":
      case "slice":
      case "cholesky":
      case "triangularSolve":
        return operandsOf(operation).every((operand) => this.isComputed(operand));
      default:
        return false;
    }
  }

  /** Are the axes neither summed over nor the weights'? */
  private isApart({ weights, over }: Total, axes: readonly string[]): boolean {
    return axes.every((axis) => !over.includes(axis) && !this.isAlong(axis, weights));
  }

  /** The factor that differs from row to row, those that do not, and what is summed over after the rows. */
  private partsOf(
    total: Total,
    id: NodeId,
  ): { readonly inner: Total; readonly fixed: readonly NodeId[]; readonly along: readonly string[] } | undefined {
    const { weights, over } = total;
    const { operation } = this.fn.nodes[id];
    if (operation.kind !== "contract" && operation.kind !== "binary") return undefined;
    const [operands, along] =
      operation.kind === "contract" ? [operation.operands, operation.over] : [[operation.left, operation.right], []];
    const isFixed = (operand: NodeId): boolean => !this.axesOf(operand).includes(this.rows);
    const [varying, ...more] = operands.filter((operand) => !isFixed(operand));
    const fixed = operands.filter(isFixed);
    if (varying === undefined || more.length > 0 || fixed.length === 0 || !this.isApart(total, along)) return undefined;
    if (operation.kind === "binary" && !this.isComputed(varying)) return undefined;
    const own = over.filter((axis) => !this.isAlong(axis, fixed));
    // The weights' axes are summed together with the rows, or are axes of what is summed.
    if (!own.every((axis) => this.isAlong(axis, [varying, ...weights]))) return undefined;
    const later = over.filter((axis) => !own.includes(axis));
    return { inner: { weights, summand: varying, over: own }, fixed, along: [...along, ...later] };
  }

  private isAlong(axis: string, ids: readonly NodeId[]): boolean {
    return ids.some((id) => this.axesOf(id).includes(axis));
  }

  /** @param on what is wanted of it: its diagonal along two axes */
  private sum(total: Total, id: NodeId, on?: { readonly row: string; readonly column: string }): NodeId {
    const { builder, copies } = this;
    const { operation } = this.fn.nodes[id];
    // Sums that differ in their axes' names alone are one sum.
    if (operation.kind === "rename" && this.isApart(total, [operation.from, operation.to])) {
      return onDiagonal(builder, builder.rename(this.sum(total, operation.operand), operation.from, operation.to), on);
    }
    if (this.canBeTakenApart(total, id)) {
      if (operation.kind === "binary" && operation.function !== "multiply") {
        const [left, right] = [this.sum(total, operation.left, on), this.sum(total, operation.right, on)];
        return builder.binary(operation.function, left, right);
      }
      if (operation.kind === "unary") return builder.unary("negate", this.sum(total, operation.operand, on));
      if (operation.kind === "diagonal" && on === undefined) return this.sum(total, operation.operand, operation);
      const parts = this.partsOf(total, id);
      if (parts !== undefined) {
        const inner = this.sum(parts.inner, parts.inner.summand);
        const product = builder.contract([inner, ...parts.fixed.map((one) => copies[one])], parts.along);
        return onDiagonal(builder, product, on);
      }
    }
    return this.plainSum(total, onDiagonal(builder, copies[id], on));
  }

  /** @param summand of the new function */
  private plainSum({ weights, over }: Total, summand: NodeId): NodeId {
    const { builder, copies } = this;
    const own = builder.axesOf(summand);
    const weighing = weights.map((weight) => copies[weight]);
    const absent = over.filter((axis) => !own.includes(axis));
    // What does not vary along an axis is there as often as the axis has entries, each with its weight.
    if (absent.length === over.length) {
      const [weight] = weighing;
      const count =
        weight === undefined
          ? over.map((axis) => builder.size(axis)).reduce((a, b) => builder.times(a, b))
          : builder.sum(weight, over);
      return builder.times(count, summand);
    }
    if (weighing.length > 0) {
      // Weights are summed over the rows first where the summand is the same for all of them.
      const isFixed =
        absent.includes(this.rows) && absent.every((axis) => weighing.every((one) => builder.has(one, axis)));
      const later = over.filter((axis) => !absent.includes(axis));
      const [weight] = weighing;
      return isFixed && weight !== undefined && weighing.length === 1
        ? builder.contract([builder.sum(weight, absent), summand], later)
        : builder.contract([...weighing, summand], over);
    }
    const summed = builder.sum(
      summand,
      over.filter((axis) => own.includes(axis)),
    );
    return absent.reduce((product, axis) => builder.times(builder.size(axis), product), summed);
  }
}

/** The entries where two axes agree; a node that lacks both is the same everywhere. */
function onDiagonal(
  builder: PlanBuilder,
  node: NodeId,
  on: { readonly row: string; readonly column: string } | undefined,
): NodeId {
  if (on === undefined) return node;
  const [hasRow, hasColumn] = [builder.has(node, on.row), builder.has(node, on.column)];
  if (hasRow && hasColumn) return builder.diagonal(node, on.row, on.column);
  return hasColumn ? builder.rename(node, on.column, on.row) : node;
}
