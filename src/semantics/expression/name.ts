import { missingIndex, notAValue } from "../../diagnostics/catalogue/semantics.js";
import type { Span } from "../../diagnostics/span.js";
import type { Expression } from "../../ir/model.js";
import { printDimension } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import { checkLet } from "../let.js";
import { describeSymbol, type ModelSymbol, type ParameterSymbol, type VariableSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";
import { findName, reportNotAValue } from "./find-name.js";
import { indexCandidates } from "./index-candidates.js";

/** A plain name: a parameter, a variable at this index, or a `let`, which is put in its place. */
export function checkName(reference: syntax.NameReference, context: ExpressionContext): Expression | undefined {
  const symbol = findName(reference.name, reference.span, context);
  return symbol === undefined ? undefined : checkSymbol(symbol, reference.span, context);
}

function checkSymbol(symbol: ModelSymbol, span: Span, context: ExpressionContext): Expression | undefined {
  switch (symbol.kind) {
    case "parameter":
      if (symbol.table.length > 0) {
        reportMissingIndex(symbol, span, context);
        return undefined;
      }
      return symbol.domain === undefined
        ? undefined
        : { kind: "parameter", name: symbol.name, indices: [], type: symbol.domain, span };
    case "variable":
      return readVariable(symbol, 0, span, context);
    case "let":
      return readLet(symbol, span, context);
    case "size":
    case "axis":
    case "network":
    case "weight":
      reportNotAValue(symbol, span, context);
      return undefined;
  }
}

/** A variable at this index, or `lag` steps before; refused in a prior, which is about parameters. */
export function readVariable(
  symbol: VariableSymbol,
  lag: number,
  span: Span,
  context: ExpressionContext,
): Expression | undefined {
  if (context.place === "prior") {
    context.report(
      notAValue(
        span,
        {
          name: symbol.name,
          role: describeSymbol(symbol),
          wayOut: "a prior or a fixed value is written with numbers and other parameters",
        },
        { related: [{ span: symbol.span, message: "declared here" }] },
      ),
    );
    return undefined;
  }
  return symbol.domain === undefined
    ? undefined
    : { kind: "variable", name: symbol.name, lag, type: symbol.domain, span };
}

/** The value of a `let`, with its name's place; a sequence read inside its chain is read at this step. */
export function readLet(
  symbol: ModelSymbol & { readonly kind: "let" },
  span: Span,
  context: ExpressionContext,
  whole = false,
): Expression | undefined {
  symbol.definition.readNames.add(symbol.name);
  const value = checkLet(symbol.definition, span, context.within(symbol.definition.scope))[symbol.position];
  if (value === undefined) return undefined;
  const here = { ...value, span };
  const chain = context.scope.axes.find((axis) => axis.kind === "chain");
  const outside = !symbol.definition.scope.axes.some((axis) => axis.kind === "chain");
  if (value.type.kind !== "sequence" || whole || chain === undefined || !outside) return here;
  const step: Expression = { kind: "position", axis: chain.name, type: { kind: "count", shape: [] }, span };
  return { kind: "element", base: here, indices: [step], type: value.type.element, span };
}

function reportMissingIndex(symbol: ParameterSymbol, span: Span, context: ExpressionContext): void {
  const indices = symbol.table.map((dimension) => (dimension === undefined ? [] : indexCandidates(dimension, context)));
  const suggestion = indices.every((candidates) => candidates.length === 1)
    ? `${symbol.name}[${indices.flat().join(", ")}]`
    : undefined;
  const table = symbol.table.map((dimension) => (dimension === undefined ? "?" : printDimension(dimension))).join(", ");
  context.report(
    missingIndex(
      span,
      { name: symbol.name, table, ...(suggestion === undefined ? {} : { suggestion }) },
      {
        related: symbol.tableSpans
          .slice(0, 1)
          .map((place) => ({ span: place, message: `declared over ${table} here` })),
        ...(suggestion === undefined ? {} : { fix: { span, replacement: suggestion } }),
      },
    ),
  );
}
