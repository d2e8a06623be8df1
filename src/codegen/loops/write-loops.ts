import type { AxisSize, PlanFunction } from "../../ir/plan.js";
import { arraySource, Bindings } from "./bindings.js";
import { Identifiers } from "./identifiers.js";
import { fromIndex, plus, plusOne, times } from "./index-arithmetic.js";
import type { IndexExpression, LoopExpression, LoopFunction, LoopStatement } from "./loop-ir.js";
import type { Accumulator, Index, Item, Loop, LoopRange, LoopVariable, Statement, Term, Value } from "./loop-tree.js";
import { resolve, variablesOf } from "./loop-tree.js";
import { Scopes } from "./scopes.js";
import { keptPositions } from "./storage.js";
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
  private readonly accumulatorNames = new Map<Accumulator, string[]>();
  private readonly memory: ValueMemory;
  private readonly bindings = new Bindings(this.names);
  private readonly scopes = new Scopes(this.names);
  private lastRule = "";
  /** The lane that is written, in a loop over several rows at a time. */
  private lane: number | undefined;
  /** Expressions of the statement at hand that are the same in all lanes, and the names of their values. */
  private shared = new Map<string, string>();

  constructor(
    private readonly fn: PlanFunction,
    private readonly items: readonly Item[],
    private readonly lanes: number,
  ) {
    this.memory = new ValueMemory(this.names, this.bindings, keptPositions(items), lanes);
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
    this.lane = 0;
    write(from, { kind: "name", name: whole }, this.lanes);
    this.lane = undefined;
    this.lastRule = "";
    write({ kind: "name", name: whole }, to, 1);
  }

  /** Does it differ between the lanes? */
  private variesByLane(variables: Iterable<LoopVariable>): boolean {
    return this.lane !== undefined && [...variables].some((variable) => resolve(variable).size.kind === "rows");
  }

  private bounds(range: LoopRange, size: IndexExpression): { from: IndexExpression; to: IndexExpression } {
    const zero: IndexExpression = { kind: "integer", value: 0 };
    switch (range.kind) {
      case "all":
      case "allDescending":
        return { from: zero, to: size };
      case "below":
        return { from: zero, to: this.place(range.variable) };
      case "upTo":
        return { from: zero, to: plusOne(this.place(range.variable)) };
      case "above":
        return { from: plusOne(this.place(range.variable)), to: size };
    }
  }

  private place(variable: LoopVariable): IndexExpression {
    const place: IndexExpression = { kind: "name", name: this.scopes.stack[this.scopes.depthOf(variable)].name };
    const isRow = resolve(variable).size.kind === "rows";
    return isRow && this.lane !== undefined ? plus(place, { kind: "integer", value: this.lane }) : place;
  }

  private declareTotal(value: Value): void {
    const name = this.memory.nameOf(value, this.lane);
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
    this.shared = new Map();
    if (statement.rule !== this.lastRule && statement.rule !== "") {
      this.scopes.emit({ kind: "comment", text: statement.rule });
      this.lastRule = statement.rule;
    }
    if (this.lane === undefined) return this.writeOne(statement);
    const isShared = statement.kind === "add" && !this.variesByLane(statement.indices.flatMap(variablesOfIndex));
    if (isShared) return this.writeUpdate(statement);
    for (let lane = 0; lane < this.lanes; lane++) {
      this.lane = lane;
      this.writeOne(statement);
    }
    this.lane = 0;
  }

  private writeOne(statement: Statement): void {
    switch (statement.kind) {
      case "define": {
        const { value, term } = statement;
        if (this.memory.keptOf(value).length > 0) {
          const name = this.memory.nameOf(value, this.lane);
          const index = this.cellIndex(value, statement.indices);
          this.scopes.emit({ kind: "store", array: name, index, value: this.expression(term) });
          return;
        }
        if (term.kind === "accumulator" && term.accumulator.value === value) return;
        const written = this.expression(term);
        this.scopes.emit({
          kind: "declareScalar",
          name: this.memory.nameOf(value, this.lane),
          value: written,
          mutable: false,
        });
        return;
      }
      case "begin": {
        const { accumulator } = statement;
        const { value } = accumulator;
        const isValue = value !== undefined && this.memory.keptOf(value).length === 0;
        const written = this.expression(statement.term);
        const wanted = value === undefined ? accumulator.name : `${accumulator.name} sum`;
        const suffix = this.lane === undefined ? "" : ` ${laneSuffixes[this.lane]}`;
        const name = isValue ? this.memory.nameOf(value, this.lane) : this.names.unique(`${wanted}${suffix}`);
        const names = this.accumulatorNames.get(accumulator) ?? [];
        names[this.lane ?? 0] = name;
        this.accumulatorNames.set(accumulator, names);
        this.scopes.emit({ kind: "declareScalar", name, value: written, mutable: true });
        return;
      }
      case "accumulate": {
        const value = this.expression(statement.term);
        this.scopes.emit({
          kind: "update",
          name: this.accumulatorName(statement.accumulator),
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
          array: this.memory.nameOf(value, this.lane),
          offset: this.cellIndex(value, start),
          size,
        });
        return;
      }
      case "output": {
        const array = this.bindings.array("into", statement.name);
        const index = this.flatIndex(statement.indices, statement.sizes);
        const value = this.expression(statement.term);
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
      const test = this.expression(position.value);
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
    const name = this.memory.nameOf(value, this.lane);
    const hint = `${value.name} part`;
    const isOneLane = this.lane === undefined || this.variesByLane(statement.indices.flatMap(variablesOfIndex));
    const written = isOneLane ? this.expression(statement.term, hint) : this.ofAllLanes(statement, hint);
    if (this.memory.keptOf(value).length === 0) {
      this.scopes.emit({ kind: "update", name, function: statement.function, value: written });
      return;
    }
    const index = this.cellIndex(value, statement.indices);
    this.scopes.emit({ kind: "updateStore", array: name, index, function: statement.function, value: written });
  }

  private ofAllLanes(statement: Extract<Statement, { readonly kind: "add" }>, hint: string): LoopExpression {
    const parts: LoopExpression[] = [];
    for (let lane = 0; lane < this.lanes; lane++) {
      this.lane = lane;
      parts.push(this.expression(statement.term, hint));
    }
    this.lane = 0;
    const name = statement.function === "maximum" ? "maximum" : "add";
    return parts.reduce((left, right): LoopExpression => ({ kind: "binary", function: name, left, right }));
  }

  private accumulatorName(accumulator: Accumulator): string {
    const name = this.accumulatorNames.get(accumulator)?.[this.lane ?? 0];
    if (name === undefined) throw new Error(`write loops ${this.fn.name}: ${accumulator.name} is not begun`);
    return name;
  }

  private cellIndex(value: Value, indices: readonly Index[]): IndexExpression {
    const kept = this.memory.keptOf(value);
    const places = kept.map((position) => indices[position]);
    const sizes = kept.map((position) => value.sizes[position]);
    if (this.lane === undefined || value.pass === undefined) return this.flatIndex(places, sizes);
    // Lanes are next to each other.
    return this.flatIndex(
      [...places, { kind: "fixed", value: this.lane }],
      [...sizes, { kind: "literal", value: this.lanes }],
    );
  }

  /** Row-major position; the part that does not change in the innermost loop is declared outside it. */
  private flatIndex(indices: readonly Index[], sizes: readonly AxisSize[]): IndexExpression {
    let flat: IndexExpression = { kind: "integer", value: 0 };
    let depth = 0;
    indices.forEach((index, i) => {
      if (i > 0) flat = this.scopes.declared(times(flat, this.bindings.size(sizes[i])), depth, index.kind === "picked");
      flat = plus(flat, this.index(index));
      depth = Math.max(depth, this.depthOfIndex(index));
    });
    return flat;
  }

  private depthOfIndex(index: Index): number {
    switch (index.kind) {
      case "variable":
        return this.scopes.depthOf(index.variable);
      case "fixed":
        return 0;
      case "picked":
        return this.scopes.stack.length;
      case "whole":
        throw new Error("write loops: a whole axis is no place");
    }
  }

  private index(index: Index): IndexExpression {
    switch (index.kind) {
      case "variable":
        return this.place(index.variable);
      case "fixed":
        return { kind: "integer", value: index.value };
      case "picked":
        return { kind: "truncate", value: this.expression(index.value) };
      case "whole":
        throw new Error("write loops: a whole axis is no place");
    }
  }

  private expression(term: Term, hint = "part"): LoopExpression {
    const written = this.writeTerm(term, hint);
    const isPlain = written.kind === "number" || written.kind === "scalar" || written.kind === "fromIndex";
    if (this.lane === undefined || isPlain) return written;
    const variables = [...variablesOf(term)];
    if (this.variesByLane(variables)) return written;
    return this.sharedScalar(
      written,
      Math.max(0, ...variables.map((variable) => this.scopes.depthOf(variable))),
      termName(term),
    );
  }

  /** A value that is computed once for a statement, whichever lane needs it first. */
  private sharedScalar(value: LoopExpression, depth: number, hint: string): LoopExpression {
    const key = JSON.stringify(value);
    let name = this.shared.get(key);
    if (name === undefined) {
      name = this.names.unique(hint);
      this.shared.set(key, name);
      this.scopes.stack[depth].body.push({ kind: "declareScalar", name, value, mutable: false });
    }
    return { kind: "scalar", name };
  }

  private writeTerm(term: Term, hint: string): LoopExpression {
    switch (term.kind) {
      case "number":
        return term;
      case "index":
        return fromIndex(this.index(term.index));
      case "size":
        return fromIndex(this.bindings.size(term.size));
      case "input":
        return {
          kind: "load",
          array: this.bindings.array(arraySource(term.source), term.name),
          index: this.flatIndex(term.indices, term.sizes),
        };
      case "value":
        return this.memory.keptOf(term.value).length === 0
          ? { kind: "scalar", name: this.memory.nameOf(term.value, this.lane) }
          : {
              kind: "load",
              array: this.memory.nameOf(term.value, this.lane),
              index: this.cellIndex(term.value, term.indices),
            };
      case "accumulator":
        return { kind: "scalar", name: this.accumulatorName(term.accumulator) };
      case "unary":
        return { kind: "unary", function: term.function, operand: this.expression(term.operand) };
      case "binary":
        return {
          kind: "binary",
          function: term.function,
          left: this.expression(term.left),
          right: this.expression(term.right),
        };
      case "select":
        return {
          kind: "select",
          condition: this.expression(term.condition),
          whenTrue: this.expression(term.whenTrue),
          whenFalse: this.expression(term.whenFalse),
        };
      case "pick":
        return {
          kind: "pick",
          position: this.expression(term.position),
          size: this.bindings.size(term.size),
          entry: this.expression(term.entry),
        };
      case "product":
        return this.product(term.factors, hint);
      case "draw":
        return {
          kind: "draw",
          stream: this.stream(term.site),
          family: term.family,
          arguments: term.arguments.map((argument) => this.expression(argument)),
        };
    }
  }

  /** Factors that do not change in the inner loops are multiplied outside them. */
  private product(factors: readonly Term[], hint: string): LoopExpression {
    const innermost = this.scopes.innermost;
    const depths = factors.map((factor) =>
      Math.max(0, ...[...variablesOf(factor)].map((variable) => this.scopes.depthOf(variable))),
    );
    const order = factors.map((_, i) => i).sort((a, b) => depths[a] - depths[b]);
    let product: LoopExpression | undefined;
    order.forEach((position, i) => {
      const factor = this.expression(factors[position]);
      product = product === undefined ? factor : { kind: "binary", function: "multiply", left: product, right: factor };
      const depth = depths[position];
      const next = i + 1 < order.length ? depths[order[i + 1]] : innermost;
      if (depth < next && depth < innermost && product.kind !== "scalar" && product.kind !== "number") {
        const suffix = this.lane === undefined ? "" : ` ${laneSuffixes[this.lane]}`;
        product = this.sharedScalar(product, depth, `${hint}${suffix}`);
      }
    });
    return product ?? { kind: "number", value: 1 };
  }

  private stream(site: string): string {
    const scope =
      this.scopes.stack.find((candidate) => candidate.variable?.size.kind === "rows") ?? this.scopes.stack[0];
    const key = `stream ${site}`;
    let name = scope.indices.get(key);
    if (name === undefined) {
      name = this.names.unique(`${site} stream`);
      scope.indices.set(key, name);
      const row: IndexExpression =
        scope.variable === undefined ? { kind: "integer", value: 0 } : { kind: "name", name: scope.name };
      scope.first.push({ kind: "openStream", name, site, row });
      this.bindings.reads.streams = true;
      this.bindings.reads.block = true;
    }
    return name;
  }
}

function variablesOfIndex(index: Index): readonly LoopVariable[] {
  if (index.kind === "variable") return [index.variable];
  return index.kind === "picked" ? [...variablesOf(index.value)] : [];
}

function termName(term: Term): string {
  if (term.kind === "value") return `${term.value.name} entry`;
  return term.kind === "input" ? `${term.name} entry` : "common";
}
