import {
  distributionAsValue,
  guideReadsInner,
  notAValue,
  notVisibleHere,
  unknownName,
} from "../../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../../diagnostics/did-you-mean.js";
import type { Span } from "../../diagnostics/span.js";
import { distributionNames } from "../../ir/distribution-name.js";
import type { Axis } from "../../ir/model.js";
import { findVisible, visibleSymbols, type ModelSymbol, type Scope } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";

/** The symbol that a name stands for at a place; reported where there is none, or none that can be seen from here. */
export function findName(name: string, span: Span, context: ExpressionContext): ModelSymbol | undefined {
  const { scope, environment } = context;
  const visible = findVisible(scope, name);
  if (visible !== undefined) return visible;
  const declared = environment.declared.get(name);
  if (declared === undefined) {
    reportUnknown(name, span, context);
    return undefined;
  }
  const { symbol } = declared;
  if (scope.isGuide && (symbol.kind === "variable" || symbol.kind === "axis")) {
    return symbol.kind === "axis" || isWithinEnteredChains(symbol.axes, scope)
      ? symbol
      : reportInner(symbol, span, context);
  }
  const hidden = declared.scope.axes.find((axis) => !scope.axes.includes(axis));
  if (hidden === undefined) reportUnknown(name, span, context);
  else {
    context.report(
      notVisibleHere(
        span,
        { name, axis: hidden.name, axisKind: hidden.kind },
        { related: [{ span: symbol.span, message: "declared here" }] },
      ),
    );
  }
  return undefined;
}

function isWithinEnteredChains(axes: readonly Axis[], scope: Scope): boolean {
  return axes.every((axis) => axis.kind === "plate" || scope.axes.some((entered) => entered.name === axis.name));
}

function reportInner(
  symbol: ModelSymbol & { readonly kind: "variable" },
  span: Span,
  context: ExpressionContext,
): undefined {
  const chain = symbol.axes.find((axis) => axis.kind === "chain");
  context.report(
    guideReadsInner(
      span,
      { name: symbol.name, axis: chain?.name ?? symbol.name, reader: "this place", chain: true },
      { related: [{ span: symbol.span, message: "declared here" }] },
    ),
  );
  return undefined;
}

function reportUnknown(name: string, span: Span, context: ExpressionContext): void {
  const family = distributionNames.find((each) => each === name);
  if (family !== undefined) {
    context.report(distributionAsValue(span, { family }));
    return;
  }
  const suggestion = didYouMean(name, visibleValueNames(context));
  context.report(
    unknownName(
      span,
      { name, ...(suggestion === undefined ? {} : { suggestion }) },
      suggestion === undefined ? {} : { fix: { span, replacement: suggestion } },
    ),
  );
}

/** Names that stand for values here. */
export function visibleValueNames(context: ExpressionContext): readonly string[] {
  const symbols = context.scope.isGuide
    ? [...visibleSymbols(context.scope), ...[...context.environment.declared.values()].map((each) => each.symbol)]
    : visibleSymbols(context.scope);
  return symbols
    .filter((symbol) => symbol.kind === "parameter" || symbol.kind === "variable" || symbol.kind === "let")
    .map((symbol) => symbol.name);
}

/** Reports a name that means something, but not a value. */
export function reportNotAValue(
  symbol: ModelSymbol & { readonly kind: "size" | "axis" | "network" | "weight" },
  span: Span,
  context: ExpressionContext,
): void {
  const [role, wayOut] = roleAndWayOut(symbol);
  context.report(
    notAValue(
      span,
      { name: symbol.name, role, wayOut },
      { related: [{ span: symbol.span, message: "declared here" }] },
    ),
  );
}

function roleAndWayOut(
  symbol: ModelSymbol & { readonly kind: "size" | "axis" | "network" | "weight" },
): readonly [string, string] {
  switch (symbol.kind) {
    case "size":
      return ["a size", "write the number itself, or a parameter"];
    case "axis":
      return [
        symbol.axis.kind === "plate" ? "a plate" : "a chain",
        symbol.axis.kind === "plate"
          ? 'inside it, plain names mean "for this one"; a plate of declared size can also pick from a table, `p[j]`'
          : `inside it, plain names mean "at this step", and \`x[${symbol.name}-1]\` is the step before`,
      ];
    case "network":
      return ["a network", `call it: \`${symbol.name}(…)\``];
    case "weight":
      return [
        "the column of the rows' weights",
        "weights enter the objective only; declare a `given` to read a column",
      ];
  }
}
