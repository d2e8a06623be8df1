import type { AxisSize } from "../../ir/plan.js";
import { arraySource, type Bindings } from "./bindings.js";
import type { Identifiers } from "./identifiers.js";
import { fromIndex, plus, times } from "./index-arithmetic.js";
import type { IndexExpression, LoopExpression } from "./loop-ir.js";
import type { Accumulator, Index, LoopVariable, Term, Value } from "./loop-tree.js";
import { resolve, variablesOf } from "./loop-tree.js";
import type { Scopes } from "./scopes.js";
import { laneSuffixes, type ValueMemory } from "./value-memory.js";

/** Writes terms as expressions where the scopes stand, for one lane of a loop over several rows at a time. */
export class TermWriter {
  /** Names by lane; the first where rows are gone through one by one. */
  readonly accumulatorNames = new Map<Accumulator, string[]>();
  /** The lane that is written, in a loop over several rows at a time. */
  lane: number | undefined;
  /** Expressions of the statement at hand that are the same in all lanes, and the names of their values. */
  private shared = new Map<string, string>();

  constructor(
    private readonly functionName: string,
    private readonly names: Identifiers,
    private readonly bindings: Bindings,
    private readonly scopes: Scopes,
    private readonly memory: ValueMemory,
    private readonly lanes: number,
  ) {}

  /** What is computed once for a statement is not known in the next. */
  beginStatement(): void {
    this.shared = new Map();
  }

  /** Does it differ between the lanes? */
  variesByLane(variables: Iterable<LoopVariable>): boolean {
    return this.lane !== undefined && [...variables].some((variable) => resolve(variable).size.kind === "rows");
  }

  place(variable: LoopVariable): IndexExpression {
    const place: IndexExpression = { kind: "name", name: this.scopes.stack[this.scopes.depthOf(variable)].name };
    const isRow = resolve(variable).size.kind === "rows";
    return isRow && this.lane !== undefined ? plus(place, { kind: "integer", value: this.lane }) : place;
  }

  accumulatorName(accumulator: Accumulator): string {
    const name = this.accumulatorNames.get(accumulator)?.[this.lane ?? 0];
    if (name === undefined) throw new Error(`write loops ${this.functionName}: ${accumulator.name} is not begun`);
    return name;
  }

  cellIndex(value: Value, indices: readonly Index[]): IndexExpression {
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
  flatIndex(indices: readonly Index[], sizes: readonly AxisSize[]): IndexExpression {
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
        return index.back === undefined
          ? this.place(index.variable)
          : plus(this.place(index.variable), { kind: "integer", value: -index.back });
      case "fixed":
        return { kind: "integer", value: index.value };
      case "picked":
        return { kind: "truncate", value: this.expression(index.value) };
      case "whole":
        throw new Error("write loops: a whole axis is no place");
    }
  }

  expression(term: Term, hint = "part"): LoopExpression {
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

function termName(term: Term): string {
  if (term.kind === "value") return `${term.value.name} entry`;
  return term.kind === "input" ? `${term.name} entry` : "common";
}
