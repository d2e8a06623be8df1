import type { PlanFunction, Sweep } from "../../ir/plan.js";
import { Bindings } from "./bindings.js";
import { Identifiers } from "./identifiers.js";
import { plusOne } from "./index-arithmetic.js";
import type { IndexExpression, LoopExpression, LoopFunction } from "./loop-ir.js";
import type { Index, Item, Loop, LoopRange, LoopVariable, Statement, Value } from "./loop-tree.js";
import { variablesOf } from "./loop-tree.js";
import { Scopes } from "./scopes.js";
import { keptPositions } from "./storage.js";
import { TermWriter } from "./term-writer.js";
import { laneSuffixes, ValueMemory } from "./value-memory.js";

/**
 * Decides which values need memory, names everything, and writes the tree out as Loop IR.
 *
 * With `lanes` rows at a time (lane by lane the same statements), what does not vary over rows is loaded once for all
 * lanes, and totals over rows are added to once; rows that are left over are gone through one by one.
 */
export function writeLoops(fn: PlanFunction, items: readonly Item[], lanes = 1): LoopFunction {
  return new LoopWriter(fn, items, lanes).write();
}

/** State of one function's writing. */
class LoopWriter {
  private readonly names = new Identifiers();
  private readonly axisNames = new Map<string, string>();
  private readonly memory: ValueMemory;
  private readonly terms: TermWriter;
  private readonly bindings: Bindings;
  private readonly scopes = new Scopes(this.names);
  private lastRule = "";

  constructor(
    private readonly fn: PlanFunction,
    private readonly items: readonly Item[],
    private readonly lanes: number,
  ) {
    this.bindings = new Bindings(this.names, fn.sweep);
    this.memory = new ValueMemory(this.names, this.bindings, keptPositions(items), lanes);
    this.terms = new TermWriter(fn.name, this.names, this.bindings, this.scopes, this.memory, lanes);
    for (const axis of fn.axes) this.axisNames.set(axis.name, this.names.unique(axis.name));
  }

  write(): LoopFunction {
    this.scopes.open(undefined, "");
    for (const value of this.memory.kept.keys()) if (value.isTotal) this.declareTotal(value);
    this.writeItems(this.items);
    const { first, body } = this.scopes.close();
    return {
      name: this.fn.name,
      ...(this.fn.documentation === undefined ? {} : { documentation: this.fn.documentation }),
      body: [...this.bindings.statements, ...first, ...this.memory.statements, ...body],
      reads: this.bindings.reads,
    };
  }

  private writeItems(items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === "loop") this.writeLoop(item);
      else this.writeStatement(item);
    }
  }

  private writeLoop(loop: Loop): void {
    const axis = this.axisNames.get(loop.variable.axis) ?? loop.variable.axis;
    const inUse = new Set(this.scopes.stack.map((scope) => scope.name));
    let variable = axis;
    for (let count = 1; inUse.has(variable); count++) {
      const key = `${loop.variable.axis} again ${count}`;
      variable = this.axisNames.get(key) ?? this.names.unique(`${axis}Other`);
      this.axisNames.set(key, variable);
    }
    if (loop.range.kind === "sweep") return this.writeSweep(loop, loop.range.sweep, variable);
    const size = this.bindings.size(loop.variable.size);
    const { from, to } = this.bounds(loop.range, size);
    const write = (begin: IndexExpression, end: IndexExpression, step: number): void => {
      this.scopes.open(loop.variable, variable);
      this.writeItems(loop.items);
      const { first, body } = this.scopes.close();
      const descending = loop.range.kind === "allDescending";
      this.scopes.emit({ kind: "for", variable, from: begin, to: end, descending, step, body: [...first, ...body] });
    };
    if (loop.variable.size.kind !== "rows" || this.lanes === 1) return write(from, to, 1);
    const whole = this.names.unique("wholeTiles");
    this.scopes.emit({ kind: "comment", text: `${this.lanes} rows at a time; what is left over follows one by one` });
    this.scopes.emit({
      kind: "declareIndex",
      name: whole,
      value: { kind: "multipleBelow", index: to, factor: this.lanes },
    });
    this.terms.lane = 0;
    write(from, { kind: "name", name: whole }, this.lanes);
    this.terms.lane = undefined;
    this.lastRule = "";
    write({ kind: "name", name: whole }, to, 1);
  }

  private writeSweep(loop: Loop, sweep: Sweep, variable: string): void {
    this.bindings.reads.block = true;
    const unique = (name: string): string => this.names.unique(name);
    const names = {
      starts: unique("starts"),
      sequence: unique("sequence"),
      first: unique("first"),
      end: unique("end"),
    };
    this.scopes.open(loop.variable, variable);
    this.writeItems(loop.items);
    const scope = this.scopes.close();
    const body = [...scope.first, ...scope.body];
    this.scopes.emit({ kind: "sweepRows", sweep, variable, ...names, body });
  }

  private bounds(range: LoopRange, size: IndexExpression): { from: IndexExpression; to: IndexExpression } {
    const zero: IndexExpression = { kind: "integer", value: 0 };
    switch (range.kind) {
      case "all":
      case "sweep":
      case "allDescending":
        return { from: zero, to: size };
      case "below":
        return { from: zero, to: this.terms.place(range.variable) };
      case "upTo":
        return { from: zero, to: plusOne(this.terms.place(range.variable)) };
      case "above":
        return { from: plusOne(this.terms.place(range.variable)), to: size };
    }
  }

  private declareTotal(value: Value): void {
    const name = this.memory.nameOf(value, this.terms.lane);
    if (value.axes.length === 0) {
      this.scopes.emit({
        kind: "declareScalar",
        name,
        value: { kind: "number", value: value.startsAt },
        mutable: true,
      });
      return;
    }
    this.scopes.emit({ kind: "declareArray", name, length: this.memory.lengthOf(value) });
    if (value.startsAt === 0) return;
    const cell = this.names.unique("cell");
    const index: IndexExpression = { kind: "name", name: cell };
    this.scopes.emit({
      kind: "for",
      variable: cell,
      from: { kind: "integer", value: 0 },
      to: this.memory.lengthOf(value),
      descending: false,
      step: 1,
      body: [{ kind: "store", array: name, index, value: { kind: "number", value: value.startsAt } }],
    });
  }

  private writeStatement(statement: Statement): void {
    this.terms.beginStatement();
    if (statement.rule !== this.lastRule && statement.rule !== "") {
      this.scopes.emit({ kind: "comment", text: statement.rule });
      this.lastRule = statement.rule;
    }
    if (this.terms.lane === undefined) return this.writeOne(statement);
    const isShared = statement.kind === "add" && !this.terms.variesByLane(statement.indices.flatMap(variablesOfIndex));
    if (isShared) return this.writeUpdate(statement);
    for (let lane = 0; lane < this.lanes; lane++) {
      this.terms.lane = lane;
      this.writeOne(statement);
    }
    this.terms.lane = 0;
  }

  private writeOne(statement: Statement): void {
    switch (statement.kind) {
      case "define": {
        const { value, term } = statement;
        if (this.memory.keptOf(value).length > 0) {
          const name = this.memory.nameOf(value, this.terms.lane);
          const index = this.terms.cellIndex(value, statement.indices);
          this.scopes.emit({ kind: "store", array: name, index, value: this.terms.expression(term) });
          return;
        }
        if (term.kind === "accumulator" && term.accumulator.value === value) return;
        const written = this.terms.expression(term);
        this.scopes.emit({
          kind: "declareScalar",
          name: this.memory.nameOf(value, this.terms.lane),
          value: written,
          mutable: false,
        });
        return;
      }
      case "begin": {
        const { accumulator } = statement;
        const { value } = accumulator;
        const isValue = value !== undefined && this.memory.keptOf(value).length === 0;
        const written = this.terms.expression(statement.term);
        const wanted = value === undefined ? accumulator.name : `${accumulator.name} sum`;
        const suffix = this.terms.lane === undefined ? "" : ` ${laneSuffixes[this.terms.lane]}`;
        const name = isValue ? this.memory.nameOf(value, this.terms.lane) : this.names.unique(`${wanted}${suffix}`);
        const names = this.terms.accumulatorNames.get(accumulator) ?? [];
        names[this.terms.lane ?? 0] = name;
        this.terms.accumulatorNames.set(accumulator, names);
        this.scopes.emit({ kind: "declareScalar", name, value: written, mutable: true });
        return;
      }
      case "accumulate": {
        const value = this.terms.expression(statement.term);
        this.scopes.emit({
          kind: "update",
          name: this.terms.accumulatorName(statement.accumulator),
          function: statement.function,
          value,
        });
        return;
      }
      case "add":
        return this.writeAdd(statement);
      case "factor": {
        const { value, indices } = statement;
        const start = indices.map((index): Index => (index.kind === "whole" ? { kind: "fixed", value: 0 } : index));
        const size = this.bindings.size(value.sizes[value.sizes.length - 1]);
        this.scopes.emit({
          kind: "factor",
          array: this.memory.nameOf(value, this.terms.lane),
          offset: this.terms.cellIndex(value, start),
          size,
        });
        return;
      }
      case "output": {
        const array = this.bindings.array("into", statement.name);
        const index = this.terms.flatIndex(statement.indices, statement.sizes);
        const value = this.terms.expression(statement.term);
        this.scopes.emit(
          statement.perRow
            ? { kind: "store", array, index, value }
            : { kind: "updateStore", array, index, function: "add", value },
        );
        return;
      }
    }
  }

  private writeAdd(statement: Extract<Statement, { readonly kind: "add" }>): void {
    const { value, indices } = statement;
    const picked = indices.findIndex((index) => index.kind === "picked");
    const position = picked < 0 ? undefined : indices[picked];
    if (position?.kind === "picked") {
      const test = this.terms.expression(position.value);
      const size = this.bindings.size(value.sizes[picked]);
      this.scopes.open(undefined, "");
      this.writeUpdate(statement);
      const { first, body } = this.scopes.close();
      this.scopes.emit({ kind: "ifPosition", position: test, size, body: [...first, ...body] });
      return;
    }
    this.writeUpdate(statement);
  }

  private writeUpdate(statement: Extract<Statement, { readonly kind: "add" }>): void {
    const { value } = statement;
    const name = this.memory.nameOf(value, this.terms.lane);
    const hint = `${value.name} part`;
    const isOneLane =
      this.terms.lane === undefined || this.terms.variesByLane(statement.indices.flatMap(variablesOfIndex));
    const written = isOneLane ? this.terms.expression(statement.term, hint) : this.ofAllLanes(statement, hint);
    if (this.memory.keptOf(value).length === 0) {
      this.scopes.emit({ kind: "update", name, function: statement.function, value: written });
      return;
    }
    const index = this.terms.cellIndex(value, statement.indices);
    this.scopes.emit({ kind: "updateStore", array: name, index, function: statement.function, value: written });
  }

  private ofAllLanes(statement: Extract<Statement, { readonly kind: "add" }>, hint: string): LoopExpression {
    const parts: LoopExpression[] = [];
    for (let lane = 0; lane < this.lanes; lane++) {
      this.terms.lane = lane;
      parts.push(this.terms.expression(statement.term, hint));
    }
    this.terms.lane = 0;
    const name = statement.function === "maximum" ? "maximum" : "add";
    return parts.reduce((left, right): LoopExpression => ({ kind: "binary", function: name, left, right }));
  }
}

function variablesOfIndex(index: Index): readonly LoopVariable[] {
  if (index.kind === "variable") return [index.variable];
  return index.kind === "picked" ? [...variablesOf(index.value)] : [];
}
