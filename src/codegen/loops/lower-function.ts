import type { AxisSize, NodeId, Operation, PlanFunction } from "../../ir/plan.js";
import { operandsOf } from "../../ir/plan.js";
import { solveAxes } from "../../ir/plan-axes.js";
import { expandLayout } from "../../ir/passes/expand-layout.js";
import { expandExponentials } from "./expand-exponentials.js";
import type { Index, Item, LoopVariable, Statement, Term, Value } from "./loop-tree.js";
import { readsOf } from "./loop-tree.js";
import type { LoopFunction } from "./loop-ir.js";
import { nameValues } from "./name-values.js";
import { assignPhases } from "./phases.js";
import { cellTerm } from "./cell-term.js";
import { lookingBack, placeOf, type Places, withPlace } from "./places.js";
import { isTiled, untiled } from "./tiling.js";
import { enterLoops, newLoop, placeReduction } from "./place-statements.js";
import { storedNodes } from "./stored-nodes.js";
import { symmetricAxes } from "./symmetric-axes.js";
import { writeLoops } from "./write-loops.js";

/** Lowers a plan function to loops: one pass over the rows, everything that does not depend on rows before it. */
export function lowerFunction(fn: PlanFunction, tiling = untiled): LoopFunction {
  const expanded = expandExponentials(expandLayout(fn));
  const items = new FunctionLowering(expanded).run();
  // Each row of a sweep needs the one before.
  const isWide = expanded.sweep === undefined && isTiled(items, tiling);
  return writeLoops(expanded, items, isWide ? tiling.lanes : 1);
}

/** State of one function's lowering; lives for one call of `lowerFunction`. */
class FunctionLowering {
  private readonly phases;
  private readonly stored;
  private readonly names;
  private readonly values = new Map<NodeId, Value>();
  private readonly top: Item[] = [];
  /** Of the pass at hand. */
  private rowValues = new Map<NodeId, Value>();
  private rowVariable: LoopVariable | undefined;

  constructor(private readonly fn: PlanFunction) {
    this.phases = assignPhases(fn);
    this.stored = storedNodes(fn, this.phases);
    this.names = nameValues(fn);
  }

  run(): readonly Item[] {
    const outputsPerRow = this.fn.outputs.filter((output) => this.isRows(output.axes));
    const count = Math.max(this.phases.count, outputsPerRow.length > 0 ? 2 : 1);
    if (this.fn.sweep !== undefined && count > 3) throw new Error(`lower ${this.fn.name}: a sweep that needs totals`);
    for (let phase = 0; phase < count; phase++) {
      if (phase % 2 === 1) this.lowerPass(phase);
      else this.lowerOutsideRows(phase);
    }
    for (const output of this.fn.outputs) if (!this.isRows(output.axes)) this.lowerOutput(output, this.top);
    return this.top;
  }

  private lowerOutsideRows(phase: number): void {
    this.rowVariable = undefined;
    this.fn.nodes.forEach((_, id) => {
      if (this.phases.of[id] === phase && this.stored[id] && !this.phases.isTotal[id]) this.lowerNode(id, this.top);
    });
  }

  private lowerPass(phase: number): void {
    const { rowsAxis, of, isTotal } = this.phases;
    if (rowsAxis === undefined) throw new Error(`lower ${this.fn.name}: a pass over rows without a rows axis`);
    this.rowVariable = { axis: rowsAxis, size: { kind: "rows" } };
    this.rowValues = new Map();
    const { sweep } = this.fn;
    const items = newLoop(this.top, this.rowVariable, sweep === undefined ? { kind: "all" } : { kind: "sweep", sweep });
    const outputs = this.fn.outputs.filter(
      (output) => this.isRows(output.axes) && Math.max(1, of[output.node] + (1 - (of[output.node] % 2))) === phase,
    );
    const needed = this.rowNodesNeeded(
      phase,
      outputs.map((output) => output.node),
    );
    const symmetric: { readonly id: NodeId; readonly row: string; readonly column: string }[] = [];
    this.fn.nodes.forEach((node, id) => {
      if (isTotal[id] && of[id] === phase + 1) {
        const pair = symmetricAxes(this.fn, id);
        this.lowerTotal(id, items, pair);
        if (pair !== undefined) symmetric.push({ id, ...pair });
      } else if (needed.has(id) && this.stored[id]) {
        if (!this.isCarried(node.operation) || of[id] === phase) this.lowerNode(id, items);
      }
    });
    for (const output of outputs) this.lowerOutput(output, items);
    this.rowVariable = undefined;
    for (const pair of symmetric) this.mirror(pair.id, pair.row, pair.column);
  }

  /** Nodes per row that a pass computes: its own, and earlier ones that they read (computed again). */
  private rowNodesNeeded(phase: number, roots: readonly NodeId[]): ReadonlySet<NodeId> {
    const { of, isTotal } = this.phases;
    const needed = new Set<NodeId>();
    const visit = (id: NodeId): void => {
      if (needed.has(id) || !this.isRows(this.fn.nodes[id].axes)) return;
      needed.add(id);
      operandsOf(this.fn.nodes[id].operation).forEach(visit);
    };
    roots.forEach(visit);
    this.fn.nodes.forEach((node, id) => {
      if (isTotal[id] && of[id] === phase + 1) operandsOf(node.operation).forEach(visit);
      if (of[id] === phase) visit(id);
    });
    return needed;
  }

  private inPass(): { pass?: LoopVariable } {
    return this.rowVariable === undefined ? {} : { pass: this.rowVariable };
  }

  /** Kept for all rows from one pass to the next, since it cannot be computed again. */
  private isCarried(operation: Operation): boolean {
    return operation.kind === "draw" && this.phases.count > 3;
  }

  private isRows(axes: readonly string[]): boolean {
    return this.phases.rowsAxis !== undefined && axes.includes(this.phases.rowsAxis);
  }

  private sizeOf(axis: string): AxisSize {
    const found = this.fn.axes.find((candidate) => candidate.name === axis);
    if (found === undefined) throw new Error(`lower ${this.fn.name}: axis ${axis} is not declared`);
    return found.size;
  }

  private variable(axis: string): LoopVariable {
    return { axis, size: this.sizeOf(axis) };
  }

  /** Loop variables for the axes besides the rows, and where they put each axis. */
  private loopsOver(axes: readonly string[]): { variables: LoopVariable[]; places: Map<string, Index> } {
    const places = new Map<string, Index>();
    const variables: LoopVariable[] = [];
    for (const axis of axes) {
      if (axis === this.phases.rowsAxis && this.rowVariable !== undefined) {
        places.set(axis, { kind: "variable", variable: this.rowVariable });
      } else {
        const variable = this.variable(axis);
        variables.push(variable);
        places.set(axis, { kind: "variable", variable });
      }
    }
    return { variables, places };
  }

  private makeValue(id: NodeId, axes: readonly string[], isTotal = false, startsAt = 0): Value {
    const carried = this.isCarried(this.fn.nodes[id].operation);
    const perRow = this.isRows(axes) && !carried;
    const kept = carried ? axes : axes.filter((axis) => axis !== this.phases.rowsAxis);
    const value: Value = {
      name: this.names[id],
      axes: kept,
      sizes: kept.map((axis) => this.sizeOf(axis)),
      isTotal,
      startsAt,
      ...(perRow ? this.inPass() : {}),
    };
    (perRow ? this.rowValues : this.values).set(id, value);
    return value;
  }

  private cell(id: NodeId, places: Places): Term {
    const value = this.rowValues.get(id) ?? this.values.get(id);
    if (value !== undefined) return { kind: "value", value, indices: value.axes.map((axis) => placeOf(places, axis)) };
    return this.computed(id, places);
  }

  private computed(id: NodeId, places: Places): Term {
    return cellTerm(this.fn.nodes[id].operation, places, {
      cell: (operand, at) => this.cell(operand, at),
      sizeOf: (axis) => this.sizeOf(axis),
    });
  }

  private lowerNode(id: NodeId, items: Item[]): void {
    const { operation, axes, rule } = this.fn.nodes[id];
    switch (operation.kind) {
      case "constant":
      case "size":
      case "position":
      case "input":
      case "rename":
      case "diagonal":
      case "slice":
      case "softmax":
        throw new Error(`lower ${this.fn.name}: ${operation.kind} is not stored`);
      case "unary":
      case "binary":
      case "select":
      case "gather":
      case "draw": {
        const { variables, places } = this.loopsOver(axes);
        const term = this.computed(id, places);
        const value = this.makeValue(id, axes);
        const level = enterLoops(items, { variables, reads: readsOf(term), alone: operation.kind === "draw" });
        level.push({ kind: "define", rule, value, indices: this.indices(value, places), term });
        return;
      }
      case "reduce":
      case "contract": {
        const outer = this.loopsOver(axes);
        const inner = this.loopsOver(operation.over);
        const places = new Map([...outer.places, ...inner.places]);
        const term = this.summand(id, places);
        const value = this.makeValue(id, axes);
        const isMaximum = isMaximumOf(operation);
        placeReduction(items, { variables: outer.variables, reads: readsOf(term) }, inner.variables, {
          rule,
          accumulator: { name: value.name, value, ...this.inPass() },
          start: isMaximum ? -Infinity : 0,
          function: isMaximum ? "maximum" : "add",
          term,
          value,
          indices: this.indices(value, places),
        });
        return;
      }
      case "scatterAdd": {
        const zeros = this.loopsOver(axes);
        const value = this.makeValue(id, axes);
        enterLoops(items, { variables: zeros.variables, reads: [] }).push({
          kind: "define",
          rule,
          value,
          indices: this.indices(value, zeros.places),
          term: { kind: "number", value: 0 },
        });
        this.lowerAddition(id, items, value);
        return;
      }
      case "stack": {
        const value = this.makeValue(id, axes);
        operation.operands.forEach((operand, position) => {
          const { variables, places } = this.loopsOver(axes.filter((axis) => axis !== operation.axis));
          places.set(operation.axis, { kind: "fixed", value: position });
          const term = this.cell(operand, places);
          const level = enterLoops(items, { variables, reads: readsOf(term) });
          level.push({ kind: "define", rule, value, indices: this.indices(value, places), term });
        });
        return;
      }
      case "cholesky": {
        const batchAxes = axes.filter((axis) => axis !== operation.row && axis !== operation.column);
        const { variables, places } = this.loopsOver(batchAxes);
        const [row, column] = [this.variable(operation.row), this.variable(operation.column)];
        places.set(operation.row, { kind: "variable", variable: row });
        places.set(operation.column, { kind: "variable", variable: column });
        const term = this.cell(operation.operand, places);
        const value = this.makeValue(id, [...batchAxes, operation.row, operation.column]);
        const level = enterLoops(items, { variables, reads: readsOf(term) });
        const below = newLoop(newLoop(level, row, { kind: "all" }), column, { kind: "upTo", variable: row });
        below.push({ kind: "define", rule, value, indices: this.indices(value, places), term });
        const whole = withPlace(withPlace(places, operation.row, { kind: "whole" }), operation.column, {
          kind: "whole",
        });
        level.push({ kind: "factor", rule, value, indices: this.indices(value, whole) });
        return;
      }
      case "triangularSolve":
        return this.lowerSolve(id, items);
    }
  }

  private indices(value: Value, places: Places): readonly Index[] {
    return value.axes.map((axis) => placeOf(places, axis));
  }

  /** What a sum over axes adds up. */
  private summand(id: NodeId, places: Places): Term {
    const { operation } = this.fn.nodes[id];
    if (operation.kind === "reduce") return this.cell(operation.operand, places);
    if (operation.kind === "scatterAdd") return this.cell(operation.operand, places);
    if (operation.kind !== "contract") throw new Error(`lower ${this.fn.name}: ${operation.kind} is not a sum`);
    return { kind: "product", factors: operation.operands.map((operand) => this.cell(operand, places)) };
  }

  private lowerTotal(id: NodeId, items: Item[], pair: { row: string; column: string } | undefined): void {
    const { operation, axes } = this.fn.nodes[id];
    const isMaximum = isMaximumOf(operation);
    const value = this.makeValue(id, axes, true, isMaximum ? -Infinity : 0);
    this.lowerAddition(id, items, value, pair);
  }

  private lowerAddition(id: NodeId, items: Item[], value: Value, pair?: { row: string; column: string }): void {
    const { operation, axes, rule } = this.fn.nodes[id];
    if (operation.kind !== "reduce" && operation.kind !== "contract" && operation.kind !== "scatterAdd") {
      throw new Error(`lower ${this.fn.name}: ${operation.kind} is not a sum`);
    }
    const scattered = operation.kind === "scatterAdd" ? operation.axis : undefined;
    const looped = [...axes.filter((axis) => axis !== scattered), ...operation.over];
    const { variables, places } = this.loopsOver(looped);
    if (operation.kind === "scatterAdd") {
      places.set(operation.axis, { kind: "picked", value: this.cell(operation.index, places) });
    }
    const term = this.summand(id, places);
    const indices = this.indices(value, places);
    const picked = indices.flatMap((index) => (index.kind === "picked" ? readsOf(index.value) : []));
    const reads = [...readsOf(term), ...picked, ...(value.isTotal ? [] : [{ value, indices }])];
    const isMaximum = isMaximumOf(operation);
    const statement: Statement = { kind: "add", rule, value, indices, function: isMaximum ? "maximum" : "add", term };
    const row = variables.find((variable) => variable.axis === pair?.row);
    const column = variables.find((variable) => variable.axis === pair?.column);
    if (row === undefined || column === undefined) {
      enterLoops(items, { variables, reads, anyOrder: true }).push(statement);
      return;
    }
    const others = variables.filter((variable) => variable !== row && variable !== column);
    const level = enterLoops(items, { variables: others, reads, anyOrder: true });
    const rows = newLoop(level, row, { kind: "all" });
    newLoop(rows, column, { kind: "upTo", variable: row }).push(statement);
  }

  /** Copies the lower triangle of a symmetric total to the upper. */
  private mirror(id: NodeId, row: string, column: string): void {
    const value = this.values.get(id);
    if (value === undefined) throw new Error(`lower ${this.fn.name}: a total without a value`);
    const { variables, places } = this.loopsOver(value.axes);
    const find = (axis: string): LoopVariable => variables.find((variable) => variable.axis === axis) as LoopVariable;
    const others = variables.filter((variable) => variable.axis !== row && variable.axis !== column);
    let level = this.top;
    for (const variable of [...others, find(row)]) level = newLoop(level, variable, { kind: "all" });
    level = newLoop(level, find(column), { kind: "below", variable: find(row) });
    const swapped = withPlace(withPlace(places, row, placeOf(places, column)), column, placeOf(places, row));
    level.push({
      kind: "define",
      rule: "symmetric",
      value,
      indices: this.indices(value, swapped),
      term: { kind: "value", value, indices: this.indices(value, places) },
    });
  }

  /** Substitution, forwards or (transposed) backwards. */
  private lowerSolve(id: NodeId, items: Item[]): void {
    const { operation, axes, rule } = this.fn.nodes[id];
    if (operation.kind !== "triangularSolve") throw new Error(`lower ${this.fn.name}: not a solve`);
    const { from, to } = solveAxes(operation);
    const batchAxes = axes.filter((axis) => axis !== to);
    const { variables, places } = this.loopsOver(batchAxes);
    const [entry, earlier] = [this.variable(to), this.variable(to)];
    const at = (row: LoopVariable, column: LoopVariable): Places =>
      withPlace(withPlace(places, operation.row, { kind: "variable", variable: row }), operation.column, {
        kind: "variable",
        variable: column,
      });
    const right = this.cell(operation.right, withPlace(places, from, { kind: "variable", variable: entry }));
    const besides = this.cell(operation.matrix, operation.transposed ? at(earlier, entry) : at(entry, earlier));
    const pivot = this.cell(operation.matrix, at(entry, entry));
    const value = this.makeValue(id, [...batchAxes, to]);
    const cells = (variable: LoopVariable): readonly Index[] =>
      this.indices(value, withPlace(places, to, { kind: "variable", variable }));
    const reads = [...readsOf(right), ...readsOf(besides), ...readsOf(pivot)];
    const level = operation.transposed
      ? newLoop(enterLoops(items, { variables, reads }), entry, { kind: "allDescending" })
      : enterLoops(items, { variables: [...variables, entry], reads, ascending: true });
    const accumulator = { name: `${value.name} rest`, ...this.inPass() };
    level.push({ kind: "begin", rule, accumulator, term: right });
    newLoop(level, earlier, { kind: operation.transposed ? "above" : "below", variable: entry }).push({
      kind: "accumulate",
      rule,
      accumulator,
      function: "subtract",
      term: { kind: "product", factors: [besides, { kind: "value", value, indices: cells(earlier) }] },
    });
    level.push({
      kind: "define",
      rule,
      value,
      indices: cells(entry),
      term: { kind: "binary", function: "divide", left: { kind: "accumulator", accumulator }, right: pivot },
    });
  }

  private lowerOutput(output: PlanFunction["outputs"][number], items: Item[]): void {
    const { variables, places } = this.loopsOver(output.axes);
    const term = this.cell(output.node, places);
    enterLoops(items, { variables, reads: readsOf(term) }).push({
      kind: "output",
      rule: "output",
      name: output.name,
      sizes: output.axes.map((axis) => this.sizeOf(axis)),
      indices: output.axes.map((axis) => lookingBack(placeOf(places, axis), this.sizeOf(axis), output.lag)),
      term,
      perRow: this.isRows(output.axes),
    });
  }
}

function isMaximumOf(operation: Operation): boolean {
  if (operation.kind !== "reduce") return false;
  if (operation.function === "logSumExp") throw new Error("lower: a logSumExp is not expanded");
  return operation.function === "max";
}
