import type { KernelExpression } from "./kernel-ir.js";
import { keyOf } from "./polynomial.js";

/** Expressions never change; the passes ask for the same ones again and again. */
const known = new WeakMap<KernelExpression, string>();

/** Equal expressions have equal keys. */
export function keyOfExpression(expression: KernelExpression): string {
  const before = known.get(expression);
  if (before !== undefined) return before;
  const key = composed(expression);
  known.set(expression, key);
  return key;
}

function composed(expression: KernelExpression): string {
  switch (expression.kind) {
    case "number":
      return Object.is(expression.value, -0) ? "-0" : String(expression.value);
    case "scalar":
      return quoted(expression.name);
    case "load":
      return `${quoted(expression.array)}[${keyOf(expression.index)}]`;
    case "fromIndex":
      return `index[${keyOf(expression.index)}]`;
    case "unary":
      return `${expression.function}(${keyOfExpression(expression.operand)})`;
    case "masked":
      return `masked(${keyOfExpression(expression.operand)})`;
    case "binary":
      return `${expression.function}(${keyOfExpression(expression.left)},${keyOfExpression(expression.right)})`;
    case "select": {
      const { condition, whenTrue, whenFalse } = expression;
      return `select(${[condition, whenTrue, whenFalse].map(keyOfExpression).join()})`;
    }
    case "pick": {
      const { name, position, size, entry } = expression;
      return `pick(${quoted(name)},${keyOfExpression(position)},[${keyOf(size)}],${keyOfExpression(entry)})`;
    }
  }
}

/** A name of any characters, such that none is the beginning of another. */
function quoted(name: string): string {
  return `${name.length}'${name}`;
}
