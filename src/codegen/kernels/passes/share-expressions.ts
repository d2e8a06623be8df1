import { keyOfExpression } from "../expression-key.js";
import type { KernelExpression, KernelFunction, KernelStatement } from "../kernel-ir.js";
import { shapesOf } from "../shapes.js";
import {
  bodiesOf,
  expressionsOf,
  forEachExpression,
  forEachStatement,
  mapBodies,
  mapExpressions,
  mapOperands,
} from "../walk-kernel.js";

/** Within a list of statements, what is computed twice per row is computed once. */
export function shareExpressions(fn: KernelFunction): KernelFunction {
  const names = new Set<string>();
  return {
    ...fn,
    segments: fn.segments.map((segment) => {
      if (segment.kind === "once") return segment;
      const { isVarying } = shapesOf(fn, segment);
      const mutable = new Set<string>();
      forEachStatement(segment.body, (statement) => {
        if (statement.kind === "declare" && statement.mutable) mutable.add(statement.name);
      });
      /** Has the same value wherever in a list it is computed that writes these arrays, and takes more than a load. */
      const isShareable = (expression: KernelExpression, written: ReadonlySet<string>): boolean => {
        if (expression.kind !== "binary" && expression.kind !== "unary") return false;
        let isConstant = isVarying(expression);
        forEachExpression(expression, (part) => {
          if (part.kind === "scalar" && mutable.has(part.name)) isConstant = false;
          if (part.kind === "load" && written.has(part.array)) isConstant = false;
          if (part.kind === "pick" || part.kind === "masked") isConstant = false;
        });
        return isConstant;
      };
      const list = (statements: readonly KernelStatement[]): readonly KernelStatement[] => {
        const written = arraysWrittenIn(statements);
        const counts = countExpressions(statements, (expression) => isShareable(expression, written));
        const known = new Map<string, string>();
        return statements.flatMap((statement): readonly KernelStatement[] => {
          const before: KernelStatement[] = [];
          const replace = (expression: KernelExpression): KernelExpression => {
            const key = isShareable(expression, written) ? keyOfExpression(expression) : undefined;
            const name = key === undefined ? undefined : known.get(key);
            if (name !== undefined) return { kind: "scalar", name };
            const inner = mapOperands(expression, replace);
            if (key === undefined || (counts.get(key) ?? 0) < 2) return inner;
            const made = `shared ${names.size + 1}`;
            names.add(made);
            known.set(key, made);
            before.push({ kind: "declare", name: made, value: inner, mutable: false });
            return { kind: "scalar", name: made };
          };
          const own = bodiesOf(statement).length > 0 ? statement : mapExpressions(statement, replace);
          return [...before, mapBodies(own, list)];
        });
      };
      return { ...segment, body: list(segment.body) };
    }),
  };
}

function arraysWrittenIn(statements: readonly KernelStatement[]): ReadonlySet<string> {
  const written = new Set<string>();
  forEachStatement(statements, (statement) => {
    if (statement.kind === "store" || statement.kind === "updateStore") written.add(statement.array);
  });
  return written;
}

/** How often each expression is computed by statements of a list, leaving out what is inside one that is shared already. */
function countExpressions(
  statements: readonly KernelStatement[],
  isShareable: (expression: KernelExpression) => boolean,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const visit = (expression: KernelExpression): void => {
    if (isShareable(expression)) {
      const key = keyOfExpression(expression);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > 1) return;
    }
    mapOperands(expression, (operand) => {
      visit(operand);
      return operand;
    });
  };
  for (const statement of statements) {
    if (bodiesOf(statement).length === 0) expressionsOf(statement).forEach(visit);
  }
  return counts;
}
