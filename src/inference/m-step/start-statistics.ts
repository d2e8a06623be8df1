import type { Model } from "../../ir/model.js";
import type { PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows } from "../elaborate/axes.js";
import { densityFactors } from "../inside.js";
import { startElaborator, startResponsibility, startTableAxes } from "../start-responsibility.js";
import type { StatisticsContext, UpdateDerivation } from "./statistics-context.js";

/** Statistics with the posterior of each latent given as a table, latents independent of each other. */
export function startStatistics(
  model: Model,
  derivations: readonly UpdateDerivation[],
  missing: boolean,
): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const elaborator = startElaborator(model, builder, "parameter");
  const factor = (name: string) => {
    const found = densityFactors(model).find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`m-step: unknown factor ${name}`);
    return found;
  };
  const context: StatisticsContext = {
    elaborator,
    missing,
    isActive: () => true,
    tableAxes: (name) => startTableAxes(elaborator, factor(name), missing),
    responsibility: (name) => startResponsibility(elaborator, factor(name), missing),
  };
  for (const derivation of derivations) derivation.write(context);
  return builder.build("start");
}
