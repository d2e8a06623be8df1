import { guideWithoutSite } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Model } from "../../ir/model.js";
import type { Verdict } from "../verdict.js";

/** A written guide that leaves out a latent which only drawing can deal with. */
export function refuseGuide(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const guide = model.guide;
  if (guide === undefined || guide.automatic !== undefined || verdict.kind !== "elbo") return [];
  const sites = new Set(guide.sites.map((site) => site.child));
  return verdict.reparameterise
    .filter((latent) => !sites.has(latent))
    .map((latent) => {
      const variable = model.variables.find((candidate) => candidate.name === latent);
      const related = [{ span: variable?.span ?? guide.span, message: `latent \`${latent}\` is declared here` }];
      return guideWithoutSite(guide.span, { latent }, { related });
    });
}
