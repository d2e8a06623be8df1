import type {
  AxisSize,
  BinaryFunction,
  DrawFamily,
  InputSource,
  NodeId,
  Operation,
  PlanAxis,
  PlanFunction,
  PlanNode,
  PlanOutput,
  UnaryFunction,
  Windows,
} from "./plan.js";
import { operandsOf, withOperands } from "./plan.js";
import { axesOfOperation, misuseOf } from "./plan-axes.js";
import { foldOperation } from "./passes/fold.js";

/**
 * Builds a plan function node by node. Equal nodes are made once (hash-consing, so common subexpressions are shared by
 * construction), and the algebraic identities of `passes/fold.ts` are applied as nodes are made.
 */
export class PlanBuilder {
  private readonly axisList: PlanAxis[] = [];
  private readonly axisPosition = new Map<string, number>();
  private readonly nodeList: PlanNode[] = [];
  private readonly known = new Map<string, NodeId>();
  private readonly outputList: PlanOutput[] = [];
  private readonly kept = new Set<NodeId>();
  private currentRule = "";

  private readonly folds: boolean;

  /** @param options `fold: false` makes every node as it is asked for: for tests of what folding keeps */
  constructor(options: { readonly fold?: boolean } = {}) {
    this.folds = options.fold ?? true;
  }

  /** Declares an axis; again with the same size is fine. */
  axis(name: string, size: AxisSize): string {
    const position = this.axisPosition.get(name);
    if (position === undefined) {
      this.axisPosition.set(name, this.axisList.length);
      this.axisList.push({ name, size });
    } else if (JSON.stringify(this.axisList[position]!.size) !== JSON.stringify(size)) {
      throw new Error(`plan builder: axis ${name} is declared with two sizes`);
    }
    return name;
  }

  /** How many nodes there are: later ones have this number or more. */
  get length(): number {
    return this.nodeList.length;
  }

  sizeOf(axis: string): AxisSize {
    return this.axisList[this.positionOf(axis)]!.size;
  }

  /** An axis of the same size as another, under a name not in use yet. */
  freshAxis(like: string, hint = like): string {
    let count = 1;
    while (this.axisPosition.has(`${hint}'${count}`)) count++;
    return this.axis(`${hint}'${count}`, this.sizeOf(like));
  }

  /** Names the rule whose nodes are made inside. */
  rule<T>(name: string, make: () => T): T {
    const outer = this.currentRule;
    this.currentRule = name;
    try {
      return make();
    } finally {
      this.currentRule = outer;
    }
  }

  node(id: NodeId): PlanNode {
    return this.nodeList[id]!;
  }

  /**
   * Folding does not look through this node from here on, so that what is built on it depends on the node itself and
   * can be differentiated with respect to it. Not for constants: equal nodes are one node, and so one variable.
   */
  keep(id: NodeId): NodeId {
    this.kept.add(id);
    return id;
  }

  /** What a node does, for folding; undefined for a kept node. */
  seen(id: NodeId): Operation | undefined {
    return this.kept.has(id) ? undefined : this.nodeList[id]!.operation;
  }

  axesOf(id: NodeId): readonly string[] {
    return this.nodeList[id]!.axes;
  }

  has(id: NodeId, axis: string): boolean {
    return this.axesOf(id).includes(axis);
  }

  constant(value: number): NodeId {
    return this.add({ kind: "constant", value });
  }
  size(axis: string): NodeId {
    return this.add({ kind: "size", axis });
  }
  position(axis: string): NodeId {
    return this.add({ kind: "position", axis });
  }
  /** @param lag rows back */
  input(source: InputSource, name: string, axes: readonly string[], lag = 0): NodeId {
    return this.add({ kind: "input", source, name, axes, ...(lag === 0 ? {} : { lag }) });
  }
  unary(name: UnaryFunction, operand: NodeId): NodeId {
    return this.add({ kind: "unary", function: name, operand });
  }
  binary(name: BinaryFunction, left: NodeId, right: NodeId): NodeId {
    return this.add({ kind: "binary", function: name, left, right });
  }
  plus(left: NodeId, right: NodeId): NodeId {
    return this.binary("add", left, right);
  }
  minus(left: NodeId, right: NodeId): NodeId {
    return this.binary("subtract", left, right);
  }
  times(left: NodeId, right: NodeId): NodeId {
    return this.binary("multiply", left, right);
  }
  over(left: NodeId, right: NodeId): NodeId {
    return this.binary("divide", left, right);
  }
  scale(factor: number, operand: NodeId): NodeId {
    return this.times(this.constant(factor), operand);
  }
  select(condition: NodeId, whenTrue: NodeId, whenFalse: NodeId): NodeId {
    return this.add({ kind: "select", condition, whenTrue, whenFalse });
  }
  /** Sum over axes; along an axis the operand lacks, a sum multiplies by its size. */
  sum(operand: NodeId, over: readonly string[]): NodeId {
    const present = over.filter((axis) => this.has(operand, axis));
    const absent = over.filter((axis) => !this.has(operand, axis));
    const summed =
      present.length === 0 ? operand : this.add({ kind: "reduce", function: "sum", operand, over: present });
    return absent.reduce((node, axis) => this.times(node, this.size(axis)), summed);
  }
  logSumExp(operand: NodeId, over: readonly string[]): NodeId {
    const present = over.filter((axis) => this.has(operand, axis));
    const absent = over.filter((axis) => !this.has(operand, axis));
    const reduced =
      present.length === 0 ? operand : this.add({ kind: "reduce", function: "logSumExp", operand, over: present });
    return absent.reduce((node, axis) => this.plus(node, this.unary("log", this.size(axis))), reduced);
  }
  reduce(name: "sum" | "max" | "logSumExp", operand: NodeId, over: readonly string[]): NodeId {
    switch (name) {
      case "sum":
        return this.sum(operand, over);
      case "max":
        return this.max(operand, over);
      case "logSumExp":
        return this.logSumExp(operand, over);
    }
  }
  max(operand: NodeId, over: readonly string[]): NodeId {
    const present = over.filter((axis) => this.has(operand, axis));
    return present.length === 0 ? operand : this.add({ kind: "reduce", function: "max", operand, over: present });
  }
  /** Along an axis the operand lacks, every entry has the same share. */
  softmax(operand: NodeId, over: readonly string[]): NodeId {
    const present = over.filter((axis) => this.has(operand, axis));
    const absent = over.filter((axis) => !this.has(operand, axis));
    const shares = present.length === 0 ? this.constant(1) : this.add({ kind: "softmax", operand, over: present });
    return absent.reduce((node, axis) => this.over(node, this.size(axis)), shares);
  }
  /** Sum over axes of a product; along an axis that no operand has, multiplies by its size. */
  contract(operands: readonly NodeId[], over: readonly string[]): NodeId {
    const present = over.filter((axis) => operands.some((id) => this.has(id, axis)));
    const absent = over.filter((axis) => !present.includes(axis));
    const product =
      present.length === 0
        ? operands.reduce((left, right) => this.times(left, right))
        : operands.length === 1
          ? this.sum(operands[0]!, present)
          : this.add({ kind: "contract", operands, over: present });
    return absent.reduce((node, axis) => this.times(node, this.size(axis)), product);
  }
  gather(table: NodeId, axis: string, index: NodeId): NodeId {
    return this.has(table, axis) ? this.add({ kind: "gather", table, axis, index }) : table;
  }
  scatterAdd(operand: NodeId, axis: string, index: NodeId, over: readonly string[]): NodeId {
    const present = over.filter((name) => this.has(operand, name) || this.has(index, name));
    const absent = over.filter((name) => !present.includes(name));
    const added = this.add({ kind: "scatterAdd", operand, axis, index, over: present });
    return absent.reduce((node, name) => this.times(node, this.size(name)), added);
  }
  rename(operand: NodeId, from: string, to: string): NodeId {
    return from === to || !this.has(operand, from) ? operand : this.add({ kind: "rename", operand, from, to });
  }
  diagonal(operand: NodeId, row: string, column: string): NodeId {
    if (!this.has(operand, column)) return operand;
    if (!this.has(operand, row)) return this.rename(operand, column, row);
    return this.add({ kind: "diagonal", operand, row, column });
  }
  slice(operand: NodeId, axis: string, at: number): NodeId {
    return this.has(operand, axis) ? this.add({ kind: "slice", operand, axis, at }) : operand;
  }
  stack(operands: readonly NodeId[], axis: string): NodeId {
    return this.add({ kind: "stack", operands, axis });
  }
  window(operand: NodeId, { axis, positions, offsets, stride, before }: Windows): NodeId {
    return this.add({ kind: "window", operand, axis, positions, offsets, stride, before });
  }
  overlapAdd(operand: NodeId, { axis, positions, offsets, stride, before }: Windows): NodeId {
    return this.add({ kind: "overlapAdd", operand, axis, positions, offsets, stride, before });
  }
  split(operand: NodeId, axis: string, into: readonly string[]): NodeId {
    return this.has(operand, axis) ? this.add({ kind: "split", operand, axis, into }) : operand;
  }
  /** Along axes that the operand lacks it is constant. */
  merge(operand: NodeId, from: readonly string[], axis: string): NodeId {
    return from.some((name) => this.has(operand, name)) ? this.add({ kind: "merge", operand, from, axis }) : operand;
  }
  cholesky(operand: NodeId, row: string, column: string): NodeId {
    return this.add({ kind: "cholesky", operand, row, column });
  }
  /** y with L y = right: from axis `row` to axis `column`; transposed: from `column` to `row`. */
  triangularSolve(matrix: NodeId, right: NodeId, row: string, column: string, transposed = false): NodeId {
    return this.add({ kind: "triangularSolve", matrix, right, row, column, transposed });
  }
  draw(family: DrawFamily, args: readonly NodeId[], axes: readonly string[], site: string): NodeId {
    return this.add({ kind: "draw", family, arguments: args, axes, site });
  }

  /** Every input node made so far of this source and name, one per way of naming its axes. */
  inputsNamed(source: InputSource, name: string): readonly NodeId[] {
    return [...this.nodeList.keys()].filter((id) => {
      const { operation } = this.nodeList[id]!;
      return operation.kind === "input" && operation.source === source && operation.name === name;
    });
  }

  /** 1 where two axes agree, else 0. */
  identity(row: string, column: string): NodeId {
    return this.binary("equal", this.position(row), this.position(column));
  }

  /** 1 at the value of an integer-valued node, else 0, along `axis`. */
  oneHot(index: NodeId, axis: string): NodeId {
    return this.binary("equal", this.position(axis), index);
  }

  output(
    name: string,
    node: NodeId,
    axes: readonly string[] = this.axesOf(node),
    options: Pick<PlanOutput, "lag" | "internal"> = {},
  ): void {
    const missing = this.axesOf(node).filter((axis) => !axes.includes(axis));
    if (missing.length > 0) throw new Error(`plan builder: output ${name} does not store axis ${missing.join(", ")}`);
    this.outputList.push({ name, node, axes, ...options });
  }

  /** Adds an operation, folded and shared; what every other method ends in. */
  add(operation: Operation): NodeId {
    const folded = this.folds ? foldOperation(operation, this) : operation;
    if (typeof folded === "number") return folded;
    const key = keyOf(folded);
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const misuse = misuseOf(folded, this);
    if (misuse !== undefined) throw new Error(`plan builder: ${folded.kind} (${this.currentRule}): ${misuse}`);
    const id = this.nodeList.length;
    this.nodeList.push({
      operation: folded,
      axes: this.inOrder(axesOfOperation(folded, this)),
      rule: this.currentRule,
    });
    this.known.set(key, id);
    return id;
  }

  /** An operation as the methods above make it: a folded operand may lack axes that it had before. */
  remake(operation: Operation): NodeId {
    switch (operation.kind) {
      case "reduce":
        return this.reduce(operation.function, operation.operand, operation.over);
      case "softmax":
        return this.softmax(operation.operand, operation.over);
      case "contract":
        return this.contract(operation.operands, operation.over);
      case "gather":
        return this.gather(operation.table, operation.axis, operation.index);
      case "scatterAdd":
        return this.scatterAdd(operation.operand, operation.axis, operation.index, operation.over);
      case "rename":
        return this.rename(operation.operand, operation.from, operation.to);
      case "diagonal":
        return this.diagonal(operation.operand, operation.row, operation.column);
      case "slice":
        return this.slice(operation.operand, operation.axis, operation.at);
      case "window":
        return this.window(operation.operand, operation);
      case "overlapAdd":
        return this.overlapAdd(operation.operand, operation);
      case "split":
        return this.split(operation.operand, operation.axis, operation.into);
      case "merge":
        return this.merge(operation.operand, operation.from, operation.axis);
      case "constant":
      case "size":
      case "position":
      case "input":
      case "unary":
      case "binary":
      case "select":
      case "stack":
      case "cholesky":
      case "triangularSolve":
      case "draw":
        return this.add(operation);
    }
  }

  /** The function, with only the nodes and axes that its outputs need, in the order they were made. */
  build(name: string, documentation?: string): PlanFunction {
    const needed = new Set<NodeId>();
    const visit = (root: NodeId): void => {
      const stack = [root];
      while (stack.length > 0) {
        const id = stack.pop()!;
        if (needed.has(id)) continue;
        needed.add(id);
        stack.push(...operandsOf(this.nodeList[id]!.operation));
      }
    };
    for (const output of this.outputList) visit(output.node);
    const kept = [...needed].sort((a, b) => a - b);
    const renumbered = new Map(kept.map((id, position) => [id, position]));
    const nodes = kept.map((id) => {
      const node = this.nodeList[id]!;
      return { ...node, operation: withOperands(node.operation, (operand) => renumbered.get(operand)!) };
    });
    const used = new Set<string>([
      ...nodes.flatMap((node) => [...node.axes, ...axesNamedBy(node.operation)]),
      ...this.outputList.flatMap((output) => output.axes),
    ]);
    return {
      name,
      ...(documentation === undefined ? {} : { documentation }),
      axes: this.axisList.filter((axis) => used.has(axis.name)),
      nodes,
      outputs: this.outputList.map((output) => ({ ...output, node: renumbered.get(output.node)! })),
    };
  }

  private positionOf(axis: string): number {
    const position = this.axisPosition.get(axis);
    if (position === undefined) throw new Error(`plan builder: axis ${axis} is not declared`);
    return position;
  }

  private inOrder(axes: Iterable<string>): string[] {
    return [...new Set(axes)].sort((a, b) => this.positionOf(a) - this.positionOf(b));
  }
}

/** Axes an operation names that need not be axes of a node. */
function axesNamedBy(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "size":
    case "window":
      return [operation.axis];
    case "overlapAdd":
      return [operation.positions, operation.offsets];
    case "merge":
      return operation.from;
    default:
      return [];
  }
}

/** JSON knows neither infinities nor NaN nor -0, which must stay apart. */
function keyOf(operation: Operation): string {
  return operation.kind === "constant"
    ? `constant ${Object.is(operation.value, -0) ? "-0" : operation.value}`
    : JSON.stringify(operation);
}
