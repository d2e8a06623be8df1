import type { Model } from "../../ir/model.js";
import { isDiscrete } from "../latents.js";
import { isReparameterised, type Obstacle, stepObstacle } from "../networks/step-obstacle.js";
import type { AdversarialVerdict } from "../verdict.js";
import { latentFactors } from "./derive-adversarial.js";

/** The first part of a game for which there is no derivation. */
export function gameObstacle(model: Model, verdict: AdversarialVerdict): Obstacle | undefined {
  const common = stepObstacle(model, "a game");
  if (common !== undefined) return common;
  const [, another] = verdict.implicit;
  const named = (name: string | undefined): Model["variables"][number] | undefined =>
    model.variables.find((variable) => variable.name === name);
  if (another !== undefined)
    return { what: `several implicit variables, such as \`${another}\``, span: named(another)?.span ?? model.span };
  const implicit = named(verdict.implicit[0]);
  if (implicit !== undefined && isDiscrete(implicit.domain))
    return { what: `a discrete implicit variable, \`${implicit.name}\``, span: implicit.span };
  const latent = latentFactors(model).find(({ distribution }) => !isReparameterised(distribution));
  if (latent !== undefined) return { what: `latents drawn from ${latent.distribution} in a game`, span: latent.span };
  const prior = model.parameters.find((parameter) => parameter.prior !== undefined);
  return prior === undefined
    ? undefined
    : { what: `priors in a game, such as that of \`${prior.name}\``, span: prior.span };
}
