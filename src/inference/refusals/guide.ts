import { guideFault } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { DensityFactor, Model } from "../../ir/model.js";
import { factorDependencies } from "../dependencies.js";
import { latentsOf } from "../latents.js";
import type { Verdict } from "../verdict.js";

/** A written guide that leaves out a latent, or reads one before it is drawn. */
export function refuseGuide(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const guide = model.guide;
  if (guide === undefined || guide.automatic !== undefined || verdict.kind !== "elbo") return [];
  const sites = new Set(guide.sites.map((site) => site.child));
  const missing = verdict.reparameterise
    .filter((latent) => !sites.has(latent))
    .map((latent) => {
      const factor = model.factors.find((candidate) => candidate.child === latent);
      const distribution = factor?.kind === "density" ? factor.distribution : "Normal";
      const related = [{ span: factor?.span ?? guide.span, message: `latent \`${latent}\` is declared here` }];
      return guideFault(guide.span, { kind: "missing", latent, distribution }, { related });
    });
  return [...missing, ...refuseOrder(model, guide.sites)];
}

function refuseOrder(model: Model, sites: readonly DensityFactor[]): readonly Diagnostic[] {
  const latents = latentsOf(model);
  const drawn = new Set<string>();
  return sites.flatMap((site) => {
    const faults = factorDependencies(site, latents).flatMap((dependency) => {
      const { variable, lag } = dependency;
      const isLatent = latents.variables.has(variable);
      // A step back along a chain was drawn at that step, whatever the order within one.
      if (!isLatent || (lag !== 0 && lag !== "all") || (drawn.has(variable) && lag === 0)) return [];
      const fault =
        variable === site.child
          ? ({ kind: "itself", site: site.child } as const)
          : ({ kind: "order", site: site.child, reads: variable } as const);
      return [guideFault(dependency.span, fault)];
    });
    drawn.add(site.child);
    return faults;
  });
}
