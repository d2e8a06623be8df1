import type { Distribution } from "./distribution.js";
import { sumOverEntries } from "./observed-entries.js";

export const laplace: Distribution = {
  name: "Laplace",
  summary: "Laplace (double exponential) distribution, by location and scale; entries are independent.",
  formula: {
    text: "exp(-|x - location| / scale) / (2 scale)",
    latex: "\\frac{1}{2b}\\exp\\left(-\\frac{|x-m|}{b}\\right)",
  },
  slots: [
    { name: "location", position: 0, support: "real", shape: "event", documentation: "centre, mean and median" },
    { name: "scale", position: 1, support: "positive", shape: "event", documentation: "mean absolute deviation" },
  ],
  values: ["real", "ordered"],
  support: "real numbers",
  logDensity(context) {
    const { builder } = context;
    const scale = context.argument("scale");
    const distance = builder.unary("abs", builder.minus(context.child, context.argument("location")));
    const logTwiceScale = builder.plus(builder.unary("log", scale), builder.constant(Math.LN2));
    return sumOverEntries(context, builder.unary("negate", builder.plus(builder.over(distance, scale), logTwiceScale)));
  },
  mean: (context) => context.argument("location"),
  sample(context) {
    const { builder } = context;
    // The difference of two standard exponentials is a standard Laplace.
    const axes = [...context.axes, ...context.eventAxes];
    const one = builder.constant(1);
    const up = builder.draw("gamma", [one], axes, `${context.site}.up`);
    const down = builder.draw("gamma", [one], axes, `${context.site}.down`);
    return builder.plus(
      context.argument("location"),
      builder.times(context.argument("scale"), builder.minus(up, down)),
    );
  },
};
