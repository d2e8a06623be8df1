import type { NodeId } from "../ir/plan.js";
import type { Distribution } from "./distribution.js";
import { sumOverEntries, whereObserved, zeroSafeProduct } from "./observed-entries.js";

export const binomial: Distribution = {
  name: "Binomial",
  summary: "Successes among a known number of independent trials, by the probability of success or its logit.",
  formula: {
    text: "trials! / (x! (trials - x)!) probability^x (1 - probability)^(trials - x)",
    latex: "\\binom{n}{x}p^x(1-p)^{n-x}",
  },
  slots: [
    { name: "trials", position: 0, support: "count", shape: "event", documentation: "number of trials, known" },
    { name: "probability", position: 1, support: "unit", shape: "event", documentation: "probability of success" },
    {
      name: "logits",
      position: 1,
      optional: true,
      support: "real",
      shape: "event",
      documentation: "log(probability / (1 - probability))",
    },
  ],
  values: ["count"],
  support: "integers from 0 to trials",
  logDensity(context) {
    const { builder, child } = context;
    const trials = context.argument("trials");
    const failures = builder.minus(trials, child);
    const logFactorial = (count: NodeId): NodeId => builder.unary("logGamma", builder.plus(count, builder.constant(1)));
    const combinations = builder.minus(logFactorial(trials), builder.plus(logFactorial(child), logFactorial(failures)));
    if (context.has("logits")) {
      const logits = context.argument("logits");
      const likelihood = builder.minus(
        builder.times(child, logits),
        builder.times(trials, builder.unary("softplus", logits)),
      );
      return sumOverEntries(context, builder.plus(combinations, likelihood));
    }
    const probability = context.argument("probability");
    const likelihood = builder.plus(
      zeroSafeProduct(context, child, builder.unary("log", probability)),
      zeroSafeProduct(context, failures, builder.unary("log1p", builder.unary("negate", probability))),
    );
    return sumOverEntries(context, builder.plus(combinations, likelihood));
  },
  mean(context) {
    const { builder } = context;
    return builder.times(context.argument("trials"), successProbability(context));
  },
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    return builder.draw("binomial", [context.argument("trials"), successProbability(context)], axes, context.site);
  },
  maximisation: {
    rule: "binomial",
    learned: ["probability"],
    slots: ["trials", "probability"],
    conjugate: { probability: ["Beta"] },
    statistics: (context) => ({
      total: context.child,
      trials: whereObserved(context, context.argument("trials")),
    }),
    formula: [{ slot: "probability", text: "E[x] / E[trials]", latex: "\\frac{E[x]}{E[n]}" }],
  },
};

function successProbability(context: Parameters<Distribution["mean"]>[0]): NodeId {
  return context.has("logits")
    ? context.builder.unary("sigmoid", context.argument("logits"))
    : context.argument("probability");
}
