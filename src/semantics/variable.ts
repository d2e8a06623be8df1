import { optionalNotObserved, typeNotAllowedHere } from "../diagnostics/catalogue/semantics.js";
import type { Domain, Variable } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type { GivenDeclaration, RandomDeclaration } from "../parser/ast.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import type { Scope, VariableSymbol } from "./symbols.js";
import { resolveType } from "./type-expression.js";

/** `latent z: T`, `observe x: T?`, `given u: T`: the name, type and axes of a variable. */
export function declareVariable(
  declaration: RandomDeclaration | GivenDeclaration,
  scope: Scope,
  environment: ModelEnvironment,
): VariableSymbol {
  const role = declaration.kind === "given" ? "given" : declaration.role;
  const { type } = declaration;
  const domain = resolveType(type, environment);
  if (type.optional && role !== "observed") {
    environment.diagnostics.push(
      optionalNotObserved(
        type.span,
        { place: role === "given" ? "given" : "latent" },
        { fix: { span: { start: type.span.end - 1, end: type.span.end }, replacement: "" } },
      ),
    );
  }
  const symbol: VariableSymbol = {
    kind: "variable",
    role,
    name: declaration.name.text,
    span: declaration.name.span,
    axes: scope.axes,
    typeName: type.name,
    domain: domain === undefined || refuseType(declaration, role, domain, environment) ? undefined : domain,
  };
  declare(environment, scope, symbol);
  return symbol;
}

function refuseType(
  declaration: RandomDeclaration | GivenDeclaration,
  role: VariableSymbol["role"],
  domain: Domain,
  environment: ModelEnvironment,
): boolean {
  const isData = role !== "latent";
  if (domain.kind !== "sequence" && !(isData && domain.kind === "covariance")) return false;
  environment.diagnostics.push(
    typeNotAllowedHere(declaration.type.span, {
      type: printDomain(domain),
      place: isData ? "a variable of the data" : "a latent variable",
      reason:
        domain.kind === "sequence"
          ? "sequences are what networks read and give"
          : "the columns of data are numbers and vectors",
      wayOut:
        domain.kind === "sequence"
          ? `declare it in a \`chain t { … }\` with the type of one step, \`${printDomain(domain.element)}\``
          : "make it a `param`, or observe the vectors whose covariance it is",
    }),
  );
  return true;
}

/** The variable of the model, where its type is right. */
export function lowerVariable(
  declaration: RandomDeclaration | GivenDeclaration,
  symbol: VariableSymbol,
): Variable | undefined {
  if (symbol.domain === undefined) return undefined;
  return {
    name: symbol.name,
    role: symbol.role,
    axes: symbol.axes.map((axis) => axis.name),
    domain: symbol.domain,
    optional: declaration.type.optional,
    span: symbol.span,
    ...(declaration.documentation === undefined ? {} : { documentation: declaration.documentation }),
  };
}
