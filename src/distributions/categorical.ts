import type { Distribution } from "./distribution.js";
import {
  categoryProbabilities,
  categorySlots,
  logCategoryProbabilities,
  requireCategoriesAxis,
} from "./category-probabilities.js";
import { sumOverEntries, whereObserved } from "./observed-entries.js";

export const categorical: Distribution = {
  name: "Categorical",
  summary: "One of K categories, by their probabilities or logits.",
  formula: { text: "probabilities[x]", latex: "p_x" },
  slots: categorySlots(0),
  values: ["category"],
  support: "category numbers 0 to K-1",
  logDensity(context) {
    const table = logCategoryProbabilities(context);
    if (context.childIsLatent) return table;
    return sumOverEntries(context, context.builder.gather(table, requireCategoriesAxis(context), context.child));
  },
  mean: categoryProbabilities,
  sample(context) {
    const { builder } = context;
    const axis = requireCategoriesAxis(context);
    const probabilities = categoryProbabilities(context);
    const earlier = builder.freshAxis(axis);
    const upTo = builder.binary("lessEqual", builder.position(earlier), builder.position(axis));
    const cumulative = builder.contract([builder.rename(probabilities, axis, earlier), upTo], [earlier]);
    const uniform = builder.draw("uniform", [], [...context.axes, ...context.eventAxes], context.site);
    // Scaled by the total, so that rounding in the sums never picks a category beyond the last possible one.
    const threshold = builder.times(uniform, builder.max(cumulative, [axis]));
    return builder.sum(builder.binary("lessEqual", cumulative, threshold), [axis]);
  },
  maximisation: {
    rule: "categorical",
    learned: ["probabilities"],
    slots: ["probabilities"],
    conjugate: { probabilities: ["Dirichlet"] },
    statistics(context) {
      const { builder } = context;
      // A latent child lies along the axis of categories itself: its weight there is the count.
      if (context.childIsLatent) return { occurrences: builder.constant(1) };
      return { occurrences: whereObserved(context, builder.oneHot(context.child, requireCategoriesAxis(context))) };
    },
    formula: [{ slot: "probabilities", text: "E[x = k] / E[1]", latex: "\\frac{E[x=k]}{E[1]}" }],
  },
};
