import type { AxisSize, InputSource, PlanFunction } from "../../ir/plan.js";
import { literalSize } from "../literal-size.js";
import { Identifiers } from "./identifiers.js";
import type { ArraySource, IndexExpression, LoopExpression, LoopFunction, LoopStatement } from "./loop-ir.js";
import type { Accumulator, Index, Item, Loop, LoopRange, LoopVariable, Statement, Term, Value } from "./loop-tree.js";
import { resolve, statementReads, statementWrites, statementsIn, variablesOf } from "./loop-tree.js";

/** Decides which values need memory, names everything, and writes the tree out as Loop IR. */
export function writeLoops(fn: PlanFunction, items: readonly Item[]): LoopFunction {
  return new LoopWriter(fn, items).write();
}

/** What is being written: the body of a loop, or of the function. */
interface Scope {
  readonly variable: LoopVariable | undefined;
  readonly name: string;
  /** Declared at the start of the body. */
  readonly first: LoopStatement[];
  readonly body: LoopStatement[];
  /** Indices declared in `first`, by what they are. */
  readonly indices: Map<string, string>;
}

/** State of one function's writing. */
class LoopWriter {
  private readonly names = new Identifiers();
  private readonly axisNames = new Map<string, string>();
  private readonly valueNames = new Map<Value, string>();
  private readonly accumulatorNames = new Map<Accumulator, string>();
  private readonly kept: ReadonlyMap<Value, readonly number[]>;
  private readonly sizesRead = new Map<string, string>();
  private readonly arraysBound = new Map<string, string>();
  private readonly reading: LoopStatement[] = [];
  private readonly memory: LoopStatement[] = [];
  private readonly scopes: Scope[] = [];
  private readonly reads = {
    sizes: false,
    parameters: false,
    previous: false,
    block: false,
    streams: false,
    outputs: false,
  };
  private lastRule = "";

  constructor(
    private readonly fn: PlanFunction,
    private readonly items: readonly Item[],
  ) {
    this.kept = keptPositions(items);
    for (const axis of fn.axes) this.axisNames.set(axis.name, this.names.unique(axis.name));
  }

  write(): LoopFunction {
    this.open(undefined, "");
    for (const value of this.kept.keys()) if (value.isTotal) this.declareTotal(value);
    this.writeItems(this.items);
    const { first, body } = this.close();
    return {
      name: this.fn.name,
      ...(this.fn.documentation === undefined ? {} : { documentation: this.fn.documentation }),
      body: [...this.reading, ...first, ...this.memory, ...body],
      reads: this.reads,
    };
  }

  private open(variable: LoopVariable | undefined, name: string): void {
    this.scopes.push({ variable, name, first: [], body: [], indices: new Map() });
  }

  private close(): Scope {
    const scope = this.scopes.pop();
    if (scope === undefined) throw new Error("write loops: no open scope");
    return scope;
  }

  private emit(statement: LoopStatement): void {
    this.scopes[this.scopes.length - 1].body.push(statement);
  }

  private writeItems(items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === "loop") this.writeLoop(item);
      else this.writeStatement(item);
    }
  }

  private writeLoop(loop: Loop): void {
    const axis = this.axisNames.get(loop.variable.axis) ?? loop.variable.axis;
    const inUse = new Set(this.scopes.map((scope) => scope.name));
    let variable = axis;
    for (let count = 1; inUse.has(variable); count++) {
      const key = `${loop.variable.axis} again ${count}`;
      variable = this.axisNames.get(key) ?? this.names.unique(`${axis}Other`);
      this.axisNames.set(key, variable);
    }
    const size = this.size(loop.variable.size);
    const { from, to } = this.bounds(loop.range, size);
    this.open(loop.variable, variable);
    this.writeItems(loop.items);
    const { first, body } = this.close();
    const descending = loop.range.kind === "allDescending";
    this.emit({ kind: "for", variable, from, to, descending, body: [...first, ...body] });
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
    return { kind: "name", name: this.scopes[this.depthOf(variable)].name };
  }

  private depthOf(variable: LoopVariable): number {
    const depth = this.scopes.findIndex((scope) => scope.variable !== undefined && resolve(scope.variable) === resolve(variable));
    if (depth < 0) throw new Error(`write loops ${this.fn.name}: the loop over ${variable.axis} is not open`);
    return depth;
  }

  private size(size: AxisSize): IndexExpression {
    switch (size.kind) {
      case "literal":
        return { kind: "integer", value: size.value };
      case "rows":
        return { kind: "name", name: this.sizeName("rows", () => ({ kind: "readRows", name: "rowCount" }), "rowCount") };
      case "symbol": {
        const read = (name: string): LoopStatement => ({ kind: "readSize", name, size: size.name });
        return { kind: "name", name: this.sizeName(`symbol ${size.name}`, read, size.name) };
      }
      case "sum": {
        const known = literalSize(size);
        if (known !== undefined) return { kind: "integer", value: known };
        const value = size.terms
          .map((term) => this.size(term))
          .reduce((left, right): IndexExpression => ({ kind: "add", left, right }));
        const wanted = size.terms.map((term) => (term.kind === "symbol" ? term.name : term.kind === "literal" ? term.value : "sum")).join("Plus");
        const declare = (name: string): LoopStatement => ({ kind: "declareIndex", name, value });
        return { kind: "name", name: this.sizeName(JSON.stringify(size), declare, wanted) };
      }
    }
  }

  private sizeName(key: string, declare: (name: string) => LoopStatement, wanted: string): string {
    const known = this.sizesRead.get(key);
    if (known !== undefined) return known;
    const name = this.names.unique(wanted);
    this.sizesRead.set(key, name);
    if (key === "rows") this.reads.block = true;
    if (key.startsWith("symbol ")) this.reads.sizes = true;
    this.reading.push(declare(name));
    return name;
  }

  private array(source: ArraySource, key: string): string {
    const id = `${source} ${key}`;
    const known = this.arraysBound.get(id);
    if (known !== undefined) return known;
    const wanted = { parameters: key, previous: `previous ${key}`, data: key, tables: key, into: `${key} out` }[source];
    const name = this.names.unique(wanted);
    this.arraysBound.set(id, name);
    if (source === "parameters" || source === "previous") this.reads[source] = true;
    if (source === "data" || source === "tables") this.reads.block = true;
    if (source === "into") this.reads.outputs = true;
    this.reading.push({ kind: "bindArray", name, source, key });
    return name;
  }

  private nameOf(value: Value): string {
    const known = this.valueNames.get(value);
    if (known !== undefined) return known;
    const name = this.names.unique(value.name);
    this.valueNames.set(value, name);
    if (!value.isTotal && this.keptOf(value).length > 0) {
      this.memory.push({ kind: "declareArray", name, length: this.lengthOf(value) });
    }
    return name;
  }

  private keptOf(value: Value): readonly number[] {
    return this.kept.get(value) ?? [];
  }

  private lengthOf(value: Value): IndexExpression {
    return this.keptOf(value)
      .map((position) => this.size(value.sizes[position]))
      .reduce(times, { kind: "integer", value: 1 });
  }

  private declareTotal(value: Value): void {
    const name = this.nameOf(value);
    if (value.axes.length === 0) {
      this.emit({ kind: "declareScalar", name, value: { kind: "number", value: value.startsAt }, mutable: true });
      return;
    }
    this.emit({ kind: "declareArray", name, length: this.lengthOf(value) });
    if (value.startsAt === 0) return;
    const cell = this.names.unique("cell");
    const index: IndexExpression = { kind: "name", name: cell };
    this.emit({
      kind: "for",
      variable: cell,
      from: { kind: "integer", value: 0 },
      to: this.lengthOf(value),
      descending: false,
      body: [{ kind: "store", array: name, index, value: { kind: "number", value: value.startsAt } }],
    });
  }

  private writeStatement(statement: Statement): void {
    if (statement.rule !== this.lastRule && statement.rule !== "") {
      this.emit({ kind: "comment", text: statement.rule });
      this.lastRule = statement.rule;
    }
    switch (statement.kind) {
      case "define": {
        const { value, term } = statement;
        if (this.keptOf(value).length > 0) {
          const name = this.nameOf(value);
          const index = this.cellIndex(value, statement.indices);
          this.emit({ kind: "store", array: name, index, value: this.expression(term) });
          return;
        }
        const known = term.kind === "accumulator" ? this.accumulatorNames.get(term.accumulator) : undefined;
        if (known !== undefined && known === this.valueNames.get(value)) return;
        const written = this.expression(term);
        this.emit({ kind: "declareScalar", name: this.nameOf(value), value: written, mutable: false });
        return;
      }
      case "begin": {
        const { accumulator } = statement;
        const { value } = accumulator;
        const isValue = value !== undefined && this.keptOf(value).length === 0;
        const written = this.expression(statement.term);
        const name = isValue ? this.nameOf(value) : this.names.unique(value === undefined ? accumulator.name : `${accumulator.name} sum`);
        this.accumulatorNames.set(accumulator, name);
        this.emit({ kind: "declareScalar", name, value: written, mutable: true });
        return;
      }
      case "accumulate": {
        const value = this.expression(statement.term);
        this.emit({ kind: "update", name: this.accumulatorName(statement.accumulator), function: statement.function, value });
        return;
      }
      case "add":
        return this.writeAdd(statement);
      case "factor": {
        const { value, indices } = statement;
        const start = indices.map((index): Index => (index.kind === "whole" ? { kind: "fixed", value: 0 } : index));
        const size = this.size(value.sizes[value.sizes.length - 1]);
        this.emit({ kind: "factor", array: this.nameOf(value), offset: this.cellIndex(value, start), size });
        return;
      }
      case "output": {
        const array = this.array("into", statement.name);
        const index = this.flatIndex(statement.indices, statement.sizes);
        const value = this.expression(statement.term);
        this.emit(
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
      const size = this.size(value.sizes[picked]);
      this.open(undefined, "");
      this.writeUpdate(statement);
      const { first, body } = this.close();
      this.emit({ kind: "ifPosition", position: test, size, body: [...first, ...body] });
      return;
    }
    this.writeUpdate(statement);
  }

  private writeUpdate(statement: Extract<Statement, { readonly kind: "add" }>): void {
    const { value } = statement;
    const name = this.nameOf(value);
    const written = this.expression(statement.term, `${value.name} part`);
    if (this.keptOf(value).length === 0) {
      this.emit({ kind: "update", name, function: statement.function, value: written });
      return;
    }
    const index = this.cellIndex(value, statement.indices);
    this.emit({ kind: "updateStore", array: name, index, function: statement.function, value: written });
  }

  private accumulatorName(accumulator: Accumulator): string {
    const name = this.accumulatorNames.get(accumulator);
    if (name === undefined) throw new Error(`write loops ${this.fn.name}: ${accumulator.name} is not begun`);
    return name;
  }

  private cellIndex(value: Value, indices: readonly Index[]): IndexExpression {
    const kept = this.keptOf(value);
    return this.flatIndex(
      kept.map((position) => indices[position]),
      kept.map((position) => value.sizes[position]),
    );
  }

  /** Row-major position; the part that does not change in the innermost loop is declared outside it. */
  private flatIndex(indices: readonly Index[], sizes: readonly AxisSize[]): IndexExpression {
    let flat: IndexExpression = { kind: "integer", value: 0 };
    let depth = 0;
    indices.forEach((index, i) => {
      if (i > 0) flat = this.declared(times(flat, this.size(sizes[i])), depth, index.kind === "picked");
      flat = plus(flat, this.index(index));
      depth = Math.max(depth, this.depthOfIndex(index));
    });
    return flat;
  }

  private depthOfIndex(index: Index): number {
    switch (index.kind) {
      case "variable":
        return this.depthOf(index.variable);
      case "fixed":
        return 0;
      case "picked":
        return this.scopes.length;
      case "whole":
        throw new Error("write loops: a whole axis is no place");
    }
  }

  private declared(index: IndexExpression, depth: number, inline: boolean): IndexExpression {
    if (index.kind === "integer" || index.kind === "name" || depth === 0 || depth >= this.scopes.length) return index;
    if (inline && depth === this.scopes.length - 1) return index;
    const scope = this.scopes[depth];
    const key = JSON.stringify(index);
    let name = scope.indices.get(key);
    if (name === undefined) {
      name = this.names.unique(`${scope.name} start`);
      scope.indices.set(key, name);
      scope.first.push({ kind: "declareIndex", name, value: index });
    }
    return { kind: "name", name };
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
    switch (term.kind) {
      case "number":
        return term;
      case "index":
        return fromIndex(this.index(term.index));
      case "size":
        return fromIndex(this.size(term.size));
      case "input":
        return {
          kind: "load",
          array: this.array(arraySource(term.source), term.name),
          index: this.flatIndex(term.indices, term.sizes),
        };
      case "value":
        return this.keptOf(term.value).length === 0
          ? { kind: "scalar", name: this.nameOf(term.value) }
          : { kind: "load", array: this.nameOf(term.value), index: this.cellIndex(term.value, term.indices) };
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
          size: this.size(term.size),
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
    const innermost = this.scopes.length - 1;
    const depths = factors.map((factor) => Math.max(0, ...[...variablesOf(factor)].map((variable) => this.depthOf(variable))));
    const order = factors.map((_, i) => i).sort((a, b) => depths[a] - depths[b]);
    let product: LoopExpression | undefined;
    order.forEach((position, i) => {
      const factor = this.expression(factors[position]);
      product = product === undefined ? factor : { kind: "binary", function: "multiply", left: product, right: factor };
      const depth = depths[position];
      const next = i + 1 < order.length ? depths[order[i + 1]] : innermost;
      if (depth < next && depth < innermost && product.kind !== "scalar" && product.kind !== "number") {
        const name = this.names.unique(hint);
        this.scopes[depth].body.push({ kind: "declareScalar", name, value: product, mutable: false });
        product = { kind: "scalar", name };
      }
    });
    return product ?? { kind: "number", value: 1 };
  }

  private stream(site: string): string {
    const scope = this.scopes.find((candidate) => candidate.variable?.size.kind === "rows") ?? this.scopes[0];
    const key = `stream ${site}`;
    let name = scope.indices.get(key);
    if (name === undefined) {
      name = this.names.unique(`${site} stream`);
      scope.indices.set(key, name);
      const row: IndexExpression = scope.variable === undefined ? { kind: "integer", value: 0 } : { kind: "name", name: scope.name };
      scope.first.push({ kind: "openStream", name, site, row });
      this.reads.streams = true;
      this.reads.block = true;
    }
    return name;
  }
}

/**
 * The axes along which a value needs memory. Along the others it is written and read in the same turn of the same loop.
 */
function keptPositions(items: readonly Item[]): Map<Value, readonly number[]> {
  const accesses = new Map<Value, (readonly Index[])[]>();
  for (const statement of statementsIn(items)) {
    for (const access of [...statementWrites(statement), ...statementReads(statement)]) {
      const known = accesses.get(access.value);
      if (known === undefined) accesses.set(access.value, [access.indices]);
      else known.push(access.indices);
    }
  }
  const kept = new Map<Value, readonly number[]>();
  for (const [value, all] of accesses) {
    const positions = value.axes.map((_, position) => position);
    kept.set(
      value,
      value.isTotal ? positions : positions.filter((position) => !isOneVariable(all.map((indices) => indices[position]))),
    );
  }
  return kept;
}

function isOneVariable(indices: readonly Index[]): boolean {
  const [first] = indices;
  if (first.kind !== "variable") return false;
  const variable = resolve(first.variable);
  return indices.every((index) => index.kind === "variable" && resolve(index.variable) === variable);
}

function arraySource(source: InputSource): ArraySource {
  switch (source) {
    case "parameter":
      return "parameters";
    case "previous":
      return "previous";
    case "data":
      return "data";
    case "table":
      return "tables";
  }
}

function fromIndex(index: IndexExpression): LoopExpression {
  return index.kind === "integer" ? { kind: "number", value: index.value } : { kind: "fromIndex", index };
}

function plus(left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "integer" && right.kind === "integer") return { kind: "integer", value: left.value + right.value };
  if (left.kind === "integer" && left.value === 0) return right;
  if (right.kind === "integer" && right.value === 0) return left;
  return { kind: "add", left, right };
}

function plusOne(index: IndexExpression): IndexExpression {
  return plus(index, { kind: "integer", value: 1 });
}

function times(left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "integer" && right.kind === "integer") return { kind: "integer", value: left.value * right.value };
  if (left.kind === "integer" && left.value === 0) return left;
  if (left.kind === "integer" && left.value === 1) return right;
  if (right.kind === "integer" && right.value === 1) return left;
  return { kind: "multiply", left, right };
}
