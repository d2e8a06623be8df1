import type { BatchSource } from "../runtime/data/collect-columns.js";
import type { AdversarialTrainer } from "../runtime/adversarial-trainer.js";
import type { ChainElboTrainer } from "../runtime/chain-elbo-trainer.js";
import type { ElboTrainer } from "../runtime/elbo-trainer.js";
import type { EmTrainer } from "../runtime/em-trainer.js";
import type { NamedTensor } from "../runtime/named-tensor.js";

/** An emitted trainer of which nothing is known at compile time: any sizes, parameters and variables. */
export type LoadedTrainer = EmTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource,
  Readonly<Record<string, unknown>> & {
    readonly probability: Readonly<Record<string, NamedTensor>>;
    /** Of Gaussian latents, whose means are under their names. */
    readonly covariance?: Readonly<Record<string, NamedTensor>>;
  }
>;

/** The same of a model that learns by a bound. */
export type LoadedElboTrainer = ElboTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource,
  Readonly<Record<string, unknown>> & { readonly probability: Readonly<Record<string, NamedTensor>> }
>;

/** The same of a model with a chain that learns by a bound. */
export type LoadedChainElboTrainer = ChainElboTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource,
  Readonly<Record<string, unknown>> & { readonly probability: Readonly<Record<string, NamedTensor>> }
>;

/** The same of a generator with its critic. */
export type LoadedAdversarialTrainer = AdversarialTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource
>;

/** A trainer, whatever it learns by. */
export type AnyLoadedTrainer = LoadedTrainer | LoadedElboTrainer | LoadedChainElboTrainer | LoadedAdversarialTrainer;

export type LoadedTrainerClass<T = LoadedTrainer> = new (sizes: Readonly<Record<string, number>>) => T;

/**
 * The class of an emitted module, from its text as `printFunctionBody` writes it.
 *
 * @param javascript comes from our own printer, not from a user: names are checked identifiers, numbers are printed
 */
export async function loadEmitted(javascript: string): Promise<LoadedTrainerClass<AnyLoadedTrainer>> {
  const runtime: unknown = await import("../runtime/index.js");
  const exported: unknown = new Function("runtime", javascript)(runtime);
  const found = Object.values(exported as Readonly<Record<string, LoadedTrainerClass>>)[0];
  if (found === undefined) throw new Error("compile: the emitted module exports no class");
  return found;
}
