import type { IToken } from "chevrotain";
import type { Argument, BinaryExpression, Expression, Identifier, NumberLiteral, Subscript } from "./ast.js";
import { comparisonOutsideWhere, nestedTooDeeply } from "../diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../diagnostics/span.js";
import { isBinaryOperator, isComparison, PRECEDENCE, type BinaryOperatorText } from "./precedence.js";
import { spanOfToken } from "./tokens.js";

/** How deep an expression's tree may become: every later phase walks it by recursion. */
export const EXPRESSION_DEPTH_LIMIT = 400;

/** A part of an expression and where it is written, parentheses included. */
export interface Operand {
  readonly expression: Expression;
  readonly extent: Span;
}

export const identifier = (token: IToken): Identifier => ({ text: token.image, span: spanOfToken(token) });

export const numberLiteral = (token: IToken): NumberLiteral => ({
  kind: "number",
  value: Number(token.image),
  text: token.image,
  span: spanOfToken(token),
});

/** An operator still waiting for its right operand. */
type Waiting =
  | { readonly kind: "negate"; readonly token: IToken }
  | { readonly kind: "binary"; readonly operator: BinaryOperatorText; readonly token: IToken };

/** Builds expressions without recursion, keeps them shallow, and remembers which comparisons found no `where`. */
export class ExpressionBuilder {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #depths = new WeakMap<Expression, number>();
  readonly #homelessComparisons = new Map<Expression, { readonly place: Span; readonly operator: string }>();

  /** Notes an expression's depth; one that is too deep is reported and replaced by its first part. */
  grown<E extends Expression>(expression: E, parts: readonly Expression[], place: Span): Expression {
    let deepest = 0;
    for (const part of parts) deepest = Math.max(deepest, this.#depths.get(part) ?? 1);
    if (deepest < EXPRESSION_DEPTH_LIMIT) {
      this.#depths.set(expression, deepest + 1);
      return expression;
    }
    const what = "operators, calls and brackets applied to one another";
    // Once is enough: such a text was not written by hand.
    if (this.#diagnostics.length === 0)
      this.#diagnostics.push(nestedTooDeeply(place, { what, limit: EXPRESSION_DEPTH_LIMIT }));
    // A shallow stand-in: what is built further out starts afresh instead of being reported again and again.
    return { kind: "name", name: "_", span: expression.span };
  }

  /** A call; the first argument of `where(…)` may be a comparison. */
  call(callee: Expression, callArguments: readonly Argument[], span: Span, place: Span): Expression {
    const first = callArguments.length === 0 ? undefined : callArguments[0];
    const isWhere = callee.kind === "name" && callee.name === "where";
    if (isWhere && first !== undefined && first.name === undefined) this.#homelessComparisons.delete(first.value);
    const call: Expression = { kind: "call", callee, arguments: callArguments, span };
    return this.grown(call, [callee, ...callArguments.map((argument) => argument.value)], place);
  }

  subscript(base: Expression, subscripts: readonly Subscript[], span: Span, place: Span): Expression {
    const indices = subscripts.flatMap((subscript) => (subscript.kind === "index" ? [subscript.value] : []));
    return this.grown({ kind: "subscript", base, subscripts, span }, [base, ...indices], place);
  }

  field(base: Expression, field: Identifier, span: Span, place: Span): Expression {
    return this.grown({ kind: "field", base, field, span }, [base], place);
  }

  /** Operands and operators in the order of the text, by the precedences above (shunting-yard). */
  tree(parts: readonly (Operand | Waiting)[]): Operand {
    const operands: Operand[] = [];
    const waiting: Waiting[] = [];
    const combine = (): void => {
      const operator = waiting.pop();
      const right = operands.pop();
      if (operator === undefined || right === undefined) return;
      if (operator.kind === "negate") {
        const extent = { start: operator.token.startOffset, end: right.extent.end };
        const negated: Expression = { kind: "negate", operand: right.expression, span: extent };
        operands.push({ expression: this.grown(negated, [right.expression], spanOfToken(operator.token)), extent });
        return;
      }
      const left = operands.pop();
      if (left !== undefined) operands.push(this.#binary(operator, left, right));
    };
    for (const part of parts) {
      if (!("kind" in part)) operands.push(part);
      else {
        if (part.kind === "binary") {
          const precedence = PRECEDENCE[part.operator];
          const bindsFirst = (top: Waiting): boolean => {
            const other = top.kind === "negate" ? PRECEDENCE.negate : PRECEDENCE[top.operator];
            return part.operator === "^" ? other > precedence : other >= precedence;
          };
          for (let top = waiting.at(-1); top !== undefined && bindsFirst(top); top = waiting.at(-1)) combine();
        }
        waiting.push(part);
      }
    }
    while (waiting.length > 0 && operands.length > 0) combine();
    return operands[0];
  }

  #binary(operator: Extract<Waiting, { kind: "binary" }>, left: Operand, right: Operand): Operand {
    const extent = { start: left.extent.start, end: right.extent.end };
    const place = spanOfToken(operator.token);
    const parts = [left.expression, right.expression];
    const whole: BinaryExpression = {
      kind: "binary",
      operator: operator.operator,
      left: left.expression,
      right: right.expression,
      span: extent,
    };
    const expression = this.grown(whole, parts, place);
    if (isComparison(operator.operator))
      this.#homelessComparisons.set(expression, { place, operator: operator.operator });
    return { expression, extent };
  }

  /** Reports what only the end of the file decides. */
  finish(): readonly Diagnostic[] {
    const comparisons = [...this.#homelessComparisons.values()].map(({ place, operator }) =>
      comparisonOutsideWhere(place, { operator }),
    );
    return [...this.#diagnostics, ...comparisons];
  }
}

export const negation = (token: IToken): Waiting => ({ kind: "negate", token });

export function binaryOperator(token: IToken): Waiting {
  if (!isBinaryOperator(token.image)) throw new Error(`the grammar took ${token.image} for an operator`);
  return { kind: "binary", operator: token.image, token };
}
