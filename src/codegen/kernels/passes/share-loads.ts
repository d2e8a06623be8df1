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
      segment.kind === "rows" ? { ...segment, body: sharing.list(segment.body, new Map()) } : segment,
    ),
  });
}

interface Cell {
  readonly array: string;
  /** The scalar that holds it. */
  readonly name: string;
}

/** State of one function's pass. */
class Sharing {
  private count = 0;

  constructor(private readonly fn: KernelFunction) {}

  list(statements: readonly KernelStatement[], outer: ReadonlyMap<string, Cell>): readonly KernelStatement[] {
    const cells = new Map(outer);
    const result: KernelStatement[] = [];
    statements.forEach((statement, position) => {
      const rest = statements.slice(position + 1);
      const kept = mapExpressions(statement, (expression) => this.replaced(expression, cells, rest, result));
      if (kept.kind === "store" && this.isPerRow(kept.array) && !this.hasPosition(kept)) {
        const key = cellKey(kept.array, kept.index);
        forget(cells, kept.array);
        if (kept.value.kind !== "scalar" && readsBeforeStore(rest, kept.array, key) > 0) {
          const name = this.unique(kept.array);
          result.push({ kind: "declare", name, value: kept.value, mutable: false });
          result.push({ ...kept, value: { kind: "scalar", name } });
          cells.set(key, { array: kept.array, name });
          return;
        }
        if (kept.value.kind === "scalar" && !isUpdatedIn(rest, kept.value.name)) {
          cells.set(key, { array: kept.array, name: kept.value.name });
        }
        result.push(kept);
        return;
      }
      const written = writtenIn([kept]);
      const known = new Map([...cells].filter(([, cell]) => !written.has(cell.array)));
      result.push(mapBodies(kept, (body) => this.list(body, known)));
      for (const array of written) forget(cells, array);
    });
    return result;
  }

  private replaced(
    expression: KernelExpression,
    cells: Map<string, Cell>,
    rest: readonly KernelStatement[],
    result: KernelStatement[],
  ): KernelExpression {
    // How often this expression itself reads each cell.
    const counts = new Map<string, number>();
    forEachExpression(expression, (part) => {
      if (part.kind === "load") {
        const key = cellKey(part.array, part.index);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    });
    return rewriteExpression(expression, (part) => {
      if (part.kind !== "load" || !this.isPerRow(part.array) || this.hasPosition(part)) return part;
      const key = cellKey(part.array, part.index);
      const known = cells.get(key);
      if (known !== undefined) return { kind: "scalar", name: known.name };
      if ((counts.get(key) ?? 0) + readsBeforeStore(rest, part.array, key) < 2) return part;
      const name = this.unique(part.array);
      result.push({ kind: "declare", name, value: part, mutable: false });
      cells.set(key, { array: part.array, name });
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
    return `${array} cell ${this.count}${suffixOf(this.fn)}`;
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

function cellKey(array: string, index: ReadonlyMap<string, number>): string {
  return `${array} ${keyOf(index)}`;
}

function forget(cells: Map<string, Cell>, array: string): void {
  for (const [key, cell] of cells) if (cell.array === array) cells.delete(key);
}

/** How often statements of a list itself read a cell before anything is stored in its array. */
function readsBeforeStore(statements: readonly KernelStatement[], array: string, key: string): number {
  let count = 0;
  for (const statement of statements) {
    for (const expression of expressionsOf(statement)) {
      forEachExpression(expression, (part) => {
        if (part.kind === "load" && cellKey(part.array, part.index) === key) count += 1;
      });
    }
    if (bodiesOf(statement).length > 0) {
      if (writtenIn([statement]).has(array)) return count;
      forEachStatement(bodiesOf(statement).flat(), (inner) => {
        for (const expression of expressionsOf(inner)) {
          forEachExpression(expression, (part) => {
            if (part.kind === "load" && cellKey(part.array, part.index) === key) count += 1;
          });
        }
      });
    } else if (writtenIn([statement]).has(array)) return count;
  }
  return count;
}

function writtenIn(statements: readonly KernelStatement[]): ReadonlySet<string> {
  const written = new Set<string>();
  forEachStatement(statements, (statement) => {
    if (statement.kind === "store" || statement.kind === "updateStore") written.add(statement.array);
  });
  return written;
}

function isUpdatedIn(statements: readonly KernelStatement[], name: string): boolean {
  let found = false;
  forEachStatement(statements, (statement) => {
    if (statement.kind === "update" && statement.name === name) found = true;
  });
  return found;
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
