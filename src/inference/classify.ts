import type { Axis, Domain, ImplicitFactor, Model } from "../ir/model.js";
import { type Dependency, dependenciesOf, type FactorDependencies } from "./dependencies.js";
import { eliminate, type Elimination } from "./elimination-width.js";
import { growthAlong } from "./growth.js";
import { jointTables } from "./joint-tables.js";
import { type Latents, latentsOf } from "./latents.js";
import { coupledAxes, longestLag, unroll } from "./unroll.js";
import type {
  AdversarialVerdict,
  Approximation,
  BoundReason,
  ElboVerdict,
  ExactVerdict,
  ProductReason,
  RefusedReason,
  Verdict,
} from "./verdict.js";

/** Which learning algorithm the model admits, by its structure alone. */
export function classify(model: Model): Verdict {
  const latents = latentsOf(model);
  const implicit = classifyImplicit(model);
  if (implicit !== undefined) return implicit;
  const tableless = withoutFiniteTable(model);
  if (tableless.length > 0) return { kind: "refused", reasons: tableless };
  const dependencies = dependenciesOf(model);
  const reasons = nonConjugate(dependencies, latents);
  const approximation = askedApproximation(model);
  if (reasons.length > 0) {
    // Given all but one of its factors a product is linear.
    return approximation?.kind === "vb" && reasons.every(isProduct)
      ? { kind: "needsApproximation", growths: [], products: reasons.filter(isProduct), asked: approximation }
      : bound(model, latents, reasons);
  }
  const asked = askedForBound(model);
  if (asked !== undefined) return bound(model, latents, [asked]);
  return classifyElimination(model, latents, dependencies);
}

function classifyImplicit(model: Model): AdversarialVerdict | Verdict | undefined {
  const implicit = model.factors.filter((factor): factor is ImplicitFactor => factor.kind === "implicit");
  if (implicit.length === 0) return undefined;
  if (model.critic !== undefined) {
    return { kind: "adversarial", implicit: implicit.map((factor) => factor.child), critic: model.critic.network };
  }
  return {
    kind: "refused",
    reasons: implicit.map((factor) => ({ kind: "noDensity", variable: factor.child, span: factor.span })),
  };
}

/** Counts go on for ever, and a vector of D bits has 2^D values. */
function withoutFiniteTable(model: Model): readonly RefusedReason[] {
  const isUnbounded = (domain: Domain): boolean =>
    domain.kind === "count" || ((domain.kind === "binary" || domain.kind === "category") && domain.shape.length > 0);
  return model.variables
    .filter((variable) => variable.role === "latent" && isUnbounded(variable.domain))
    .map((variable) => ({ kind: "noFiniteTable", variable: variable.name, span: variable.span }));
}

/** Every use of a continuous latent that keeps it from being integrated in closed form. */
function nonConjugate(factors: readonly FactorDependencies[], latents: Latents): readonly BoundReason[] {
  return factors.flatMap(({ factor, dependencies }) => {
    if (factor.kind === "implicit") return [];
    const { child, distribution, span } = factor;
    const reasons: BoundReason[] = [];
    if (latents.continuous.has(child) && distribution !== "Normal") {
      reasons.push({ kind: "latentNotNormal", variable: child, distribution, span });
    }
    for (const dependency of dependencies) {
      if (dependency.mode !== "nonlinear") continue;
      const latent = dependency.variable;
      reasons.push({ kind: "nonlinear", child, latent, dependency });
      if (distribution !== "Normal")
        reasons.push({ kind: "parentOfNonNormal", child, distribution, latent, dependency });
    }
    return reasons;
  });
}

/** A guide, or `learn elbo`, asks for a bound where elimination would do; `learn em` has the last word. */
function askedForBound(model: Model): BoundReason | undefined {
  if (model.learn?.method === "em") return undefined;
  if (model.learn?.method === "elbo") return { kind: "askedFor", span: model.learn.span };
  if (model.guide !== undefined) return { kind: "askedFor", span: model.guide.span };
  return undefined;
}

function bound(model: Model, latents: Latents, reasons: readonly BoundReason[]): ElboVerdict {
  const sites = new Set(model.guide?.sites.map((site) => site.child) ?? []);
  const stuck = new Set(reasons.flatMap((reason) => stuckLatent(reason)));
  const isAskedFor = reasons.some((reason) => reason.kind === "askedFor");
  const sampled = [...latents.continuous].filter((name) => isAskedFor || stuck.has(name) || sites.has(name));
  const guide = model.guide === undefined ? "none" : model.guide.automatic === undefined ? "written" : "automatic";
  const throughNetwork = reasons.some(
    (reason) => reason.kind === "nonlinear" && reason.dependency.reason?.kind === "network",
  );
  return {
    kind: "elbo",
    reparameterise: sampled.sort(),
    enumerate: [...latents.discrete],
    integrate: [...latents.continuous].filter((name) => !sampled.includes(name)),
    reasons,
    guide,
    asked: model.learn?.method !== "em" && (guide !== "none" || model.learn?.method === "elbo" || throughNetwork),
  };
}

function isProduct(reason: BoundReason): reason is ProductReason {
  return reason.kind === "nonlinear" && isProductOfTwo(reason.dependency);
}

/** A product of two latents in a mean: given either one it is linear. */
export function isProductOfTwo({ reason, slot }: Dependency): boolean {
  return slot === "mean" && reason?.kind === "product" && reason.left !== reason.right;
}

function stuckLatent(reason: BoundReason): readonly string[] {
  switch (reason.kind) {
    case "latentNotNormal":
      return [reason.variable];
    case "nonlinear":
    case "parentOfNonNormal":
      return [reason.latent];
    case "askedFor":
      return [];
  }
}

function classifyElimination(model: Model, latents: Latents, factors: readonly FactorDependencies[]): Verdict {
  const kinds = latentKinds(latents);
  if (kinds === "none") return { kind: "exact", latents: kinds, scans: [], tables: [], stacked: [] };
  const axes = coupledAxes(model);
  const short = Math.max(longestLag(factors), 1) + 3;
  const long = short + 2;
  const sizesWith = (axis: Axis | undefined, size: number): ReadonlyMap<string, number> =>
    new Map(axes.map((each) => [each.name, each === axis ? size : each.kind === "chain" ? short : 2]));
  const at = (axis: Axis, size: number): Elimination => eliminate(unroll(model, sizesWith(axis, size)));
  const widths = axes.map((axis) => ({ axis, narrow: at(axis, short), wide: at(axis, long) }));
  const growing = widths.filter(({ narrow, wide }) => wide.discreteWidth > narrow.discreteWidth);
  if (growing.length > 0) {
    const asked = askedApproximation(model);
    return {
      kind: "needsApproximation",
      growths: growing.map(({ axis }) => growthAlong(model, axis, sizesWith(axis, long))),
      ...(asked === undefined ? {} : { asked }),
    };
  }
  const stacking = widths.filter(({ narrow, wide }) => wide.continuousWidth > narrow.continuousWidth);
  return {
    kind: "exact",
    latents: kinds,
    scans: scannedChains(model),
    tables: jointTables(model, new Map(axes.map((axis) => [axis.name, axis.kind === "chain" ? long : 2]))),
    stacked: stacking.map(({ axis }) => axis.name),
  };
}

function latentKinds(latents: Latents): ExactVerdict["latents"] {
  const discrete = latents.discrete.size > 0;
  const continuous = latents.continuous.size > 0;
  if (discrete && continuous) return "discrete+gaussian";
  if (discrete) return "discrete";
  return continuous ? "gaussian" : "none";
}

/** Chains along which a latent lives; a chain of observed values alone needs no message from step to step. */
function scannedChains(model: Model): readonly string[] {
  const latentAxes = new Set(model.variables.flatMap((variable) => (variable.role === "latent" ? variable.axes : [])));
  return model.axes.filter((axis) => axis.kind === "chain" && latentAxes.has(axis.name)).map((axis) => axis.name);
}

/** What `learn em { approx: … }` asks for. */
export function askedApproximation(model: Model): Approximation | undefined {
  if (model.learn?.method !== "em") return undefined;
  const option = model.learn.options["approx"];
  if (option === undefined || option.kind === "number") return undefined;
  if (option.name === "vb") return { kind: "vb", span: option.span };
  if (option.name !== "collapse") return undefined;
  const order = option.kind === "call" ? option.arguments[0] : undefined;
  return { kind: "collapse", ...(order === undefined ? {} : { order }), span: option.span };
}
