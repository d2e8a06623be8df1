import { shapeOf } from "./domain.js";
import type { Expression, Model } from "./model.js";
import { walkExpression } from "./walk-expression.js";

/** Loadings W of a latent z whose density is the same in all directions: W R and R' z for any rotation R say the same. */
export interface Rotation {
  readonly latent: string;
  /** All parameters that the rotation turns; the first carries its freedom, once for each cell of its table. */
  readonly parameters: readonly string[];
}

/**
 * Gaussian latents of mean 0 and one known variance that are read only through learned matrices without priors: these
 * are determined up to a rotation.
 */
export function rotationsOf(model: Model): readonly Rotation[] {
  return model.variables.flatMap((variable) => {
    if (variable.role !== "latent" || variable.domain.kind !== "real" || shapeOf(variable.domain).length !== 1)
      return [];
    const own = model.factors.find((factor) => factor.child === variable.name);
    if (own?.kind !== "density" || own.distribution !== "Normal") return [];
    const { mean, covariance, sd } = own.arguments;
    const spread = covariance ?? sd;
    if (mean?.kind !== "constant" || mean.value !== 0 || spread?.kind !== "constant") return [];
    const loadings = new Map<string, string>();
    for (const factor of model.factors) {
      if (factor.kind !== "density") return [];
      for (const argument of Object.values(factor.arguments)) {
        const parts = [...walkExpression(argument)];
        const products = parts.filter(
          (part) => part.kind === "apply" && part.function === "matmul" && reads(part.arguments[1], variable.name),
        );
        const mentions = parts.filter((part) => part.kind === "variable" && part.name === variable.name);
        if (mentions.length !== products.length) return [];
        for (const product of products) {
          const matrix = product.kind === "apply" ? product.arguments[0] : undefined;
          if (matrix?.kind !== "parameter") return [];
          loadings.set(matrix.name, indexText(matrix.indices));
        }
      }
    }
    const names = [...loadings.keys()];
    const areFree = model.parameters
      .filter(({ name }) => loadings.has(name))
      .every(({ fixed, prior }) => fixed === undefined && prior === undefined);
    const isUsedOnce = names.every((name) => usesOf(model, name) === 1);
    if (names.length === 0 || !areFree || !isUsedOnce || new Set(loadings.values()).size !== 1) return [];
    return [{ latent: variable.name, parameters: names }];
  });
}

function reads(expression: Expression | undefined, name: string): boolean {
  return expression?.kind === "variable" && expression.name === name && expression.lag === 0;
}

function indexText(indices: readonly Expression[]): string {
  return indices.map((index) => (index.kind === "variable" ? index.name : JSON.stringify(index))).join(",");
}

function usesOf(model: Model, parameter: string): number {
  return model.factors
    .flatMap((factor) => (factor.kind === "density" ? Object.values(factor.arguments) : []))
    .flatMap((argument) => [...walkExpression(argument)])
    .filter((part) => part.kind === "parameter" && part.name === parameter).length;
}
