import type { DistributionName } from "../../ir/distribution-name.js";
import type { Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { rowsAxisOf } from "../elaborate/axes.js";
import { dataPlates } from "../elimination-order.js";
import { layOut } from "./network-layers.js";

/** The first part of a model for which there is no derivation, and where it stands. */
export interface Obstacle {
  readonly what: string;
  readonly span: Span;
}

const reparameterised: readonly DistributionName[] = ["Normal", "LogNormal", "Laplace", "Uniform", "Exponential"];

/** Is a draw of this family a function of noise that does not depend on its arguments? */
export function isReparameterised(distribution: DistributionName): boolean {
  return reparameterised.includes(distribution);
}

/**
 * What stands in the way of learning by steps over rows, whatever the objective.
 *
 * @param objective "a bound", "a game"
 */
export function stepObstacle(model: Model, objective: string): Obstacle | undefined {
  const chain = model.axes.find((axis) => axis.kind === "chain");
  if (chain !== undefined) return { what: `${objective} along chains, such as \`${chain.name}\``, span: chain.span };
  const [, second] = dataPlates(model);
  if (second !== undefined) return { what: `two data plates, such as \`${second.name}\``, span: second.span };
  const rows = rowsAxisOf(model);
  const shared = model.variables.find(({ role, axes }) => role !== "given" && !axes.includes(rows));
  if (shared !== undefined)
    return { what: `variables outside of the rows, such as \`${shared.name}\``, span: shared.span };
  const ragged = model.axes.find((axis) => axis.parent !== undefined && axis.size === undefined);
  if (ragged !== undefined)
    return { what: `inner plates of varying length, such as \`${ragged.name}\``, span: ragged.span };
  for (const network of model.networks) {
    const laid = layOut(network);
    if ("underived" in laid) return { what: `layers \`${laid.underived.name}\` here`, span: laid.underived.span };
  }
  return undefined;
}
