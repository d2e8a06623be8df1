import type { DensityFactor } from "../ir/model.js";
import type { NodeId } from "../ir/plan.js";
import { declarePlates, rowsAxisOf, valuesAxis } from "./elaborate/axes.js";
import type { Elaborator } from "./elaborate/elaborator.js";
import { factorDensity, latentScope } from "./elaborate/factor-density.js";

/**
 * The weight of every cell of a factor's table where the posterior of each latent is given as a table `start.<latent>`,
 * latents independent of each other: the product of the tables, and of the rows' weights.
 */
export function startResponsibility(elaborator: Elaborator, factor: DensityFactor, missing: boolean): NodeId {
  const { builder, model } = elaborator;
  const rows = rowsAxisOf(model);
  const weight = model.axes.find((axis) => axis.name === rows)?.weight;
  const shares = latentScope(elaborator, factor).map(({ name, lag }) => {
    const variable = elaborator.variable(name);
    declarePlates(builder, model, variable.axes);
    return builder.input("table", `start.${name}`, [...variable.axes, valuesAxis(builder, variable, lag)], lag);
  });
  const weights = weight === undefined ? [] : [builder.input("data", weight, [rows])];
  const parts = [...shares, ...weights];
  const plates = elaborator.variable(factor.child).axes;
  const all = new Set([...plates, ...parts.flatMap((node) => [...builder.axesOf(node)])]);
  const table = builder.axesOf(factorDensity(elaborator, factor, missing));
  return builder.contract(
    parts.length === 0 ? [builder.constant(1)] : parts,
    [...all].filter((axis) => !table.includes(axis)),
  );
}
