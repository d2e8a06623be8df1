import { vectors } from "../emission.js";
import type { KernelExpression, KernelFunction, KernelLoop, KernelStatement, Segment } from "../kernel-ir.js";
import type { Polynomial, VariableRange } from "../polynomial.js";
import {
  add,
  constant,
  isNeverZero,
  keyOf,
  linearIn,
  mentions,
  named,
  namesOf,
  subtract,
  substitute,
} from "../polynomial.js";
import { shapesOf } from "../shapes.js";
import { expressionsOf, forEachExpression, forEachStatement, mapBodies, rewriteStatement } from "../walk-kernel.js";

/**
 * Unroll and jam: two turns of a loop run side by side through its inner loop where the inner loop reads per-row cells
 * that both turns need. A cell is then loaded once for two uses: a substitution with a triangular matrix solves two
 * entries at once, an outer product adds two rows at once.
 */
export function jamLoops(fn: KernelFunction): KernelFunction {
  return {
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: new Jam(fn, segment).list(segment.body, []) } : segment,
    ),
  };
}

/** State of one segment's pass. */
class Jam {
  constructor(
    private readonly fn: KernelFunction,
    private readonly segment: Segment,
  ) {}

  list(statements: readonly KernelStatement[], outer: readonly KernelLoop[]): readonly KernelStatement[] {
    return statements.map((statement) => {
      if (statement.kind === "for") {
        const jammed = this.jammed(statement, outer);
        if (jammed !== undefined) return jammed;
      }
      const inside = statement.kind === "for" ? [...outer, statement] : outer;
      return mapBodies(statement, (body) => this.list(body, inside));
    });
  }

  private jammed(loop: KernelLoop, outer: readonly KernelLoop[]): KernelLoop | undefined {
    const position = loop.body.findIndex((statement) => statement.kind === "for");
    const inner = loop.body[position];
    if (inner === undefined || inner.kind !== "for" || inner.alone !== undefined || loop.alone !== undefined)
      return undefined;
    if (!loop.body.every((statement, i) => i === position || isPlain(statement))) return undefined;
    if (!inner.body.every(isPlain) || !this.sharesCells(loop, inner)) return undefined;
    const distance = loop.descending ? -1 : 1;
    const ranges = rangesFor(loop, inner, distance);
    if (ranges === undefined || this.picksOwn(loop, ranges.extra !== undefined)) return undefined;
    const second = copyStatements(loop, distance);
    const [before, after] = [loop.body.slice(0, position), loop.body.slice(position + 1)];
    const [before2, inner2, after2] = [second.slice(0, position), second[position], second.slice(position + 1)];
    if (inner2.kind !== "for") throw new Error("jam: a copy of a loop is a loop");
    const conflicts = new Conflicts(this.fn, [...outer, loop], inner);
    if (
      conflicts.between([...inner.body, ...after], before2) ||
      conflicts.between([...inner.body, ...after], inner2.body)
    ) {
      return undefined;
    }
    const renamed = inner2.body.map((statement) =>
      substituteVariable(statement, inner2.variable, named(inner.variable)),
    );
    const turn = (body: readonly KernelStatement[], variable: string, place: Polynomial, suffix: string) =>
      body.map((statement) => renameScalars(substituteVariable(statement, variable, place), declaredIn(body), suffix));
    const extra = ranges.extra === undefined ? [] : turn(inner2.body, inner2.variable, ranges.extra, " extra");
    const fused: KernelLoop = { ...inner, from: ranges.from, to: ranges.to, body: [...inner.body, ...renamed] };
    if (registersOf(this.fn, this.segment, fused) > registers) return undefined;
    return {
      ...loop,
      body: [...before, ...before2, fused, ...after, ...extra, ...after2],
      alone: loop.body.map((statement) => renameScalars(statement, declaredIn(loop.body), " alone")),
    };
  }

  /** May its picked positions not be shared by two turns? They may if both turns pick the same. */
  private picksOwn(loop: KernelLoop, hasExtra: boolean): boolean {
    const declared = declaredIn(loop.body);
    let found = false;
    const check = (index: Polynomial): void => {
      for (const name of namesOf(index)) if (this.fn.positions.has(name) && hasExtra) found = true;
    };
    forEachStatement(loop.body, (statement) => {
      if (statement.kind === "store" || statement.kind === "updateStore") check(statement.index);
      for (const expression of expressionsOf(statement)) {
        forEachExpression(expression, (part) => {
          if (part.kind === "load") check(part.index);
          if (part.kind !== "pick") return;
          forEachExpression(part.position, (inner) => {
            if (inner.kind === "scalar" && declared.has(inner.name)) found = true;
            if ((inner.kind === "load" || inner.kind === "fromIndex") && mentions(inner.index, loop.variable))
              found = true;
          });
        });
      }
    });
    return found;
  }

  /** Does the inner loop read per-row cells that do not depend on the outer loop? */
  private sharesCells(loop: KernelLoop, inner: KernelLoop): boolean {
    let found = false;
    forEachStatement(inner.body, (statement) => {
      for (const expression of expressionsOf(statement)) {
        forEachExpression(expression, (part) => {
          if (part.kind !== "load" || mentions(part.index, loop.variable)) return;
          const kind = this.fn.arrays.get(part.array)?.kind;
          if (kind === "varying" || kind === "rowInput" || kind === "kept") found = true;
        });
      }
    });
    return found;
  }
}

/** Ends the names of what the second turn has for itself. */
const secondTurn = " next";

/** Vector registers of x86-64, but for one that engines keep for themselves. */
const registers = 15;

/**
 * Registers that a turn of a loop takes. Engines load all that a turn reads before they compute: what it reads, what it
 * updates and what stays the same are in registers at once, and one intermediate result.
 */
function registersOf(fn: KernelFunction, segment: Segment, loop: KernelLoop): number {
  const shapes = shapesOf(fn, segment);
  const own = declaredIn(loop.body);
  const held = new Map<string, number>();
  const hold = (part: KernelExpression): void => {
    if (part.kind === "scalar" && !own.has(part.name)) {
      const first = part.name.endsWith(secondTurn) ? part.name.slice(0, -secondTurn.length) : part.name;
      held.set(part.name, shapes.isVaryingScalar(first) ? vectors : 1);
    }
    if (part.kind === "load") {
      held.set(`${part.array} ${keyOf(part.index)}`, shapes.isVarying(part) ? vectors : 1);
    }
  };
  forEachStatement(loop.body, (statement) => {
    for (const expression of expressionsOf(statement)) forEachExpression(expression, hold);
    if (statement.kind === "update") hold({ kind: "scalar", name: statement.name });
    if (statement.kind === "updateStore") held.set(`${statement.array} ${keyOf(statement.index)}`, 1);
  });
  return [...held.values()].reduce((sum, count) => sum + count, 1);
}

function isPlain(statement: KernelStatement): boolean {
  return (
    statement.kind === "comment" ||
    statement.kind === "declare" ||
    statement.kind === "update" ||
    statement.kind === "store" ||
    statement.kind === "updateStore"
  );
}

/** The turns of the inner loop that both copies make, and the one more that the second makes. */
interface TurnRanges {
  readonly from: Polynomial;
  readonly to: Polynomial;
  readonly extra?: Polynomial;
}

function rangesFor(loop: KernelLoop, inner: KernelLoop, distance: 1 | -1): TurnRanges | undefined {
  if (inner.descending) return undefined;
  const slopes = [inner.from, inner.to].map((bound) => linearIn(bound, loop.variable)?.slope);
  if (slopes.some((slope) => slope === undefined)) return undefined;
  const [from, to] = slopes.map((slope) => keyOf(slope as Polynomial));
  const one = keyOf(constant(1));
  if (from === "" && to === "") return { from: inner.from, to: inner.to };
  if (from === "" && to === one && distance === 1) {
    return { from: inner.from, to: inner.to, extra: inner.to };
  }
  if (from === one && to === "" && distance === -1) {
    return { from: inner.from, to: inner.to, extra: subtract(inner.from, constant(1)) };
  }
  return undefined;
}

function declaredIn(statements: readonly KernelStatement[]): ReadonlySet<string> {
  const declared = new Set<string>();
  forEachStatement(statements, (statement) => {
    if (statement.kind === "declare") declared.add(statement.name);
    if (statement.kind === "for") declared.add(statement.variable);
  });
  return declared;
}

function renameScalars(statement: KernelStatement, declared: ReadonlySet<string>, suffix: string): KernelStatement {
  return rewriteStatement(statement, {
    expression: (expression) => expression,
    place: (place) => place,
    name: (name) => (declared.has(name) ? `${name}${suffix}` : name),
  });
}

function substituteVariable(statement: KernelStatement, variable: string, value: Polynomial): KernelStatement {
  return rewriteStatement(statement, {
    expression: (expression) => expression,
    place: (place) => substitute(place, variable, value),
    name: (name) => name,
  });
}

/** The body's next turn. */
function copyStatements(loop: KernelLoop, distance: 1 | -1): readonly KernelStatement[] {
  const declared = declaredIn(loop.body);
  const next = add(named(loop.variable), constant(distance));
  return loop.body.map((statement) => {
    const copy = renameScalars(substituteVariable(statement, loop.variable, next), declared, secondTurn);
    if (copy.kind !== "for") return copy;
    const variable = `${copy.variable}${secondTurn}`;
    const body = copy.body.map((one) => substituteVariable(one, copy.variable, named(variable)));
    return { ...copy, variable, body };
  });
}

interface Access {
  readonly array: string;
  readonly index: Polynomial;
  readonly kind: "read" | "write" | "add";
}

/** May two lists of statements not change places? */
class Conflicts {
  private readonly ranges: readonly VariableRange[];

  constructor(
    private readonly fn: KernelFunction,
    outer: readonly KernelLoop[],
    inner: KernelLoop,
  ) {
    // The second copy's inner variable stays in the range of the turns that are moved.
    const next = { variable: `${inner.variable}${secondTurn}`, from: inner.from, to: inner.to };
    this.ranges = [...outer, inner, next].map(({ variable, from, to }) => ({ variable, from, to }));
  }

  between(first: readonly KernelStatement[], second: readonly KernelStatement[]): boolean {
    const [one, two] = [first, second].map((statements) => this.accesses(statements));
    const clash = one.some((a) => two.some((b) => this.clash(a, b)));
    return clash || this.scalarsClash(first, second);
  }

  private clash(a: Access, b: Access): boolean {
    if (a.array !== b.array || (a.kind === "read" && b.kind === "read") || (a.kind === "add" && b.kind === "add")) {
      return false;
    }
    return !isNeverZero(subtract(b.index, a.index), this.ranges);
  }

  private scalarsClash(first: readonly KernelStatement[], second: readonly KernelStatement[]): boolean {
    const own = declaredIn(first);
    const updated = new Set<string>();
    const read = (statements: readonly KernelStatement[]): ReadonlySet<string> => {
      const names = new Set<string>();
      forEachStatement(statements, (statement) => {
        for (const expression of expressionsOf(statement)) {
          forEachExpression(expression, (part: KernelExpression) => {
            if (part.kind === "scalar") names.add(part.name);
          });
        }
      });
      return names;
    };
    const [firstReads, secondReads] = [read(first), read(second)];
    for (const statements of [first, second]) {
      forEachStatement(statements, (statement) => {
        if (statement.kind === "update" && !own.has(statement.name)) updated.add(statement.name);
      });
    }
    return [...updated].some((name) => firstReads.has(name) && secondReads.has(name));
  }

  private accesses(statements: readonly KernelStatement[]): readonly Access[] {
    const accesses: Access[] = [];
    forEachStatement(statements, (statement) => {
      if (statement.kind === "store") accesses.push({ array: statement.array, index: statement.index, kind: "write" });
      if (statement.kind === "updateStore")
        accesses.push({ array: statement.array, index: statement.index, kind: "add" });
      for (const expression of expressionsOf(statement)) {
        forEachExpression(expression, (part) => {
          if (part.kind === "load") accesses.push({ array: part.array, index: part.index, kind: "read" });
        });
      }
    });
    return accesses.filter(({ array }) => this.fn.arrays.get(array)?.kind !== "input");
  }
}
