import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { NodeId, Operation, PlanFunction } from "../../ir/plan.js";
import { operandsOf, withOperands } from "../../ir/plan.js";
import { builderLike, rowsAxisOf } from "./rebuild.js";

/** Name of the table that holds the centre of each column of a data variable. */
export function centreName(variable: string): string {
  return `centre.${variable}`;
}

/**
 * Rewrites what is linear in data so that float32 never holds a large offset: with c the centre of each column,
 *
 *     x - m  becomes  (x - c) + (c - m)
 *
 * where x - c is computed on the host, and so is c - m, which does not vary over rows. Sums, multiples and sums over
 * axes of such differences are followed, so that y - (a + b x) is covered as well. What is made of data alone stays as it
 * is: the host computes it in float64.
 *
 * @param variables those with real values: counts and labels are exact in float32, and must stay so
 */
export function centreData(fn: PlanFunction, variables: ReadonlySet<string>): PlanFunction {
  return new Centring(fn, variables).run();
}

/** A node as the sum of a part per row that is centred, and a part that does not vary over rows. */
interface Parts {
  centred(): NodeId;
  fixed(): NodeId;
  /** Something besides data is added: the two parts have a large offset to cancel. */
  readonly isDifference: boolean;
}

class Centring {
  private readonly builder: PlanBuilder;
  private readonly rows: string | undefined;
  private readonly made: NodeId[] = [];
  private readonly parts: (Parts | undefined)[] = [];
  private readonly readsParameters: boolean[] = [];

  constructor(
    private readonly fn: PlanFunction,
    private readonly variables: ReadonlySet<string>,
  ) {
    this.builder = builderLike(fn);
    this.rows = rowsAxisOf(fn);
  }

  run(): PlanFunction {
    const { builder, fn } = this;
    fn.nodes.forEach((node, id) => {
      const { operation } = node;
      const isParameter =
        operation.kind === "input" && (operation.source === "parameter" || operation.source === "previous");
      this.readsParameters.push(isParameter || operandsOf(operation).some((operand) => this.readsParameters[operand]));
      builder.rule(node.rule, () => {
        const parts = this.isPerRow(id) ? this.partsOf(node.operation) : undefined;
        this.parts.push(parts);
        this.made.push(
          parts?.isDifference === true && this.readsParameters[id]
            ? builder.plus(parts.centred(), parts.fixed())
            : builder.add(withOperands(node.operation, (operand) => this.made[operand])),
        );
      });
    });
    for (const output of fn.outputs) builder.output(output.name, this.made[output.node], output.axes);
    return builder.build(fn.name, fn.documentation);
  }

  private isPerRow(id: NodeId): boolean {
    return this.rows !== undefined && this.fn.nodes[id].axes.includes(this.rows);
  }

  private centreOf(input: Extract<Operation, { readonly kind: "input" }>): NodeId {
    return this.builder.input(
      "table",
      centreName(input.name),
      input.axes.filter((axis) => axis !== this.rows),
    );
  }

  private partsOf(operation: Operation): Parts | undefined {
    const { builder } = this;
    switch (operation.kind) {
      case "input":
        if (operation.source !== "data" || operation.axes[0] !== this.rows) return undefined;
        if (!this.variables.has(operation.name)) return undefined;
        return {
          centred: () => builder.minus(builder.add(operation), this.centreOf(operation)),
          fixed: () => this.centreOf(operation),
          isDifference: false,
        };
      case "unary":
        return this.partsOfUnary(operation);
      case "binary":
        if (operation.function === "add" || operation.function === "subtract") {
          return this.partsOfSum(operation.function, operation.left, operation.right);
        }
        if (operation.function === "multiply" || operation.function === "divide") {
          const { left, right } = operation;
          if (!this.isPerRow(right)) {
            return this.mapped(left, (part) => builder.binary(operation.function, part, this.made[right]));
          }
          if (!this.isPerRow(left) && operation.function === "multiply") {
            return this.mapped(right, (part) => builder.times(this.made[left], part));
          }
        }
        return undefined;
      case "rename":
        return this.mapped(operation.operand, (part) => builder.rename(part, operation.from, operation.to));
      case "slice":
        return this.mapped(operation.operand, (part) => builder.slice(part, operation.axis, operation.at));
      case "reduce":
        if (operation.function !== "sum" || operation.over.includes(this.rows ?? "")) return undefined;
        return this.mapped(operation.operand, (part) => builder.sum(part, operation.over));
      case "contract": {
        const perRow = operation.operands.filter((id) => this.isPerRow(id));
        if (perRow.length !== 1 || operation.over.includes(this.rows ?? "")) return undefined;
        return this.mapped(perRow[0], (part) =>
          builder.contract(
            operation.operands.map((id) => (id === perRow[0] ? part : this.made[id])),
            operation.over,
          ),
        );
      }
      case "constant":
      case "size":
      case "position":
      case "select":
      case "softmax":
      case "gather":
      case "window":
      case "overlapAdd":
      case "split":
      case "merge":
      case "scatterAdd":
      case "diagonal":
      case "stack":
      case "cholesky":
      case "triangularSolve":
      case "draw":
        return undefined;
    }
  }

  private partsOfUnary(operation: Extract<Operation, { readonly kind: "unary" }>): Parts | undefined {
    const { builder } = this;
    const inner = this.fn.nodes[operation.operand].operation;
    if (operation.function === "negate") {
      return this.mapped(operation.operand, (part) => builder.unary("negate", part));
    }
    if (operation.function !== "presentOrZero" || inner.kind !== "input") return undefined;
    const parts = this.parts[operation.operand];
    if (parts === undefined) return undefined;
    return {
      // A missing entry is 0, which is -c from the centre.
      centred: () => {
        const absent = builder.minus(builder.constant(1), builder.unary("isPresent", builder.add(inner)));
        return builder.minus(builder.unary("presentOrZero", parts.centred()), builder.times(absent, parts.fixed()));
      },
      fixed: () => parts.fixed(),
      isDifference: false,
    };
  }

  private partsOfSum(name: "add" | "subtract", left: NodeId, right: NodeId): Parts | undefined {
    const { builder } = this;
    const [first, second] = [left, right].map((id): Parts | "fixed" | "varying" =>
      !this.isPerRow(id) ? "fixed" : (this.parts[id] ?? "varying"),
    );
    if (typeof first === "string" && typeof second === "string") return undefined;
    const centred = [first, second].map((part, i) => {
      if (part === "fixed") return undefined;
      return part === "varying" ? () => this.made[i === 0 ? left : right] : () => part.centred();
    });
    const fixed = [first, second].map((part, i) => {
      if (part === "varying") return undefined;
      return part === "fixed" ? () => this.made[i === 0 ? left : right] : () => part.fixed();
    });
    const combined =
      ([a, b]: readonly ((() => NodeId) | undefined)[]) =>
      (): NodeId => {
        if (a === undefined) return name === "add" ? required(b)() : builder.unary("negate", required(b)());
        return b === undefined ? a() : builder.binary(name, a(), b());
      };
    return { centred: combined(centred), fixed: combined(fixed), isDifference: true };
  }

  private mapped(id: NodeId, map: (part: NodeId) => NodeId): Parts | undefined {
    const parts = this.parts[id];
    if (parts === undefined) return undefined;
    return {
      centred: () => map(parts.centred()),
      fixed: () => map(parts.fixed()),
      isDifference: parts.isDifference,
    };
  }
}

/** Data variables whose columns a function wants the centres of. */
export function centredVariables(fn: PlanFunction): readonly string[] {
  const prefix = centreName("");
  const names = fn.nodes.flatMap(({ operation }) =>
    operation.kind === "input" && operation.source === "table" && operation.name.startsWith(prefix)
      ? [operation.name.slice(prefix.length)]
      : [],
  );
  return [...new Set(names)];
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("centre data: a part is missing");
  return value;
}
