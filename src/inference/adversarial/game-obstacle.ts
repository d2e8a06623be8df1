import type { Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { isDiscrete } from "../latents.js";
import { rowsAxisOf } from "../elaborate/axes.js";
import { dataPlates } from "../elimination-order.js";
import { layOut } from "../networks/network-layers.js";
import type { AdversarialVerdict } from "../verdict.js";
import { latentFactors } from "./derive-adversarial.js";

/** Families whose draw is a function of noise that does not depend on their arguments. */
const reparameterised: ReadonlySet<string> = new Set(["Normal", "LogNormal", "Laplace", "Uniform", "Exponential"]);

/** The first part of a game for which there is no derivation. */
export function gameObstacle(
  model: Model,
  verdict: AdversarialVerdict,
): { readonly what: string; readonly span: Span } | undefined {
  const chain = model.axes.find((axis) => axis.kind === "chain");
  if (chain !== undefined) return { what: `a game along chains, such as \`${chain.name}\``, span: chain.span };
  const [, second] = dataPlates(model);
  if (second !== undefined) return { what: `two data plates, such as \`${second.name}\``, span: second.span };
  const rows = rowsAxisOf(model);
  const shared = model.variables.find(({ role, axes }) => role !== "given" && !axes.includes(rows));
  if (shared !== undefined)
    return { what: `variables outside of the rows, such as \`${shared.name}\``, span: shared.span };
  const [, another] = verdict.implicit;
  const named = (name: string | undefined): Model["variables"][number] | undefined =>
    model.variables.find((variable) => variable.name === name);
  if (another !== undefined)
    return { what: `several implicit variables, such as \`${another}\``, span: named(another)?.span ?? model.span };
  const implicit = named(verdict.implicit[0]);
  if (implicit !== undefined && isDiscrete(implicit.domain))
    return { what: `a discrete implicit variable, \`${implicit.name}\``, span: implicit.span };
  for (const network of model.networks) {
    const laid = layOut(network);
    if ("underived" in laid) return { what: `layers \`${laid.underived.name}\` here`, span: laid.underived.span };
  }
  const latent = latentFactors(model).find(({ distribution }) => !reparameterised.has(distribution));
  if (latent !== undefined) return { what: `latents drawn from ${latent.distribution} in a game`, span: latent.span };
  const prior = model.parameters.find((parameter) => parameter.prior !== undefined);
  return prior === undefined
    ? undefined
    : { what: `priors in a game, such as that of \`${prior.name}\``, span: prior.span };
}
