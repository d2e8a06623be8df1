import {
  badLag,
  lookBackOutsideChain,
  looksAhead,
  notAVariable,
  reservedForLater,
} from "../../diagnostics/catalogue/semantics.js";
import type { Axis, Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import { describeSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";
import { findName } from "./find-name.js";
import { readVariable } from "./name.js";

/** The chain that an index counts along (`t-1`), if it names one. */
export function chainOfIndex(subscript: syntax.Subscript, context: ExpressionContext): Axis | undefined {
  return subscript.kind === "all" ? undefined : chainIn(subscript.value, context);
}

function chainIn(index: syntax.Expression, context: ExpressionContext): Axis | undefined {
  switch (index.kind) {
    case "name": {
      const symbol = context.environment.declared.get(index.name)?.symbol;
      return symbol?.kind === "axis" && symbol.axis.kind === "chain" ? symbol.axis : undefined;
    }
    case "binary":
      return chainIn(index.left, context) ?? chainIn(index.right, context);
    case "negate":
      return chainIn(index.operand, context);
    case "number":
    case "call":
    case "subscript":
    case "field":
    case "list":
      return undefined;
  }
}

/** `x[t-L]`: the variable L steps before. */
export function checkLookBack(
  expression: syntax.SubscriptExpression,
  chain: Axis,
  context: ExpressionContext,
): Expression | undefined {
  const { base, subscripts, span } = expression;
  const name = base.kind === "name" ? base.name : "this value";
  if (subscripts.filter((each) => chainOfIndex(each, context) !== undefined).length > 1) {
    const wayOut = "look back along one chain";
    context.report(reservedForLater(span, { what: "grids (steps along two chains at once)", wayOut }));
    return undefined;
  }
  const [subscript] = subscripts;
  if (base.kind !== "name") {
    context.report(notAVariable(base.span, { name, role: "a computed value", axis: chain.name }));
    return undefined;
  }
  const symbol = findName(base.name, base.span, context);
  if (symbol === undefined) return undefined;
  const declared = { related: [{ span: symbol.span, message: "declared here" }] };
  if (symbol.kind !== "variable") {
    context.report(notAVariable(base.span, { name, role: describeSymbol(symbol), axis: chain.name }, declared));
    return undefined;
  }
  const isInside = context.scope.axes.some((axis) => axis.name === chain.name);
  if (!isInside || !symbol.axes.some((axis) => axis.name === chain.name)) {
    const reason = isInside ? "it is declared outside that chain" : "this does not stand inside that chain";
    context.report(lookBackOutsideChain(span, { name, axis: chain.name, reason }, declared));
    return undefined;
  }
  const step = subscripts.length === 1 && subscript.kind === "index" ? stepOf(subscript.value) : undefined;
  if (step === undefined || step === 0) {
    const current = step === 0;
    context.report(
      badLag(
        current ? span : subscript.span,
        { name, axis: chain.name, current },
        current ? { fix: { span, replacement: name } } : {},
      ),
    );
    return undefined;
  }
  if (step > 0) {
    context.report(looksAhead(span, { name, axis: chain.name }));
    return undefined;
  }
  return readVariable(symbol, -step, span, context);
}

/** How many steps an index is from now: 0 for `t`, -2 for `t-2`, 1 for `t+1`; undefined for anything else. */
function stepOf(index: syntax.Expression): number | undefined {
  if (index.kind === "name") return 0;
  if (index.kind !== "binary" || index.left.kind !== "name" || index.right.kind !== "number") return undefined;
  const steps = index.right.value;
  if (!Number.isInteger(steps)) return undefined;
  if (index.operator === "-") return steps === 0 ? 0 : -steps;
  return index.operator === "+" ? steps : undefined;
}
