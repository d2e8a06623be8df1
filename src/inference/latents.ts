import type { Span } from "../diagnostics/span.js";
import type { Domain, Expression, Model, Variable } from "../ir/model.js";
import { walkExpression } from "../ir/walk-expression.js";

/** The latent variables of a model, told apart by how they can be eliminated. */
export interface Latents {
  readonly variables: ReadonlyMap<string, Variable>;
  /** Summed over their values. */
  readonly discrete: ReadonlySet<string>;
  /** Integrated. */
  readonly continuous: ReadonlySet<string>;
}

/** A mention of a variable; `lag` steps back along its innermost chain, or all of its chain (`x[*]`). */
export interface VariableReference {
  readonly name: string;
  readonly lag: number | "all";
  readonly span: Span;
}

export function isDiscrete(domain: Domain): boolean {
  switch (domain.kind) {
    case "category":
    case "binary":
    case "count":
      return true;
    case "sequence":
      return isDiscrete(domain.element);
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "simplex":
    case "ordered":
    case "covariance":
      return false;
  }
}

export function latentsOf(model: Model): Latents {
  const latent = model.variables.filter((variable) => variable.role === "latent");
  return {
    variables: new Map(latent.map((variable) => [variable.name, variable])),
    discrete: new Set(latent.filter((variable) => isDiscrete(variable.domain)).map((variable) => variable.name)),
    continuous: new Set(latent.filter((variable) => !isDiscrete(variable.domain)).map((variable) => variable.name)),
  };
}

/** Every mention of a latent, observed or given variable, in source order. */
export function variableReferences(expression: Expression): readonly VariableReference[] {
  const found: VariableReference[] = [];
  for (const part of walkExpression(expression)) {
    if (part.kind === "variable") found.push({ name: part.name, lag: part.lag, span: part.span });
    if (part.kind === "sequence") found.push({ name: part.name, lag: "all", span: part.span });
  }
  return found;
}
