import {
  networkArgumentCount,
  networkArgumentType,
  tupleMismatch,
  unknownArgument,
} from "../../diagnostics/catalogue/semantics.js";
import type { Span } from "../../diagnostics/span.js";
import { sameDimension, sameShape, shapeOf } from "../../ir/domain.js";
import type { Domain, Expression } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import { findVisible, type NetworkSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";

export interface NetworkCall {
  readonly symbol: NetworkSymbol;
  readonly arguments: readonly Expression[];
}

/** A call of a network; undefined if the callee is none, "wrong" if its arguments are, and reported. */
export function checkNetworkCall(
  call: syntax.CallExpression,
  context: ExpressionContext,
): NetworkCall | "wrong" | undefined {
  const symbol = call.callee.kind === "name" ? findVisible(context.scope, call.callee.name) : undefined;
  if (symbol?.kind !== "network") return undefined;
  const operands = checkNetworkArguments(symbol, call.arguments, call.span, context);
  return operands === undefined ? "wrong" : { symbol, arguments: operands };
}

/** The inputs of a network, in the order of its declaration. */
export function checkNetworkArguments(
  symbol: NetworkSymbol,
  given: readonly syntax.Argument[],
  span: Span,
  context: ExpressionContext,
): readonly Expression[] | undefined {
  const values = given.map((argument) => {
    if (argument.name !== undefined) {
      const { text: name, span: place } = argument.name;
      context.report(unknownArgument(place, { callee: symbol.name, name, names: [] }));
    }
    return context.check(argument.value);
  });
  const { inputs } = symbol;
  if (given.length !== inputs.length) {
    context.report(
      networkArgumentCount(
        span,
        {
          network: symbol.name,
          expected: inputs.length,
          found: given.length,
          inputs: inputs.map((domain) => (domain === undefined ? "?" : printDomain(domain))).join(", "),
        },
        { related: [{ span: symbol.span, message: "declared here" }] },
      ),
    );
    return undefined;
  }
  const fitting = values.filter((value): value is Expression => value !== undefined);
  const misfits = values.filter((value, i) => {
    const expected = inputs[i];
    if (value === undefined || expected === undefined || fitsInput(value.type, expected)) return false;
    context.report(
      networkArgumentType(
        given[i].value.span,
        { network: symbol.name, position: i + 1, expected: printDomain(expected), found: printDomain(value.type) },
        { related: [{ span: symbol.span, message: "declared here" }] },
      ),
    );
    return true;
  });
  return misfits.length > 0 || fitting.length < inputs.length ? undefined : fitting;
}

/** Numbers of any kind fit where their shape does; a category and a sequence fit their like. */
function fitsInput(found: Domain, expected: Domain): boolean {
  if (expected.kind === "sequence") return found.kind === "sequence" && fitsInput(found.element, expected.element);
  if (expected.kind === "category") {
    return found.kind === "category" && sameDimension(found.categories, expected.categories);
  }
  if (found.kind === "category" || found.kind === "sequence") return false;
  return sameShape(shapeOf(found), shapeOf(expected));
}

/** One expression for each output. */
export function networkOutputs(call: NetworkCall, span: Span): readonly (Expression | undefined)[] {
  return call.symbol.outputs.map((type, output) =>
    type === undefined
      ? undefined
      : { kind: "network", network: call.symbol.name, output, arguments: call.arguments, type, span },
  );
}

/** The value of a network with one output. */
export function singleOutput(call: NetworkCall, span: Span, context: ExpressionContext): Expression | undefined {
  const outputs = networkOutputs(call, span);
  if (outputs.length === 1) return outputs[0];
  context.report(
    tupleMismatch(
      span,
      { names: 1, outputs: outputs.length, network: call.symbol.name },
      { related: [{ span: call.symbol.span, message: "declared here" }] },
    ),
  );
  return undefined;
}
