import type { Distribution } from "./distribution.js";
import { centredNormal, quadraticForm, spreadSlots } from "./location-scale.js";

export const normal: Distribution = {
  name: "Normal",
  summary: "Normal distribution of a number or a vector, by mean and covariance (variance of a number).",
  formula: {
    text: "(2 pi)^(-D/2) det(covariance)^(-1/2) exp(-1/2 (x - mean)' covariance^-1 (x - mean))",
    latex: "(2\\pi)^{-D/2}\\,|\\Sigma|^{-1/2}\\exp\\left(-\\tfrac12 (x-\\mu)^\\top \\Sigma^{-1} (x-\\mu)\\right)",
  },
  slots: [
    {
      name: "mean",
      position: 0,
      support: "real",
      shape: "event",
      documentation: "centre: one number, or one per entry",
    },
    ...spreadSlots({ name: "covariance", documentation: "covariance matrix; the variance where x is a number" }, 1),
  ],
  values: ["real", "ordered"],
  support: "real numbers",
  logDensity(context) {
    const { builder } = context;
    const form = quadraticForm(context, context.child, context.argument("mean"), "covariance");
    const constant = builder.scale(Math.log(2 * Math.PI), form.dimension);
    return builder.scale(-0.5, builder.plus(form.squaredDistance, builder.plus(form.logDeterminant, constant)));
  },
  mean: (context) => context.argument("mean"),
  sample: (context) => context.builder.plus(context.argument("mean"), centredNormal(context, "covariance")),
};
