import type { Distribution } from "./distribution.js";
import { requireCategoriesAxis } from "./category-probabilities.js";

export const dirichlet: Distribution = {
  name: "Dirichlet",
  summary: "Dirichlet distribution of probabilities that sum to 1, by one concentration or one per category.",
  formula: {
    text: "Gamma(sum concentration) / prod Gamma(concentration[k]) prod x[k]^(concentration[k] - 1)",
    latex: "\\frac{\\Gamma(\\sum_k\\alpha_k)}{\\prod_k\\Gamma(\\alpha_k)}\\prod_k x_k^{\\alpha_k-1}",
  },
  slots: [
    {
      name: "concentration",
      position: 0,
      support: "positive",
      shape: "event",
      documentation: "1: uniform; above 1: towards equal probabilities; one number, or one per category",
    },
  ],
  values: ["simplex"],
  support: "probabilities that sum to 1",
  logDensity(context) {
    const { builder, child } = context;
    const axes = context.eventAxes;
    const concentration = context.argument("concentration");
    const normaliser = builder.minus(
      builder.unary("logGamma", builder.sum(concentration, axes)),
      builder.sum(builder.unary("logGamma", concentration), axes),
    );
    const excess = builder.minus(concentration, builder.constant(1));
    // With concentration 1 a probability of exactly 0 is allowed: 0 log 0 = 0.
    const power = builder.select(excess, builder.times(excess, builder.unary("log", child)), builder.constant(0));
    return builder.plus(normaliser, builder.sum(power, axes));
  },
  mean(context) {
    const { builder } = context;
    const concentration = context.argument("concentration");
    return builder.over(concentration, builder.sum(concentration, context.eventAxes));
  },
  sample(context) {
    const { builder } = context;
    const axis = context.categoriesAxis ?? context.eventAxes[0] ?? requireCategoriesAxis(context);
    const gammas = builder.draw("gamma", [context.argument("concentration")], [...context.axes, axis], context.site);
    return builder.over(gammas, builder.sum(gammas, [axis]));
  },
};
