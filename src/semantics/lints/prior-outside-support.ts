import { priorOutsideSupport } from "../../diagnostics/catalogue/semantics.js";
import { distributions } from "../../distributions/registry.js";
import { printDomain } from "../../ir/print-domain.js";
import { draws, familiesFor } from "../distribution-call.js";
import type { Lint } from "./lint.js";

/** A Normal prior of a positive parameter, a Gamma prior of a real one. */
export const lintPriorsOutsideSupport: Lint = ({ model }) =>
  model.parameters.flatMap(({ name, domain, prior }) =>
    prior === undefined || draws(distributions[prior.distribution], domain)
      ? []
      : [
          priorOutsideSupport(prior.span, {
            parameter: name,
            type: printDomain(domain),
            family: prior.distribution,
            support: distributions[prior.distribution].support,
            fitting: familiesFor(domain),
          }),
        ],
  );
