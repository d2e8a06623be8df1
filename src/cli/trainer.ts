import type { EmTrainer } from "../runtime/em-trainer.js";
import type { NamedTensor } from "../runtime/named-tensor.js";

/** Most probable values of each latent, and `probability` of all values, by latent. */
export interface Posterior {
  readonly probability: Readonly<Record<string, NamedTensor>>;
}

/** An emitted trainer as the command line sees it: with any sizes, parameters and variables. */
export type Trainer = EmTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>,
  Posterior
>;

export type TrainerClass = new (sizes: Readonly<Record<string, number>>) => Trainer;
