import type { DensityFactor } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declareRows, eventAxesOf, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { gaussianComponents, type GaussianComponent } from "../elimination/components.js";
import { continuousVariable } from "../elimination/gaussian.js";
import type { Inside } from "../inside.js";
import { instantiate } from "../instantiate.js";
import type { CollapsedGroup } from "./collapsed-groups.js";
import { writeCollapsedStep, type CollapsedStep } from "./collapsed-step.js";
import type { Mode } from "./eliminate.js";
import { activeFactors, type Frames } from "./frame-model.js";
import { writeGaussianStep, type GaussianStep } from "./gaussian-step.js";
import { deriveStep } from "./step.js";

/** A step with the factors' tables in place of abstract ones. */
export interface WrittenStep {
  readonly builder: PlanBuilder;
  readonly factors: readonly DensityFactor[];
  /** Of the step over abstract tables. */
  readonly outputs: ReadonlyMap<string, NodeId>;
  readonly stored: (output: string) => readonly string[];
  readonly gaussian: readonly GaussianStep[];
  readonly collapsed: readonly CollapsedStep[];
  /** [rows] */
  readonly logDensity: NodeId;
  /** In a backward pass; shares are responsibilities where it is not weighted. */
  readonly inside: Inside;
  /** `inside.covariance` for sums over the rows. */
  readonly summedCovariance: Inside["covariance"];
}

/** A builder with the rows declared, and the factors that act at a position. */
export interface PlainStep {
  readonly builder: PlanBuilder;
  readonly elaborator: Elaborator;
  readonly factors: readonly DensityFactor[];
}

/** What a step is written for. */
export interface StepPurpose {
  readonly missing: boolean;
  readonly parameters: "parameter" | "previous";
  readonly mode: Mode;
  /** Derivatives of the weighted log-likelihood, not of the rows' own. */
  readonly weighted: boolean;
  readonly isBackward: boolean;
}

/** Writes one step of a chain, the tables of the model's factors in place of the abstract ones of `deriveStep`. */
export class StepWriter {
  private readonly skeletons = new Map<string, PlanFunction>();

  constructor(private readonly frames: Frames) {}

  plain(position: number): PlainStep {
    const { model } = this.frames;
    const builder = new PlanBuilder();
    declareRows(builder, model);
    const elaborator = new Elaborator(model, builder, { parameters: "parameter" });
    return { builder, elaborator, factors: activeFactors(this.frames, position) };
  }

  write(position: number, purpose: StepPurpose): WrittenStep {
    const { missing, parameters, mode, weighted, isBackward } = purpose;
    const { frames } = this;
    const { model } = frames;
    const skeleton = this.skeleton(position, mode, weighted);
    const builder = new PlanBuilder();
    declareRows(builder, model);
    const plain = new Elaborator(model, builder, { parameters });
    const factors = activeFactors(frames, position);
    const components = gaussianComponents(model);
    const { groups } = frames;
    const groupOf = (component: GaussianComponent): number =>
      groups.findIndex((group) => group.components.some(({ name }) => name === component.name));
    const componentOf = new Map(components.flatMap((one) => one.factors.map(({ name }) => [name, one] as const)));
    const exact = components.filter((component) => !isCollapsed(groups, component));
    const gaussian = exact.map((component) =>
      writeGaussianStep(frames, builder, component, position, missing, parameters, isBackward),
    );
    const collapsed = groups.map((group) =>
      writeCollapsedStep(frames, builder, group, position, missing, parameters, isBackward),
    );
    const inGroup = (factor: string): number => groups.findIndex((group) => group.factors.has(factor));
    const tables = new Map<string, NodeId>();
    for (const factor of factors)
      if (!componentOf.has(factor.name) && inGroup(factor.name) < 0)
        tables.set(factor.name, factorDensity(plain, factor, missing));
    exact.forEach(({ name }, i) => tables.set(name, gaussian[i]!.table));
    const outputs = instantiate(builder, skeleton, (name) =>
      name.startsWith("factor.") ? required(tables, name.slice("factor.".length)) : builder.constant(0),
    );
    const logDensity = collapsed.reduce(
      (sum, one) => builder.plus(sum, one.logDensity),
      required(outputs, "logDensity"),
    );
    const stored = (output: string): readonly string[] => {
      const found = skeleton.outputs.find(({ name }) => name === output);
      if (found === undefined) throw new Error(`chain: a step has no ${output}`);
      return found.axes;
    };
    const stepOf = (variable: string): Pick<GaussianStep, "mean" | "covariance" | "summedCovariance"> => {
      const component = components.find(({ variables }) => variables.some(({ name }) => name === variable));
      const found =
        component === undefined
          ? undefined
          : (gaussian[exact.indexOf(component)] ?? collapsed[groupOf(component)]?.backward);
      if (found === undefined) throw new Error(`chain: ${variable} is not integrated`);
      return found;
    };
    const means = new Map<string, NodeId>();
    if (isBackward) {
      for (const { variables } of components) {
        for (const variable of variables) {
          const reach = frames.perSequence.has(variable.name) ? 0 : (frames.reach.get(variable.name) ?? 0);
          for (let lag = 0; lag <= Math.min(reach, position); lag++) {
            const { key, axis } = continuousVariable(plain, variable.name, lag);
            const mean = stepOf(variable.name).mean(key);
            const [own] = eventAxesOf(builder, variable);
            means.set(key, axis === undefined || own === undefined ? mean : builder.rename(mean, axis, own));
          }
        }
      }
    }
    const elaborator = means.size === 0 ? plain : new Elaborator(model, builder, { parameters, drawn: means });
    /** The weights of a table that a collapsed step is made of. */
    const collapsedTable = (table: string): { readonly node: NodeId; readonly axes: readonly string[] } | undefined => {
      const component = components.find(({ name }) => name === table);
      const index = component === undefined ? inGroup(table) : groupOf(component);
      const backward = collapsed[index]?.backward;
      const factor = component?.factors[0] ?? factors.find(({ name }) => name === table);
      return backward === undefined || factor === undefined ? undefined : backward.tableOf(factor);
    };
    const inside: Inside = {
      output(name) {
        const table = name.replace(/^(share|responsibility)\./, "");
        return collapsedTable(table)?.node ?? required(outputs, `responsibility.${table}`);
      },
      tableOf: (factor) => componentOf.get(factor)?.name ?? factor,
      tableAxes(factor) {
        const component = componentOf.get(factor);
        return (
          collapsedTable(component?.name ?? factor)?.axes ??
          (component === undefined
            ? builder.axesOf(required(tables, factor))
            : gaussian[exact.indexOf(component)]!.tableAxes)
        );
      },
      elaborator,
      covariance: (u, v) => stepOf(u.replace(/\[.*$/, "")).covariance(u, v),
      components,
    };
    const summedCovariance: Inside["covariance"] = (u, v) => stepOf(u.replace(/\[.*$/, "")).summedCovariance(u, v);
    return { builder, factors, outputs, stored, gaussian, collapsed, logDensity, inside, summedCovariance };
  }

  private skeleton(position: number, mode: Mode, weighted: boolean): PlanFunction {
    const key = `${position} ${mode} ${weighted}`;
    const known = this.skeletons.get(key);
    if (known !== undefined) return known;
    const { builder, elaborator, factors } = this.plain(position);
    const { groups } = this.frames;
    const all = gaussianComponents(this.frames.model);
    const components = all.filter((component) => !isCollapsed(groups, component));
    const integrated = new Set([
      ...all.flatMap((one) => one.factors.map(({ name }) => name)),
      ...groups.flatMap((group) => [...group.factors]),
    ]);
    const shapes = [
      ...factors
        .filter(({ name }) => !integrated.has(name))
        .map((factor) => ({
          name: factor.name,
          plates: elaborator.variable(factor.child).axes,
          // Masks bring in the rows: a table has all axes that it has in any variant.
          axes: builder.axesOf(factorDensity(elaborator, factor, true)),
        })),
      ...components.map((component) => ({
        name: component.name,
        plates: [this.frames.chain],
        axes: writeGaussianStep(this.frames, builder, component, position, true, "parameter", false).tableAxes,
      })),
    ];
    for (const variable of this.frames.model.variables) {
      if (!isEnumerable(variable)) continue;
      const reach = this.frames.reach.get(variable.name) ?? 0;
      for (let lag = 0; lag <= Math.min(reach, position); lag++) valuesAxis(builder, variable, lag);
    }
    const names = [...new Set(shapes.flatMap((shape) => shape.axes))];
    const axes = names.map((name) => ({ name, size: builder.sizeOf(name) }));
    const made = deriveStep(this.frames, shapes, axes, position, mode, weighted);
    this.skeletons.set(key, made);
    return made;
  }
}

function isCollapsed(groups: readonly CollapsedGroup[], component: GaussianComponent): boolean {
  return groups.some((group) => group.components.some(({ name }) => name === component.name));
}

function required(nodes: ReadonlyMap<string, NodeId>, name: string): NodeId {
  const found = nodes.get(name);
  if (found === undefined) throw new Error(`chain: there is no ${name}`);
  return found;
}
