import type { KernelExpression, KernelLoop, KernelStatement } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";

/** The same expression with its operands replaced. */
export function mapOperands(
  expression: KernelExpression,
  map: (operand: KernelExpression) => KernelExpression,
): KernelExpression {
  switch (expression.kind) {
    case "number":
    case "scalar":
    case "load":
    case "fromIndex":
      return expression;
    case "unary":
    case "masked":
      return { ...expression, operand: map(expression.operand) };
    case "binary":
      return { ...expression, left: map(expression.left), right: map(expression.right) };
    case "select":
      return {
        ...expression,
        condition: map(expression.condition),
        whenTrue: map(expression.whenTrue),
        whenFalse: map(expression.whenFalse),
      };
    case "pick":
      return { ...expression, position: map(expression.position), entry: map(expression.entry) };
  }
}

/** Rewrites bottom up. */
export function rewriteExpression(
  expression: KernelExpression,
  rewrite: (expression: KernelExpression) => KernelExpression,
): KernelExpression {
  return rewrite(mapOperands(expression, (operand) => rewriteExpression(operand, rewrite)));
}

export function forEachExpression(expression: KernelExpression, visit: (part: KernelExpression) => void): void {
  visit(expression);
  mapOperands(expression, (operand) => {
    forEachExpression(operand, visit);
    return operand;
  });
}

/** The expressions a statement itself evaluates, not those of statements inside it. */
export function expressionsOf(statement: KernelStatement): readonly KernelExpression[] {
  switch (statement.kind) {
    case "comment":
    case "for":
    case "clear":
    case "collect":
      return [];
    case "declare":
    case "update":
    case "store":
    case "updateStore":
      return [statement.value];
    case "ifPosition":
      return [statement.position];
    case "ifAny":
      return [statement.condition];
  }
}

export function mapExpressions(
  statement: KernelStatement,
  map: (expression: KernelExpression) => KernelExpression,
): KernelStatement {
  switch (statement.kind) {
    case "comment":
    case "for":
    case "clear":
    case "collect":
      return statement;
    case "declare":
    case "update":
    case "store":
    case "updateStore":
      return { ...statement, value: map(statement.value) };
    case "ifPosition":
      return { ...statement, position: map(statement.position) };
    case "ifAny":
      return { ...statement, condition: map(statement.condition) };
  }
}

/** The lists of statements inside a statement. */
export function bodiesOf(statement: KernelStatement): readonly (readonly KernelStatement[])[] {
  switch (statement.kind) {
    case "for":
      return statement.alone === undefined ? [statement.body] : [statement.body, statement.alone];
    case "ifPosition":
    case "ifAny":
      return [statement.body];
    case "comment":
    case "declare":
    case "update":
    case "store":
    case "updateStore":
    case "clear":
    case "collect":
      return [];
  }
}

export function mapBodies(
  statement: KernelStatement,
  map: (body: readonly KernelStatement[]) => readonly KernelStatement[],
): KernelStatement {
  switch (statement.kind) {
    case "for":
      return {
        ...statement,
        body: map(statement.body),
        ...(statement.alone === undefined ? {} : { alone: map(statement.alone) }),
      };
    case "ifPosition":
    case "ifAny":
      return { ...statement, body: map(statement.body) };
    case "comment":
    case "declare":
    case "update":
    case "store":
    case "updateStore":
    case "clear":
    case "collect":
      return statement;
  }
}

/** Every statement, outer ones first, with the loops around it, outermost first. */
export function forEachStatement(
  statements: readonly KernelStatement[],
  visit: (statement: KernelStatement, loops: readonly KernelLoop[]) => void,
  loops: readonly KernelLoop[] = [],
): void {
  for (const statement of statements) {
    visit(statement, loops);
    const inside = statement.kind === "for" ? [...loops, statement] : loops;
    for (const body of bodiesOf(statement)) forEachStatement(body, visit, inside);
  }
}

/** Rewrites every expression and every place of a statement and of those inside it. */
export function rewriteStatement(
  statement: KernelStatement,
  rewrite: {
    readonly expression: (expression: KernelExpression) => KernelExpression;
    readonly place: (place: Polynomial) => Polynomial;
    readonly name: (scalar: string) => string;
  },
): KernelStatement {
  const value = (expression: KernelExpression): KernelExpression =>
    rewriteExpression(expression, (part) => {
      switch (part.kind) {
        case "load":
        case "fromIndex":
          return rewrite.expression({ ...part, index: rewrite.place(part.index) });
        case "pick":
          return rewrite.expression({ ...part, size: rewrite.place(part.size) });
        case "scalar":
          return rewrite.expression({ ...part, name: rewrite.name(part.name) });
        case "number":
        case "unary":
        case "binary":
        case "select":
        case "masked":
          return rewrite.expression(part);
      }
    });
  const inner = mapBodies(mapExpressions(statement, value), (body) =>
    body.map((one) => rewriteStatement(one, rewrite)),
  );
  switch (inner.kind) {
    case "comment":
    case "clear":
    case "collect":
    case "ifAny":
      return inner;
    case "declare":
    case "update":
      return { ...inner, name: rewrite.name(inner.name) };
    case "store":
    case "updateStore":
      return { ...inner, index: rewrite.place(inner.index) };
    case "for":
      return { ...inner, from: rewrite.place(inner.from), to: rewrite.place(inner.to) };
    case "ifPosition":
      return { ...inner, size: rewrite.place(inner.size) };
  }
}
