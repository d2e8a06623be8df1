import type { DensityFactor, ImplicitFactor, Model } from "../ir/model.js";

/**
 * What `observe c: Category[K] = softmax(e)` and `observe b: Binary[B] = sigmoid(e)` stand for: while a game is learned the
 * value is the vector of probabilities itself, beside the one-hot vectors (bits) of the data; a row that is drawn takes
 * one category (bit) with these probabilities. Undefined for a variable that is its value.
 */
export function relaxedDensity(model: Model, factor: ImplicitFactor): DensityFactor | undefined {
  const kind = model.variables.find(({ name }) => name === factor.child)?.domain.kind;
  const { name, child, value, span } = factor;
  const common = { kind: "density", name, child, phase: "all", span } as const;
  if (kind === "category") return { ...common, distribution: "Categorical", arguments: { probabilities: value } };
  if (kind === "binary") return { ...common, distribution: "Bernoulli", arguments: { probability: value } };
  return undefined;
}
