import { distributions } from "../distributions/registry.js";
import type { DensityContext } from "../distributions/distribution.js";
import type { Model, Parameter } from "../ir/model.js";
import { adjoints } from "../ir/passes/differentiate.js";
import type { NodeId, PlanFunction } from "../ir/plan.js";
import { PlanBuilder } from "../ir/plan-builder.js";
import { Elaborator } from "./elaborate/elaborator.js";
import { argumentContext } from "./elaborate/factor-density.js";

/** Sum of the log prior densities of these parameters: output `logPrior` []. */
export function deriveLogPrior(model: Model, names: readonly string[]): PlanFunction {
  const builder = new PlanBuilder();
  builder.output("logPrior", logPriorNode(new Elaborator(model, builder, { parameters: "parameter" }), names), []);
  return builder.build("logPrior");
}

/** The same with its derivatives: outputs `logPrior` [] and `gradient.<parameter>`. */
export function deriveLogPriorGradient(model: Model, names: readonly string[]): PlanFunction {
  const builder = new PlanBuilder();
  const elaborator = new Elaborator(model, builder, { parameters: "parameter" });
  const total = logPriorNode(elaborator, names);
  builder.output("logPrior", total, []);
  writeGradients(elaborator, total, names);
  return builder.build("groupLogPrior");
}

/** Adds outputs `gradient.<parameter>`, stored as the parameters are. */
export function writeGradients(elaborator: Elaborator, total: NodeId, names: readonly string[]): void {
  const { builder } = elaborator;
  const wanted = names.map((name) => parameterInput(elaborator, name));
  // Every use of a parameter names its axes after what indexes it; the derivative gathers all uses in one layout.
  const uses = names.map((name) => builder.inputsNamed("parameter", name));
  const derivatives = adjoints(builder, total, uses.flat());
  let next = 0;
  names.forEach((name, i) => {
    const target = wanted[i]!;
    let sum = builder.constant(0);
    for (const use of uses[i]!) {
      const derivative = derivatives[next++]!;
      sum = builder.plus(sum, relabel(builder, derivative, inputAxes(builder, use), target.axes));
    }
    builder.output(`gradient.${name}`, sum, target.axes);
  });
}

function relabel(builder: PlanBuilder, node: NodeId, from: readonly string[], to: readonly string[]): NodeId {
  return from.reduce((renamed, axis, i) => builder.rename(renamed, axis, to[i]!), node);
}

function inputAxes(builder: PlanBuilder, id: NodeId): readonly string[] {
  const { operation } = builder.node(id);
  if (operation.kind !== "input") throw new Error("derive: not an input");
  return operation.axes;
}

function parameterInput(elaborator: Elaborator, name: string): { readonly axes: readonly string[] } {
  const { table, own } = elaborator.parameterAxes(name);
  return { axes: [...table, ...own] };
}

export function logPriorNode(elaborator: Elaborator, names: readonly string[]): NodeId {
  const { builder, model } = elaborator;
  let total = builder.constant(0);
  for (const name of names) {
    const parameter = model.parameters.find((candidate) => candidate.name === name);
    if (parameter?.prior === undefined || parameter.fixed !== undefined) continue;
    const density = builder.rule(`prior of ${name}`, () => priorDensity(elaborator, parameter));
    const { table } = elaborator.parameterAxes(name);
    total = builder.plus(total, builder.sum(density, table));
  }
  return total;
}

/** A parameter under its prior is a child like any other: its table is its plate. */
function priorDensity(elaborator: Elaborator, parameter: Parameter): NodeId {
  const { builder } = elaborator;
  const { prior, name } = parameter;
  if (prior === undefined) throw new Error(`derive: ${name} has no prior`);
  const { table, own } = elaborator.parameterAxes(name);
  const arguments_ = argumentContext(elaborator, prior, own, own[0]);
  const context: DensityContext = {
    ...arguments_,
    child: builder.input("parameter", name, [...table, ...own]),
    childIsLatent: false,
  };
  return distributions[prior.distribution].logDensity(context);
}
