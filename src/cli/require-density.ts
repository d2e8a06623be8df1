import { usageFailure } from "./failure.js";
import { type DensityTrainer, learnsByGame, type Trainer } from "./trainer.js";

/** The trainer, for a command that needs a density or a bound of one; a generator has neither. */
export function requireDensity(trainer: Trainer, command: string): DensityTrainer {
  if (!learnsByGame(trainer)) return trainer;
  throw usageFailure(
    `${trainer.description.name} has no density (its variable is defined by \`=\`), so there is nothing for genc ${command}.`,
    "genc sample draws from it.",
  );
}
