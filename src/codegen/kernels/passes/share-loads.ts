import type { KernelExpression, KernelFunction, KernelStatement, Segment } from "../kernel-ir.js";
import { keyOf, namesOf } from "../polynomial.js";
import {
  bodiesOf,
  forEachExpression,
  expressionsOf,
  forEachStatement,
  mapBodies,
  mapExpressions,
  rewriteExpression,
} from "../walk-kernel.js";

/**
 * Within a list of statements, a cell of per-row memory that was just stored or loaded is not loaded again; arrays that
 * nothing reads any more are not stored.
 */
export function shareLoads(fn: KernelFunction): KernelFunction {
  const sharing = new Sharing(fn);
  return withoutUnread({
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: sharing.list(segment.body, new Cells()) } : segment,
    ),
  });
}

/** Cells that scalars hold: by array and place, the scalar's name. */
class Cells {
  constructor(private readonly byArray: Map<string, Map<string, string>> = new Map()) {}

  copy(): Cells {
    return new Cells(new Map([...this.byArray].map(([array, cells]) => [array, new Map(cells)])));
  }

  get(array: string, key: string): string | undefined {
    return this.byArray.get(array)?.get(key);
  }

  set(array: string, key: string, name: string): void {
    const cells = this.byArray.get(array) ?? new Map<string, string>();
    this.byArray.set(array, cells.set(key, name));
  }

  forget(array: string): void {
    this.byArray.delete(array);
  }
}

/** State of one function's pass. */
class Sharing {
  private count = 0;
  private readonly suffix: string;

  constructor(private readonly fn: KernelFunction) {
    this.suffix = suffixOf(fn);
  }

  list(statements: readonly KernelStatement[], outer: Cells): readonly KernelStatement[] {
    const cells = outer.copy();
    const uses = new Uses(statements);
    const result: KernelStatement[] = [];
    statements.forEach((statement, position) => {
      const kept = mapExpressions(statement, (expression) =>
        this.replaced(expression, cells, uses, position + 1, result),
      );
      if (kept.kind === "store" && this.isPerRow(kept.array) && !this.hasPosition(kept)) {
        const key = keyOf(kept.index);
        cells.forget(kept.array);
        if (kept.value.kind !== "scalar" && uses.readsBeforeStore(position + 1, kept.array, key) > 0) {
          const name = this.unique(kept.array);
          result.push({ kind: "declare", name, value: kept.value, mutable: false });
          result.push({ ...kept, value: { kind: "scalar", name } });
          cells.set(kept.array, key, name);
          return;
        }
        if (kept.value.kind === "scalar" && !uses.updates(position + 1, kept.value.name)) {
          cells.set(kept.array, key, kept.value.name);
        }
        result.push(kept);
        return;
      }
      for (const array of uses.written(position)) cells.forget(array);
      result.push(bodiesOf(kept).length === 0 ? kept : mapBodies(kept, (body) => this.list(body, cells)));
    });
    return result;
  }

  private replaced(
    expression: KernelExpression,
    cells: Cells,
    uses: Uses,
    next: number,
    result: KernelStatement[],
  ): KernelExpression {
    // How often this expression itself reads each cell.
    const counts = new Map<string, number>();
    forEachExpression(expression, (part) => {
      if (part.kind === "load") {
        const key = cellKey(part.array, keyOf(part.index));
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    });
    return rewriteExpression(expression, (part) => {
      if (part.kind !== "load" || !this.isPerRow(part.array) || this.hasPosition(part)) return part;
      const key = keyOf(part.index);
      const known = cells.get(part.array, key);
      if (known !== undefined) return { kind: "scalar", name: known };
      if ((counts.get(cellKey(part.array, key)) ?? 0) + uses.readsBeforeStore(next, part.array, key) < 2) return part;
      const name = this.unique(part.array);
      result.push({ kind: "declare", name, value: part, mutable: false });
      cells.set(part.array, key, name);
      return { kind: "scalar", name };
    });
  }

  private isPerRow(array: string): boolean {
    const kind = this.fn.arrays.get(array)?.kind;
    return kind === "varying" || kind === "rowInput" || kind === "kept";
  }

  private hasPosition(part: { readonly index: ReadonlyMap<string, number> }): boolean {
    return [...namesOf(part.index)].some((name) => this.fn.positions.has(name));
  }

  private unique(array: string): string {
    this.count += 1;
    return `${array} cell ${this.count}${this.suffix}`;
  }
}

/** Names of a second run of the pass differ from those of the first. */
function suffixOf(fn: KernelFunction): string {
  let most = 0;
  for (const segment of fn.segments) {
    forEachStatement(segment.body, (statement) => {
      const found = statement.kind === "declare" ? /~(\d+)$/.exec(statement.name) : null;
      if (found !== null) most = Math.max(most, Number(found[1]));
    });
  }
  return `~${most + 1}`;
}

function cellKey(array: string, key: string): string {
  return `${array} ${key}`;
}

/** What the statements of a list read and write, in order. */
class Uses {
  private readonly writes: readonly ReadonlySet<string>[];
  /** By array, the statements that write it. */
  private readonly writers = new Map<string, number[]>();
  /** By cell, the statements that read it: how often themselves, and how often what is inside them. */
  private readonly readers = new Map<string, { readonly at: number; own: number; inside: number }[]>();
  /** By scalar, the last statement that updates it. */
  private readonly lastUpdates = new Map<string, number>();

  constructor(statements: readonly KernelStatement[]) {
    this.writes = statements.map((statement, at) => {
      this.count(statement, at, true);
      forEachStatement(bodiesOf(statement).flat(), (inner) => this.count(inner, at, false));
      const written = writtenIn([statement]);
      for (const array of written) {
        const known = this.writers.get(array) ?? [];
        known.push(at);
        this.writers.set(array, known);
      }
      return written;
    });
  }

  /** Arrays that a statement, or one inside it, writes. */
  written(at: number): ReadonlySet<string> {
    return this.writes[at];
  }

  /** How often statements from one on read a cell before anything is stored in its array. */
  readsBeforeStore(from: number, array: string, key: string): number {
    const end = this.writers.get(array)?.find((at) => at >= from) ?? Infinity;
    let count = 0;
    for (const { at, own, inside } of this.readers.get(cellKey(array, key)) ?? []) {
      if (at < from || at > end) continue;
      // A statement reads before it writes; of those inside it the order is not known.
      count += at === end ? own : own + inside;
    }
    return count;
  }

  /** Does a statement from one on update a scalar? */
  updates(from: number, name: string): boolean {
    return (this.lastUpdates.get(name) ?? -1) >= from;
  }

  private count(statement: KernelStatement, at: number, isOwn: boolean): void {
    if (statement.kind === "update") this.lastUpdates.set(statement.name, at);
    for (const expression of expressionsOf(statement)) {
      forEachExpression(expression, (part) => {
        if (part.kind !== "load") return;
        const key = cellKey(part.array, keyOf(part.index));
        const known = this.readers.get(key) ?? [];
        if (known.at(-1)?.at !== at) known.push({ at, own: 0, inside: 0 });
        this.readers.set(key, known);
        const last = known[known.length - 1];
        if (isOwn) last.own += 1;
        else last.inside += 1;
      });
    }
  }
}

function writtenIn(statements: readonly KernelStatement[]): ReadonlySet<string> {
  const written = new Set<string>();
  forEachStatement(statements, (statement) => {
    if (statement.kind === "store" || statement.kind === "updateStore") written.add(statement.array);
  });
  return written;
}

function withoutUnread(fn: KernelFunction): KernelFunction {
  const read = new Set<string>();
  const note = (part: KernelExpression): void => {
    if (part.kind === "load") read.add(part.array);
  };
  for (const segment of fn.segments) {
    forEachStatement(segment.body, (statement) => {
      for (const expression of expressionsOf(statement)) forEachExpression(expression, note);
    });
  }
  for (const position of fn.positions.values()) forEachExpression(position, note);
  const isUnread = (name: string): boolean => fn.arrays.get(name)?.kind === "varying" && !read.has(name);
  const keep = (statements: readonly KernelStatement[]): readonly KernelStatement[] =>
    statements
      .filter(
        (statement) => (statement.kind !== "store" && statement.kind !== "updateStore") || !isUnread(statement.array),
      )
      .map((statement) => mapBodies(statement, keep));
  return {
    ...fn,
    arrays: new Map([...fn.arrays].filter(([name]) => !isUnread(name))),
    segments: fn.segments.map((segment): Segment => ({ ...segment, body: keep(segment.body) })),
  };
}
