import type { NodeId } from "../ir/plan.js";
import type { ArgumentContext, Slot } from "./distribution.js";

/** Probabilities of categories, given as such or by logits (free up to a common constant). */
export function categorySlots(position: number): readonly Slot[] {
  return [
    {
      name: "probabilities",
      position,
      support: "simplex",
      shape: "categories",
      documentation: "probability of each category",
    },
    {
      name: "logits",
      position,
      optional: true,
      support: "real",
      shape: "categories",
      documentation: "log probability of each category, up to a constant",
    },
  ];
}

export function requireCategoriesAxis(context: ArgumentContext): string {
  if (context.categoriesAxis === undefined) throw new Error("distributions: the child has no axis of categories");
  return context.categoriesAxis;
}

export function categoryProbabilities(context: ArgumentContext): NodeId {
  return context.has("logits")
    ? context.builder.softmax(context.argument("logits"), [requireCategoriesAxis(context)])
    : context.argument("probabilities");
}

export function logCategoryProbabilities(context: ArgumentContext): NodeId {
  const { builder } = context;
  if (!context.has("logits")) return builder.unary("log", context.argument("probabilities"));
  const logits = context.argument("logits");
  return builder.minus(logits, builder.logSumExp(logits, [requireCategoriesAxis(context)]));
}
