import type { GradientUpdate, ReportLine, Update } from "../ir/program.js";
import type { Elaborator } from "./elaborate/elaborator.js";
import { deriveClosedUpdate } from "./m-step/closed.js";
import { parameterGroups } from "./m-step/parameter-groups.js";
import { deriveRegressionUpdate } from "./m-step/regression.js";
import { isNotClosed, type ParameterGroup, type UpdateDerivation } from "./m-step/statistics-context.js";

/** How the parameters are updated: each group in closed form where there is one. */
export interface DerivedUpdates {
  /** In closed form, with how their statistics are written. */
  readonly closed: readonly UpdateDerivation[];
  readonly updates: readonly Update[];
  readonly report: readonly ReportLine[];
}

/**
 * Each group of parameters that share factors gets an update: a regression, a family's closed maximisation, or, where
 * neither fits, gradient ascent on the expected log-joint.
 *
 * @param byGradient makes the update of a group that has no closed form, for the reason given
 * @param notClosed why a group is not even tried in closed form
 */
export function updatesOf(
  elaborator: Elaborator,
  byGradient: (group: ParameterGroup, reason: string) => GradientUpdate,
  notClosed: (group: ParameterGroup) => string | undefined = () => undefined,
): DerivedUpdates {
  const closed: UpdateDerivation[] = [];
  const updates: Update[] = [];
  const report: ReportLine[] = [];
  for (const group of parameterGroups(elaborator.model)) {
    const [first] = group.factors;
    if (first === undefined) continue;
    const refused = notClosed(group);
    if (refused !== undefined) {
      updates.push(byGradient(group, refused));
      report.push({
        rule: "generalised M-step",
        text: `${group.parameters.join(", ")}: by gradient, since ${refused}`,
      });
      continue;
    }
    const regression = deriveRegressionUpdate(elaborator, group);
    const derived = isNotClosed(regression) ? deriveClosedUpdate(elaborator, group) : regression;
    if (isNotClosed(derived)) {
      const isFamily = ["Normal", "LogNormal", "StudentT"].includes(first.distribution);
      const reason = isFamily && isNotClosed(regression) ? regression.reason : derived.reason;
      updates.push(byGradient(group, reason));
      report.push({ rule: "generalised M-step", text: `${group.parameters.join(", ")}: by gradient, since ${reason}` });
    } else {
      closed.push(derived);
      updates.push(derived.update);
      report.push({ rule: "closed M-step", text: `${group.parameters.join(", ")}: in closed form` });
    }
  }
  return { closed, updates, report };
}
