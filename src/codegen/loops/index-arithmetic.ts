import type { IndexExpression, LoopExpression } from "./loop-ir.js";

export function fromIndex(index: IndexExpression): LoopExpression {
  return index.kind === "integer" ? { kind: "number", value: index.value } : { kind: "fromIndex", index };
}

export function plus(left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "integer" && right.kind === "integer") return { kind: "integer", value: left.value + right.value };
  if (left.kind === "integer" && left.value === 0) return right;
  if (right.kind === "integer" && right.value === 0) return left;
  return { kind: "add", left, right };
}

export function plusOne(index: IndexExpression): IndexExpression {
  return plus(index, { kind: "integer", value: 1 });
}

export function times(left: IndexExpression, right: IndexExpression): IndexExpression {
  if (left.kind === "integer" && right.kind === "integer") return { kind: "integer", value: left.value * right.value };
  if (left.kind === "integer" && left.value === 0) return left;
  if (left.kind === "integer" && left.value === 1) return right;
  if (right.kind === "integer" && right.value === 1) return left;
  return { kind: "multiply", left, right };
}
