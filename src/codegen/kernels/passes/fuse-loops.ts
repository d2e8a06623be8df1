import type { KernelFunction, KernelLoop, KernelStatement } from "../kernel-ir.js";
import { keyOf, named, substitute } from "../polynomial.js";
import { expressionsOf, forEachExpression, forEachStatement, mapBodies, rewriteStatement } from "../walk-kernel.js";

/**
 * Loops over the same range that follow each other become one where the second neither reads what the first writes nor
 * writes what it reads: sums of what was computed for an outer product cost nothing beside it.
 */
export function fuseLoops(fn: KernelFunction): KernelFunction {
  return {
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: fused(fn, segment.body) } : segment,
    ),
  };
}

function fused(fn: KernelFunction, statements: readonly KernelStatement[]): readonly KernelStatement[] {
  const result: KernelStatement[] = [];
  for (const statement of statements.map((each) => mapBodies(each, (body) => fused(fn, body)))) {
    const before = result[result.length - 1];
    if (statement.kind === "for" && before?.kind === "for" && mayFuse(fn, before, statement)) {
      const renamed = statement.body.map((inner) =>
        rewriteStatement(inner, {
          expression: (expression) => expression,
          place: (place) => substitute(place, statement.variable, named(before.variable)),
          name: (name) => name,
        }),
      );
      result[result.length - 1] = { ...before, body: [...before.body, ...renamed] };
    } else result.push(statement);
  }
  return result;
}

function mayFuse(fn: KernelFunction, first: KernelLoop, second: KernelLoop): boolean {
  if (first.alone !== undefined || second.alone !== undefined || first.descending !== second.descending) return false;
  if (keyOf(first.from) !== keyOf(second.from) || keyOf(first.to) !== keyOf(second.to)) return false;
  if (!isSimple(first.body) || !isSimple(second.body)) return false;
  const [one, two] = [accessesOf(fn, first.body), accessesOf(fn, second.body)];
  return (
    isDisjoint(one.written, two.read) &&
    isDisjoint(one.written, two.written) &&
    isDisjoint(one.read, two.written) &&
    isDisjoint(one.added, two.read) &&
    isDisjoint(one.read, two.added) &&
    isDisjoint(one.declared, two.declared)
  );
}

/** Without picked positions, whose names are shared. */
function isSimple(statements: readonly KernelStatement[]): boolean {
  let simple = true;
  forEachStatement(statements, (statement) => {
    if (statement.kind === "ifPosition" || statement.kind === "ifAny") simple = false;
    for (const expression of expressionsOf(statement)) {
      forEachExpression(expression, (part) => {
        if (part.kind === "pick") simple = false;
      });
    }
  });
  return simple;
}

interface Accesses {
  readonly read: ReadonlySet<string>;
  readonly written: ReadonlySet<string>;
  /** Totals, to which is added in any order of cells. */
  readonly added: ReadonlySet<string>;
  readonly declared: ReadonlySet<string>;
}

/** Arrays, and scalars of the statements around. */
function accessesOf(fn: KernelFunction, statements: readonly KernelStatement[]): Accesses {
  const [read, written, added, declared] = [0, 1, 2, 3].map(() => new Set<string>());
  forEachStatement(statements, (statement) => {
    if (statement.kind === "declare" || statement.kind === "for")
      declared.add(statement.kind === "for" ? statement.variable : statement.name);
    if (statement.kind === "update") written.add(`scalar ${statement.name}`);
    if (statement.kind === "store") written.add(statement.array);
    if (statement.kind === "updateStore")
      (fn.arrays.get(statement.array)?.kind === "total" ? added : written).add(statement.array);
    for (const expression of expressionsOf(statement)) {
      forEachExpression(expression, (part) => {
        if (part.kind === "load") read.add(part.array);
        if (part.kind === "scalar") read.add(`scalar ${part.name}`);
      });
    }
  });
  return { read, written, added, declared };
}

function isDisjoint(one: ReadonlySet<string>, two: ReadonlySet<string>): boolean {
  return [...one].every((name) => !two.has(name));
}
