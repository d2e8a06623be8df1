import type {
  Accumulator,
  CellAccess,
  Index,
  Item,
  Loop,
  LoopRange,
  LoopVariable,
  Statement,
  Term,
  Value,
} from "./loop-tree.js";
import { readsOf, resolve, sameSize, statementWrites, statementsIn, writtenValue } from "./loop-tree.js";
import type { UpdateFunction } from "./loop-ir.js";

/**
 * Adds statements to a tree of loops, sharing loops with earlier statements.
 *
 * A statement enters an existing loop over an axis of equal size if everything it reads from inside that loop is read at
 * the loop's own place along the axis; then the value read is often a scalar in the end. Otherwise it gets new loops
 * after everything it reads.
 */
export interface Placement {
  /** Loops to go through, outermost first. */
  readonly variables: readonly LoopVariable[];
  readonly reads: readonly CellAccess[];
  /** May any of the loops be entered first? (Additions commute.) */
  readonly anyOrder?: boolean;
  /** Never enter existing loops: draws are taken in row-major order. */
  readonly alone?: boolean;
  /** Each cell needs the earlier ones along the last variable. */
  readonly ascending?: boolean;
}

/** The items among which the placed statement goes, after those there. */
export function enterLoops(items: Item[], placement: Placement): Item[] {
  let pending = [...placement.variables];
  let current = items;
  while (pending.length > 0) {
    const found = placement.alone === true ? undefined : findLoop(current, pending, placement);
    if (found === undefined) {
      for (const variable of pending) current = newLoop(current, variable, { kind: "all" });
      return current;
    }
    pending = pending.filter((variable) => variable !== found.variable);
    current = found.loop.items;
  }
  return current;
}

export function newLoop(items: Item[], variable: LoopVariable, range: LoopRange): Item[] {
  const loop: Loop = { kind: "loop", variable, range, items: [] };
  items.push(loop);
  return loop.items;
}

/**
 * A reduction: `begin` before, `accumulate` within, `finish` after the loops over the reduced axes, sharing the
 * outermost of them where possible.
 */
export function placeReduction(
  items: Item[],
  placement: Placement,
  reduced: readonly LoopVariable[],
  parts: {
    readonly rule: string;
    readonly accumulator: Accumulator;
    readonly start: number;
    readonly function: UpdateFunction;
    readonly term: Term;
    readonly value: Value;
    readonly indices: readonly Index[];
  },
): void {
  const { rule, accumulator, term } = parts;
  const level = enterLoops(items, placement);
  const begin: Statement = { kind: "begin", rule, accumulator, term: { kind: "number", value: parts.start } };
  const accumulate: Statement = { kind: "accumulate", rule, accumulator, function: parts.function, term };
  const finish: Statement = {
    kind: "define",
    rule,
    value: parts.value,
    indices: parts.indices,
    term: { kind: "accumulator", accumulator },
  };
  const within = { variables: reduced, reads: readsOf(term), anyOrder: true };
  const found = findLoop(level, reduced, within);
  if (found === undefined) {
    level.push(begin);
    let inner = level;
    for (const variable of reduced) inner = newLoop(inner, variable, { kind: "all" });
    inner.push(accumulate);
    level.push(finish);
    return;
  }
  const rest = reduced.filter((variable) => variable !== found.variable);
  enterLoops(found.loop.items, { ...within, variables: rest }).push(accumulate);
  const position = level.indexOf(found.loop);
  level.splice(position, 0, begin);
  level.splice(position + 2, 0, finish);
}

function findLoop(
  items: readonly Item[],
  pending: readonly LoopVariable[],
  placement: Placement,
): { readonly loop: Loop; readonly variable: LoopVariable } | undefined {
  const last = lastDependency(items, placement.reads);
  for (let position = Math.max(last, 0); position < items.length; position++) {
    const item = items[position];
    if (item.kind !== "loop") continue;
    if (
      item.range.kind !== "all" &&
      item.range.kind !== "sweep" &&
      (item.range.kind !== "allDescending" || placement.ascending === true)
    )
      continue;
    const candidates = placement.anyOrder === true ? pending : pending.slice(0, 1);
    for (const variable of candidates) {
      if (!sameSize(variable.size, item.variable.size)) continue;
      const depends = position === last;
      if (depends ? readsOwnPlaceOnly(item, variable, placement.reads) : variable.axis === item.variable.axis) {
        variable.alias = resolve(item.variable);
        return { loop: item, variable };
      }
    }
  }
  return undefined;
}

function lastDependency(items: readonly Item[], reads: readonly CellAccess[]): number {
  const values = new Set(reads.map((read) => read.value));
  for (let position = items.length - 1; position >= 0; position--) {
    if (writesAny(items[position], values)) return position;
  }
  return -1;
}

function writesAny(item: Item, values: ReadonlySet<Value>): boolean {
  if (item.kind === "loop") return item.items.some((inner) => writesAny(inner, values));
  const written = writtenValue(item);
  return written !== undefined && values.has(written);
}

function readsOwnPlaceOnly(loop: Loop, variable: LoopVariable, reads: readonly CellAccess[]): boolean {
  const writes = statementsIn(loop.items).flatMap(statementWrites);
  const isVariable = (index: Index, wanted: LoopVariable): boolean =>
    index.kind === "variable" && resolve(index.variable) === resolve(wanted);
  return reads.every((read) =>
    writes
      .filter((write) => write.value === read.value)
      .every((write) =>
        write.indices.some((index, i) => isVariable(index, loop.variable) && isVariable(read.indices[i], variable)),
      ),
  );
}
