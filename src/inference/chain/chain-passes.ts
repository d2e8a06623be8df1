import type { DensityFactor, Variable } from "../../ir/model.js";
import type { NodeId, PlanFunction, PlanOutput, Sweep } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { valuesAxis } from "../elaborate/axes.js";
import { continuousLatentsOf } from "../inside.js";
import type { PredictiveDensity } from "../../ir/program.js";
import type { UpdateDerivation } from "../m-step/statistics-context.js";
import { writeImputed } from "../queries/impute.js";
import { writeMoments } from "../queries/moments.js";
import { writePredictive } from "../queries/predictive.js";
import { writeDraws } from "../queries/sample.js";
import { startElaborator, startResponsibility, startTableAxes } from "../start-responsibility.js";
import type { Mode } from "./eliminate.js";
import type { Frames } from "./frame-model.js";
import { messagesOf } from "./messages.js";
import { deriveEnd } from "./step.js";
import { StepWriter, type WrittenStep } from "./step-writer.js";

/** Between functions of a program, and nobody's answer. */
const internal: Pick<PlanOutput, "internal"> = { internal: true };

/** Writes the functions of a chain's program: passes over the rows, step by step. */
export class ChainPasses {
  private readonly steps: StepWriter;

  constructor(readonly frames: Frames) {
    this.steps = new StepWriter(frames);
  }

  /** The first rows look back less far than those from position `depth` on, which are all alike. */
  get positions(): readonly number[] {
    return Array.from({ length: this.frames.depth + 1 }, (_, position) => position);
  }

  sweep(position: number, descending = false): Sweep {
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
      const step = this.steps.write(position, { missing, parameters, mode, weighted: true, isBackward: false });
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
  backward(
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
      const step = this.steps.write(position, { missing, parameters, mode, weighted, isBackward: true });
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
            covariance: step.summedCovariance,
          }),
        );
      }
    });
    return inOrder("eStep", [...forward, ...backward]);
  }

  posterior(missing: boolean, mode: Mode): PlanFunction {
    const forward = this.forward(missing, "parameter", [], mode);
    const backward = this.backward(missing, "parameter", mode, false, (step) => this.writePosterior(step));
    return inOrder(mode === "sum" ? "posterior" : "mostProbable", [...forward, ...backward]);
  }

  private writePosterior({ builder, outputs, stored, inside, collapsed }: WrittenStep): void {
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
  }

  /**
   * What is to come after rows that have told what they know, nothing of it being observed (every observed variable of
   * `frames` is optional): the posterior there, and what is to be expected of the observed variables.
   */
  forecast(): { readonly fn: PlanFunction; readonly densities: readonly PredictiveDensity[] } {
    const { depth, perSequence } = this.frames;
    const densities: PredictiveDensity[] = [];
    const forward = this.filter(true).slice(-1);
    const backward = this.backward(true, "parameter", "sum", false, (step, position) => {
      if (position < depth) return;
      this.writePosterior(step);
      for (const factor of step.factors) {
        const { role } = step.inside.elaborator.variable(factor.child);
        if (role !== "observed" || perSequence.has(factor.child)) continue;
        const density = writePredictive(step.inside, factor);
        if (density !== undefined) densities.push(density);
      }
    });
    const lasting = backward.filter(({ sweep }) => sweep?.to === undefined);
    return { fn: inOrder("forecast", [...forward, ...lasting]), densities };
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
        const { builder, factors } = this.steps.plain(position);
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
      const { builder, factors } = this.steps.plain(position);
      const random = model.variables.filter(({ role, name }) => role !== "given" && this.frames.perSequence.has(name));
      writeDraws(model, builder, factors, position === 0 ? [] : random.map(({ name }) => name));
      return { ...builder.build(`draw${position}`), sweep: this.sweep(position) };
    });
  }
}

/** Outputs probabilities of a variable's values; what rounding did to their sum is undone. */
function writeProbabilities(builder: PlanBuilder, variable: Variable, node: NodeId, stored: readonly string[]): void {
  const total = builder.sum(node, [valuesAxis(builder, variable)]);
  builder.output(variable.name, builder.select(total, builder.over(node, total), node), stored);
}

/** A function and what runs before it. */
export function inOrder(name: string, functions: readonly PlanFunction[]): PlanFunction {
  const last = functions.at(-1);
  if (last === undefined) throw new Error(`chain: ${name} has no steps`);
  const before = functions.slice(0, -1);
  return {
    ...last,
    name,
    ...(before.length === 0 ? {} : { before: before.map((fn) => ({ ...fn, name: `${name}.${fn.name}` })) }),
  };
}
