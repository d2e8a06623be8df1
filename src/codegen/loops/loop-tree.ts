import type { AxisSize, BinaryFunction, DrawFamily, InputSource, Sweep, UnaryFunction } from "../../ir/plan.js";
import type { UpdateFunction } from "./loop-ir.js";

/**
 * The tree of loops while it grows: statements over cells of values, before it is decided which values need memory.
 *
 * A statement is made with loop variables of its own; placing it inside an existing loop makes one of them an alias of
 * that loop's variable.
 */
export type Item = Loop | Statement;

export interface Loop {
  readonly kind: "loop";
  readonly variable: LoopVariable;
  readonly range: LoopRange;
  readonly items: Item[];
}

export type LoopRange =
  | { readonly kind: "all" }
  /** Some rows of each sequence. */
  | { readonly kind: "sweep"; readonly sweep: Sweep }
  | { readonly kind: "allDescending" }
  | { readonly kind: "below"; readonly variable: LoopVariable }
  | { readonly kind: "upTo"; readonly variable: LoopVariable }
  | { readonly kind: "above"; readonly variable: LoopVariable };

export interface LoopVariable {
  readonly axis: string;
  readonly size: AxisSize;
  alias?: LoopVariable;
}

export function resolve(variable: LoopVariable): LoopVariable {
  let found = variable;
  while (found.alias !== undefined) found = found.alias;
  return found;
}

/** A place along one axis. */
export type Index =
  /** `back` turns of the loop ago: rows that a sweep looks back at. */
  | { readonly kind: "variable"; readonly variable: LoopVariable; readonly back?: number }
  | { readonly kind: "fixed"; readonly value: number }
  | { readonly kind: "picked"; readonly value: Term }
  /** The whole axis at once. */
  | { readonly kind: "whole" };

/** Something computed once per cell of its axes (in a pass over rows: per row). */
export interface Value {
  readonly name: string;
  readonly axes: readonly string[];
  readonly sizes: readonly AxisSize[];
  /** Accumulated over a pass: zero before, known after. */
  readonly isTotal: boolean;
  /** What a total is before anything is accumulated. */
  readonly startsAt: number;
  /** The pass over rows that it is computed anew in, for each row. */
  readonly pass?: LoopVariable;
}

/** A running number of one innermost loop. */
export interface Accumulator {
  readonly name: string;
  /** Same number as this value where that is a scalar. */
  readonly value?: Value;
  /** The pass over rows that it is in. */
  readonly pass?: LoopVariable;
}

export type Term =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "index"; readonly index: Index }
  | { readonly kind: "size"; readonly size: AxisSize }
  | {
      readonly kind: "input";
      readonly source: InputSource;
      readonly name: string;
      readonly sizes: readonly AxisSize[];
      readonly indices: readonly Index[];
    }
  | { readonly kind: "value"; readonly value: Value; readonly indices: readonly Index[] }
  | { readonly kind: "accumulator"; readonly accumulator: Accumulator }
  | { readonly kind: "unary"; readonly function: UnaryFunction; readonly operand: Term }
  | { readonly kind: "binary"; readonly function: BinaryFunction; readonly left: Term; readonly right: Term }
  | { readonly kind: "select"; readonly condition: Term; readonly whenTrue: Term; readonly whenFalse: Term }
  | { readonly kind: "pick"; readonly position: Term; readonly size: AxisSize; readonly entry: Term }
  | { readonly kind: "product"; readonly factors: readonly Term[] }
  | { readonly kind: "draw"; readonly family: DrawFamily; readonly site: string; readonly arguments: readonly Term[] };

export type Statement = { readonly rule: string } & (
  | { readonly kind: "define"; readonly value: Value; readonly indices: readonly Index[]; readonly term: Term }
  | { readonly kind: "begin"; readonly accumulator: Accumulator; readonly term: Term }
  | {
      readonly kind: "accumulate";
      readonly accumulator: Accumulator;
      readonly function: UpdateFunction;
      readonly term: Term;
    }
  | {
      readonly kind: "add";
      readonly value: Value;
      readonly indices: readonly Index[];
      readonly function: UpdateFunction;
      readonly term: Term;
    }
  | { readonly kind: "factor"; readonly value: Value; readonly indices: readonly Index[] }
  | {
      readonly kind: "output";
      readonly name: string;
      readonly sizes: readonly AxisSize[];
      readonly indices: readonly Index[];
      readonly term: Term;
      readonly perRow: boolean;
    }
);

export interface CellAccess {
  readonly value: Value;
  readonly indices: readonly Index[];
}

/** The cells of values that a term reads. */
export function readsOf(term: Term): readonly CellAccess[] {
  switch (term.kind) {
    case "number":
    case "size":
    case "accumulator":
      return [];
    case "index":
      return readsOfIndices([term.index]);
    case "input":
      return readsOfIndices(term.indices);
    case "value":
      return [{ value: term.value, indices: term.indices }, ...readsOfIndices(term.indices)];
    case "unary":
      return readsOf(term.operand);
    case "binary":
      return [...readsOf(term.left), ...readsOf(term.right)];
    case "select":
      return [...readsOf(term.condition), ...readsOf(term.whenTrue), ...readsOf(term.whenFalse)];
    case "pick":
      return [...readsOf(term.position), ...readsOf(term.entry)];
    case "product":
      return term.factors.flatMap(readsOf);
    case "draw":
      return term.arguments.flatMap(readsOf);
  }
}

function readsOfIndices(indices: readonly Index[]): readonly CellAccess[] {
  return indices.flatMap((index) => (index.kind === "picked" ? readsOf(index.value) : []));
}

/** What a statement reads. */
export function statementReads(statement: Statement): readonly CellAccess[] {
  switch (statement.kind) {
    case "define":
    case "add":
    case "output":
      return [...readsOf(statement.term), ...readsOfIndices(statement.indices)];
    case "begin":
    case "accumulate":
      return readsOf(statement.term);
    case "factor":
      return [{ value: statement.value, indices: statement.indices }];
  }
}

/** What a statement writes. */
export function statementWrites(statement: Statement): readonly CellAccess[] {
  switch (statement.kind) {
    case "define":
    case "add":
    case "factor":
      return [{ value: statement.value, indices: statement.indices }];
    case "begin":
    case "accumulate":
    case "output":
      return [];
  }
}

/** The value a statement writes. */
export function writtenValue(statement: Statement): Value | undefined {
  switch (statement.kind) {
    case "define":
    case "add":
    case "factor":
      return statement.value;
    case "begin":
    case "accumulate":
    case "output":
      return undefined;
  }
}

export function statementsIn(items: readonly Item[]): readonly Statement[] {
  return items.flatMap((item) => (item.kind === "loop" ? statementsIn(item.items) : [item]));
}

export function sameSize(a: AxisSize, b: AxisSize): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The loop variables a term's value depends on through its indices. */
export function variablesOf(term: Term): ReadonlySet<LoopVariable> {
  const found = new Set<LoopVariable>();
  const visitIndex = (index: Index): void => {
    if (index.kind === "variable") found.add(resolve(index.variable));
    if (index.kind === "picked") visit(index.value);
  };
  const visit = (part: Term): void => {
    switch (part.kind) {
      case "number":
      case "size":
        return;
      case "accumulator":
        if (part.accumulator.pass !== undefined) found.add(part.accumulator.pass);
        return;
      case "index":
        return visitIndex(part.index);
      case "value":
        if (part.value.pass !== undefined) found.add(part.value.pass);
        return part.indices.forEach(visitIndex);
      case "input":
        return part.indices.forEach(visitIndex);
      case "unary":
        return visit(part.operand);
      case "binary":
        visit(part.left);
        return visit(part.right);
      case "select":
        [part.condition, part.whenTrue, part.whenFalse].forEach(visit);
        return;
      case "pick":
        visit(part.position);
        return visit(part.entry);
      case "product":
        return part.factors.forEach(visit);
      case "draw":
        return part.arguments.forEach(visit);
    }
  };
  visit(term);
  return found;
}
