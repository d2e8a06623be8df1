import type { Model } from "../../ir/model.js";
import { adjoints } from "../../ir/passes/differentiate.js";
import type { InputSource, NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, declareRows, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { instantiate } from "../instantiate.js";
import type { GaussianComponent } from "./components.js";
import { continuousVariable, linearGaussian } from "./gaussian.js";
import {
  blockAxes,
  eliminateContinuous,
  pairOf,
  type Potential,
  product,
  reducePlate,
  tablePotential,
} from "./potential.js";

/** A component integrated out, and the moments of its variables given the discrete latents. */
export interface IntegratedComponent {
  /** log of the integral, over the component's plates and discrete axes. */
  readonly table: NodeId;
  /** E[u | discrete, observed], along u's axis. */
  mean(variable: string): NodeId;
  /** Cov[u, v | discrete, observed] on `blockAxes`, for a pair that some factor reads together. */
  covariance(u: string, v: string): NodeId;
}

/**
 * The integral of a component over all its variables as a function of the data, and its derivatives:
 *
 *     log Z(d) = log integral of prod phi_f(d, x) dx
 *     E[u | d] = d log Z / d h_u,   Cov[u, v | d] = -(1 or 2) d log Z / d J_uv at h = 0
 *
 * Only the integral is written by rules. The covariance does not depend on h, and at h = 0 nothing cancels.
 * Outputs `log`, `mean.<u>`, `covariance.<u>,<v>`; inputs `tilt.…` are zero (they name the cells of the derivatives).
 */
export function integrationOf(
  model: Model,
  component: GaussianComponent,
  missing: boolean,
  source: InputSource & ("parameter" | "previous"),
): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  const elaborator = new Elaborator(model, builder, { parameters: source });
  const factors = component.factors.map((factor) => linearGaussian(elaborator, factor, missing));
  const discrete = discreteAxes(elaborator, factors);
  const tilts: Potential[] = [];
  const means: { readonly name: string; readonly node: NodeId }[] = [];
  const covariances: { readonly name: string; readonly node: NodeId; readonly scale: number }[] = [];
  for (const { name, axes } of component.variables) {
    const u = continuousVariable(elaborator, name);
    declarePlates(builder, model, axes);
    const event = u.axis === undefined ? [] : [u.axis];
    const node = builder.input("table", `tilt.${name}`, [...axes, ...discrete, ...event]);
    means.push({ name, node });
    tilts.push({ ...tablePotential(axes, builder.constant(0)), scope: [u], linear: new Map([[u.key, node]]) });
  }
  for (const [first, second] of component.pairs) {
    const [u, v] = [continuousVariable(elaborator, first), continuousVariable(elaborator, second)];
    const [a, b] = [elaborator.variable(first).axes, elaborator.variable(second).axes];
    const plates = a.length >= b.length ? a : b;
    const name = pairOf(u.key, v.key);
    const node = builder.input("table", `tilt.${name}`, [...plates, ...discrete, ...blockAxes(builder, u, v)]);
    covariances.push({ name, node, scale: u.key === v.key ? -2 : -1 });
    tilts.push({
      ...tablePotential(plates, builder.constant(0)),
      scope: u.key === v.key ? [u] : [u, v],
      precision: new Map([[name, node]]),
    });
  }
  const all = [...factors, ...tilts];
  const log = builder.rule(`integrate ${component.name}`, () => eliminateInside(builder, component, all).log);
  const withoutLinear = all.map((potential) => ({ ...potential, linear: new Map() }));
  const spread = builder.rule(
    `integrate ${component.name}`,
    () => eliminateInside(builder, component, withoutLinear).log,
  );
  builder.output("log", log);
  const meanNodes = adjoints(
    builder,
    log,
    means.map(({ node }) => node),
  );
  means.forEach(({ name }, i) => builder.output(`mean.${name}`, meanNodes[i]!));
  const covarianceNodes = adjoints(
    builder,
    spread,
    covariances.map(({ node }) => node),
  );
  covariances.forEach(({ name, scale }, i) =>
    builder.output(`covariance.${name}`, builder.scale(scale, covarianceNodes[i]!)),
  );
  return builder.build(`integrate ${component.name}`);
}

/** Writes the integral of a component and its moments into a builder. */
export function integrateInto(
  builder: PlanBuilder,
  model: Model,
  component: GaussianComponent,
  missing: boolean,
  source: InputSource & ("parameter" | "previous"),
): IntegratedComponent {
  const integration = integrationOf(model, component, missing, source);
  const outputs = instantiate(builder, integration, (name) =>
    name.startsWith("tilt.") ? builder.constant(0) : undefined,
  );
  const output = (name: string): NodeId => {
    const node = outputs.get(name);
    if (node === undefined) throw new Error(`elimination: ${component.name} has no ${name}`);
    return node;
  };
  return {
    table: output("log"),
    mean: (variable) => output(`mean.${variable}`),
    covariance: (u, v) => output(`covariance.${pairOf(u, v)}`),
  };
}

/** Axes of the table of a component: its plates, and the discrete latents that its factors read. */
export function componentTableAxes(elaborator: Elaborator, component: GaussianComponent): readonly string[] {
  declarePlates(elaborator.builder, elaborator.model, component.plates);
  const factors = component.factors.map((factor) => linearGaussian(elaborator, factor, true));
  return [...component.plates, ...discreteAxes(elaborator, factors)];
}

function discreteAxes(elaborator: Elaborator, potentials: readonly Potential[]): readonly string[] {
  const { builder, model } = elaborator;
  const present = new Set(
    potentials.flatMap(({ log, linear, precision }) =>
      [log, ...linear.values(), ...precision.values()].flatMap((node) => [...builder.axesOf(node)]),
    ),
  );
  return model.variables.filter(isEnumerable).flatMap((variable) => {
    if (!present.has(variable.name)) return [];
    return [valuesAxis(builder, variable)];
  });
}

/** Inner plates first: what is left of them is independent given the outer variables, so it is multiplied up. */
export function eliminateInside(
  builder: PlanBuilder,
  component: Pick<GaussianComponent, "plates" | "variables">,
  potentials: readonly Potential[],
): Potential {
  const root = component.plates.length;
  let left = potentials;
  for (let depth = Math.max(...potentials.map(({ plates }) => plates.length)); depth >= root; depth--) {
    const places = new Map<string, Potential[]>();
    for (const potential of left.filter(({ plates }) => plates.length === depth)) {
      const place = potential.plates.join("/");
      places.set(place, [...(places.get(place) ?? []), potential]);
    }
    const outer = left.filter(({ plates }) => plates.length < depth);
    const results = [...places].map(([place, inside]) => {
      let rest = product(builder, inside);
      for (const variable of component.variables)
        if (variable.axes.join("/") === place) rest = eliminateContinuous(builder, rest, variable.name);
      const last = rest.plates[depth - 1];
      return depth === root || last === undefined ? rest : reducePlate(builder, rest, last);
    });
    left = [...outer, ...results];
  }
  return product(builder, left);
}
