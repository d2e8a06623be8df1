import { covarianceMismatch, slotShapeMismatch } from "../diagnostics/catalogue/semantics.js";
import type { Fix } from "../diagnostics/diagnostic.js";
import { sameDimension, sameShape, shapeOf } from "../ir/domain.js";
import type { Dimension, Domain } from "../ir/model.js";
import { printDimension, printDomain, printShape } from "../ir/print-domain.js";
import { checkSupport, type GivenArgument } from "./argument-support.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { isPositive } from "./expression/interval.js";
import { intervalOf } from "./expression/value-interval.js";
import { printExpression as written } from "../parser/print-expression.js";

/** The variable or parameter that a distribution is for. */
export interface Child {
  readonly name: string;
  readonly domain: Domain;
}

/** The axes along which a family describes its value: a Diag is a vector of variances, an Iso is one. */
export function eventShape(domain: Domain): readonly Dimension[] {
  if (domain.kind !== "covariance") return shapeOf(domain);
  return domain.structure === "diagonal" ? [domain.size] : [];
}

/** Whether an argument has the shape that its slot and the variable ask for; reported where it has not. */
export function checkShape(argument: GivenArgument, child: Child, context: ExpressionContext): boolean {
  const found = shapeOf(argument.value.type);
  switch (argument.slot.shape) {
    case "scalar":
      return found.length === 0 || refuse(argument, child, "a single number", context);
    case "event": {
      const expected = eventShape(child.domain);
      if (found.length === 0 || sameShape(found, expected)) return true;
      const text = expected.length === 0 ? "a single number" : `a single number or of shape ${printShape(expected)}`;
      return refuse(argument, child, text, context);
    }
    case "categories": {
      const expected = child.domain.kind === "category" ? [child.domain.categories] : shapeOf(child.domain);
      const text =
        expected.length === 1
          ? `a vector of length ${printDimension(expected[0])}`
          : `a vector as long as \`${child.name}\`, which is not one`;
      return (expected.length === 1 && sameShape(found, expected)) || refuse(argument, child, text, context);
    }
    case "covariance":
      return checkCovariance(argument, child, context);
  }
}

function refuse(argument: GivenArgument, child: Child, expected: string, context: ExpressionContext): false {
  context.report(
    slotShapeMismatch(argument.written.value.span, {
      family: argument.family,
      slot: argument.slot.name,
      child: child.name,
      childType: printDomain(child.domain),
      expected,
      found: printDomain(argument.value.type),
    }),
  );
  return false;
}

/** A variance, or a covariance of the variable's size. */
function checkCovariance(argument: GivenArgument, child: Child, context: ExpressionContext): boolean {
  const { type } = argument.value;
  const found = shapeOf(type);
  if (found.length === 0) return checkSupport(argument, context);
  const size = covarianceSize(child.domain);
  if (type.kind === "covariance" && size !== undefined && sameDimension(type.size, size)) return true;
  const expected =
    size === undefined ? "a positive number" : `a covariance of size ${printDimension(size)}, or a positive number`;
  const way = covarianceWayOut(argument, size);
  context.report(
    covarianceMismatch(
      argument.written.value.span,
      {
        family: argument.family,
        slot: argument.slot.name,
        child: child.name,
        childType: printDomain(child.domain),
        expected,
        found: printDomain(type),
        wayOut: way.text,
      },
      way.fix === undefined ? {} : { fix: way.fix },
    ),
  );
  return false;
}

/** The length of a vector variable, or the size of a covariance that is drawn. */
function covarianceSize(domain: Domain): Dimension | undefined {
  const shape = shapeOf(domain);
  return shape.length === 1 || domain.kind === "covariance" ? shape[0] : undefined;
}

function covarianceWayOut(
  argument: GivenArgument,
  size: Dimension | undefined,
): { readonly text: string; readonly fix?: Fix } {
  const { value, written: given } = argument;
  const shape = shapeOf(value.type);
  if (size === undefined) return { text: "declare it `Positive`: one variance" };
  const name = printDimension(size);
  if (shape.length === 1 && sameDimension(shape[0], size) && isPositive(intervalOf(value))) {
    return {
      text: "write `diag(…)` around a vector of variances, or `sd:` in front of a vector of standard deviations",
      fix: { span: given.value.span, replacement: `diag(${written(given.value)})` },
    };
  }
  if (shape.length === 2 && value.type.kind !== "covariance" && sameDimension(shape[0], size)) {
    return { text: `declare it \`Cov[${name}]\`: a matrix of any numbers need not be a covariance` };
  }
  return { text: `declare it with the size of the variable, such as \`Cov[${name}]\` or \`Diag[${name}]\`` };
}
