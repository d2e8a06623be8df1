import {
  notADistribution,
  priorDomain,
  unknownFamily,
  valueOutsideFamily,
} from "../diagnostics/catalogue/semantics.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { familyElsewhere } from "./names-elsewhere.js";
import type { Span } from "../diagnostics/span.js";
import type { Distribution } from "../distributions/distribution.js";
import { distributions } from "../distributions/registry.js";
import { distributionNames, type DistributionName } from "../ir/distribution-name.js";
import type { Domain, Expression } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type * as syntax from "../parser/ast.js";
import type { Child } from "./argument-shape.js";
import { checkDistributionArguments } from "./distribution-arguments.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { printExpression as written } from "../parser/print-expression.js";

export interface DistributionUse {
  readonly distribution: DistributionName;
  readonly arguments: Readonly<Record<string, Expression>>;
  readonly span: Span;
}

/** Whose distribution it is; `domain` undefined: its type was wrong, and only the arguments can be checked. */
export interface DistributedChild {
  readonly name: string;
  readonly domain: Domain | undefined;
  /** The name of its type in the source, to change it. */
  readonly typeName?: syntax.Identifier;
}

/** `Normal(mean[z], sd: s)` as the distribution of a variable, a parameter or a guide's site. */
export function checkDistribution(
  expression: syntax.Expression,
  child: DistributedChild,
  context: ExpressionContext,
): DistributionUse | undefined {
  const found = findFamily(expression, context);
  if (found === undefined) return undefined;
  const { distribution, call } = found;
  const fits = child.domain === undefined || checkValues(distribution, child.domain, child, call, context);
  // Shapes and supports say nothing useful where the family itself is the wrong one.
  const known: Child | undefined =
    child.domain === undefined || !fits ? undefined : { name: child.name, domain: child.domain };
  const values = checkDistributionArguments(distribution, call, known, context);
  if (values === undefined || !fits) return undefined;
  return { distribution: distribution.name, arguments: values, span: expression.span };
}

function findFamily(
  expression: syntax.Expression,
  context: ExpressionContext,
): { readonly distribution: Distribution; readonly call: syntax.CallExpression } | undefined {
  const callee = expression.kind === "call" ? expression.callee : expression;
  const name = callee.kind === "name" ? distributionNames.find((each) => each === callee.name) : undefined;
  if (name !== undefined) {
    const call: syntax.CallExpression =
      expression.kind === "call" ? expression : { kind: "call", callee, arguments: [], span: expression.span };
    return { distribution: distributions[name], call };
  }
  if (expression.kind !== "call" || callee.kind !== "name" || context.environment.declared.has(callee.name)) {
    const family = familyInBrackets(expression);
    context.report(
      notADistribution(expression.span, { relation: "`~`", ...(family === undefined ? {} : { bracketed: family }) }),
    );
    return undefined;
  }
  const suggestion = familyElsewhere(callee.name) ?? didYouMean(callee.name, distributionNames);
  context.report(
    unknownFamily(
      callee.span,
      { name: callee.name, families: distributionNames, ...(suggestion === undefined ? {} : { suggestion }) },
      suggestion === undefined ? {} : { fix: { span: callee.span, replacement: suggestion } },
    ),
  );
  for (const argument of expression.arguments) context.check(argument.value);
  return undefined;
}

/** `Categorical[weights]` */
function familyInBrackets(expression: syntax.Expression): DistributionName | undefined {
  if (expression.kind !== "subscript" || expression.base.kind !== "name") return undefined;
  const { name } = expression.base;
  return distributionNames.find((each) => each === name);
}

/** Whether a family draws values of a domain. */
export function draws(distribution: Distribution, domain: Domain): boolean {
  if (!distribution.values.includes(domain.kind)) return false;
  if (domain.kind !== "covariance") return true;
  return distribution.covarianceStructures?.includes(domain.structure) ?? true;
}

const continuousKinds: readonly Domain["kind"][] = ["real", "positive", "unit", "angle", "ordered"];

/** Families that draw values of a domain. */
export function familiesFor(domain: Domain): readonly DistributionName[] {
  return distributionNames.filter((name) => draws(distributions[name], domain));
}

function checkValues(
  distribution: Distribution,
  domain: Domain,
  child: DistributedChild,
  call: syntax.CallExpression,
  context: ExpressionContext,
): boolean {
  if (draws(distribution, domain)) return true;
  const place = call.callee.span;
  if (context.place === "prior") {
    // A prior of other numbers than the parameter's own is odd, but has a meaning: the lints warn of it.
    if (continuousKinds.includes(domain.kind) && distribution.values.some((kind) => continuousKinds.includes(kind)))
      return true;
    context.report(
      priorDomain(place, {
        parameter: child.name,
        type: printDomain(domain),
        family: distribution.name,
        support: distribution.support,
        fitting: familiesFor(domain),
      }),
    );
    return false;
  }
  const type = typeDrawnBy(distribution, domain);
  const families = familiesFor(domain);
  const changes = [
    ...(type === undefined ? [] : [`declare \`${child.name}: ${type}\``]),
    ...(families.length === 0 ? [] : [`choose a family that draws it: ${families.join(", ")}`]),
  ];
  const typeName = type === undefined ? undefined : /^[A-Za-z]+/.exec(type)?.[0];
  context.report(
    valueOutsideFamily(
      place,
      {
        family: distribution.name,
        child: child.name,
        childType: printDomain(domain),
        support: distribution.support,
        wayOut: changes.length === 0 ? `choose another type for \`${child.name}\`` : changes.join(", or "),
      },
      child.typeName === undefined || typeName === undefined
        ? {}
        : { fix: { span: child.typeName.span, replacement: typeName } },
    ),
  );
  return false;
}

/** The type of the same shape whose values a family draws, where there is one. */
function typeDrawnBy(distribution: Distribution, domain: Domain): string | undefined {
  if (domain.kind === "covariance" || domain.kind === "sequence" || domain.kind === "category") return undefined;
  const [kind] = distribution.values;
  switch (kind) {
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "count":
    case "binary":
      return printDomain({ kind, shape: domain.shape });
    case "simplex":
    case "ordered":
    case "category":
    case "covariance":
    case "sequence":
      return domain.shape.length === 1 && kind === "simplex"
        ? printDomain({ kind, shape: [domain.shape[0]] })
        : undefined;
  }
}

/** Whether an expression is written as a distribution; for messages about `=`. */
export function familyNameOf(expression: syntax.Expression): DistributionName | undefined {
  const callee = expression.kind === "call" ? expression.callee : expression;
  return distributionNames.find((each) => each === written(callee));
}
