import { keyOfExpression } from "../expression-key.js";
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
    const pairs = new Pairs(plain.flatMap((statement) => expressionsOf(statement).flatMap(productsOfTwo)));
    return statements.map((statement) => {
      if (bodiesOf(statement).length > 0) return mapBodies(statement, list);
      return mapExpressions(statement, (expression) =>
        rewriteExpression(expression, (part) => pairs.inside(part).reduce(takeOut, part)),
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

/** Products of two factors, by the key of the first. */
class Pairs {
  private readonly byFirst = new Map<string, { readonly at: number; readonly second: string }[]>();

  constructor(private readonly pairs: readonly KernelExpression[]) {
    pairs.forEach((pair, at) => {
      const [first, second] = factorsOf(pair).map(keyOfExpression);
      const known = this.byFirst.get(first) ?? [];
      known.push({ at, second });
      this.byFirst.set(first, known);
    });
  }

  /** Those whose factors are two of three or more of a product, in order. */
  inside(expression: KernelExpression): readonly KernelExpression[] {
    if (this.pairs.length === 0 || expression.kind !== "binary" || expression.function !== "multiply") return [];
    const factors = factorsOf(expression);
    if (factors.length < 3) return [];
    const keys = new Set(factors.map(keyOfExpression));
    const found = [...keys].flatMap((key) => this.byFirst.get(key) ?? []).filter(({ second }) => keys.has(second));
    return found.sort((a, b) => a.at - b.at).map(({ at }) => this.pairs[at]);
  }
}

/** A product of which the pair's factors are two, as the pair times the others. */
function takeOut(product: KernelExpression, pair: KernelExpression): KernelExpression {
  let rest = factorsOf(product);
  for (const factor of factorsOf(pair)) {
    const at = rest.findIndex((candidate) => keyOfExpression(candidate) === keyOfExpression(factor));
    rest = rest.filter((_, i) => i !== at);
  }
  return rest.reduce<KernelExpression>(
    (all, factor) => ({ kind: "binary", function: "multiply", left: all, right: factor }),
    pair,
  );
}
