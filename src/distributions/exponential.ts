import type { Distribution } from "./distribution.js";
import { sumOverEntries } from "./observed-entries.js";

export const exponential: Distribution = {
  name: "Exponential",
  summary: "Exponential distribution of a positive value, by rate: mean 1/rate.",
  formula: { text: "rate exp(-rate x)", latex: "\\lambda e^{-\\lambda x}" },
  slots: [{ name: "rate", position: 0, support: "positive", shape: "event", documentation: "events per unit of x" }],
  values: ["positive"],
  support: "positive numbers",
  logDensity(context) {
    const { builder } = context;
    const rate = context.argument("rate");
    return sumOverEntries(context, builder.minus(builder.unary("log", rate), builder.times(rate, context.child)));
  },
  mean: (context) => context.builder.unary("reciprocal", context.argument("rate")),
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    return builder.over(builder.draw("gamma", [builder.constant(1)], axes, context.site), context.argument("rate"));
  },
  maximisation: {
    rule: "exponential",
    learned: ["rate"],
    slots: ["rate"],
    exposure: { slot: "rate", statistic: "total" },
    conjugate: { rate: ["Gamma"] },
    statistics: (context) => ({ total: context.child }),
    formula: [{ slot: "rate", text: "E[1] / E[x]", latex: "\\frac{E[1]}{E[x]}" }],
  },
};
