import type { Distribution } from "./distribution.js";
import { observedChild, sumOverEntries, whereObserved } from "./observed-entries.js";

export const gamma: Distribution = {
  name: "Gamma",
  summary: "Gamma distribution of a positive value, by shape and rate: mean shape/rate, variance shape/rate^2.",
  formula: {
    text: "rate^shape / Gamma(shape) x^(shape - 1) exp(-rate x)",
    latex: "\\frac{b^a}{\\Gamma(a)}\\,x^{a-1}e^{-bx}",
  },
  slots: [
    {
      name: "shape",
      position: 0,
      support: "positive",
      shape: "event",
      documentation: "1 is Exponential; large is nearly Normal",
    },
    { name: "rate", position: 1, support: "positive", shape: "event", documentation: "inverse scale: in units of 1/x" },
  ],
  values: ["positive"],
  support: "positive numbers",
  logDensity(context) {
    const { builder } = context;
    const shape = context.argument("shape");
    const rate = context.argument("rate");
    const value = observedChild(context, 1);
    const normaliser = builder.minus(
      builder.times(shape, builder.unary("log", rate)),
      builder.unary("logGamma", shape),
    );
    const power = builder.times(builder.minus(shape, builder.constant(1)), builder.unary("log", value));
    return sumOverEntries(context, builder.minus(builder.plus(normaliser, power), builder.times(rate, value)));
  },
  mean: (context) => context.builder.over(context.argument("shape"), context.argument("rate")),
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    return builder.over(
      builder.draw("gamma", [context.argument("shape")], axes, context.site),
      context.argument("rate"),
    );
  },
  maximisation: {
    rule: "gamma",
    learned: ["shape", "rate"],
    slots: ["shape", "rate"],
    conjugate: { shape: ["Gamma"], rate: ["Gamma"] },
    statistics(context) {
      const { builder } = context;
      return {
        total: context.child,
        logTotal: whereObserved(context, builder.unary("log", observedChild(context, 1))),
      };
    },
    formula: [
      {
        slot: "shape",
        text: "the root of log(shape) - digamma(shape) = log(E[x]/E[1]) - E[log x]/E[1]",
        latex: "\\log a-\\psi(a)=\\log\\frac{E[x]}{E[1]}-\\frac{E[\\log x]}{E[1]}",
      },
      { slot: "rate", text: "shape E[1] / E[x]", latex: "\\frac{a\\,E[1]}{E[x]}" },
    ],
  },
};
