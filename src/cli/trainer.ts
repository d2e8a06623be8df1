import type {
  AnyLoadedTrainer,
  LoadedAdversarialTrainer,
  LoadedChainElboTrainer,
  LoadedElboTrainer,
  LoadedTrainerClass,
} from "../compile/load-emitted.js";

/** The trainer of a compiled model, whatever it learns by. */
export type Trainer = AnyLoadedTrainer;
export type TrainerClass = LoadedTrainerClass<Trainer>;

/** Does it learn by a bound? */
export function learnsByBound(trainer: Trainer): trainer is LoadedElboTrainer | LoadedChainElboTrainer {
  return "encode" in trainer;
}

/** Is it a generator with its critic, without a density? */
export function learnsByGame(trainer: Trainer): trainer is LoadedAdversarialTrainer {
  return "criticStepOf" in trainer;
}

/** A trainer of a model that has a density, or a bound of one. */
export type DensityTrainer = Exclude<Trainer, LoadedAdversarialTrainer>;
