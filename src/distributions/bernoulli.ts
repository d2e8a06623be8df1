import type { Distribution } from "./distribution.js";
import { sumOverEntries } from "./observed-entries.js";

export const bernoulli: Distribution = {
  name: "Bernoulli",
  summary: "A value that is 0 or 1, by the probability of 1 or its logit; entries are independent.",
  formula: { text: "probability^x (1 - probability)^(1 - x)", latex: "p^x(1-p)^{1-x}" },
  slots: [
    { name: "probability", position: 0, support: "unit", shape: "event", documentation: "probability of 1" },
    {
      name: "logits",
      position: 0,
      optional: true,
      support: "real",
      shape: "event",
      documentation: "log(probability / (1 - probability))",
    },
  ],
  values: ["binary"],
  support: "0 or 1",
  logDensity(context) {
    const { builder, child } = context;
    if (context.has("logits")) {
      const logits = context.argument("logits");
      return sumOverEntries(context, builder.minus(builder.times(child, logits), builder.unary("softplus", logits)));
    }
    const probability = context.argument("probability");
    const logComplement = builder.unary("log1p", builder.unary("negate", probability));
    return sumOverEntries(context, builder.select(child, builder.unary("log", probability), logComplement));
  },
  mean: (context) =>
    context.has("logits")
      ? context.builder.unary("sigmoid", context.argument("logits"))
      : context.argument("probability"),
  sample(context) {
    const { builder } = context;
    const uniform = builder.draw("uniform", [], [...context.axes, ...context.eventAxes], context.site);
    return builder.binary("less", uniform, bernoulli.mean(context));
  },
  maximisation: {
    rule: "bernoulli",
    learned: ["probability"],
    slots: ["probability"],
    conjugate: { probability: ["Beta"] },
    statistics: (context) => ({ total: context.child }),
    formula: [{ slot: "probability", text: "E[x] / E[1]", latex: "\\frac{E[x]}{E[1]}" }],
  },
};
