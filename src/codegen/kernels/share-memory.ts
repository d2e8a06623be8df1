import type { KernelArray, KernelExpression, KernelFunction, KernelStatement, Segment } from "./kernel-ir.js";
import { NotAKernelError } from "./kernel-ir.js";
import { constant, zero } from "./polynomial.js";
import {
  expressionsOf,
  forEachExpression,
  forEachStatement,
  rewriteExpression,
  mapBodies,
  mapExpressions,
} from "./walk-kernel.js";

/**
 * Sorts memory: what a pass over rows defines is per row (`varying`), what it only adds to is a `total` of
 * each shard whose lanes are collected afterwards, and scalars that outlive their segment become arrays of one cell.
 */
export function shareMemory(fn: KernelFunction): KernelFunction {
  return sortArrays(scalarsToArrays(fn));
}

function scalarsToArrays(fn: KernelFunction): KernelFunction {
  const usedIn = new Map<string, Set<number>>();
  const note = (name: string, segment: number): void => {
    const known = usedIn.get(name) ?? new Set();
    usedIn.set(name, known.add(segment));
  };
  fn.segments.forEach(({ body }, segment) => {
    forEachStatement(body, (statement) => {
      if (statement.kind === "declare" || statement.kind === "update") note(statement.name, segment);
      for (const expression of expressionsOf(statement)) {
        forEachExpression(expression, (part) => {
          if (part.kind === "scalar") note(part.name, segment);
        });
      }
    });
  });
  const kept = new Set([...usedIn].filter(([, segments]) => segments.size > 1).map(([name]) => name));
  if (kept.size === 0) return fn;
  const arrayOf = (name: string): string => `${name} kept`;
  const value = (expression: KernelExpression): KernelExpression =>
    rewriteExpression(expression, (part) =>
      part.kind === "scalar" && kept.has(part.name) ? { kind: "load", array: arrayOf(part.name), index: zero } : part,
    );
  const rewrite = (statements: readonly KernelStatement[]): readonly KernelStatement[] =>
    statements.map((statement): KernelStatement => {
      const inner = mapBodies(mapExpressions(statement, value), rewrite);
      if (inner.kind === "declare" && kept.has(inner.name)) {
        return { kind: "store", array: arrayOf(inner.name), index: zero, value: inner.value };
      }
      if (inner.kind === "update" && kept.has(inner.name)) {
        return {
          kind: "updateStore",
          array: arrayOf(inner.name),
          index: zero,
          function: inner.function,
          value: inner.value,
        };
      }
      return inner;
    });
  const arrays = new Map<string, KernelArray>(fn.arrays);
  for (const name of kept) {
    arrays.set(arrayOf(name), { kind: "uniform", name: arrayOf(name), length: constant(1) });
  }
  return {
    ...fn,
    arrays,
    positions: new Map([...fn.positions].map(([name, position]) => [name, value(position)])),
    segments: fn.segments.map((segment) => ({ ...segment, body: rewrite(segment.body) })),
  };
}

interface Uses {
  readonly stored: Set<string>;
  readonly added: Map<string, "add" | "maximum">;
  readonly loaded: Set<string>;
}

function usesOf(fn: KernelFunction, body: readonly KernelStatement[]): Uses {
  const uses: Uses = { stored: new Set(), added: new Map(), loaded: new Set() };
  forEachStatement(body, (statement) => {
    if (statement.kind === "store") uses.stored.add(statement.array);
    if (statement.kind === "updateStore") {
      uses.added.set(statement.array, statement.function === "maximum" ? "maximum" : "add");
    }
    const visit = (part: KernelExpression): void => {
      if (part.kind === "load") uses.loaded.add(part.array);
    };
    for (const expression of expressionsOf(statement)) forEachExpression(expression, visit);
  });
  for (const position of fn.positions.values()) {
    forEachExpression(position, (part) => part.kind === "load" && uses.loaded.add(part.array));
  }
  return uses;
}

function sortArrays(fn: KernelFunction): KernelFunction {
  const arrays = new Map(fn.arrays);
  const segments: Segment[] = [];
  const clears: KernelStatement[] = [];
  for (const segment of fn.segments) {
    if (segment.kind === "once") {
      segments.push(segment);
      continue;
    }
    const [clear, collect]: [KernelStatement[], KernelStatement[]] = [[], []];
    const uses = usesOf(fn, segment.body);
    const renamed = new Map<string, string>();
    for (const [name, combine] of uses.added) {
      const array = arrays.get(name);
      if (array === undefined || array.kind !== "uniform" || uses.stored.has(name)) continue;
      if (uses.loaded.has(name)) throw new NotAKernelError(fn.name, `${name} is read while it is added up`);
      const total = `${name} lanes`;
      renamed.set(name, total);
      arrays.set(total, { kind: "total", name: total, length: array.length, collected: name, function: combine });
      clears.push({ kind: "clear", array: name, value: 0 });
      clear.push({ kind: "clear", array: total, value: combine === "maximum" ? -1 : 0 });
      collect.push({ kind: "collect", total });
    }
    for (const name of uses.stored) {
      const array = arrays.get(name);
      if (array?.kind === "uniform") arrays.set(name, { kind: "varying", name, length: array.length });
    }
    const rename = (statements: readonly KernelStatement[]): readonly KernelStatement[] =>
      statements.map((statement) => {
        const inner = mapBodies(statement, rename);
        return inner.kind === "updateStore" ? { ...inner, array: renamed.get(inner.array) ?? inner.array } : inner;
      });
    const totals = collect.length === 0 ? {} : { totals: { clear, collect } };
    segments.push({ ...segment, body: rename(segment.body), ...totals });
  }
  for (const segment of segments) {
    if (segment.kind === "rows") continue;
    const uses = usesOf({ ...fn, positions: new Map() }, segment.body);
    for (const name of [...uses.stored, ...uses.added.keys(), ...uses.loaded]) {
      if (arrays.get(name)?.kind === "varying") throw new NotAKernelError(fn.name, `${name} is used outside the rows`);
    }
  }
  const [first, ...rest] = segments;
  return { ...fn, arrays, segments: [{ ...first, body: [...clears, ...first.body] }, ...rest] };
}
