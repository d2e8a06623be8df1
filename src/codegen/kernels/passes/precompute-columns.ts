import { keyOfExpression } from "../expression-key.js";
import type { KernelArray, KernelExpression, KernelFunction, KernelLoop, KernelStatement } from "../kernel-ir.js";
import { namesOf } from "../polynomial.js";
import { forEachExpression, mapBodies, mapExpressions, mapOperands } from "../walk-kernel.js";
import { inNest, nestOver } from "./loop-nest.js";

/**
 * What takes long and depends on the data alone, such as log Gamma of a count, is computed once per data set, not once per
 * iteration: it becomes a column of its own.
 */
export function precomputeColumns(fn: KernelFunction): KernelFunction {
  const precomputation = new Precomputation(fn);
  const segments = fn.segments.map((segment) =>
    segment.kind === "rows" ? { ...segment, body: precomputation.rewrite(segment.body, []) } : segment,
  );
  if (precomputation.statements.length === 0) return fn;
  return { ...fn, segments, arrays: precomputation.arrays, columns: precomputation.statements };
}

/** State of one function's pass. */
class Precomputation {
  readonly arrays: Map<string, KernelArray>;
  readonly statements: KernelStatement[] = [];
  private readonly known = new Map<string, string>();

  constructor(private readonly fn: KernelFunction) {
    this.arrays = new Map(fn.arrays);
  }

  rewrite(statements: readonly KernelStatement[], loops: readonly KernelLoop[]): readonly KernelStatement[] {
    return statements.map((statement) => {
      const inside = statement.kind === "for" ? [...loops, statement] : loops;
      const own = mapExpressions(statement, (expression) => this.replaced(expression, loops));
      return mapBodies(own, (body) => this.rewrite(body, inside));
    });
  }

  /** Largest expressions first. */
  private replaced(expression: KernelExpression, loops: readonly KernelLoop[]): KernelExpression {
    if (this.isOfData(expression) && isSlow(expression)) {
      const column = this.column(expression, loops);
      if (column !== undefined) return column;
    }
    return mapOperands(expression, (operand) => this.replaced(operand, loops));
  }

  private column(value: KernelExpression, loops: readonly KernelLoop[]): KernelExpression | undefined {
    const needed = new Set<string>();
    forEachExpression(value, (part) => {
      if (part.kind === "load") for (const name of namesOf(part.index)) needed.add(name);
    });
    const nest = nestOver(needed, loops);
    if (nest === undefined) return undefined;
    const key = `${keyOfExpression(value)} ${nest.loops.map((loop) => loop.variable).join()}`;
    let array = this.known.get(key);
    if (array === undefined) {
      array = `column ${this.known.size + 1}`;
      this.known.set(key, array);
      this.arrays.set(array, { kind: "rowInput", source: "derived", name: array, key: array, width: nest.length });
      const store: KernelStatement = {
        kind: "store",
        array,
        index: nest.index,
        // As in all data, there is 0 in lanes without a row.
        value: { kind: "masked", operand: value },
      };
      this.statements.push(inNest(nest, store));
    }
    return { kind: "load", array, index: nest.index };
  }

  private isOfData(expression: KernelExpression): boolean {
    let isOfData = true;
    forEachExpression(expression, (part) => {
      switch (part.kind) {
        case "load": {
          const array = this.fn.arrays.get(part.array);
          const hasPosition = [...namesOf(part.index)].some((name) => this.fn.positions.has(name));
          if (array?.kind !== "rowInput" || array.source !== "data" || hasPosition) isOfData = false;
          return;
        }
        case "scalar":
        case "fromIndex":
        case "pick":
        case "masked":
          isOfData = false;
          return;
        case "number":
        case "unary":
        case "binary":
        case "select":
          return;
      }
    });
    return isOfData;
  }
}

/** Longer than loading another column. */
function isSlow(expression: KernelExpression): boolean {
  let isSlowPart = false;
  let loads = 0;
  forEachExpression(expression, (part) => {
    if (part.kind === "load") loads += 1;
    if (part.kind === "binary" && part.function === "power") isSlowPart = true;
    if (part.kind === "unary") isSlowPart ||= !quickFunctions.has(part.function);
  });
  return isSlowPart && loads > 0;
}

const quickFunctions: ReadonlySet<string> = new Set([
  "negate",
  "sqrt",
  "square",
  "reciprocal",
  "abs",
  "sign",
  "relu",
  "leakyRelu",
  "step",
  "isPresent",
  "presentOrZero",
]);
