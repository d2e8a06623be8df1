import { deviationAsVariance } from "../../diagnostics/catalogue/semantics.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { distributions } from "../../distributions/registry.js";
import { shapeOf } from "../../ir/domain.js";
import type { Expression } from "../../ir/model.js";
import type { Lint } from "./lint.js";

/** `sigma`, `noise_sd`, `residualStd`; `sigma2` and `sigmaSquared` are variances by name. */
const deviationName = /^(.*_)?(sigma|sd|std|stdev|stddev)(_[a-z]+)?$|(Sigma|Sd|Std|StdDev|Deviation)$/;
const squaredName = /(_sq|_squared|_var|_variance)$/;

export const lintDeviationsAsVariances: Lint = ({ model, positionalArguments }) => {
  const densities = [
    ...model.parameters.flatMap((parameter) => (parameter.prior === undefined ? [] : [parameter.prior])),
    ...[...model.factors, ...(model.guide?.sites ?? [])].flatMap((factor) =>
      factor.kind === "density" ? [factor] : [],
    ),
  ];
  return densities.flatMap(({ distribution: family, arguments: given }) => {
    const { slots } = distributions[family];
    return slots.flatMap((slot): readonly Diagnostic[] => {
      const deviation = slots.find((each) => each.position === slot.position && each.name === "sd");
      const value = Object.hasOwn(given, slot.name) ? given[slot.name] : undefined;
      if (deviation === undefined || slot === deviation || value === undefined || !isNamedDeviation(value)) return [];
      const fix = { span: { start: value.span.start, end: value.span.start }, replacement: "sd: " };
      return [
        deviationAsVariance(
          value.span,
          { name: value.name, family, slot: "variance" },
          positionalArguments.has(value) ? { fix } : {},
        ),
      ];
    });
  });
};

function isNamedDeviation(value: Expression): value is Expression & { readonly kind: "parameter" | "variable" } {
  if (value.kind !== "parameter" && value.kind !== "variable") return false;
  const isScalar = shapeOf(value.type).length === 0 && value.type.kind !== "covariance";
  return isScalar && deviationName.test(value.name) && !squaredName.test(value.name);
}
