import type { KernelExpression, KernelFunction, Segment } from "./kernel-ir.js";
import { rowName } from "./kernel-ir.js";
import { namesOf } from "./polynomial.js";
import { forEachStatement } from "./walk-kernel.js";

/** Which values of a segment differ from lane to lane. */
export interface Shapes {
  isVarying(expression: KernelExpression): boolean;
  isVaryingScalar(name: string): boolean;
}

export function shapesOf(fn: KernelFunction, segment: Segment): Shapes {
  const varying = new Set<string>();
  const isVaryingArray = (name: string): boolean => {
    const kind = fn.arrays.get(name)?.kind;
    return kind === "rowInput" || kind === "varying" || kind === "rowOutput" || kind === "kept";
  };
  const isVarying = (expression: KernelExpression): boolean => {
    switch (expression.kind) {
      case "number":
        return false;
      case "scalar":
        return varying.has(expression.name);
      case "load":
        return isVaryingArray(expression.array) || hasVaryingPosition(expression.index);
      case "fromIndex":
        return namesOf(expression.index).has(rowName) || hasVaryingPosition(expression.index);
      case "unary":
        return isVarying(expression.operand);
      case "binary":
        return isVarying(expression.left) || isVarying(expression.right);
      case "select":
        return isVarying(expression.condition) || isVarying(expression.whenTrue) || isVarying(expression.whenFalse);
      case "pick":
        return isVarying(expression.position) || isVarying(expression.entry);
      case "masked":
        return true;
    }
  };
  const hasVaryingPosition = (index: ReadonlyMap<string, number>): boolean =>
    [...namesOf(index)].some((name) => {
      const position = fn.positions.get(name);
      return position !== undefined && isVarying(position);
    });
  if (segment.kind === "rows") {
    // A scalar that is updated with something varying is varying: once more until nothing changes.
    for (let known = -1; known !== varying.size;) {
      known = varying.size;
      forEachStatement(segment.body, (statement) => {
        if ((statement.kind === "declare" || statement.kind === "update") && isVarying(statement.value)) {
          varying.add(statement.name);
        }
      });
    }
  }
  return { isVarying, isVaryingScalar: (name) => varying.has(name) };
}
