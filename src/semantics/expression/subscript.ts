import { indexOutOfRange, notIndexable, wrongIndex, wrongIndexCount } from "../../diagnostics/catalogue/semantics.js";
import type { Span } from "../../diagnostics/span.js";
import { sameDimension, shapeOf } from "../../ir/domain.js";
import type { Dimension, Domain, Expression } from "../../ir/model.js";
import { printDimension, printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import { findVisible, type ParameterSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";
import { indexCandidates } from "./index-candidates.js";
import { chainOfIndex, checkLookBack } from "./look-back.js";
import { checkSequence } from "./sequence.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** `mean[z]`, `x[t-1]`, `y[*]`, `theta[z]` */
export function checkSubscript(
  expression: syntax.SubscriptExpression,
  context: ExpressionContext,
): Expression | undefined {
  const { base, subscripts } = expression;
  if (subscripts.some((each) => each.kind === "all")) return checkSequence(expression, context);
  const symbol = base.kind === "name" ? findVisible(context.scope, base.name) : undefined;
  if (symbol?.kind === "parameter" && symbol.table.length > 0) return checkTable(expression, symbol, context);
  const chain = subscripts.map((each) => chainOfIndex(each, context)).find((each) => each !== undefined);
  if (chain !== undefined) return checkLookBack(expression, chain, context);
  const value = context.check(base);
  return value === undefined ? undefined : checkElement(value, written(base), subscripts, expression.span, context);
}

/** One index for each size of the table; further ones pick entries of the cell. */
function checkTable(
  expression: syntax.SubscriptExpression,
  symbol: ParameterSymbol,
  context: ExpressionContext,
): Expression | undefined {
  const { subscripts, span } = expression;
  const { table, domain } = symbol;
  const most = table.length + (domain === undefined ? Infinity : indexableShape(domain).length);
  if (subscripts.length < table.length || subscripts.length > most) {
    const sizes = table.map((dimension) => (dimension === undefined ? "?" : printDimension(dimension)));
    context.report(
      wrongIndexCount(
        span,
        {
          owner: symbol.name,
          declared: `a table over ${sizes.join(" and ")}`,
          least: table.length,
          most: Number.isFinite(most) ? most : table.length,
          found: subscripts.length,
        },
        { related: symbol.tableSpans.map((place) => ({ span: place, message: "declared over this" })) },
      ),
    );
    return undefined;
  }
  const indices = table.map((dimension, i) =>
    dimension === undefined
      ? undefined
      : checkIndex(
          subscripts[i],
          dimension,
          { owner: symbol.name, written: expression, span: symbol.tableSpans[i] },
          context,
        ),
  );
  const known = indices.filter((index) => index !== undefined);
  if (known.length < table.length || domain === undefined) return undefined;
  const cell: Expression = { kind: "parameter", name: symbol.name, indices: known, type: domain, span };
  const rest = subscripts.slice(table.length);
  return rest.length === 0 ? cell : checkElement(cell, written(expression.base), rest, span, context);
}

/** An entry of a vector, or a row of a matrix. */
function checkElement(
  value: Expression,
  owner: string,
  subscripts: readonly syntax.Subscript[],
  span: Span,
  context: ExpressionContext,
): Expression | undefined {
  const shape = indexableShape(value.type);
  if (shape.length === 0) {
    context.report(notIndexable(span, { written: `\`${owner}\``, type: printDomain(value.type) }));
    return undefined;
  }
  if (subscripts.length > shape.length) {
    context.report(
      wrongIndexCount(span, {
        owner,
        declared: `\`${printDomain(value.type)}\``,
        least: 1,
        most: shape.length,
        found: subscripts.length,
      }),
    );
    return undefined;
  }
  const indices = subscripts.map((subscript, i) => checkIndex(subscript, shape[i], { owner }, context));
  const known = indices.filter((index) => index !== undefined);
  if (known.length < subscripts.length) return undefined;
  return { kind: "element", base: value, indices: known, type: entryDomain(value.type, subscripts.length), span };
}

/** Axes along which entries can be picked. */
function indexableShape(domain: Domain): readonly Dimension[] {
  return domain.kind === "sequence" ? [] : shapeOf(domain);
}

function entryDomain(domain: Domain, indices: number): Domain {
  const shape = shapeOf(domain).slice(indices);
  switch (domain.kind) {
    case "real":
    case "ordered":
    case "covariance":
    case "sequence":
      return { kind: "real", shape };
    case "simplex":
      return { kind: "unit", shape };
    case "positive":
    case "unit":
    case "angle":
    case "count":
    case "binary":
      return { kind: domain.kind, shape };
    case "category":
      return { ...domain, shape };
  }
}

interface IndexedTable {
  readonly owner: string;
  /** The whole subscript, where its other indices are worth showing in a suggestion. */
  readonly written?: syntax.SubscriptExpression;
  /** Where the size was declared. */
  readonly span?: Span;
}

/** An index must pick one of `dimension`: a category of that size, a plate over it, or a whole number. */
function checkIndex(
  subscript: syntax.Subscript,
  dimension: Dimension,
  table: IndexedTable,
  context: ExpressionContext,
): Expression | undefined {
  if (subscript.kind === "all") return undefined;
  const { value: index, span } = subscript;
  const refuse = (reason: string): undefined => {
    reportWrongIndex(index, dimension, table, reason, context);
    return undefined;
  };
  if (index.kind === "number") {
    const length = lengthOf(dimension, context);
    const inRange = Number.isInteger(index.value) && (length === undefined || index.value < length);
    if (inRange) return { kind: "constant", value: index.value, type: { kind: "count", shape: [] }, span };
    if (dimension.kind === "symbol" && !Number.isInteger(index.value)) {
      return refuse(`${index.text} is not a whole number`);
    }
    const size = dimension.kind === "symbol" ? { size: dimension.name } : {};
    context.report(indexOutOfRange(span, { index: index.value, length: length ?? 1, ...size }));
    return undefined;
  }
  const chain = chainOfIndex(subscript, context);
  if (chain !== undefined) return refuse(`\`${written(index)}\` is a step of the chain \`${chain.name}\``);
  if (index.kind === "name") {
    const symbol = findVisible(context.scope, index.name);
    if (symbol?.kind === "size") return refuse(`\`${index.name}\` is a size, not one of its values`);
    if (symbol?.kind === "axis") {
      const { size } = symbol.axis;
      if (size === undefined) return refuse(`\`${index.name}\` runs over the rows of the data`);
      if (!sameDimension(size, dimension)) return refuse(`\`${index.name}\` runs over \`${printDimension(size)}\``);
      return {
        kind: "position",
        axis: symbol.axis.name,
        type: { kind: "category", categories: size, shape: [] },
        span,
      };
    }
  }
  const checked = context.check(index);
  if (checked === undefined) return undefined;
  if (checked.type.kind !== "category")
    return refuse(`\`${written(index)}\` is \`${printDomain(checked.type)}\`, not a category`);
  if (!sameDimension(checked.type.categories, dimension)) {
    return refuse(`\`${written(index)}\` is one of \`${printDimension(checked.type.categories)}\``);
  }
  return checked;
}

/** Of a size with a default, that; of one that the data or the user tells, nothing is known yet. */
function lengthOf(dimension: Dimension, context: ExpressionContext): number | undefined {
  if (dimension.kind === "literal") return dimension.value;
  const symbol = findVisible(context.scope, dimension.name);
  return symbol?.kind === "size" ? symbol.default : undefined;
}

function reportWrongIndex(
  index: syntax.Expression,
  dimension: Dimension,
  table: IndexedTable,
  reason: string,
  context: ExpressionContext,
): void {
  const candidates = indexCandidates(dimension, context);
  const replacement = candidates.length === 1 ? candidates[0] : undefined;
  const suggestion = replacement === undefined ? undefined : suggestedText(index, replacement, table);
  const size = printDimension(dimension);
  context.report(
    wrongIndex(
      index.span,
      { owner: table.owner, size, reason, ...(suggestion === undefined ? {} : { suggestion }) },
      {
        related: table.span === undefined ? [] : [{ span: table.span, message: `declared over ${size} here` }],
        ...(replacement === undefined ? {} : { fix: { span: index.span, replacement } }),
      },
    ),
  );
}

function suggestedText(index: syntax.Expression, replacement: string, table: IndexedTable): string {
  if (table.written === undefined) return replacement;
  const texts = table.written.subscripts.map((each) => {
    if (each.kind === "all") return "*";
    return each.value === index ? replacement : written(each.value);
  });
  return `${table.owner}[${texts.join(", ")}]`;
}
