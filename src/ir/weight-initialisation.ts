/** How the weights of a layer may begin, by the names that the language has for them; see `startWeights` in the run time. */
export const weightInitialisations = [
  "he",
  "he_uniform",
  "glorot",
  "glorot_normal",
  "lecun",
  "lecun_uniform",
  "fan_in",
  "orthogonal",
] as const;

export type WeightInitialisation = (typeof weightInitialisations)[number];

export function isWeightInitialisation(name: unknown): name is WeightInitialisation {
  return weightInitialisations.some((each) => each === name);
}
