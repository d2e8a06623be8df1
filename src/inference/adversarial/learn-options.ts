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
  readonly batch: number;
  readonly rate: number;
  readonly criticRate: number;
  readonly beta1: number;
  readonly beta2: number;
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
    // What the run time takes where nothing is written: `resolveAdversarialOptions`.
    batch: number("batch", 64),
    rate: number("rate", 2e-4),
    criticRate: number("critic_rate", number("rate", 2e-4)),
    beta1: number("beta1", named === "wasserstein" ? 0 : 0.5),
    beta2: number("beta2", named === "wasserstein" ? 0.9 : 0.999),
  };
}
