import type { LoadedElboTrainer, LoadedTrainer, LoadedTrainerClass } from "../compile/load-emitted.js";

/** The trainer of a compiled model, whatever it learns by. */
export type Trainer = LoadedTrainer | LoadedElboTrainer;
export type TrainerClass = LoadedTrainerClass<Trainer>;

/** Does it learn by a bound? */
export function learnsByBound(trainer: Trainer): trainer is LoadedElboTrainer {
  return "encode" in trainer;
}
