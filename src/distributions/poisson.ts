import type { Distribution } from "./distribution.js";
import { sumOverEntries, zeroSafeProduct } from "./observed-entries.js";

export const poisson: Distribution = {
  name: "Poisson",
  summary: "Counts of independent events, by their expected number.",
  formula: { text: "rate^x exp(-rate) / x!", latex: "\\frac{\\lambda^x e^{-\\lambda}}{x!}" },
  slots: [
    {
      name: "rate",
      position: 0,
      support: "nonNegative",
      shape: "event",
      documentation: "expected count; also the variance",
    },
  ],
  values: ["count"],
  support: "non-negative integers",
  logDensity(context) {
    const { builder, child } = context;
    const rate = context.argument("rate");
    const power = zeroSafeProduct(context, child, builder.unary("log", rate));
    const factorial = builder.unary("logGamma", builder.plus(child, builder.constant(1)));
    return sumOverEntries(context, builder.minus(builder.minus(power, rate), factorial));
  },
  mean: (context) => context.argument("rate"),
  sample(context) {
    const { builder } = context;
    return builder.draw("poisson", [context.argument("rate")], [...context.axes, ...context.eventAxes], context.site);
  },
  maximisation: {
    rule: "poisson",
    learned: ["rate"],
    slots: ["rate"],
    exposure: { slot: "rate", statistic: "count" },
    conjugate: { rate: ["Gamma"] },
    statistics: (context) => ({ total: context.child }),
    formula: [{ slot: "rate", text: "E[x] / E[1]", latex: "\\frac{E[x]}{E[1]}" }],
  },
};
