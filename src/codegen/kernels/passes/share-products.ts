import { keyOfExpression } from "../from-loops.js";
import type { KernelExpression, KernelFunction, KernelStatement } from "../kernel-ir.js";
import {
  bodiesOf,
  expressionsOf,
  forEachExpression,
  mapBodies,
  mapExpressions,
  rewriteExpression,
} from "../walk-kernel.js";

/**
 * Within a list of statements, a product that occurs inside larger ones is a factor of these, where `shareExpressions`
 * sees it: w e and w e² become p = w e and p e.
 */
export function shareProducts(fn: KernelFunction): KernelFunction {
  const list = (statements: readonly KernelStatement[]): readonly KernelStatement[] => {
    const plain = statements.filter((statement) => bodiesOf(statement).length === 0);
    const pairs = plain.flatMap((statement) => expressionsOf(statement).flatMap(productsOfTwo));
    return statements.map((statement) => {
      if (bodiesOf(statement).length > 0) return mapBodies(statement, list);
      if (pairs.length === 0) return statement;
      return mapExpressions(statement, (expression) =>
        rewriteExpression(expression, (part) => pairs.reduce(takeOut, part)),
      );
    });
  };
  return {
    ...fn,
    segments: fn.segments.map((segment) =>
      segment.kind === "rows" ? { ...segment, body: list(segment.body) } : segment,
    ),
  };
}

function factorsOf(expression: KernelExpression): readonly KernelExpression[] {
  if (expression.kind === "unary" && expression.function === "square") {
    const factors = factorsOf(expression.operand);
    return [...factors, ...factors];
  }
  if (expression.kind !== "binary" || expression.function !== "multiply") return [expression];
  return [...factorsOf(expression.left), ...factorsOf(expression.right)];
}

/** Products of two different factors in an expression that are no part of a larger product. */
function productsOfTwo(expression: KernelExpression): readonly KernelExpression[] {
  const found: KernelExpression[] = [];
  const inside = new Set<KernelExpression>();
  forEachExpression(expression, (part) => {
    if (part.kind !== "binary" || part.function !== "multiply") return;
    const factors = factorsOf(part);
    if (!inside.has(part) && factors.length === 2 && keyOfExpression(factors[0]) !== keyOfExpression(factors[1]))
      found.push(part);
    inside.add(part.left).add(part.right);
  });
  return found;
}

/** A product of three factors or more, two of which are the pair's, as the pair times the others. */
function takeOut(expression: KernelExpression, pair: KernelExpression): KernelExpression {
  const isProduct = expression.kind === "binary" && expression.function === "multiply";
  if (!isProduct || keyOfExpression(expression) === keyOfExpression(pair)) return expression;
  let rest = factorsOf(expression);
  if (rest.length < 3) return expression;
  for (const factor of factorsOf(pair)) {
    const at = rest.findIndex((candidate) => keyOfExpression(candidate) === keyOfExpression(factor));
    if (at < 0) return expression;
    rest = rest.filter((_, i) => i !== at);
  }
  return rest.reduce<KernelExpression>(
    (product, factor) => ({ kind: "binary", function: "multiply", left: product, right: factor }),
    pair,
  );
}
