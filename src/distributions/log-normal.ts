import type { Distribution } from "./distribution.js";
import { centredNormal, quadraticForm, spreadSlots, variances } from "./location-scale.js";
import { observedChild, sumOverEntries } from "./observed-entries.js";

export const logNormal: Distribution = {
  name: "LogNormal",
  summary: "Positive values whose logarithm is Normal, by mean and covariance (variance of a number) of the logarithm.",
  formula: {
    text: "Normal(log x; mean, covariance) / x",
    latex: "\\frac{1}{\\prod_i x_i}\\,\\mathcal N(\\log x;\\mu,\\Sigma)",
  },
  slots: [
    {
      name: "mean",
      position: 0,
      support: "real",
      shape: "event",
      documentation: "mean of log x: one number, or one per entry",
    },
    ...spreadSlots({ name: "covariance", documentation: "covariance of log x; its variance where x is a number" }, 1),
  ],
  values: ["positive"],
  support: "positive numbers",
  logDensity(context) {
    const { builder } = context;
    const logValue = builder.unary("log", observedChild(context, 1));
    const form = quadraticForm(context, logValue, context.argument("mean"), "covariance");
    const constant = builder.scale(Math.log(2 * Math.PI), form.dimension);
    const normal = builder.scale(-0.5, builder.plus(form.squaredDistance, builder.plus(form.logDeterminant, constant)));
    return builder.minus(normal, sumOverEntries(context, logValue));
  },
  mean(context) {
    const { builder } = context;
    return builder.unary(
      "exp",
      builder.plus(context.argument("mean"), builder.scale(0.5, variances(context, "covariance"))),
    );
  },
  sample(context) {
    const { builder } = context;
    return builder.unary("exp", builder.plus(context.argument("mean"), centredNormal(context, "covariance")));
  },
};
