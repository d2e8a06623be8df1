export type { LoadedTrainer as Trainer, LoadedTrainerClass as TrainerClass } from "../compile/load-emitted.js";
