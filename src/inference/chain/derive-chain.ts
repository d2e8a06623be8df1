import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction, PlanOutput, Sweep } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { EmProgram, Variants } from "../../ir/program.js";
import { declareRows, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { instantiate } from "../instantiate.js";
import { weightedDensities } from "../m-step/gradient.js";
import type { ParameterGroup, UpdateDerivation } from "../m-step/statistics-context.js";
import { deriveLogPrior, deriveLogPriorGradient } from "../prior.js";
import { writeImputed } from "../queries/impute.js";
import { writeDraws } from "../queries/sample.js";
import { startResponsibility } from "../start-responsibility.js";
import { updatesOf } from "../updates.js";
import type { Mode } from "./eliminate.js";
import { activeFactors, framesOf, type Frames } from "./frame-model.js";
import { messagesOf } from "./messages.js";
import { deriveEnd, deriveStep } from "./step.js";

/**
 * Derives EM for a model with a chain: the step of the chain is derived once (`step.ts`), and run along the rows.
 *
 *     forward    step by step, messages kept per row; log density of each row given the earlier ones
 *     end        the derivative of the last message
 *     backward   step by step from the end: the derivative of each step with respect to its tables and the message it
 *                was told, so that the E-step's statistics are added up in the same pass
 */
export function deriveChainEm(original: Model): EmProgram {
  const frames = framesOf(original);
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
  return {
    algorithm: "em",
    model,
    rowsAxis: frames.chain,
    logDensity: variants((missing) => inOrder("logDensity", chain.forward(missing, "parameter", ["logDensity"]))),
    eStep: variants((missing) => chain.eStep(missing, closed)),
    start: variants((missing) => chain.start(missing, closed)),
    posterior: variants((missing) => chain.posterior(missing, "sum")),
    ...(hasMissing ? { impute: chain.impute() } : {}),
    mostProbable: variants((missing) => chain.posterior(missing, "max")),
    sequences: {
      ...(frames.sequences === undefined ? {} : { plate: frames.sequences }),
      perSequence: [...frames.perSequence],
    },
    sample: chain.sample(),
    logPrior: deriveLogPrior(
      model,
      model.parameters.map((parameter) => parameter.name),
    ),
    statistics: closed.flatMap((derivation) => derivation.statistics),
    updates,
    report: [
      ...messages.map(({ members }) => ({
        rule: "scan",
        text: `${members.map(({ name }) => name).join(", ")}: summed out step by step along ${frames.chain}`,
        span: members[0]!.span,
      })),
      ...model.variables
        .filter(
          ({ name, role }) => role === "latent" && !messages.some((one) => one.members.some((m) => m.name === name)),
        )
        .map(({ name, span }) => ({ rule: "eliminate discrete", text: `${name} is summed out exactly`, span })),
      ...report,
    ],
  };
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
  readonly elaborator: Elaborator;
  readonly factors: readonly DensityFactor[];
  readonly outputs: ReadonlyMap<string, NodeId>;
  readonly stored: (output: string) => readonly string[];
  readonly tables: ReadonlyMap<string, NodeId>;
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
      const { builder, outputs, stored } = this.step(position, missing, parameters, mode, true);
      for (const [name, node] of outputs)
        if (name.startsWith("message.")) builder.output(name, node, stored(name), internal);
      const logDensity = required(outputs, "logDensity");
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
      messagesOf(frames).length === 0
        ? []
        : this.positions.slice(0, -1).map((position) => deriveEnd(frames, position, mode, weighted));
    const steps = [...this.positions].reverse().map((position) => {
      const step = this.step(position, missing, parameters, mode, weighted);
      const { builder, outputs, stored } = step;
      for (const [name, node] of outputs)
        if (name.startsWith("back.")) builder.output(name.slice(5), node, stored(name), { ...internal, lag: 1 });
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
            elaborator: step.elaborator,
            missing,
            isActive: (factor) => active.has(factor),
            responsibility: (factor) => required(step.outputs, `responsibility.${factor}`),
            tableAxes: (factor) => step.builder.axesOf(required(step.tables, factor)),
          }),
        );
      }
    });
    return inOrder("eStep", [...forward, ...backward]);
  }

  posterior(missing: boolean, mode: Mode): PlanFunction {
    const forward = this.forward(missing, "parameter", [], mode);
    const backward = this.backward(missing, "parameter", mode, false, ({ builder, outputs, stored }) => {
      for (const [name, node] of outputs)
        if (name.startsWith("posterior.")) builder.output(name.slice("posterior.".length), node, stored(name));
    });
    return inOrder(mode === "sum" ? "posterior" : "mostProbable", [...forward, ...backward]);
  }

  impute(): PlanFunction {
    const forward = this.forward(true, "parameter", []);
    const isOptional = (name: string): boolean =>
      this.frames.model.variables.some((variable) => variable.name === name && variable.optional);
    const backward = this.backward(true, "parameter", "sum", false, (step) => {
      const factors = step.factors.filter(({ child }) => isOptional(child));
      writeImputed(step.elaborator, factors, (factor) => required(step.outputs, `responsibility.${factor}`));
    });
    return inOrder("impute", [...forward, ...backward]);
  }

  /** Statistics with the posterior of each latent given as a table, latents and steps independent of each other. */
  start(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    return inOrder(
      "start",
      this.positions.map((position) => {
        const { builder, elaborator, factors } = this.plain(position);
        const factor = (name: string): DensityFactor => factors.find((one) => one.name === name)!;
        for (const derivation of derivations) {
          derivation.write({
            elaborator,
            missing,
            isActive: (name) => factors.some((one) => one.name === name),
            responsibility: (name) => startResponsibility(elaborator, factor(name), missing),
            tableAxes: (name) => builder.axesOf(factorDensity(elaborator, factor(name), missing)),
          });
        }
        return { ...builder.build(`start${position}`), sweep: this.sweep(position) };
      }),
    );
  }

  sample(): PlanFunction {
    const { model } = this.frames;
    return inOrder(
      "sample",
      this.positions.map((position) => {
        const { builder, factors } = this.plain(position);
        const random = model.variables.filter(
          ({ role, name }) => role !== "given" && this.frames.perSequence.has(name),
        );
        writeDraws(model, builder, factors, position === 0 ? [] : random.map(({ name }) => name));
        return { ...builder.build(`draw${position}`), sweep: this.sweep(position) };
      }),
    );
  }

  expectedLogJoint(group: ParameterGroup, missing: boolean): PlanFunction {
    const carried = (factor: string, position: number): string => `weight.${factor}.${position}`;
    const axes = new Map<string, { readonly stored: readonly string[]; readonly step: WrittenStep }>();
    const forward = this.forward(missing, "previous", []);
    const backward = this.backward(missing, "previous", "sum", true, (step, position) => {
      for (const factor of step.factors.filter((one) => group.factors.some(({ name }) => name === one.name))) {
        const name = carried(factor.name, position);
        const node = required(step.outputs, `responsibility.${factor.name}`);
        const stored = step.builder.axesOf(required(step.tables, factor.name));
        axes.set(name, { stored, step });
        step.builder.output(name, node, stored, internal);
      }
    });
    const objectives = this.objectives(group, missing, "expectedLogJoint", (elaborator, factor, position) => {
      const name = carried(factor.name, position);
      const { stored, step } = axes.get(name)!;
      for (const axis of stored) elaborator.builder.axis(axis, step.builder.sizeOf(axis));
      return elaborator.builder.input("carry", name, stored);
    });
    return inOrder("expectedLogJoint", [...forward, ...backward, ...objectives]);
  }

  startLogJoint(group: ParameterGroup, missing: boolean): PlanFunction {
    return inOrder(
      "startLogJoint",
      this.objectives(group, missing, "startLogJoint", (elaborator, factor) =>
        startResponsibility(elaborator, factor, missing),
      ),
    );
  }

  private objectives(
    group: ParameterGroup,
    missing: boolean,
    name: string,
    weightOf: (elaborator: Elaborator, factor: DensityFactor, position: number) => NodeId,
  ): readonly PlanFunction[] {
    return this.positions.map((position) => {
      const { elaborator, factors } = this.plain(position);
      const active = group.factors.filter((factor) => factors.includes(factor));
      const fn = weightedDensities(elaborator, { ...group, factors: active }, `${name}${position}`, {
        weight: (factor) => weightOf(elaborator, factor, position),
        axes: () => [],
        density: (factor) => factorDensity(elaborator, factor, missing),
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
  ): WrittenStep {
    const { model } = this.frames;
    const skeleton = this.skeleton(position, mode, weighted);
    const builder = new PlanBuilder();
    declareRows(builder, model);
    const elaborator = new Elaborator(model, builder, { parameters });
    const factors = activeFactors(this.frames, position);
    const tables = new Map<string, NodeId>(
      factors.map((factor) => [factor.name, factorDensity(elaborator, factor, missing)]),
    );
    const outputs = instantiate(builder, skeleton, (name) =>
      name.startsWith("factor.") ? required(tables, name.slice("factor.".length)) : builder.constant(0),
    );
    const stored = (output: string): readonly string[] => {
      const found = skeleton.outputs.find(({ name }) => name === output);
      if (found === undefined) throw new Error(`chain: a step has no ${output}`);
      return found.axes;
    };
    return { builder, elaborator, factors, outputs, stored, tables };
  }

  private skeleton(position: number, mode: Mode, weighted: boolean): PlanFunction {
    const key = `${position} ${mode} ${weighted}`;
    const known = this.steps.get(key);
    if (known !== undefined) return known;
    const { builder, elaborator, factors } = this.plain(position);
    const shapes = factors.map((factor) => ({
      name: factor.name,
      plates: elaborator.variable(factor.child).axes,
      // Masks bring in the rows: a table has all axes that it has in any variant.
      axes: builder.axesOf(factorDensity(elaborator, factor, true)),
    }));
    for (const variable of this.frames.model.variables) {
      if (variable.role !== "latent") continue;
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
