import type { KernelExpression, KernelFunction, KernelLoop, KernelStatement, Segment } from "../kernel-ir.js";
import type { Polynomial } from "../polynomial.js";
import { keyOf, linearIn, namesOf, named, subtract, substitute } from "../polynomial.js";
import {
  expressionsOf,
  forEachExpression,
  forEachStatement,
  mapBodies,
  mapExpressions,
  rewriteExpression,
} from "../walk-kernel.js";

/** Most operations that are done again rather than remembered. */
const mostOperations = 4;

/**
 * Per-row memory whose cells are cheap to compute from the data, and are each read once per reader, is not kept: they are
 * computed again where they are read. The rows of a group then fit the fastest cache whatever the sizes.
 */
export function recomputeCells(fn: KernelFunction): KernelFunction {
  let arrays = fn.arrays;
  const segments = fn.segments.map((segment) => {
    if (segment.kind === "once") return segment;
    let body = segment.body;
    for (const [name, array] of fn.arrays) {
      if (array.kind !== "varying") continue;
      const without = withoutArray(fn, body, name);
      if (without === undefined) continue;
      body = without;
      arrays = new Map([...arrays].filter(([other]) => other !== name));
    }
    return { ...segment, body };
  });
  return { ...fn, arrays, segments: segments as readonly Segment[] };
}

interface Definition {
  readonly index: Polynomial;
  readonly value: KernelExpression;
  readonly loops: readonly KernelLoop[];
}

function withoutArray(
  fn: KernelFunction,
  body: readonly KernelStatement[],
  name: string,
): readonly KernelStatement[] | undefined {
  const definitions: Definition[] = [];
  let isOnlyStored = true;
  forEachStatement(body, (statement, loops) => {
    if (statement.kind === "store" && statement.array === name) {
      definitions.push({ index: statement.index, value: statement.value, loops });
    }
    if (statement.kind === "updateStore" && statement.array === name) isOnlyStored = false;
    if (statement.kind === "ifPosition" || statement.kind === "ifAny") {
      forEachStatement(statement.body, (inner) => {
        if (inner.kind === "store" && inner.array === name) isOnlyStored = false;
      });
    }
  });
  const [definition] = definitions;
  if (!isOnlyStored || definitions.length !== 1 || !isCheap(fn, definition.value)) return undefined;
  let isPossible = true;
  forEachStatement(body, (statement, loops) => {
    for (const expression of expressionsOf(statement)) {
      forEachExpression(expression, (part) => {
        if (part.kind !== "load" || part.array !== name) return;
        if (substitutions(definition, part.index, loops) === undefined) isPossible = false;
      });
    }
  });
  if (!isPossible) return undefined;
  const rewrite = (statements: readonly KernelStatement[], loops: readonly KernelLoop[]): readonly KernelStatement[] =>
    statements.flatMap((statement): readonly KernelStatement[] => {
      if (statement.kind === "store" && statement.array === name) return [];
      const own = mapExpressions(statement, (expression) =>
        rewriteExpression(expression, (part) => {
          if (part.kind !== "load" || part.array !== name) return part;
          return moved(definition.value, substitutions(definition, part.index, loops) ?? new Map());
        }),
      );
      return [mapBodies(own, (inner) => rewrite(inner, statement.kind === "for" ? [...loops, statement] : loops))];
    });
  return rewrite(body, []);
}

/** A few additions and multiplications of data and of what is the same for all rows. */
function isCheap(fn: KernelFunction, value: KernelExpression): boolean {
  let operations = 0;
  let isPlain = true;
  forEachExpression(value, (part) => {
    switch (part.kind) {
      case "number":
        return;
      case "load": {
        const kind = fn.arrays.get(part.array)?.kind;
        const hasPosition = [...namesOf(part.index)].some((name) => fn.positions.has(name));
        if ((kind !== "rowInput" && kind !== "input" && kind !== "uniform") || hasPosition) isPlain = false;
        return;
      }
      case "binary":
        operations += 1;
        if (part.function !== "add" && part.function !== "subtract" && part.function !== "multiply") isPlain = false;
        return;
      case "unary":
        operations += 1;
        if (part.function !== "negate" && part.function !== "square") isPlain = false;
        return;
      case "scalar":
      case "fromIndex":
      case "select":
      case "pick":
      case "masked":
        isPlain = false;
        return;
    }
  });
  return isPlain && operations <= mostOperations;
}

/** Loop variables of the definition → those of a reader whose loops are no others than these. */
function substitutions(
  { index, loops }: Definition,
  read: Polynomial,
  around: readonly KernelLoop[],
): ReadonlyMap<string, string> | undefined {
  if (around.length !== loops.length) return undefined;
  const found = new Map<string, string>();
  for (const loop of loops) {
    const slope = linearIn(index, loop.variable)?.slope;
    if (slope === undefined || slope.size === 0) return undefined;
    const matches = around.filter((candidate) => {
      const own = linearIn(read, candidate.variable)?.slope;
      return own !== undefined && keyOf(own) === keyOf(slope);
    });
    if (matches.length !== 1) return undefined;
    const [match] = matches;
    const hasSameRange = [subtract(match.to, loop.to), subtract(match.from, loop.from)].every(({ size }) => size === 0);
    if (!hasSameRange) return undefined;
    found.set(loop.variable, match.variable);
  }
  const expected = [...found].reduce((place, [from, to]) => substitute(place, from, named(to)), index);
  return subtract(expected, read).size === 0 ? found : undefined;
}

function moved(value: KernelExpression, variables: ReadonlyMap<string, string>): KernelExpression {
  return rewriteExpression(value, (part) => {
    if (part.kind !== "load") return part;
    const index = [...variables].reduce((place, [from, to]) => substitute(place, from, named(to)), part.index);
    return { ...part, index };
  });
}
