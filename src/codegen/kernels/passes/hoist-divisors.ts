import { keyOfExpression } from "../expression-key.js";
import type {
  KernelArray,
  KernelExpression,
  KernelFunction,
  KernelLoop,
  KernelStatement,
  Segment,
} from "../kernel-ir.js";
import { namesOf } from "../polynomial.js";
import type { LoopNest } from "./loop-nest.js";
import { inNest, nestOver } from "./loop-nest.js";
import { shapesOf } from "../shapes.js";
import { forEachExpression, forEachStatement, mapBodies, mapExpressions, rewriteExpression } from "../walk-kernel.js";

/**
 * A division per row by something that does not depend on the row becomes a multiplication by its reciprocal, which is
 * computed once before the rows; a division by a number of the row that an inner loop does not change, by a reciprocal
 * computed once per row. Costs at most one rounding; not in a sweep, whose steps hand it on to the next, where motion that
 * explodes makes it grow.
 */
export function hoistDivisors(fn: KernelFunction): KernelFunction {
  if (fn.sweep !== undefined) return fn;
  const segments: Segment[] = [];
  const arrays = new Map(fn.arrays);
  for (const segment of fn.segments) {
    if (segment.kind === "once") {
      segments.push(segment);
      continue;
    }
    const hoisting = new Hoisting(fn, segment, arrays);
    const body = hoisting.rewrite(segment.body, []);
    const before = segments.pop();
    if (before === undefined) throw new Error(`kernel ${fn.name}: rows come first`);
    segments.push({ ...before, body: [...before.body, ...hoisting.prepared] });
    segments.push({ ...segment, body: invertOutsideLoops(fn, { ...segment, body }) });
  }
  return { ...fn, arrays, segments };
}

/** State of one segment's pass. */
class Hoisting {
  readonly prepared: KernelStatement[] = [];
  private readonly known = new Map<string, string>();
  private readonly shapes;

  constructor(
    private readonly fn: KernelFunction,
    segment: Segment,
    private readonly arrays: Map<string, KernelArray>,
  ) {
    this.shapes = shapesOf(fn, segment);
  }

  rewrite(statements: readonly KernelStatement[], loops: readonly KernelLoop[]): readonly KernelStatement[] {
    return statements.map((statement) => {
      const inside = statement.kind === "for" ? [...loops, statement] : loops;
      const own = mapExpressions(statement, (expression) =>
        rewriteExpression(expression, (part) => this.replaced(part, loops)),
      );
      return mapBodies(own, (body) => this.rewrite(body, inside));
    });
  }

  private replaced(part: KernelExpression, loops: readonly KernelLoop[]): KernelExpression {
    if (part.kind !== "binary" || part.function !== "divide" || part.right.kind === "number") return part;
    if (!this.shapes.isVarying(part.left) || this.shapes.isVarying(part.right)) return part;
    const reciprocal = this.reciprocal(part.right, loops);
    return reciprocal === undefined
      ? part
      : { kind: "binary", function: "multiply", left: part.left, right: reciprocal };
  }

  private reciprocal(divisor: KernelExpression, loops: readonly KernelLoop[]): KernelExpression | undefined {
    const needed = new Set<string>();
    let isMovable = true;
    forEachExpression(divisor, (part) => {
      if (part.kind === "scalar" || part.kind === "pick" || part.kind === "masked") isMovable = false;
      if (part.kind === "load" || part.kind === "fromIndex") for (const name of namesOf(part.index)) needed.add(name);
    });
    if (!isMovable || [...needed].some((name) => this.fn.positions.has(name))) return undefined;
    const nest = nestOver(needed, loops);
    return nest === undefined ? undefined : { kind: "load", array: this.store(divisor, nest), index: nest.index };
  }

  private store(divisor: KernelExpression, nest: LoopNest): string {
    const key = `${keyOfExpression(divisor)} ${nest.loops.map((loop) => loop.variable).join()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const base = divisor.kind === "load" ? `${divisor.array} reciprocal` : "reciprocal";
    let name = base;
    for (let count = 2; this.arrays.has(name); count++) name = `${base} ${count}`;
    this.known.set(key, name);
    this.arrays.set(name, { kind: "uniform", name, length: nest.length });
    const value: KernelExpression = { kind: "unary", function: "reciprocal", operand: divisor };
    this.prepared.push(inNest(nest, { kind: "store", array: name, index: nest.index, value }));
    return name;
  }
}

/** Reciprocals of scalars that are divided by in loops inside those they are declared in. */
function invertOutsideLoops(fn: KernelFunction, segment: Segment): readonly KernelStatement[] {
  const { isVaryingScalar } = shapesOf(fn, segment);
  const depths = new Map<string, number>();
  forEachStatement(segment.body, (statement, loops) => {
    if (statement.kind === "declare" && !statement.mutable) depths.set(statement.name, loops.length);
  });
  const inverted = new Set<string>();
  const nameOf = (name: string): string => `${name} reciprocal`;
  const replace = (statements: readonly KernelStatement[], depth: number): readonly KernelStatement[] =>
    statements.map((statement) => {
      const own = mapExpressions(statement, (expression) =>
        rewriteExpression(expression, (part) => {
          if (part.kind !== "binary" || part.function !== "divide" || part.right.kind !== "scalar") return part;
          const { name } = part.right;
          if (!isVaryingScalar(name) || (depths.get(name) ?? depth) >= depth) return part;
          inverted.add(name);
          return {
            kind: "binary",
            function: "multiply",
            left: part.left,
            right: { kind: "scalar", name: nameOf(name) },
          };
        }),
      );
      return mapBodies(own, (body) => replace(body, statement.kind === "for" ? depth + 1 : depth));
    });
  const replaced = replace(segment.body, 0);
  const declare = (statements: readonly KernelStatement[]): readonly KernelStatement[] =>
    statements.flatMap((statement): readonly KernelStatement[] => {
      const inner = mapBodies(statement, declare);
      if (inner.kind !== "declare" || !inverted.has(inner.name)) return [inner];
      return [
        inner,
        {
          kind: "declare",
          name: nameOf(inner.name),
          value: { kind: "unary", function: "reciprocal", operand: { kind: "scalar", name: inner.name } },
          mutable: false,
        },
      ];
    });
  return declare(replaced);
}
