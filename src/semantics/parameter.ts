import {
  fixedMismatch,
  fixedNotConstant,
  optionalNotObserved,
  typeNotAllowedHere,
} from "../diagnostics/catalogue/semantics.js";
import { sameShape, shapeOf } from "../ir/domain.js";
import type { Dimension, Domain, Expression, Parameter } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import { walkExpression } from "../ir/walk-expression.js";
import type { ParameterDeclaration } from "../parser/ast.js";
import { describeValue, isConstantSimplex } from "./argument-support.js";
import { checkDistribution } from "./distribution-call.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { intervalOf, intervalOfDomain } from "./expression/value-interval.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import { resolveSize } from "./size.js";
import type { ParameterSymbol } from "./symbols.js";
import { resolveType } from "./type-expression.js";

/** `param mean[K]: Vector[D] ~ prior`: its name, table and type. */
export function declareParameter(declaration: ParameterDeclaration, environment: ModelEnvironment): ParameterSymbol {
  const { name, table, type } = declaration;
  const domain = resolveType(type, environment);
  if (type.optional) {
    environment.diagnostics.push(
      optionalNotObserved(
        type.span,
        { place: "a parameter" },
        { fix: { span: { start: type.span.end - 1, end: type.span.end }, replacement: "" } },
      ),
    );
  }
  const symbol: ParameterSymbol = {
    kind: "parameter",
    name: name.text,
    span: name.span,
    table: table.map((size) => resolveSize(size, environment)),
    tableSpans: table.map((size) => size.span),
    typeName: type.name,
    domain: domain === undefined || refuseDataType(declaration, domain, environment) ? undefined : domain,
  };
  declare(environment, environment.root, symbol);
  return symbol;
}

/** Parameters are learned by moving them a little, which separate values do not allow. */
function refuseDataType(declaration: ParameterDeclaration, domain: Domain, environment: ModelEnvironment): boolean {
  const reason = reasonAgainst(domain);
  if (reason === undefined) return false;
  environment.diagnostics.push(
    typeNotAllowedHere(declaration.type.span, {
      type: printDomain(domain),
      place: "a parameter",
      reason,
      wayOut:
        domain.kind === "category"
          ? `let it be a variable: \`latent ${declaration.name.text}: ${printDomain(domain)} ~ Categorical(…)\``
          : "declare it `Real`, `Positive` or `Unit`",
    }),
  );
  return true;
}

function reasonAgainst(domain: Domain): string | undefined {
  switch (domain.kind) {
    case "category":
    case "binary":
    case "count":
      return "its values are separate, and a parameter is learned by small changes";
    case "angle":
      return "angles are for data and latent variables";
    case "sequence":
      return "sequences are what networks read and give";
    case "real":
    case "positive":
    case "unit":
    case "simplex":
    case "ordered":
    case "covariance":
      return undefined;
  }
}

/** The parameter with its prior or fixed value. */
export function checkParameter(
  declaration: ParameterDeclaration,
  symbol: ParameterSymbol,
  context: ExpressionContext,
): Parameter | undefined {
  const child = { name: symbol.name, domain: symbol.domain, typeName: symbol.typeName };
  const prior = declaration.prior === undefined ? undefined : checkDistribution(declaration.prior, child, context);
  const fixed = declaration.value === undefined ? undefined : checkFixed(declaration, symbol, context);
  const table = symbol.table.filter((dimension) => dimension !== undefined);
  if (symbol.domain === undefined || table.length < symbol.table.length) return undefined;
  if (declaration.prior !== undefined && prior === undefined) return undefined;
  if (declaration.value !== undefined && fixed === undefined) return undefined;
  return {
    name: symbol.name,
    span: symbol.span,
    table,
    domain: symbol.domain,
    ...(declaration.documentation === undefined ? {} : { documentation: declaration.documentation }),
    ...(prior === undefined ? {} : { prior }),
    ...(fixed === undefined ? {} : { fixed }),
  };
}

/** A known value: numbers of the parameter's shape, or of fewer axes, which then stand for every entry. */
function checkFixed(
  declaration: ParameterDeclaration,
  symbol: ParameterSymbol,
  context: ExpressionContext,
): Expression | undefined {
  const { value: written } = declaration;
  const value = written === undefined ? undefined : context.check(written);
  if (written === undefined || value === undefined) return undefined;
  const reads = [...walkExpression(value)].some(
    (each) => each.kind !== "constant" && each.kind !== "list" && each.kind !== "apply",
  );
  if (reads) {
    context.report(fixedNotConstant(written.span, { parameter: symbol.name }));
    return undefined;
  }
  const { domain, table } = symbol;
  if (domain === undefined) return undefined;
  const known = table.filter((dimension) => dimension !== undefined);
  if (fitsShape(value, known, domain) && fitsNumbers(value, domain)) return value;
  context.report(
    fixedMismatch(written.span, {
      parameter: symbol.name,
      type: printDomain(domain),
      found: describeFixed(value, domain),
    }),
  );
  return undefined;
}

/** The sizes of a list are numbers, those of a parameter mostly names: only the number of axes can be compared. */
function fitsShape(value: Expression, table: readonly Dimension[], domain: Domain): boolean {
  const found = shapeOf(value.type);
  const cell = shapeOf(domain);
  const fits = (expected: readonly Dimension[]): boolean =>
    found.length === expected.length &&
    found.every((dimension, i) =>
      dimension.kind === "symbol"
        ? sameShape([dimension], [expected[i]])
        : expected[i].kind === "symbol" || sameShape([dimension], [expected[i]]),
    );
  const needsVector = domain.kind === "simplex" || domain.kind === "ordered";
  return fits([...table, ...cell]) || fits(cell) || (found.length === 0 && !needsVector);
}

function fitsNumbers(value: Expression, domain: Domain): boolean {
  const { kind } = domain;
  if (kind === "simplex") return value.type.kind === "simplex" || rowsOf(value).every(isConstantSimplex);
  if (kind === "covariance")
    return value.type.kind === "covariance" || shapeOf(value.type).length >= 2 || intervalOf(value).least > 0;
  const found = intervalOf(value);
  const allowed = intervalOfDomain(domain);
  const isAbove =
    found.least > allowed.least || (found.least === allowed.least && (!allowed.leastOpen || found.leastOpen));
  const isBelow = found.most < allowed.most || (found.most === allowed.most && (!allowed.mostOpen || found.mostOpen));
  return isAbove && isBelow;
}

function describeFixed(value: Expression, domain: Domain): string {
  const wrong = rowsOf(value).find((row) => !isConstantSimplex(row));
  if (domain.kind !== "simplex" || wrong?.kind !== "list") return describeValue(value);
  const total = wrong.items.reduce((sum, item) => sum + intervalOf(item).least, 0);
  const negative = wrong.items.some((item) => intervalOf(item).least < 0);
  return negative ? "not made of probabilities alone" : `a list whose sum is ${Number(total.toPrecision(6))}`;
}

/** The innermost lists. */
function rowsOf(value: Expression): readonly Expression[] {
  return value.kind === "list" && shapeOf(value.type).length > 1 ? value.items.flatMap(rowsOf) : [value];
}
