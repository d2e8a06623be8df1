import type { DensityFactor, Model } from "../ir/model.js";
import type { InputSource, NodeId, PlanFunction } from "../ir/plan.js";
import type { PlanBuilder } from "../ir/plan-builder.js";
import { isEnumerable } from "./elaborate/axes.js";
import { Elaborator } from "./elaborate/elaborator.js";
import { factorDensity } from "./elaborate/factor-density.js";
import { gaussianComponents, type GaussianComponent } from "./elimination/components.js";
import { componentTableAxes, integrateInto } from "./elimination/integrate.js";
import { instantiate } from "./instantiate.js";
import type { TableShape } from "./skeleton.js";

/** The inside pass of a model and its derivatives as nodes of a builder. */
export interface Inside {
  /** What the skeleton gives: `logDensity`, `responsibility.<table>`, `share.<table>`, `posterior.<latent>`. */
  output(name: string): NodeId;
  /** The table that a factor is part of: its own, or that of the component it was integrated with. */
  tableOf(factor: string): string;
  /** Axes that the responsibility of a factor stands for. */
  tableAxes(factor: string): readonly string[];
  /** Reads a continuous latent as its posterior mean, given the discrete latents of its table. */
  readonly elaborator: Elaborator;
  /** Posterior covariance of two continuous latents that a factor reads, on `blockAxes`; given the discrete latents. */
  covariance(u: string, v: string): NodeId;
  readonly components: readonly GaussianComponent[];
}

/** Factors that are tables of their own, and those that are integrated together. */
export function tableShapes(elaborator: Elaborator): readonly TableShape[] {
  const { builder, model } = elaborator;
  const components = gaussianComponents(model);
  const integrated = new Set(components.flatMap(({ factors }) => factors.map(({ name }) => name)));
  return [
    ...densityFactors(model)
      .filter(({ name }) => !integrated.has(name))
      .map((factor) => ({
        name: factor.name,
        plates: elaborator.variable(factor.child).axes,
        // Masks bring in the rows: a table has all axes that it has in any variant.
        axes: builder.axesOf(factorDensity(elaborator, factor, true)),
      })),
    ...components.map((component) => ({
      name: component.name,
      plates: component.plates,
      axes: componentTableAxes(elaborator, component),
    })),
  ];
}

export function densityFactors(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}

/** Writes the inside pass into a builder: tables of the factors and components, then the skeleton over them. */
export function writeInside(
  builder: PlanBuilder,
  model: Model,
  skeleton: PlanFunction,
  missing: boolean,
  source: InputSource & ("parameter" | "previous") = "parameter",
): Inside {
  const plain = new Elaborator(model, builder, { parameters: source });
  const components = gaussianComponents(model);
  const componentOf = new Map(
    components.flatMap((component) => component.factors.map((factor) => [factor.name, component] as const)),
  );
  const integrated = new Map(
    components.map((component) => [component.name, integrateInto(builder, model, component, missing, source)]),
  );
  const tables = new Map<string, NodeId>();
  for (const factor of densityFactors(model))
    if (!componentOf.has(factor.name)) tables.set(factor.name, factorDensity(plain, factor, missing));
  for (const [name, { table }] of integrated) tables.set(name, table);
  const outputs = instantiate(builder, skeleton, (name) =>
    name.startsWith("factor.") ? tables.get(name.slice("factor.".length)) : builder.constant(0),
  );
  const means = new Map<string, NodeId>();
  for (const { name, variables } of components)
    for (const variable of variables) means.set(variable.name, required(integrated, name).mean(variable.name));
  const elaborator = means.size === 0 ? plain : new Elaborator(model, builder, { parameters: source, drawn: means });
  const componentAxes = new Map(
    components.map((component) => [component.name, componentTableAxes(plain, component)] as const),
  );
  return {
    output: (name) => required(outputs, name),
    tableOf: (factor) => componentOf.get(factor)?.name ?? factor,
    tableAxes(factor) {
      const component = componentOf.get(factor);
      if (component === undefined) return builder.axesOf(required(tables, factor));
      const child = densityFactors(model).find(({ name }) => name === factor)?.child;
      const plates = child === undefined ? [] : plain.variable(child).axes;
      return [...new Set([...plates, ...required(componentAxes, component.name)])];
    },
    elaborator,
    covariance(u, v) {
      const component = components.find(({ variables }) => variables.some(({ name }) => name === u));
      if (component === undefined) throw new Error(`derive: ${u} is not integrated`);
      return required(integrated, component.name).covariance(u, v);
    },
    components,
  };
}

/** Continuous latents of a model, in source order. */
export function continuousLatentsOf(model: Model): Model["variables"] {
  return model.variables.filter((variable) => variable.role === "latent" && !isEnumerable(variable));
}

function required<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`derive: there is no ${name}`);
  return found;
}
