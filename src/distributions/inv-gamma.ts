import type { Distribution } from "./distribution.js";
import { observedChild, sumOverEntries, whereObserved } from "./observed-entries.js";

export const invGamma: Distribution = {
  name: "InvGamma",
  summary:
    "Inverse gamma distribution of a positive value such as a variance, by shape and scale: mean scale/(shape - 1). On a Diag or Iso covariance: of each variance.",
  formula: {
    text: "scale^shape / Gamma(shape) x^(-shape - 1) exp(-scale / x)",
    latex: "\\frac{b^a}{\\Gamma(a)}\\,x^{-a-1}e^{-b/x}",
  },
  slots: [
    {
      name: "shape",
      position: 0,
      support: "positive",
      shape: "event",
      documentation: "large: narrow; the mean exists above 1",
    },
    {
      name: "scale",
      position: 1,
      support: "positive",
      shape: "event",
      documentation: "in units of x; mode scale/(shape + 1)",
    },
  ],
  values: ["positive", "covariance"],
  covarianceStructures: ["diagonal", "isotropic"],
  support: "positive numbers",
  logDensity(context) {
    const { builder } = context;
    const shape = context.argument("shape");
    const scale = context.argument("scale");
    const value = observedChild(context, 1);
    const normaliser = builder.minus(
      builder.times(shape, builder.unary("log", scale)),
      builder.unary("logGamma", shape),
    );
    const power = builder.times(builder.plus(shape, builder.constant(1)), builder.unary("log", value));
    return sumOverEntries(context, builder.minus(builder.minus(normaliser, power), builder.over(scale, value)));
  },
  mean(context) {
    const { builder } = context;
    return builder.over(context.argument("scale"), builder.minus(context.argument("shape"), builder.constant(1)));
  },
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    return builder.over(
      context.argument("scale"),
      builder.draw("gamma", [context.argument("shape")], axes, context.site),
    );
  },
  maximisation: {
    rule: "inverse-gamma",
    learned: ["shape", "scale"],
    slots: ["shape", "scale"],
    conjugate: { shape: ["Gamma"], scale: ["Gamma"] },
    statistics(context) {
      const { builder } = context;
      const value = observedChild(context, 1);
      return {
        inverseTotal: whereObserved(context, builder.unary("reciprocal", value)),
        logTotal: whereObserved(context, builder.unary("log", value)),
      };
    },
    formula: [
      {
        slot: "shape",
        text: "the root of log(shape) - digamma(shape) = log(E[1/x]/E[1]) + E[log x]/E[1]",
        latex: "\\log a-\\psi(a)=\\log\\frac{E[1/x]}{E[1]}+\\frac{E[\\log x]}{E[1]}",
      },
      { slot: "scale", text: "shape E[1] / E[1/x]", latex: "\\frac{a\\,E[1]}{E[1/x]}" },
    ],
  },
};
