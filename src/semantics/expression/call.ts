import {
  distributionAsValue,
  notCallable,
  unknownArgument,
  unknownFunction,
  wrongArgumentCount,
} from "../../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../../diagnostics/did-you-mean.js";
import { distributionNames } from "../../ir/distribution-name.js";
import type { Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import { describeSymbol, findVisible, visibleSymbols } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";
import { checkFunctionDomain, type FunctionSignature } from "./function-signature.js";
import { functionNames, functions } from "./functions.js";
import { checkIdentityMatrix } from "./identity-matrix.js";
import { checkNetworkCall, singleOutput } from "./network-call.js";
import { applied, checkNumber } from "./numeric.js";
import { checkWhere } from "./where.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** A call of a network of the model or of a function of the language. */
export function checkCall(call: syntax.CallExpression, context: ExpressionContext): Expression | undefined {
  const network = checkNetworkCall(call, context);
  if (network === "wrong") return undefined;
  if (network !== undefined) return singleOutput(network, call.span, context);
  if (call.callee.kind !== "name") {
    context.report(notCallable(call.callee.span, { written: `\`${written(call.callee)}\``, role: "a value" }));
    return undefined;
  }
  const { name } = call.callee;
  if (name === "where") return checkWhere(call, context);
  if (name === "eye") return checkIdentityMatrix(call, context);
  const signature = functions.get(name);
  if (signature !== undefined) return checkFunctionCall(signature, name, call, context);
  reportNoFunction(name, call, context);
  return undefined;
}

function checkFunctionCall(
  signature: FunctionSignature,
  name: string,
  call: syntax.CallExpression,
  context: ExpressionContext,
): Expression | undefined {
  for (const argument of call.arguments) {
    if (argument.name === undefined) continue;
    context.report(unknownArgument(argument.name.span, { callee: name, name: argument.name.text, names: [] }));
  }
  const operands = call.arguments.map((argument) => checkNumber(argument.value, context));
  if (operands.length < signature.least || operands.length > signature.most) {
    context.report(wrongArgumentCount(call.span, { callee: name, usage: signature.usage, found: operands.length }));
    return undefined;
  }
  const known = operands.filter((operand) => operand !== undefined);
  if (known.length < operands.length) return undefined;
  const use = { signature, written: call, context };
  if (!known.every((operand, i) => checkFunctionDomain(operand, i, use))) return undefined;
  const type = signature.result(known, use);
  return type === undefined ? undefined : applied(signature.name, known, type, call.span);
}

function reportNoFunction(name: string, call: syntax.CallExpression, context: ExpressionContext): void {
  const { span } = call.callee;
  const family = distributionNames.find((each) => each === name);
  const symbol = findVisible(context.scope, name);
  if (family !== undefined) {
    context.report(distributionAsValue(span, { family }));
  } else if (symbol !== undefined) {
    const related = [{ span: symbol.span, message: "declared here" }];
    context.report(notCallable(span, { written: `\`${name}\``, role: describeSymbol(symbol) }, { related }));
  } else {
    const networks = visibleSymbols(context.scope).filter((each) => each.kind === "network");
    const suggestion = didYouMean(name, [...networks.map((each) => each.name), ...functionNames]);
    context.report(
      unknownFunction(
        span,
        { name, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span, replacement: suggestion } },
      ),
    );
  }
}
