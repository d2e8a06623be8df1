import type { ArithmeticOperator, ComparisonOperator } from "./ast.js";

export type BinaryOperatorText = ArithmeticOperator | ComparisonOperator;

/** How tightly each operator binds; negation binds more tightly than a product and less tightly than a power. */
export const PRECEDENCE: Readonly<Record<BinaryOperatorText | "negate", number>> = {
  ...{ "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1 },
  ...{ "+": 2, "-": 2, "*": 3, "/": 3, negate: 4, "^": 5 },
};

export const isComparison = (operator: string): operator is ComparisonOperator =>
  ["<", "<=", ">", ">=", "==", "!="].includes(operator);

export const isBinaryOperator = (text: string): text is BinaryOperatorText => text !== "negate" && text in PRECEDENCE;
