import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import type { NodeId, PlanAxis, PlanFunction, PlanOutput, Sweep } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { EmProgram, Variants } from "../../ir/program.js";
import { declareRows, eventAxesOf, isEnumerable, laggedName, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity, latentScope } from "../elaborate/factor-density.js";
import { gaussianComponents, type GaussianComponent } from "../elimination/components.js";
import { continuousVariable } from "../elimination/gaussian.js";
import { continuousLatentsOf, type Inside } from "../inside.js";
import { instantiate } from "../instantiate.js";
import { spreadTerm, weightedDensities } from "../m-step/gradient.js";
import type { ParameterGroup, UpdateDerivation } from "../m-step/statistics-context.js";
import { deriveLogPrior, deriveLogPriorGradient } from "../prior.js";
import { writeImputed } from "../queries/impute.js";
import { writeMoments } from "../queries/moments.js";
import { writeDraws } from "../queries/sample.js";
import { startElaborator, startResponsibility, startTableAxes } from "../start-responsibility.js";
import { updatesOf } from "../updates.js";
import type { Mode } from "./eliminate.js";
import { activeFactors, collapsedLatents, framesOf, type Frames } from "./frame-model.js";
import type { CollapsedGroup } from "./collapsed-groups.js";
import { writeCollapsedStep, type CollapsedStep } from "./collapsed-step.js";
import { writeGaussianStep, type GaussianStep } from "./gaussian-step.js";
import { messagesOf } from "./messages.js";
import { stateOf } from "./state.js";
import { deriveEnd, deriveStep } from "./step.js";

/**
 * Derives EM for a model with a chain: the step of the chain is derived once (`step.ts`), and run along the rows.
 *
 *     forward    step by step, messages kept per row; log density of each row given the earlier ones
 *     end        the derivative of the last message
 *     backward   step by step from the end: the derivative of each step with respect to its tables and the message it
 *                was told, so that the E-step's statistics are added up in the same pass
 */
export function deriveChainEm(original: Model, collapse?: number): EmProgram {
  const frames = framesOf(original, collapse);
  const { model } = frames;
  const hasMissing = model.variables.some((variable) => variable.optional);
  const variants = (write: (missing: boolean) => PlanFunction): Variants => ({
    complete: write(false),
    ...(hasMissing ? { incomplete: write(true) } : {}),
  });
  const chain = new ChainWriter(frames);
  const scratch = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  declareRows(scratch.builder, model);
  const { closed, updates, report } = updatesOf(scratch, (group, reason) => ({
    kind: "gradient",
    parameters: group.parameters,
    objective: variants((missing) => chain.expectedLogJoint(group, missing)),
    startObjective: variants((missing) => chain.startLogJoint(group, missing)),
    prior: deriveLogPriorGradient(model, group.parameters),
    spans: [
      ...model.parameters.filter(({ name }) => group.parameters.includes(name)).map((parameter) => parameter.span),
      ...group.factors.map((factor) => factor.span),
    ],
    reason,
  }));
  const messages = messagesOf(frames);
  const collapsed = collapsedLatents(frames);
  const isCarried = new Set(messages.flatMap(({ members }) => members.map(({ name }) => name)));
  return {
    algorithm: "em",
    model,
    rowsAxis: frames.chain,
    logDensity: variants((missing) => inOrder("logDensity", chain.forward(missing, "parameter", ["logDensity"]))),
    eStep: variants((missing) => chain.eStep(missing, closed)),
    start: variants((missing) => chain.start(missing, closed)),
    posterior: variants((missing) => chain.posterior(missing, "sum")),
    ...(hasMissing ? { impute: chain.impute() } : {}),
    ...(messages.length > 0 && gaussianComponents(model).length === 0
      ? { mostProbable: variants((missing) => chain.posterior(missing, "max")) }
      : {}),
    ...(frames.groups.length === 0 ? {} : { approximation: `collapse(${collapse ?? 2})` }),
    sequences: {
      ...(frames.sequences === undefined ? {} : { plate: frames.sequences }),
      perSequence: [...frames.perSequence],
      state: stateOf(frames),
    },
    filter: variants((missing) => inOrder("filter", chain.filter(missing))),
    filterNext: variants((missing) => inOrder("filterNext", chain.filter(missing).slice(-1))),
    sampleNext: chain.sampleNext(),
    sample: chain.sample(),
    logPrior: deriveLogPrior(
      model,
      model.parameters.map((parameter) => parameter.name),
    ),
    statistics: closed.flatMap((derivation) => derivation.statistics),
    updates,
    report: [
      ...frames.groups.map(({ discrete, components }) => ({
        rule: "collapse",
        text: `${components.flatMap(({ variables }) => variables.map(({ name }) => name)).join(", ")} and ${discrete.map(({ name }) => name).join(", ")}: one Gaussian is kept for each value of the last ${(collapse ?? 2) - 1 === 1 ? "choice" : `${(collapse ?? 2) - 1} choices`} along ${frames.chain}; histories that agree in them are collapsed into it`,
        span: discrete[0]!.span,
      })),
      ...messages.map(({ members }) => ({
        rule: "scan",
        text: `${members.map(({ name }) => name).join(", ")}: summed out step by step along ${frames.chain}`,
        span: members[0]!.span,
      })),
      ...model.variables
        .filter(
          (variable) => variable.role === "latent" && !isCarried.has(variable.name) && !collapsed.has(variable.name),
        )
        .map((variable) => ({
          rule: isEnumerable(variable) ? "eliminate discrete" : "eliminate Gaussian",
          text: describeElimination(frames, variable),
          span: variable.span,
        })),
      ...report,
    ],
  };
}

function describeElimination(frames: Frames, variable: Variable): string {
  if (isEnumerable(variable)) return `${variable.name} is summed out exactly`;
  const isScan = frames.perSequence.has(variable.name) || (frames.reach.get(variable.name) ?? 0) > 0;
  return isScan
    ? `${variable.name}: integrated out step by step along ${frames.chain}`
    : `${variable.name} is integrated out exactly`;
}

/** Outputs probabilities of a variable's values; what rounding did to their sum is undone. */
function writeProbabilities(builder: PlanBuilder, variable: Variable, node: NodeId, stored: readonly string[]): void {
  const total = builder.sum(node, [valuesAxis(builder, variable)]);
  builder.output(variable.name, builder.select(total, builder.over(node, total), node), stored);
}

/** A function and what runs before it. */
function inOrder(name: string, functions: readonly PlanFunction[]): PlanFunction {
  const last = functions.at(-1);
  if (last === undefined) throw new Error(`chain: ${name} has no steps`);
  const before = functions.slice(0, -1);
  return {
    ...last,
    name,
    ...(before.length === 0 ? {} : { before: before.map((fn) => ({ ...fn, name: `${name}.${fn.name}` })) }),
  };
}

const internal: Pick<PlanOutput, "internal"> = { internal: true };

/** A step with the factors' tables in place of abstract ones. */
interface WrittenStep {
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
}

interface ObjectiveParts {
  readonly elaborator: Elaborator;
  weight(factor: DensityFactor): NodeId;
  density(factor: DensityFactor): NodeId;
}

function isCollapsed(groups: readonly CollapsedGroup[], component: GaussianComponent): boolean {
  return groups.some((group) => group.components.some(({ name }) => name === component.name));
}

/** Continuous latents that a factor reads, its child included. */
function scopeOf(elaborator: Elaborator, factor: DensityFactor): readonly string[] {
  return latentScope(elaborator, factor).flatMap(({ name, lag }) =>
    isEnumerable(elaborator.variable(name)) ? [] : [laggedName(name, lag)],
  );
}

/** Writes the functions of a chain's program. */
class ChainWriter {
  private readonly steps = new Map<string, PlanFunction>();

  constructor(private readonly frames: Frames) {}

  private get positions(): readonly number[] {
    return Array.from({ length: this.frames.depth + 1 }, (_, position) => position);
  }

  private sweep(position: number, descending = false): Sweep {
    return {
      from: position,
      ...(position < this.frames.depth ? { to: position + 1 } : {}),
      ...(descending ? { descending } : {}),
    };
  }

  /** Messages of every row, and `logDensity` [rows] or its weighted sum `logLikelihood`. */
  forward(
    missing: boolean,
    parameters: "parameter" | "previous",
    wanted: readonly ("logDensity" | "logLikelihood")[],
    mode: Mode = "sum",
  ): readonly PlanFunction[] {
    return this.positions.map((position) => {
      const step = this.step(position, missing, parameters, mode, true, false);
      const { builder, outputs, stored, gaussian, collapsed, logDensity } = step;
      for (const [name, node] of outputs)
        if (name.startsWith("message.")) builder.output(name, node, stored(name), internal);
      for (const { name, node, stored: axes } of [...gaussian, ...collapsed].flatMap(({ told }) => told))
        builder.output(name, node, axes, internal);
      const { chain } = this.frames;
      if (wanted.includes("logDensity")) builder.output("logDensity", logDensity, [chain]);
      if (wanted.includes("logLikelihood")) {
        const weight = this.frames.model.axes.find((axis) => axis.name === chain)?.weight;
        const weighted =
          weight === undefined ? logDensity : builder.times(builder.input("data", weight, [chain]), logDensity);
        builder.output("logLikelihood", builder.sum(weighted, [chain]), []);
      }
      return { ...builder.build(`forward${position}`), sweep: this.sweep(position) };
    });
  }

  /** `forward`, with what is told for everyone to see: from where on there is enough past to look back at. */
  filter(missing: boolean): readonly PlanFunction[] {
    const functions = this.forward(missing, "parameter", ["logDensity"]);
    const lasting = new Set(functions.at(-1)?.outputs.map(({ name }) => name));
    return functions.map((fn) => ({
      ...fn,
      outputs: fn.outputs.map((output) =>
        lasting.has(output.name) ? { name: output.name, node: output.node, axes: output.axes } : output,
      ),
    }));
  }

  /** From the last row to the first; `write` adds what is wanted of a step's derivatives. */
  private backward(
    missing: boolean,
    parameters: "parameter" | "previous",
    mode: Mode,
    weighted: boolean,
    write: (step: WrittenStep, position: number) => void,
  ): readonly PlanFunction[] {
    const { frames } = this;
    const ends =
      messagesOf(frames).length === 0 && frames.groups.length === 0
        ? []
        : this.positions.slice(0, -1).map((position) => deriveEnd(frames, position, mode, weighted));
    const steps = [...this.positions].reverse().map((position) => {
      const step = this.step(position, missing, parameters, mode, weighted, true);
      const { builder, outputs, stored, gaussian, collapsed } = step;
      const back = { ...internal, lag: 1 };
      for (const [name, node] of outputs)
        if (name.startsWith("back.")) builder.output(name.slice(5), node, stored(name), back);
      for (const { name, node, stored: axes } of [
        ...gaussian.flatMap((one) => one.back),
        ...collapsed.flatMap((one) => one.backward?.back ?? []),
      ])
        builder.output(name, node, axes, back);
      write(step, position);
      return { ...builder.build(`backward${position}`), sweep: this.sweep(position, true) };
    });
    return [...ends, ...steps];
  }

  eStep(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    const forward = this.forward(missing, "parameter", ["logLikelihood"]);
    const backward = this.backward(missing, "parameter", "sum", true, (step) => {
      const active = new Set(step.factors.map((factor) => factor.name));
      for (const derivation of derivations) {
        step.builder.rule("statistics", () =>
          derivation.write({
            elaborator: step.inside.elaborator,
            missing,
            isActive: (factor) => active.has(factor),
            responsibility: (factor) => step.inside.output(`responsibility.${step.inside.tableOf(factor)}`),
            tableAxes: (factor) => step.inside.tableAxes(factor),
            covariance: (u, v) => step.inside.covariance(u, v),
          }),
        );
      }
    });
    return inOrder("eStep", [...forward, ...backward]);
  }

  posterior(missing: boolean, mode: Mode): PlanFunction {
    const forward = this.forward(missing, "parameter", [], mode);
    const backward = this.backward(
      missing,
      "parameter",
      mode,
      false,
      ({ builder, outputs, stored, inside, collapsed }) => {
        this.frames.groups.forEach(({ discrete }, i) => {
          const share = collapsed[i]?.backward?.share;
          for (const variable of share === undefined ? [] : discrete) {
            const kept = [...variable.axes, valuesAxis(builder, variable)];
            const rest = share === undefined ? [] : builder.axesOf(share).filter((axis) => !kept.includes(axis));
            if (share !== undefined) writeProbabilities(builder, variable, builder.sum(share, rest), kept);
          }
        });
        for (const [name, node] of outputs) {
          const variable = this.frames.model.variables.find((one) => name === `posterior.${one.name}`);
          if (variable !== undefined) writeProbabilities(builder, variable, node, stored(name));
        }
        for (const latent of continuousLatentsOf(this.frames.model)) writeMoments(inside, latent);
      },
    );
    return inOrder(mode === "sum" ? "posterior" : "mostProbable", [...forward, ...backward]);
  }

  impute(): PlanFunction {
    const forward = this.forward(true, "parameter", []);
    const isOptional = (name: string): boolean =>
      this.frames.model.variables.some((variable) => variable.name === name && variable.optional);
    const backward = this.backward(true, "parameter", "sum", false, (step) => {
      const factors = step.factors.filter(({ child }) => isOptional(child));
      const { inside } = step;
      writeImputed(inside.elaborator, factors, (factor) => inside.output(`share.${inside.tableOf(factor)}`));
    });
    return inOrder("impute", [...forward, ...backward]);
  }

  /** Statistics with the posterior of each latent given as a table, latents and steps independent of each other. */
  start(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    return inOrder(
      "start",
      this.positions.map((position) => {
        const { builder, factors } = this.plain(position);
        const elaborator = startElaborator(this.frames.model, builder, "parameter");
        const factor = (name: string): DensityFactor => factors.find((one) => one.name === name)!;
        for (const derivation of derivations) {
          derivation.write({
            elaborator,
            missing,
            isActive: (name) => factors.some((one) => one.name === name),
            responsibility: (name) => startResponsibility(elaborator, factor(name), missing),
            tableAxes: (name) => startTableAxes(elaborator, factor(name), missing),
          });
        }
        return { ...builder.build(`start${position}`), sweep: this.sweep(position) };
      }),
    );
  }

  sample(): PlanFunction {
    return inOrder("sample", this.draws());
  }

  sampleNext(): PlanFunction {
    return inOrder("sampleNext", this.draws().slice(-1));
  }

  private draws(): readonly PlanFunction[] {
    const { model } = this.frames;
    return this.positions.map((position) => {
      const { builder, factors } = this.plain(position);
      const random = model.variables.filter(({ role, name }) => role !== "given" && this.frames.perSequence.has(name));
      writeDraws(model, builder, factors, position === 0 ? [] : random.map(({ name }) => name));
      return { ...builder.build(`draw${position}`), sweep: this.sweep(position) };
    });
  }

  expectedLogJoint(group: ParameterGroup, missing: boolean): PlanFunction {
    const read = new Map<string, readonly PlanAxis[]>();
    const isWanted = ({ name }: DensityFactor): boolean => group.factors.some((factor) => factor.name === name);
    const forward = this.forward(missing, "previous", []);
    const backward = this.backward(missing, "previous", "sum", true, (step, position) => {
      const { builder, inside } = step;
      const keep = (name: string, node: NodeId, more: readonly string[]): void => {
        if (read.has(name)) return;
        const stored = [...new Set([...more, ...builder.axesOf(node)])];
        read.set(
          name,
          stored.map((axis) => ({ name: axis, size: builder.sizeOf(axis) })),
        );
        builder.output(name, node, stored, internal);
      };
      for (const factor of step.factors.filter(isWanted)) {
        const table = inside.tableOf(factor.name);
        const weight = inside.output(`responsibility.${table}`);
        keep(`weight.${factor.name}.${position}`, weight, inside.tableAxes(factor.name));
        if (table === factor.name) continue;
        const keys = scopeOf(inside.elaborator, factor);
        for (const [i, key] of keys.entries()) {
          const mean = inside.elaborator.mode.drawn?.get(key);
          if (mean !== undefined) keep(`given.${key}.${position}`, mean, [this.frames.chain]);
          for (const other of keys.slice(i)) {
            const [u, v] = key <= other ? [key, other] : [other, key];
            keep(`given.${u},${v}.${position}`, inside.covariance(u, v), [this.frames.chain]);
          }
        }
      }
    });
    const components = gaussianComponents(this.frames.model);
    const tableOf = (name: string): string =>
      components.find(({ factors }) => factors.some((factor) => factor.name === name))?.name ?? name;
    const objectives = this.objectives(group, "expectedLogJoint", (builder, position) => {
      const input = (name: string): NodeId => {
        const axes = (read.get(name) ?? []).map((axis) => builder.axis(axis.name, axis.size));
        return builder.input("carry", name, axes);
      };
      const end = `.${position}`;
      const keys = [...read.keys()]
        .filter((name) => name.startsWith("given.") && name.endsWith(end) && !name.includes(","))
        .map((name) => name.slice("given.".length, -end.length));
      const drawn = new Map(keys.map((key) => [key, input(`given.${key}${end}`)]));
      const current = new Elaborator(this.frames.model, builder, {
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
    return inOrder("expectedLogJoint", [...forward, ...backward, ...objectives]);
  }

  startLogJoint(group: ParameterGroup, missing: boolean): PlanFunction {
    return inOrder(
      "startLogJoint",
      this.objectives(group, "startLogJoint", (builder) => {
        const elaborator = startElaborator(this.frames.model, builder, "parameter");
        return {
          elaborator,
          weight: (factor) => startResponsibility(elaborator, factor, missing),
          density: (factor) => factorDensity(elaborator, factor, missing),
        };
      }),
    );
  }

  private objectives(
    group: ParameterGroup,
    name: string,
    partsAt: (builder: PlanBuilder, position: number) => ObjectiveParts,
  ): readonly PlanFunction[] {
    return this.positions.map((position) => {
      const builder = new PlanBuilder();
      declareRows(builder, this.frames.model);
      const active = activeFactors(this.frames, position);
      const factors = group.factors.filter((factor) => active.some((one) => one.name === factor.name));
      const { elaborator, weight, density } = partsAt(builder, position);
      const fn = weightedDensities(elaborator, { ...group, factors }, `${name}${position}`, {
        weight,
        density,
        axes: () => [],
      });
      return { ...fn, sweep: this.sweep(position) };
    });
  }

  private plain(position: number) {
    const { model } = this.frames;
    const builder = new PlanBuilder();
    declareRows(builder, model);
    const elaborator = new Elaborator(model, builder, { parameters: "parameter" });
    return { builder, elaborator, factors: activeFactors(this.frames, position) };
  }

  private step(
    position: number,
    missing: boolean,
    parameters: "parameter" | "previous",
    mode: Mode,
    weighted: boolean,
    isBackward: boolean,
  ): WrittenStep {
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
    const stepOf = (variable: string): Pick<GaussianStep, "mean" | "covariance"> => {
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
    return { builder, factors, outputs, stored, gaussian, collapsed, logDensity, inside };
  }

  private skeleton(position: number, mode: Mode, weighted: boolean): PlanFunction {
    const key = `${position} ${mode} ${weighted}`;
    const known = this.steps.get(key);
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
    this.steps.set(key, made);
    return made;
  }
}

function required(nodes: ReadonlyMap<string, NodeId>, name: string): NodeId {
  const found = nodes.get(name);
  if (found === undefined) throw new Error(`chain: there is no ${name}`);
  return found;
}
