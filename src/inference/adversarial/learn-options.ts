import type { Model } from "../../ir/model.js";

export type AdversarialLoss = "nonsaturating" | "hinge" | "lsgan" | "wasserstein";

/** The options of `learn adversarial` that shape the derivation. */
export interface AdversarialOptions {
  readonly loss: AdversarialLoss;
  readonly gp: number;
  readonly r1: number;
  readonly criticSteps: number;
  /** Are the critic's weights divided by their largest singular value? */
  readonly spectral: boolean;
}

const losses: readonly AdversarialLoss[] = ["nonsaturating", "hinge", "lsgan", "wasserstein"];

export function adversarialOptionsOf(model: Model): AdversarialOptions {
  const options = model.learn?.options ?? {};
  const number = (name: string, fallback: number): number => {
    const option = options[name];
    return option?.kind === "number" ? option.value : fallback;
  };
  const { loss } = options;
  const named = loss?.kind === "name" ? losses.find((each) => each === loss.name) : undefined;
  return {
    loss: named ?? "nonsaturating",
    gp: number("gp", 0),
    r1: number("r1", 0),
    criticSteps: number("critic_steps", named === "wasserstein" ? 5 : 1),
    spectral: number("spectral", 0) === 1,
  };
}
