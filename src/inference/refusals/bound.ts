import {
  latentNotNormal,
  noFiniteTable,
  nonlinearUse,
  type NonlinearUse,
  productOfLatents,
} from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { Model, Variable } from "../../ir/model.js";
import { shapeOf } from "../../ir/domain.js";
import { printDimension, printDomain } from "../../ir/print-domain.js";
import { askedApproximation, isProductOfTwo } from "../classify.js";
import type { Dependency } from "../dependencies.js";
import type { BoundReason, ElboVerdict, Verdict } from "../verdict.js";
import { severityWithoutOptIn } from "./severity.js";

type NonlinearReason = Extract<BoundReason, { kind: "nonlinear" }>;

/** Latents that cannot be eliminated, where no bound is asked for. */
export function refuseBound(model: Model, verdict: Verdict): readonly Diagnostic[] {
  switch (verdict.kind) {
    case "exact":
    case "needsApproximation":
    case "adversarial":
      return [];
    case "refused":
      return refuseTableless(
        model,
        verdict.reasons.flatMap((reason) => (reason.kind === "noFiniteTable" ? [reason] : [])),
      );
    case "elbo":
      return verdict.asked ? [] : refuseExact(model, verdict);
  }
}

function refuseTableless(
  model: Model,
  reasons: readonly { readonly variable: string; readonly span: Span }[],
): readonly Diagnostic[] {
  return reasons.map(({ variable, span }) => {
    const { domain } = declared(model, variable);
    const shape = shapeOf(domain).map(printDimension);
    return noFiniteTable(span, { variable, type: printDomain(domain), shape });
  });
}

function refuseExact(model: Model, verdict: ElboVerdict): readonly Diagnostic[] {
  const severity = severityWithoutOptIn(model);
  // Coordinate ascent copes with products of latents, not with other functions of a Gaussian.
  const isVariational = askedApproximation(model)?.kind === "vb";
  const notNormal = verdict.reasons.flatMap((reason) => (reason.kind === "latentNotNormal" ? [reason] : []));
  const outsideNormal = new Set(notNormal.map((reason) => reason.variable));
  // What reads a latent that is not Normal in the first place is a consequence, not another cause.
  const uses = verdict.reasons.filter(
    (reason): reason is NonlinearReason => reason.kind === "nonlinear" && !outsideNormal.has(reason.latent),
  );
  const asked =
    model.learn === undefined
      ? []
      : [{ span: model.learn.span, message: `${isVariational ? "EM" : "exact learning"} is asked for here` }];
  return [
    ...notNormal.map(({ variable, distribution, span }) => {
      const { axes, domain } = declared(model, variable);
      const readers = verdict.reasons.flatMap((reason) =>
        reason.kind === "nonlinear" && reason.latent === variable
          ? [{ span: reason.dependency.span, message: `\`${reason.child}\` depends on it here` }]
          : [],
      );
      const parameters = { variable, distribution, isGlobal: axes.length === 0, type: printDomain(domain) };
      return latentNotNormal(span, parameters, { severity, related: [...readers, ...asked] });
    }),
    ...oncePerPlace(uses)
      .filter(({ dependency }) => !isVariational || !isProductOfTwo(dependency))
      .map((reason) => {
        const why = reason.dependency.reason;
        const involved = why?.kind === "product" ? new Set([why.left, why.right]) : [reason.latent];
        const declarations = [...involved].map((latent) => ({
          span: declared(model, latent).span,
          message: `latent \`${latent}\` is declared here`,
        }));
        const related = [...declarations, ...asked];
        return refuseUse(model, reason, { severity, related });
      }),
  ];
}

function refuseUse(
  model: Model,
  { child, latent, dependency }: NonlinearReason,
  details: Parameters<typeof nonlinearUse>[2],
): Diagnostic {
  const why = dependency.reason;
  if (why?.kind === "product")
    return productOfLatents(dependency.span, { child, left: why.left, right: why.right }, details);
  const factor = model.factors.find((candidate) => candidate.child === child && candidate.kind === "density");
  const distribution = factor?.kind === "density" ? factor.distribution : "";
  return nonlinearUse(dependency.span, { child, distribution, latent, use: useOf(dependency) }, details);
}

function useOf(dependency: Dependency): NonlinearUse {
  const slot = { kind: "slot", slot: dependency.slot ?? "" } as const;
  const why = dependency.reason;
  if (why === undefined) return slot;
  switch (why.kind) {
    case "slot":
    case "product":
      return slot;
    case "function":
      return { kind: "function", name: why.function };
    case "network":
      return { kind: "network", name: why.network };
    case "divisor":
    case "condition":
    case "index":
    case "sequence":
      return { kind: why.kind };
  }
}

/** A product is met once from either side, and a use once per factor. */
function oncePerPlace(reasons: readonly NonlinearReason[]): readonly NonlinearReason[] {
  const seen = new Set<string>();
  return reasons.filter(({ child, latent, dependency }) => {
    const why = dependency.reason;
    const key = why?.kind === "product" ? `${child} ${[why.left, why.right].sort().join(" ")}` : `${child} ${latent}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function declared(model: Model, name: string): Variable {
  const found = model.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`refusals: the model has no variable ${name}`);
  return found;
}
