import type { Distribution } from "./distribution.js";
import { sumOverEntries, whereObserved } from "./observed-entries.js";

export const vonMises: Distribution = {
  name: "VonMises",
  summary: "Von Mises distribution of an angle in radians, by location and concentration.",
  formula: {
    text: "exp(concentration cos(x - location)) / (2 pi I0(concentration))",
    latex: "\\frac{\\exp(\\kappa\\cos(x-\\mu))}{2\\pi I_0(\\kappa)}",
  },
  slots: [
    { name: "location", position: 0, support: "real", shape: "event", documentation: "mean direction in radians" },
    {
      name: "concentration",
      position: 1,
      support: "nonNegative",
      shape: "event",
      documentation: "0: uniform on the circle; large: nearly Normal with variance 1/concentration",
    },
  ],
  values: ["angle"],
  support: "angles in radians",
  logDensity(context) {
    const { builder } = context;
    const concentration = context.argument("concentration");
    const cosine = builder.unary("cos", builder.minus(context.child, context.argument("location")));
    const logNormaliser = builder.plus(
      builder.unary("logBesselI0", concentration),
      builder.constant(Math.log(2 * Math.PI)),
    );
    return sumOverEntries(context, builder.minus(builder.times(concentration, cosine), logNormaliser));
  },
  mean: (context) => context.argument("location"),
  sample(context) {
    const axes = [...context.axes, ...context.eventAxes];
    return context.builder.draw(
      "vonMises",
      [context.argument("location"), context.argument("concentration")],
      axes,
      context.site,
    );
  },
  maximisation: {
    rule: "von-mises",
    learned: ["location", "concentration"],
    slots: ["location", "concentration"],
    conjugate: {},
    statistics: (context) => ({
      cosineTotal: whereObserved(context, context.builder.unary("cos", context.child)),
      sineTotal: whereObserved(context, context.builder.unary("sin", context.child)),
    }),
    formula: [
      { slot: "location", text: "atan2(E[sin x], E[cos x])", latex: "\\operatorname{atan2}(E[\\sin x],E[\\cos x])" },
      {
        slot: "concentration",
        text: "the root of I1(concentration)/I0(concentration) = |E[exp(i x)]| / E[1]",
        latex: "\\frac{I_1(\\kappa)}{I_0(\\kappa)}=\\frac{|E[e^{ix}]|}{E[1]}",
      },
    ],
  },
};
