import { badSequence } from "../../diagnostics/catalogue/semantics.js";
import type { Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import { findVisible, type VariableSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";
import { findName } from "./find-name.js";
import { readLet } from "./name.js";

/** `y[*]`: all steps of a chain at once, as the input of a network over sequences. */
export function checkSequence(
  expression: syntax.SubscriptExpression,
  context: ExpressionContext,
): Expression | undefined {
  const { base, subscripts, span } = expression;
  const refuse = (reason: string, wayOut: string): undefined => {
    context.report(badSequence(span, { name: base.kind === "name" ? base.name : "…", reason, wayOut }));
    return undefined;
  };
  if (base.kind !== "name")
    return refuse("only a variable has a sequence of values", "write the name of a variable: `y[*]`");
  if (subscripts.length > 1) return refuse("a sequence has one order", `write \`${base.name}[*]\` alone`);
  // A guide reads whole sequences from outside their chain, where their variables are not otherwise in sight.
  const declared = context.environment.declared.get(base.name)?.symbol;
  const symbol =
    findVisible(context.scope, base.name) ??
    (context.scope.isGuide && declared?.kind === "variable" ? declared : findName(base.name, base.span, context));
  if (symbol === undefined) return undefined;
  if (symbol.kind === "let") return readLet(symbol, span, context, true);
  if (symbol.kind !== "variable")
    return refuse("only a variable has a sequence of values", "write the name of a variable: `y[*]`");
  const problem = problemWith(symbol, context);
  if (problem !== undefined) return refuse(...problem);
  if (symbol.domain === undefined) return undefined;
  return { kind: "sequence", name: symbol.name, type: { kind: "sequence", element: symbol.domain }, span };
}

function problemWith(symbol: VariableSymbol, context: ExpressionContext): readonly [string, string] | undefined {
  if (symbol.axes.at(-1)?.kind !== "chain") {
    return ["it is not declared directly in a `chain`", `write \`${symbol.name}\``];
  }
  if (symbol.role === "given") return undefined;
  if (context.place !== "guide") {
    return [
      "in a model a step depends on the past only",
      `read \`${symbol.name}[t-1]\`, or move this into a guide, which sees all the data`,
    ];
  }
  return symbol.role === "latent"
    ? ["a guide sees all of the data at once, but not of what it draws", "read an observed or given variable"]
    : undefined;
}
