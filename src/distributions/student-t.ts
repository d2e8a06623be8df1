import type { Distribution } from "./distribution.js";
import { centredNormal, quadraticForm, spreadSlots } from "./location-scale.js";

export const studentT: Distribution = {
  name: "StudentT",
  summary:
    "Student's t of a number or a vector, by degrees of freedom, location and scale matrix (not the covariance, which is scale * v/(v-2)).",
  formula: {
    text: "Gamma((v + D)/2) / Gamma(v/2) (v pi)^(-D/2) det(scale)^(-1/2) (1 + (x - location)' scale^-1 (x - location) / v)^(-(v + D)/2), v = degreesOfFreedom",
    latex:
      "\\frac{\\Gamma((\\nu+D)/2)}{\\Gamma(\\nu/2)\\,(\\nu\\pi)^{D/2}\\,|S|^{1/2}}\\left(1+\\tfrac1\\nu (x-m)^\\top S^{-1}(x-m)\\right)^{-(\\nu+D)/2}",
  },
  slots: [
    {
      name: "degreesOfFreedom",
      position: 0,
      support: "positive",
      shape: "scalar",
      documentation: "small: heavy tails; large: close to Normal",
    },
    {
      name: "location",
      position: 1,
      support: "real",
      shape: "event",
      documentation: "centre: one number, or one per entry",
    },
    ...spreadSlots({ name: "scale", documentation: "scale matrix; the squared scale where x is a number" }, 2),
  ],
  values: ["real", "ordered"],
  support: "real numbers",
  logDensity(context) {
    const { builder } = context;
    const freedom = context.argument("degreesOfFreedom");
    const form = quadraticForm(context, context.child, context.argument("location"), "scale");
    const halfSum = builder.scale(0.5, builder.plus(freedom, form.dimension));
    const gammas = builder.minus(
      builder.unary("logGamma", halfSum),
      builder.unary("logGamma", builder.scale(0.5, freedom)),
    );
    const logScale = builder.plus(
      form.logDeterminant,
      builder.times(form.dimension, builder.unary("log", builder.scale(Math.PI, freedom))),
    );
    const kernel = builder.times(halfSum, builder.unary("log1p", builder.over(form.squaredDistance, freedom)));
    return builder.minus(builder.minus(gammas, builder.scale(0.5, logScale)), kernel);
  },
  mean: (context) => context.argument("location"),
  sample(context) {
    const { builder } = context;
    const half = builder.scale(0.5, context.argument("degreesOfFreedom"));
    // One mixing variable for the whole vector: its entries are uncorrelated but not independent.
    const mixing = builder.over(builder.draw("gamma", [half], context.axes, `${context.site}.mixing`), half);
    return builder.plus(
      context.argument("location"),
      builder.over(centredNormal(context, "scale"), builder.unary("sqrt", mixing)),
    );
  },
};
