import type { Distribution } from "./distribution.js";
import { observedChild, sumOverEntries, whereObserved } from "./observed-entries.js";

export const beta: Distribution = {
  name: "Beta",
  summary: "Beta distribution of a value between 0 and 1: mean alpha/(alpha + beta).",
  formula: {
    text: "x^(alpha - 1) (1 - x)^(beta - 1) Gamma(alpha + beta) / (Gamma(alpha) Gamma(beta))",
    latex: "\\frac{\\Gamma(\\alpha+\\beta)}{\\Gamma(\\alpha)\\Gamma(\\beta)}\\,x^{\\alpha-1}(1-x)^{\\beta-1}",
  },
  slots: [
    { name: "alpha", position: 0, support: "positive", shape: "event", documentation: "weight towards 1" },
    { name: "beta", position: 1, support: "positive", shape: "event", documentation: "weight towards 0" },
  ],
  values: ["unit"],
  support: "numbers between 0 and 1",
  logDensity(context) {
    const { builder } = context;
    const alpha = context.argument("alpha");
    const complement = context.argument("beta");
    const value = observedChild(context, 0.5);
    const one = builder.constant(1);
    const normaliser = builder.minus(
      builder.unary("logGamma", builder.plus(alpha, complement)),
      builder.plus(builder.unary("logGamma", alpha), builder.unary("logGamma", complement)),
    );
    const powers = builder.plus(
      builder.times(builder.minus(alpha, one), builder.unary("log", value)),
      builder.times(builder.minus(complement, one), builder.unary("log1p", builder.unary("negate", value))),
    );
    return sumOverEntries(context, builder.plus(normaliser, powers));
  },
  mean(context) {
    const { builder } = context;
    const alpha = context.argument("alpha");
    return builder.over(alpha, builder.plus(alpha, context.argument("beta")));
  },
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    return builder.draw("beta", [context.argument("alpha"), context.argument("beta")], axes, context.site);
  },
  maximisation: {
    rule: "beta",
    learned: ["alpha", "beta"],
    slots: ["alpha", "beta"],
    conjugate: { alpha: ["Gamma"], beta: ["Gamma"] },
    statistics(context) {
      const { builder } = context;
      const value = observedChild(context, 0.5);
      return {
        logTotal: whereObserved(context, builder.unary("log", value)),
        complementLogTotal: whereObserved(context, builder.unary("log1p", builder.unary("negate", value))),
      };
    },
    formula: [
      {
        slot: "alpha",
        text: "digamma(alpha) - digamma(alpha + beta) = E[log x] / E[1]",
        latex: "\\psi(\\alpha)-\\psi(\\alpha+\\beta)=\\frac{E[\\log x]}{E[1]}",
      },
      {
        slot: "beta",
        text: "digamma(beta) - digamma(alpha + beta) = E[log(1 - x)] / E[1]",
        latex: "\\psi(\\beta)-\\psi(\\alpha+\\beta)=\\frac{E[\\log(1-x)]}{E[1]}",
      },
    ],
  },
};
