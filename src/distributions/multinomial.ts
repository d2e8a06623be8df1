import type { NodeId } from "../ir/plan.js";
import type { Distribution, SampleContext } from "./distribution.js";
import { requireCategoriesAxis } from "./category-probabilities.js";
import { zeroSafeProduct } from "./observed-entries.js";

export const multinomial: Distribution = {
  name: "Multinomial",
  summary: "Counts of each category among a known number of independent trials; the counts sum to the trials.",
  formula: {
    text: "trials! / prod x[k]! prod probabilities[k]^x[k]",
    latex: "\\frac{n!}{\\prod_k x_k!}\\prod_k p_k^{x_k}",
  },
  slots: [
    {
      name: "trials",
      position: 0,
      support: "count",
      shape: "scalar",
      documentation: "number of trials: the sum of x, known",
    },
    {
      name: "probabilities",
      position: 1,
      support: "simplex",
      shape: "categories",
      documentation: "probability of each category",
    },
  ],
  values: ["count"],
  support: "vectors of non-negative integers whose sum is trials",
  /** Missing counts are integrated out exactly: together they are one more category, whose count is what is left. */
  logDensity(context) {
    const { builder, child, present } = context;
    const axis = requireCategoriesAxis(context);
    const probabilities = context.argument("probabilities");
    const one = builder.constant(1);
    const logFactorial = (count: NodeId): NodeId => builder.unary("logGamma", builder.plus(count, one));

    const term = builder.minus(
      zeroSafeProduct(context, child, builder.unary("log", probabilities)),
      logFactorial(child),
    );
    // A missing child is 0, and 0 counts add 0: no mask is needed.
    const observed = builder.plus(logFactorial(context.argument("trials")), builder.sum(term, [axis]));
    const rest = builder.minus(context.argument("trials"), builder.sum(child, [axis]));
    const complete = builder.select(
      builder.binary("equal", rest, builder.constant(0)),
      observed,
      builder.constant(-Infinity),
    );
    if (present === undefined) return complete;

    const missing = builder.minus(one, present);
    const restProbability = builder.contract([missing, probabilities], [axis]);
    const restTerm = builder.minus(
      zeroSafeProduct(context, rest, builder.unary("log", restProbability)),
      logFactorial(rest),
    );
    return builder.select(builder.sum(missing, [axis]), builder.plus(observed, restTerm), complete);
  },
  mean(context) {
    return context.builder.times(context.argument("trials"), context.argument("probabilities"));
  },
  sample: sampleByHalving,
  maximisation: {
    rule: "multinomial",
    learned: ["probabilities"],
    slots: ["trials", "probabilities"],
    conjugate: { probabilities: ["Dirichlet"] },
    statistics(context) {
      const { builder, child, present } = context;
      if (present === undefined) return { occurrences: child };
      // Counts that are missing share what is left in proportion to the current probabilities.
      const axis = requireCategoriesAxis(context);
      const rest = builder.minus(context.argument("trials"), builder.sum(child, [axis]));
      const missing = builder.times(builder.minus(builder.constant(1), present), context.argument("probabilities"));
      const total = builder.sum(missing, [axis]);
      const share = builder.select(total, builder.over(missing, total), builder.constant(0));
      return { occurrences: builder.plus(child, builder.times(rest, share)) };
    },
    formula: [
      { slot: "probabilities", text: "E[x[k]] / sum over k of E[x[k]]", latex: "\\frac{E[x_k]}{\\sum_j E[x_j]}" },
    ],
  },
};

/** Halvings of an axis whose size is known only at run time: enough for 65,536 categories. */
const halvingsOfUnknownSize = 16;

/**
 * Exact draws without a loop over categories: the trials of a block of categories are split between its halves by a
 * binomial draw, from one block of everything down to blocks of one.
 */
function sampleByHalving(context: SampleContext): NodeId {
  const { builder } = context;
  const axis = requireCategoriesAxis(context);
  const probabilities = context.argument("probabilities");
  const other = builder.freshAxis(axis);
  const otherProbabilities = builder.rename(probabilities, axis, other);
  const position = builder.position(axis);
  const zero = builder.constant(0);

  /** Probability of the categories from `start` up to, not including, `end`. */
  const mass = (start: NodeId, end: NodeId): NodeId => {
    const inside = builder.times(
      builder.binary("lessEqual", start, builder.position(other)),
      builder.binary("less", builder.position(other), end),
    );
    return builder.contract([otherProbabilities, inside], [other]);
  };

  const size = builder.sizeOf(axis);
  const halvings = size.kind === "literal" ? Math.ceil(Math.log2(size.value)) : halvingsOfUnknownSize;
  let start = builder.times(zero, position);
  let count = context.argument("trials");
  for (let level = halvings - 1; level >= 0; level--) {
    const half = 2 ** level;
    const middle = builder.plus(start, builder.constant(half));
    const left = mass(start, middle);
    const right = mass(middle, builder.plus(middle, builder.constant(half)));
    // An empty right half gives a probability of exactly 1, so that no trial is lost to rounding.
    const both = builder.plus(left, right);
    const share = builder.select(both, builder.over(left, both), zero);
    const draws = builder.draw("binomial", [count, share], [...context.axes, axis], `${context.site}.${half}`);
    // Every category of a block reads the draw made at the block's first category.
    const shared = builder.gather(builder.rename(draws, axis, other), other, start);
    const isLeft = builder.binary("less", position, middle);
    count = builder.select(isLeft, shared, builder.minus(count, shared));
    start = builder.select(isLeft, start, middle);
  }
  return count;
}
