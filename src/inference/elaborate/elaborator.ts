import type { Expression, Model, Parameter, Variable } from "../../ir/model.js";
import type { BinaryFunction, InputSource, NodeId, UnaryFunction } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { StatisticsTaken } from "../networks/batch-normalisation.js";
import { elaborateNetwork, type MemoryOf } from "../networks/elaborate-network.js";
import {
  axisSize,
  declarePlates,
  eventAxesOf,
  isEnumerable,
  laggedName,
  shapeOf,
  storedShape,
  valuesAxis,
} from "./axes.js";

/** Where a latent's value comes from while an expression is elaborated. */
export interface ElaborationMode {
  /** Which values the parameters have: the current ones, or those that fix the responsibilities. */
  readonly parameters: InputSource & ("parameter" | "previous");
  /** Sampling: the nodes drawn so far. Absent: a discrete latent is an axis of its values. */
  readonly drawn?: ReadonlyMap<string, NodeId>;
  /** Discrete variables whose place a vector of weights, along the axis of their values, takes. */
  readonly relaxed?: ReadonlyMap<string, NodeId>;
  /** Values that may be missing are read as 0 where they are, as the input of an encoder. */
  readonly masksMissing?: boolean;
  /** Layers that act while training only (dropout) do. */
  readonly isTraining?: boolean;
  /** Where layers leave what a step takes of its batch. */
  readonly statistics?: StatisticsTaken;
  /** What was drawn at earlier rows is read from where it was written. */
  readonly keepsDraws?: boolean;
  /** What a recurrent layer knows at this step. */
  readonly memory?: MemoryOf;
}

/**
 * Turns expressions of the model into plan nodes.
 *
 * A table index that is a discrete latent turns into an axis named after it (the value for every value of the latent);
 * an index read from data turns into a gather. The caller names the axes of the result's own shape, which is how shapes
 * are matched: there are no positions to broadcast.
 */
export class Elaborator {
  private readonly variables: ReadonlyMap<string, Variable>;
  private readonly parameterList: ReadonlyMap<string, Parameter>;
  private depth = 0;
  private readonly cache = new Map<Expression, { axes: string; node: NodeId }>();

  constructor(
    readonly model: Model,
    readonly builder: PlanBuilder,
    readonly mode: ElaborationMode,
  ) {
    this.variables = new Map(model.variables.map((variable) => [variable.name, variable]));
    this.parameterList = new Map(model.parameters.map((parameter) => [parameter.name, parameter]));
  }

  variable(name: string): Variable {
    const found = this.variables.get(name);
    if (found === undefined) throw new Error(`elaborate: unknown variable ${name}`);
    return found;
  }

  parameter(name: string): Parameter {
    const found = this.parameterList.get(name);
    if (found === undefined) throw new Error(`elaborate: unknown parameter ${name}`);
    return found;
  }

  /** The raw data column of an observed or given variable; NaN where missing. */
  data(variable: Variable, eventAxes: readonly string[], lag = 0): NodeId {
    declarePlates(this.builder, this.model, variable.axes);
    return this.builder.input("data", variable.name, [...variable.axes, ...eventAxes], lag);
  }

  /** What was drawn, now or (kept per row) some steps back. */
  private drawnValue(variable: Variable, lag: number): NodeId | undefined {
    const drawn = this.mode.drawn;
    if (drawn === undefined || variable.role === "given") return undefined;
    const known = drawn.get(laggedName(variable.name, lag));
    return known === undefined && lag > 0 && this.mode.keepsDraws === true ? this.kept(variable, lag)[0] : known;
  }

  /** What was drawn some steps back, and how it is stored. */
  kept(variable: Variable, lag: number): readonly [node: NodeId, stored: readonly string[]] {
    declarePlates(this.builder, this.model, variable.axes);
    const stored = [...variable.axes, ...eventAxesOf(this.builder, variable)];
    return [this.builder.input("carry", variable.name, stored, lag), stored];
  }

  /**
   * The value of an expression.
   * @param eventAxes names of the axes of the expression's own shape; a scalar ignores them and stands for all entries.
   */
  value(expression: Expression, eventAxes: readonly string[]): NodeId {
    const axes = eventAxes.join(" ");
    const known = this.cache.get(expression);
    if (known !== undefined && known.axes === axes) return known.node;
    this.depth++;
    const node = this.elaborate(expression, this.ownAxes(expression, eventAxes));
    this.depth--;
    this.cache.set(expression, { axes, node });
    return node;
  }

  /** A node for one index of a table: an axis to name the dimension by, or an index to gather with. */
  private index(
    expression: Expression,
  ): { readonly axis: string; readonly weights?: NodeId } | { readonly gather: NodeId } | { readonly at: number } {
    if (expression.kind === "position") return { axis: expression.axis };
    if (expression.kind === "constant") return { at: expression.value };
    if (expression.kind === "variable") {
      const variable = this.variable(expression.name);
      const weights = this.mode.relaxed?.get(variable.name);
      if (weights !== undefined) return { axis: valuesAxis(this.builder, variable), weights };
      if (isEnumerable(variable)) {
        const drawn = this.drawnValue(variable, expression.lag);
        return drawn === undefined ? { axis: valuesAxis(this.builder, variable, expression.lag) } : { gather: drawn };
      }
    }
    return { gather: this.value(expression, []) };
  }

  /** Picks cells of a table: `make` builds the table with its indexed dimensions on the axes it is given. */
  pick(
    indices: readonly Expression[],
    sizes: readonly Parameters<PlanBuilder["axis"]>[1][],
    hint: string,
    make: (axes: readonly string[]) => NodeId,
  ): NodeId {
    const resolved = indices.map((index) => this.index(index));
    const taken = new Set<string>();
    const axes = resolved.map((index, i) => {
      if ("axis" in index && !taken.has(index.axis)) {
        taken.add(index.axis);
        const plate = this.model.axes.find((axis) => axis.name === index.axis);
        if (plate !== undefined) declarePlates(this.builder, this.model, [index.axis]);
        return index.axis;
      }
      return this.builder.axis(`${hint}.index${i}`, sizes[i]!);
    });
    let node = make(axes);
    for (const [i, index] of resolved.entries()) {
      const axis = axes[i]!;
      if ("gather" in index) node = this.builder.gather(node, axis, index.gather);
      else if ("at" in index) node = this.builder.slice(node, axis, index.at);
      else if (axis !== index.axis) node = this.builder.diagonal(node, index.axis, axis);
      if ("weights" in index && index.weights !== undefined)
        node = this.builder.contract([index.weights, node], [index.axis]);
    }
    return node;
  }

  /** The stored values of a parameter's cell, its own stored dimensions on `ownAxes`. */
  parameterCell(name: string, indices: readonly Expression[], ownAxes: readonly string[]): NodeId {
    const parameter = this.parameter(name);
    return this.pick(indices, parameter.table.map(axisSize), name, (tableAxes) =>
      this.builder.input(this.mode.parameters, name, [...tableAxes, ...ownAxes]),
    );
  }

  private ownAxes(expression: Expression, eventAxes: readonly string[]): readonly string[] {
    const rank = shapeOf(expression.type).length;
    if (rank === 0) return [];
    if (rank !== eventAxes.length)
      throw new Error(`elaborate: a value of rank ${rank} cannot be laid along axes [${eventAxes.join(", ")}]`);
    return eventAxes;
  }

  private elaborate(expression: Expression, axes: readonly string[]): NodeId {
    const { builder } = this;
    switch (expression.kind) {
      case "constant":
        return builder.constant(expression.value);
      case "position":
        declarePlates(builder, this.model, [expression.axis]);
        return builder.position(expression.axis);
      case "parameter":
        return this.parameterCell(expression.name, expression.indices, axes);
      case "variable":
        return this.variableValue(this.variable(expression.name), axes, expression.lag, expression.presence === true);
      case "element": {
        // Of a whole sequence, what it is at this step.
        if (expression.base.type.kind === "sequence") return this.value(expression.base, axes);
        const sizes = shapeOf(expression.base.type).map(axisSize);
        const count = expression.indices.length;
        return this.pick(expression.indices, sizes.slice(0, count), "element", (indexAxes) => {
          return this.value(expression.base, [...indexAxes, ...axes]);
        });
      }
      case "list":
        return this.list(expression.items, axes);
      case "apply":
        return this.apply(expression, axes);
      case "network":
        return elaborateNetwork(this, expression, axes);
      case "sequence":
        return this.variableValue(this.variable(expression.name), axes, 0, false);
    }
  }

  private variableValue(variable: Variable, axes: readonly string[], lag: number, presence: boolean): NodeId {
    const drawn = this.drawnValue(variable, lag);
    if (drawn !== undefined) return this.onAxes(drawn, variable, axes);
    const weights = this.mode.relaxed?.get(variable.name);
    // Of a bit, the weight of 1.
    if (weights !== undefined) return this.builder.slice(weights, valuesAxis(this.builder, variable), 1);
    if (isEnumerable(variable)) return this.builder.position(valuesAxis(this.builder, variable, lag));
    if (variable.role === "latent") throw new Error(`elaborate: latent ${variable.name} is not discrete`);
    const data = this.data(variable, axes, lag);
    if (presence) return this.builder.unary("isPresent", data);
    return variable.optional && this.mode.masksMissing === true ? this.builder.unary("presentOrZero", data) : data;
  }

  /** A drawn value lies along the variable's own event axes; the caller wants it along others. */
  private onAxes(node: NodeId, variable: Variable, axes: readonly string[]): NodeId {
    return axes.reduce((value, axis, i) => this.builder.rename(value, `${variable.name}.${i}`, axis), node);
  }

  private list(items: readonly Expression[], axes: readonly string[]): NodeId {
    const [first, ...rest] = axes;
    if (first === undefined) throw new Error("elaborate: a list needs an axis");
    const position = this.builder.position(first);
    return items
      .map((item, i) =>
        this.builder.times(this.value(item, rest), this.builder.binary("equal", position, this.builder.constant(i))),
      )
      .reduce((left, right) => this.builder.plus(left, right));
  }

  private apply(expression: Extract<Expression, { kind: "apply" }>, axes: readonly string[]): NodeId {
    const { builder } = this;
    const args = expression.arguments;
    const argument = (i: number, own: readonly string[] = axes): NodeId => this.value(args[i]!, own);
    const elementwise = (i: number): NodeId =>
      shapeOf(args[i]!.type).length === 0 ? argument(i, []) : argument(i, axes);
    // The nesting depth keeps the axis of an outer product apart from that of an inner one.
    const contracted = (i: number, dimension: number): string => {
      const size = shapeOf(args[i]!.type)[dimension]!;
      const name = size.kind === "symbol" ? size.name : String(size.value);
      return builder.axis(`${name}.inner${this.depth}.${dimension}`, axisSize(size));
    };
    switch (expression.function) {
      case "add":
      case "subtract":
      case "multiply":
      case "divide":
      case "power":
        return builder.binary(expression.function satisfies BinaryFunction, elementwise(0), elementwise(1));
      case "less":
      case "lessEqual":
      case "equal":
        return builder.binary(expression.function, elementwise(0), elementwise(1));
      case "greater":
        return builder.binary("less", elementwise(1), elementwise(0));
      case "greaterEqual":
        return builder.binary("lessEqual", elementwise(1), elementwise(0));
      case "notEqual":
        return builder.minus(builder.constant(1), builder.binary("equal", elementwise(0), elementwise(1)));
      case "negate":
      case "exp":
      case "log":
      case "sqrt":
      case "abs":
      case "softplus":
      case "sigmoid":
      case "tanh":
      case "relu":
      case "square":
        return builder.unary(expression.function satisfies UnaryFunction, elementwise(0));
      case "lrelu":
        return builder.unary("leakyRelu", elementwise(0));
      case "where":
        return builder.select(elementwise(0), elementwise(1), elementwise(2));
      case "softmax":
        return builder.softmax(elementwise(0), axes.slice(-1));
      case "dot": {
        const axis = contracted(0, 0);
        return builder.contract([argument(0, [axis]), argument(1, [axis])], [axis]);
      }
      case "matmul": {
        const leftRank = shapeOf(args[0]!.type).length;
        const rightRank = shapeOf(args[1]!.type).length;
        const axis = contracted(0, leftRank - 1);
        const rows = axes.slice(0, leftRank - 1);
        const columns = rightRank === 2 ? axes.slice(leftRank - 1) : [];
        return builder.contract([argument(0, [...rows, axis]), argument(1, [axis, ...columns])], [axis]);
      }
      case "transpose":
        return argument(0, [...axes].reverse());
      case "sum":
      case "mean": {
        const own = shapeOf(args[0]!.type).map((_, dimension) => contracted(0, dimension));
        const total = builder.sum(argument(0, own), own);
        if (expression.function === "sum") return total;
        return own.reduce((node, axis) => builder.over(node, builder.size(axis)), total);
      }
      case "concat":
        return this.concatenate(args, axes);
      case "stack":
        return this.list(args, axes);
      case "diag": {
        const [row, column] = axes;
        if (row === undefined || column === undefined) throw new Error("elaborate: diag needs two axes");
        return builder.times(argument(0, [row]), builder.identity(row, column));
      }
      case "eye": {
        const [row, column] = axes;
        if (row === undefined || column === undefined) throw new Error("elaborate: eye needs two axes");
        return builder.identity(row, column);
      }
    }
  }

  /** Entry i of the result is entry i of the first operand that is long enough, counted from where it begins. */
  private concatenate(parts: readonly Expression[], axes: readonly string[]): NodeId {
    const { builder } = this;
    const [axis, ...rest] = axes;
    if (axis === undefined) throw new Error("elaborate: concat needs an axis");
    return concatenateAlong(
      builder,
      axis,
      parts.map((part, i) => {
        const [dimension] = shapeOf(part.type);
        if (dimension === undefined) return { node: this.value(part, []) };
        const own = builder.axis(`${axis}.part${i}`, axisSize(dimension));
        return { node: this.value(part, [own, ...rest]), axis: own };
      }),
    );
  }

  /** Declares axes for a parameter's table and stored value: `p.0`, `p.1`, … */
  parameterAxes(name: string): { readonly table: readonly string[]; readonly own: readonly string[] } {
    const parameter = this.parameter(name);
    const table = parameter.table.map((dimension, i) => this.builder.axis(`${name}.${i}`, axisSize(dimension)));
    const own = storedShape(parameter.domain).map((size, i) =>
      this.builder.axis(`${name}.${parameter.table.length + i}`, size),
    );
    return { table, own };
  }
}

/** Lays values (a part without an axis is one entry) one after the other along `axis`. */
export function concatenateAlong(
  builder: PlanBuilder,
  axis: string,
  parts: readonly { readonly node: NodeId; readonly axis?: string }[],
): NodeId {
  const position = builder.position(axis);
  let offset = builder.constant(0);
  let result = builder.constant(0);
  for (const part of parts) {
    const length = part.axis === undefined ? builder.constant(1) : builder.size(part.axis);
    const end = builder.plus(offset, length);
    const inside = builder.times(builder.binary("lessEqual", offset, position), builder.binary("less", position, end));
    const within = builder.binary(
      "maximum",
      builder.constant(0),
      builder.binary("minimum", builder.minus(position, offset), builder.minus(length, builder.constant(1))),
    );
    const entry = part.axis === undefined ? part.node : builder.gather(part.node, part.axis, within);
    result = builder.select(inside, entry, result);
    offset = end;
  }
  return result;
}
