import type { Distribution } from "./distribution.js";
import { sumOverEntries } from "./observed-entries.js";

export const uniform: Distribution = {
  name: "Uniform",
  summary: "Uniform distribution between two known bounds.",
  formula: { text: "1 / (upper - lower) from lower to upper", latex: "\\frac{1}{b-a}\\,[a\\le x\\le b]" },
  slots: [
    { name: "lower", position: 0, support: "real", shape: "event", documentation: "smallest value" },
    { name: "upper", position: 1, support: "real", shape: "event", documentation: "largest value, above `lower`" },
  ],
  values: ["real", "positive", "unit", "angle"],
  support: "numbers from lower to upper",
  logDensity(context) {
    const { builder, child } = context;
    const lower = context.argument("lower");
    const upper = context.argument("upper");
    const inside = builder.times(builder.binary("lessEqual", lower, child), builder.binary("lessEqual", child, upper));
    const logHeight = builder.unary("negate", builder.unary("log", builder.minus(upper, lower)));
    return sumOverEntries(context, builder.select(inside, logHeight, builder.constant(-Infinity)));
  },
  mean: (context) =>
    context.builder.scale(0.5, context.builder.plus(context.argument("lower"), context.argument("upper"))),
  sample(context) {
    const { builder } = context;
    const lower = context.argument("lower");
    const standard = builder.draw("uniform", [], [...context.axes, ...context.eventAxes], context.site);
    return builder.plus(lower, builder.times(builder.minus(context.argument("upper"), lower), standard));
  },
};
