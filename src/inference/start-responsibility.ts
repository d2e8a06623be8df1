import type { DensityFactor } from "../ir/model.js";
import type { NodeId } from "../ir/plan.js";
import type { Model } from "../ir/model.js";
import type { InputSource } from "../ir/plan.js";
import type { PlanBuilder } from "../ir/plan-builder.js";
import { declarePlates, eventAxesOf, isEnumerable, laggedName, rowsAxisOf, valuesAxis } from "./elaborate/axes.js";
import { Elaborator } from "./elaborate/elaborator.js";
import { continuousLatentsOf } from "./inside.js";
import { factorDensity, latentScope } from "./elaborate/factor-density.js";
import { variableReferences } from "./latents.js";

/**
 * The weight of every cell of a factor's table where the posterior of each latent is given as a table `start.<latent>`,
 * latents independent of each other: the product of the tables, and of the rows' weights.
 */
export function startResponsibility(elaborator: Elaborator, factor: DensityFactor, missing: boolean): NodeId {
  const { builder, model } = elaborator;
  const rows = rowsAxisOf(model);
  const weight = model.axes.find((axis) => axis.name === rows)?.weight;
  const shares = latentScope(elaborator, factor).flatMap(({ name, lag }) => {
    const variable = elaborator.variable(name);
    if (!isEnumerable(variable)) return [];
    declarePlates(builder, model, variable.axes);
    return builder.input("table", `start.${name}`, [...variable.axes, valuesAxis(builder, variable, lag)], lag);
  });
  const weights = weight === undefined ? [] : [builder.input("data", weight, [rows])];
  const parts = [...shares, ...weights];
  const plates = elaborator.variable(factor.child).axes;
  const all = new Set([...plates, ...parts.flatMap((node) => [...builder.axesOf(node)])]);
  const table = startTableAxes(elaborator, factor, missing);
  return builder.contract(
    parts.length === 0 ? [builder.constant(1)] : parts,
    [...all].filter((axis) => !table.includes(axis)),
  );
}

/** Reads a continuous latent as the table `start.<latent>`, where starts give its value. */
export function startElaborator(
  model: Model,
  builder: PlanBuilder,
  source: InputSource & ("parameter" | "previous"),
): Elaborator {
  const values = continuousLatentsOf(model).flatMap((latent) => {
    declarePlates(builder, model, latent.axes);
    const axes = [...latent.axes, ...eventAxesOf(builder, latent)];
    return [0, ...lagsOf(model, latent.name)].map(
      (lag) => [laggedName(latent.name, lag), builder.input("table", `start.${latent.name}`, axes, lag)] as const,
    );
  });
  return new Elaborator(model, builder, {
    parameters: source,
    ...(values.length === 0 ? {} : { drawn: new Map(values) }),
  });
}

/** Axes of a factor's table where continuous latents are read as values. */
export function startTableAxes(elaborator: Elaborator, factor: DensityFactor, missing: boolean): readonly string[] {
  return elaborator.builder.axesOf(factorDensity(elaborator, factor, missing));
}

/** Steps back at which a variable is read. */
function lagsOf(model: Model, name: string): readonly number[] {
  const references = model.factors.flatMap((factor) =>
    factor.kind === "density" ? Object.values(factor.arguments).flatMap(variableReferences) : [],
  );
  const lags = references.flatMap(({ name: read, lag }) => (read === name && lag !== "all" && lag > 0 ? [lag] : []));
  return [...new Set(lags)];
}
