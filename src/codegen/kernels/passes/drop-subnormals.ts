import type { KernelExpression, KernelFunction, KernelStatement } from "../kernel-ir.js";
import { forEachStatement, mapBodies, mapExpressions, rewriteExpression } from "../walk-kernel.js";

/**
 * exp(a - shift), where the shift is the largest of all a, is 0 where it is below 2^-1022: such a term changes no sum of
 * exponentials, one of which is 1, but arithmetic with subnormal numbers takes a hundred times as long.
 *
 * The shift is recognised by what it is made as: the largest where that is finite, else 0. A positive difference is then
 * possible only next to an infinite one.
 */
export function dropSubnormals(fn: KernelFunction): KernelFunction {
  return {
    ...fn,
    segments: fn.segments.map((segment) => {
      if (segment.kind === "once") return segment;
      const scalars = new Set<string>();
      const stored = new Map<string, boolean>();
      forEachStatement(segment.body, (statement) => {
        if (statement.kind === "declare" && !statement.mutable && isShift(statement.value)) scalars.add(statement.name);
        if (statement.kind === "store") {
          stored.set(statement.array, (stored.get(statement.array) ?? true) && isShift(statement.value));
        }
        if (statement.kind === "updateStore") stored.set(statement.array, false);
      });
      const isShifted = (expression: KernelExpression): boolean => {
        if (expression.kind !== "binary" || expression.function !== "subtract") return false;
        const { right } = expression;
        if (right.kind === "scalar") return scalars.has(right.name);
        return right.kind === "load" && stored.get(right.array) === true;
      };
      const rewrite = (statements: readonly KernelStatement[]): readonly KernelStatement[] =>
        statements.map((statement) =>
          mapBodies(
            mapExpressions(statement, (expression) =>
              rewriteExpression(expression, (part) =>
                part.kind === "unary" && part.function === "exp" && isShifted(part.operand)
                  ? { ...part, function: "expOrZero" }
                  : part,
              ),
            ),
            rewrite,
          ),
        );
      return { ...segment, body: rewrite(segment.body) };
    }),
  };
}

function isShift(value: KernelExpression): boolean {
  if (value.kind !== "select" || value.whenFalse.kind !== "number" || value.whenFalse.value !== 0) return false;
  const { condition } = value;
  return (
    condition.kind === "binary" &&
    condition.function === "lessEqual" &&
    condition.left.kind === "unary" &&
    condition.left.function === "abs" &&
    condition.right.kind === "number" &&
    condition.right.value === Number.MAX_VALUE
  );
}
