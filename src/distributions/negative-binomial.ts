import type { Distribution } from "./distribution.js";
import { sumOverEntries, whereObserved, zeroSafeProduct } from "./observed-entries.js";

export const negativeBinomial: Distribution = {
  name: "NegativeBinomial",
  summary: "Overdispersed counts, by mean and shape: variance mean + mean^2/shape (a Poisson whose rate is Gamma).",
  formula: {
    text: "Gamma(x + shape) / (Gamma(shape) x!) (shape/(shape + mean))^shape (mean/(shape + mean))^x",
    latex: "\\frac{\\Gamma(x+r)}{\\Gamma(r)\\,x!}\\left(\\frac{r}{r+m}\\right)^{r}\\left(\\frac{m}{r+m}\\right)^{x}",
  },
  slots: [
    { name: "mean", position: 0, support: "positive", shape: "event", documentation: "expected count" },
    {
      name: "shape",
      position: 1,
      support: "positive",
      shape: "event",
      documentation: "small: more spread than Poisson; large: Poisson",
    },
  ],
  values: ["count"],
  support: "non-negative integers",
  logDensity(context) {
    const { builder, child } = context;
    const mean = context.argument("mean");
    const shape = context.argument("shape");
    const combinations = builder.minus(
      builder.minus(builder.unary("logGamma", builder.plus(child, shape)), builder.unary("logGamma", shape)),
      builder.unary("logGamma", builder.plus(child, builder.constant(1))),
    );
    // log1p keeps the Poisson limit (shape much larger than mean) accurate.
    const failures = builder.times(shape, builder.unary("log1p", builder.over(mean, shape)));
    const successes = zeroSafeProduct(
      context,
      child,
      builder.minus(builder.unary("log", mean), builder.unary("log", builder.plus(shape, mean))),
    );
    return sumOverEntries(context, builder.plus(builder.minus(combinations, failures), successes));
  },
  mean: (context) => context.argument("mean"),
  sample(context) {
    const { builder } = context;
    const axes = [...context.axes, ...context.eventAxes];
    const shape = context.argument("shape");
    const mixing = builder.draw("gamma", [shape], axes, `${context.site}.mixing`);
    const rate = builder.times(mixing, builder.over(context.argument("mean"), shape));
    return builder.draw("poisson", [rate], axes, context.site);
  },
  /**
   * The rate of each count is a latent Gamma(shape, shape/mean); given x it is Gamma(shape + x, shape/mean + 1).
   * `total` updates the mean: the parameter-expanded step, monotone like EM and not slowed by a large shape.
   *
   * @source Liu, Rubin and Wu 1998, "Parameter expansion to accelerate EM"
   */
  maximisation: {
    rule: "negative-binomial",
    learned: ["mean", "shape"],
    slots: ["mean", "shape"],
    conjugate: {},
    statistics(context) {
      const { builder, child } = context;
      const shape = context.argument("shape");
      const posteriorShape = builder.plus(shape, child);
      const posteriorRate = builder.plus(builder.over(shape, context.argument("mean")), builder.constant(1));
      const logRate = builder.minus(builder.unary("digamma", posteriorShape), builder.unary("log", posteriorRate));
      return {
        total: child,
        rateTotal: whereObserved(context, builder.over(posteriorShape, posteriorRate)),
        logRateTotal: whereObserved(context, logRate),
      };
    },
    formula: [
      { slot: "mean", text: "E[x] / E[1]", latex: "\\frac{E[x]}{E[1]}" },
      {
        slot: "shape",
        text: "the root of log(shape) - digamma(shape) = log(E[rate]/E[1]) - E[log rate]/E[1], with rate the latent Gamma mean of x",
        latex: "\\log r-\\psi(r)=\\log\\frac{E[\\lambda]}{E[1]}-\\frac{E[\\log\\lambda]}{E[1]}",
      },
    ],
  },
};
