import type { Model } from "../../ir/model.js";
import { variableReferences } from "../latents.js";
import { isReparameterised, type Obstacle, stepObstacle } from "../networks/step-obstacle.js";
import type { AdversarialVerdict } from "../verdict.js";
import { latentFactors } from "./derive-adversarial.js";

/** The first part of a game for which there is no derivation. */
export function gameObstacle(model: Model, verdict: AdversarialVerdict): Obstacle | undefined {
  const common = stepObstacle(model, "a game");
  if (common !== undefined) return common;
  const read = new Set(
    (model.critic?.arguments ?? []).flatMap((argument) => variableReferences(argument).map(({ name }) => name)),
  );
  for (const name of verdict.implicit) {
    const variable = model.variables.find((each) => each.name === name);
    if (variable === undefined) continue;
    if (!read.has(name))
      return { what: `implicit variables that the critic does not read, such as \`${name}\``, span: variable.span };
  }
  const latent = latentFactors(model).find(({ distribution }) => !isReparameterised(distribution));
  if (latent !== undefined) return { what: `latents drawn from ${latent.distribution} in a game`, span: latent.span };
  const prior = model.parameters.find((parameter) => parameter.prior !== undefined);
  return prior === undefined
    ? undefined
    : { what: `priors in a game, such as that of \`${prior.name}\``, span: prior.span };
}
