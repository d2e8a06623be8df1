import type { DensityFactor } from "../../ir/model.js";
import type { NodeId, PlanAxis, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows, isEnumerable, laggedName } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity, latentScope } from "../elaborate/factor-density.js";
import { gaussianComponents } from "../elimination/components.js";
import { spreadTerm, weightedDensities } from "../m-step/gradient.js";
import type { ParameterGroup } from "../m-step/statistics-context.js";
import { startElaborator, startResponsibility } from "../start-responsibility.js";
import { type ChainPasses, inOrder } from "./chain-passes.js";
import { activeFactors } from "./frame-model.js";

interface ObjectiveParts {
  readonly elaborator: Elaborator;
  weight(factor: DensityFactor): NodeId;
  density(factor: DensityFactor): NodeId;
}

/** The expected log-joint of a group that is learned by gradient: moments of a pass are kept, and densities read them. */
export function expectedLogJoint(passes: ChainPasses, group: ParameterGroup, missing: boolean): PlanFunction {
  const { frames } = passes;
  const read = new Map<string, readonly PlanAxis[]>();
  const isWanted = ({ name }: DensityFactor): boolean => group.factors.some((factor) => factor.name === name);
  const forward = passes.forward(missing, "previous", []);
  const backward = passes.backward(missing, "previous", "sum", true, (step, position) => {
    const { builder, inside } = step;
    const keep = (name: string, node: NodeId, more: readonly string[]): void => {
      if (read.has(name)) return;
      const stored = [...new Set([...more, ...builder.axesOf(node)])];
      read.set(
        name,
        stored.map((axis) => ({ name: axis, size: builder.sizeOf(axis) })),
      );
      builder.output(name, node, stored, { internal: true });
    };
    for (const factor of step.factors.filter(isWanted)) {
      const table = inside.tableOf(factor.name);
      const weight = inside.output(`responsibility.${table}`);
      keep(`weight.${factor.name}.${position}`, weight, inside.tableAxes(factor.name));
      if (table === factor.name) continue;
      const keys = scopeOf(inside.elaborator, factor);
      for (const [i, key] of keys.entries()) {
        const mean = inside.elaborator.mode.drawn?.get(key);
        if (mean !== undefined) keep(`given.${key}.${position}`, mean, [frames.chain]);
        for (const other of keys.slice(i)) {
          const [u, v] = key <= other ? [key, other] : [other, key];
          keep(`given.${u},${v}.${position}`, inside.covariance(u, v), [frames.chain]);
        }
      }
    }
  });
  const components = gaussianComponents(frames.model);
  const tableOf = (name: string): string =>
    components.find(({ factors }) => factors.some((factor) => factor.name === name))?.name ?? name;
  const ascended = objectives(passes, group, "expectedLogJoint", (builder, position) => {
    const input = (name: string): NodeId => {
      const axes = (read.get(name) ?? []).map((axis) => builder.axis(axis.name, axis.size));
      return builder.input("carry", name, axes);
    };
    const end = `.${position}`;
    const keys = [...read.keys()]
      .filter((name) => name.startsWith("given.") && name.endsWith(end) && !name.includes(","))
      .map((name) => name.slice("given.".length, -end.length));
    const drawn = new Map(keys.map((key) => [key, input(`given.${key}${end}`)]));
    const current = new Elaborator(frames.model, builder, {
      parameters: "parameter",
      ...(drawn.size === 0 ? {} : { drawn }),
    });
    const given = {
      tableOf,
      covariance: (u: string, v: string): NodeId => input(`given.${u <= v ? `${u},${v}` : `${v},${u}`}${end}`),
    };
    return {
      elaborator: current,
      weight: (factor) => input(`weight.${factor.name}${end}`),
      density: (factor) =>
        builder.plus(factorDensity(current, factor, missing), spreadTerm(current, given, factor, missing)),
    };
  });
  return inOrder("expectedLogJoint", [...forward, ...backward, ...ascended]);
}

/** The same with posteriors given as tables. */
export function startLogJoint(passes: ChainPasses, group: ParameterGroup, missing: boolean): PlanFunction {
  return inOrder(
    "startLogJoint",
    objectives(passes, group, "startLogJoint", (builder) => {
      const elaborator = startElaborator(passes.frames.model, builder, "parameter");
      return {
        elaborator,
        weight: (factor) => startResponsibility(elaborator, factor, missing),
        density: (factor) => factorDensity(elaborator, factor, missing),
      };
    }),
  );
}

function objectives(
  passes: ChainPasses,
  group: ParameterGroup,
  name: string,
  partsAt: (builder: PlanBuilder, position: number) => ObjectiveParts,
): readonly PlanFunction[] {
  return passes.positions.map((position) => {
    const builder = new PlanBuilder();
    declareRows(builder, passes.frames.model);
    const active = activeFactors(passes.frames, position);
    const factors = group.factors.filter((factor) => active.some((one) => one.name === factor.name));
    const { elaborator, weight, density } = partsAt(builder, position);
    const fn = weightedDensities(elaborator, { ...group, factors }, `${name}${position}`, {
      weight,
      density,
      axes: () => [],
    });
    return { ...fn, sweep: passes.sweep(position) };
  });
}

/** Continuous latents that a factor reads, its child included. */
function scopeOf(elaborator: Elaborator, factor: DensityFactor): readonly string[] {
  return latentScope(elaborator, factor).flatMap(({ name, lag }) =>
    isEnumerable(elaborator.variable(name)) ? [] : [laggedName(name, lag)],
  );
}
