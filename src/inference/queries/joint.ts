import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows, eventAxesOf } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { densityContext } from "../elaborate/factor-density.js";
import { distributions } from "../../distributions/registry.js";

/**
 * log of the joint density of observed AND latent values, the latents read as data: output `logJoint` [rows].
 *
 * Nothing is eliminated here, which is what makes it a check on elimination.
 */
export function deriveLogJoint(model: Model): PlanFunction {
  const builder = new PlanBuilder();
  const rows = declareRows(builder, model);
  // A latent is its value in the data, both as a child and as an index.
  const drawn = new Map<string, NodeId>();
  const elaborator = new Elaborator(model, builder, { parameters: "parameter", drawn });
  for (const variable of model.variables)
    if (variable.role === "latent") drawn.set(variable.name, elaborator.data(variable, eventAxesOf(builder, variable)));
  let total = builder.constant(0);
  for (const factor of model.factors.filter((one): one is DensityFactor => one.kind === "density")) {
    const variable = elaborator.variable(factor.child);
    const value = drawn.get(variable.name);
    const context = densityContext(elaborator, factor, true);
    const density = distributions[factor.distribution].logDensity(
      value === undefined ? context : { ...context, child: value, childIsLatent: false },
    );
    total = builder.plus(
      total,
      builder.sum(
        density,
        variable.axes.filter((axis) => axis !== rows),
      ),
    );
  }
  builder.output("logJoint", total, [rows]);
  return builder.build("logJoint");
}
