import type { Span } from "../diagnostics/span.js";
import type { DensityFactor, Expression, Factor, Model } from "../ir/model.js";
import { affine, type NonAffineReason } from "./affine.js";
import { type Latents, type VariableReference, latentsOf, variableReferences } from "./latents.js";

/** How a factor depends on a variable that one of its arguments mentions. */
export interface Dependency {
  readonly variable: string;
  /** Steps back along the variable's innermost chain; "all": every step of it. */
  readonly lag: number | "all";
  /**
   * known: observed or given · index: a discrete latent, whose values are tried one by one ·
   * affine: a continuous latent in the mean of a Normal, in which the mean is affine · nonlinear: any other use.
   */
  readonly mode: "known" | "index" | "affine" | "nonlinear";
  /** Slot of the distribution; absent for `=`. */
  readonly slot?: string;
  readonly span: Span;
  /** For nonlinear. */
  readonly reason?: NonAffineReason | SlotReason;
}

/** Affine, but in a slot where that does not help: the rate of a Poisson, the logits of a Bernoulli, a variance. */
export interface SlotReason {
  readonly kind: "slot";
  readonly slot: string;
  readonly latent: string;
}

export interface FactorDependencies {
  readonly factor: Factor;
  readonly dependencies: readonly Dependency[];
}

/** What each factor of a model depends on, argument by argument, in source order. */
export function dependenciesOf(model: Model): readonly FactorDependencies[] {
  const latents = latentsOf(model);
  return model.factors.map((factor) => ({ factor, dependencies: factorDependencies(factor, latents) }));
}

/** What one factor depends on; also for the sites of a guide. */
export function factorDependencies(factor: Factor, latents: Latents): readonly Dependency[] {
  switch (factor.kind) {
    case "density":
      return argumentsInOrder(factor).flatMap(([slot, argument]) =>
        argumentDependencies(factor, slot, argument, latents),
      );
    case "implicit":
      return expressionDependencies(factor.value, latents, () => "affine");
  }
}

function argumentsInOrder(factor: DensityFactor): readonly (readonly [string, Expression])[] {
  return Object.entries(factor.arguments).sort(([, a], [, b]) => a.span.start - b.span.start);
}

function argumentDependencies(
  factor: DensityFactor,
  slot: string,
  argument: Expression,
  latents: Latents,
): readonly Dependency[] {
  const keepsGaussian = factor.distribution === "Normal" && slot === "mean";
  return expressionDependencies(argument, latents, () => (keepsGaussian ? "affine" : "nonlinear"), slot);
}

function expressionDependencies(
  expression: Expression,
  latents: Latents,
  whereAffine: () => "affine" | "nonlinear",
  slot?: string,
): readonly Dependency[] {
  const form = affine(expression, latents);
  const places = form.kind === "nonAffine" ? form.places : [];
  const found = variableReferences(expression).map((reference): Dependency => {
    const base = {
      variable: reference.name,
      lag: reference.lag,
      span: reference.span,
      ...(slot === undefined ? {} : { slot }),
    };
    if (latents.discrete.has(reference.name)) return { ...base, mode: "index" };
    if (!latents.continuous.has(reference.name)) return { ...base, mode: "known" };
    const place = places.find((candidate) => candidate.latents.some((latent) => isSame(latent, reference)));
    if (place !== undefined) return { ...base, mode: "nonlinear", reason: place.reason };
    if (whereAffine() === "affine") return { ...base, mode: "affine" };
    return {
      ...base,
      mode: "nonlinear",
      reason: { kind: "slot", slot: slot ?? "", latent: reference.name },
    };
  });
  return withoutRepetitions(found);
}

function isSame(a: VariableReference, b: VariableReference): boolean {
  return a.name === b.name && a.lag === b.lag && a.span.start === b.span.start && a.span.end === b.span.end;
}

function withoutRepetitions(dependencies: readonly Dependency[]): readonly Dependency[] {
  const seen = new Map<string, Dependency>();
  for (const dependency of dependencies) {
    const key = `${dependency.variable} ${dependency.lag} ${dependency.mode}`;
    if (!seen.has(key)) seen.set(key, dependency);
  }
  return [...seen.values()];
}
