import { cyclicDefinition, tupleMismatch } from "../diagnostics/catalogue/semantics.js";
import type { Span } from "../diagnostics/span.js";
import type { Expression } from "../ir/model.js";
import type { LetDeclaration } from "../parser/ast.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { checkNetworkCall, networkOutputs } from "./expression/network-call.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import type { LetDefinition, Scope } from "./symbols.js";

/** `let a = e`, `let (a, b) = e`: names of computed values, checked when they are first read. */
export function declareLet(declaration: LetDeclaration, scope: Scope, environment: ModelEnvironment): LetDefinition {
  const definition: LetDefinition = { declaration, scope, state: "unchecked", values: [], readNames: new Set() };
  declaration.names.forEach(({ text: name, span }, position) => {
    declare(environment, scope, { kind: "let", name, span, definition, position });
  });
  return definition;
}

/** The values of a `let`, one for each name; checked once. `context` is that of the `let` itself. */
export function checkLet(
  definition: LetDefinition,
  readAt: Span,
  context: ExpressionContext,
): readonly (Expression | undefined)[] {
  const { openLets } = context.environment;
  if (definition.state === "checking") {
    const circle = openLets.slice(openLets.indexOf(definition)).map((each) => each.declaration.names[0].text);
    context.report(cyclicDefinition(readAt, { names: circle }));
    return [];
  }
  if (definition.state === "unchecked") {
    definition.state = "checking";
    openLets.push(definition);
    definition.values = checkValues(definition.declaration, context);
    openLets.pop();
    definition.state = "checked";
  }
  return definition.values;
}

function checkValues(declaration: LetDeclaration, context: ExpressionContext): readonly (Expression | undefined)[] {
  const { names, value } = declaration;
  if (names.length === 1) return [context.check(value)];
  const call = value.kind === "call" ? checkNetworkCall(value, context) : undefined;
  if (call === "wrong") return [];
  const outputs = call === undefined ? 1 : call.symbol.outputs.length;
  if (call === undefined) {
    if (context.check(value) === undefined) return [];
  } else if (outputs === names.length) {
    return networkOutputs(call, value.span);
  }
  context.report(
    tupleMismatch(value.span, {
      names: names.length,
      outputs,
      ...(call === undefined ? {} : { network: call.symbol.name }),
    }),
  );
  return [];
}
