import { distributions } from "../../distributions/registry.js";
import type { DensityFactor } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PredictiveDensity } from "../../ir/program.js";
import { asFull } from "../elaborate/covariance.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { argumentContext, categoriesAxisOf } from "../elaborate/factor-density.js";
import { eventAxesOf } from "../elaborate/axes.js";
import { secondAxis } from "../elimination/potential.js";
import { spreadOf } from "../elimination/gaussian.js";
import { latentSpread } from "../m-step/latent-spread.js";
import type { Inside } from "../inside.js";

/**
 * The distribution of an observed variable that is not observed, as a mixture over the values of the discrete latents
 * that tell it apart: outputs `predictive.weight.<y>` [plates, cells], `predictive.mean.<y>` [plates, cells, event] and,
 * of a Normal, `predictive.covariance.<y>` [plates, cells, event, event].
 *
 *     y | d ~ Normal(C_d m_d + c_d, R_d + C_d S_d C_d'),   m_d, S_d: moments of the continuous latents given d
 *
 * @returns undefined where the family is none whose quantiles follow from these
 */
export function writePredictive(inside: Inside, factor: DensityFactor): PredictiveDensity | undefined {
  const { elaborator } = inside;
  const { builder } = elaborator;
  const family = familyOf(elaborator, factor);
  if (family === undefined) return undefined;
  const variable = elaborator.variable(factor.child);
  const eventAxes = eventAxesOf(builder, variable);
  const categories = categoriesAxisOf(elaborator, variable, eventAxes);
  const context = argumentContext(elaborator, factor, eventAxes, categories);
  const mean = distributions[factor.distribution].mean(context);
  const isCategory = family === "categories";
  const own = isCategory && categories !== undefined ? [categories] : eventAxes;
  const covariance = family === "normal" ? covarianceOf(inside, factor, eventAxes, context) : undefined;
  const [row] = eventAxes;
  const second = row === undefined ? [] : [secondAxis(builder, row)];
  const share = inside.output(`share.${inside.tableOf(factor.name)}`);
  const apart = new Set([...variable.axes, ...own, ...second]);
  const used = [...builder.axesOf(mean), ...(covariance === undefined ? [] : builder.axesOf(covariance))];
  const cells = [...new Set(used)].filter((axis) => !apart.has(axis)).sort();
  const kept = [...variable.axes, ...cells];
  const weight = builder.sum(
    share,
    builder.axesOf(share).filter((axis) => !kept.includes(axis)),
  );
  const name = variable.name;
  builder.output(`predictive.weight.${name}`, weight, kept);
  builder.output(`predictive.mean.${name}`, mean, [...kept, ...own]);
  if (covariance !== undefined) {
    builder.output(`predictive.covariance.${name}`, covariance, [...kept, ...eventAxes, ...second]);
  }
  return { variable: name, family, cells: cells.map((axis) => builder.sizeOf(axis)) };
}

function familyOf(elaborator: Elaborator, factor: DensityFactor): PredictiveDensity["family"] | undefined {
  const { domain } = elaborator.variable(factor.child);
  switch (factor.distribution) {
    case "Normal":
      return domain.kind === "real" ? "normal" : undefined;
    case "Poisson":
      return "poisson";
    case "Bernoulli":
      return "bernoulli";
    case "Categorical":
      return "categories";
    default:
      return undefined;
  }
}

/** What is to be expected of the squares of y - E[y | d], within a cell. */
function covarianceOf(
  inside: Inside,
  factor: DensityFactor,
  eventAxes: readonly string[],
  context: ReturnType<typeof argumentContext>,
): NodeId {
  const { elaborator } = inside;
  const { builder } = elaborator;
  const [row] = eventAxes;
  const noise = asFull(elaborator, spreadOf(context, row));
  const nothing = builder.constant(0);
  const spread = latentSpread(
    {
      elaborator,
      missing: false,
      isActive: () => true,
      responsibility: () => nothing,
      tableAxes: () => [],
      covariance: (u, v) => inside.covariance(u, v),
    },
    factor,
    [],
    // The value plays no part in a covariance.
    {
      weight: nothing,
      scale: nothing,
      residual: nothing,
      square: nothing,
      outer: [nothing, nothing],
      fill: (change) => change,
    },
    "full",
    ["", ""],
  );
  return spread === undefined ? noise : builder.plus(noise, spread.scatter);
}
