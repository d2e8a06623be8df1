import type { Model, Variable } from "../../ir/model.js";
import type { PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { EmProgram, Variants } from "../../ir/program.js";
import { declareRows, isEnumerable } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { gaussianComponents } from "../elimination/components.js";
import { variableReferences } from "../latents.js";
import { deriveLogPrior, deriveLogPriorGradient } from "../prior.js";
import { updatesOf } from "../updates.js";
import { expectedLogJoint, startLogJoint } from "./chain-objectives.js";
import { ChainPasses, inOrder } from "./chain-passes.js";
import { collapsedLatents, densityFactors, framesOf, type Frames } from "./frame-model.js";
import { messagesOf } from "./messages.js";
import { stateOf } from "./state.js";

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
  const chain = new ChainPasses(frames);
  const scratch = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  declareRows(scratch.builder, model);
  const { closed, updates, report } = updatesOf(scratch, (group, reason) => ({
    kind: "gradient",
    parameters: group.parameters,
    objective: variants((missing) => expectedLogJoint(chain, group, missing)),
    startObjective: variants((missing) => startLogJoint(chain, group, missing)),
    prior: deriveLogPriorGradient(model, group.parameters),
    spans: [
      ...model.parameters.filter(({ name }) => group.parameters.includes(name)).map((parameter) => parameter.span),
      ...group.factors.map((factor) => factor.span),
    ],
    reason,
  }));
  const forecast = forecastOf(original, collapse);
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
    ...(forecast === undefined ? {} : { forecast }),
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

/** The future as the model has it: every observed variable may be missing, and no distribution may depend on one. */
function forecastOf(model: Model, collapse: number | undefined): EmProgram["forecast"] {
  const { perSequence } = framesOf(model, collapse);
  const isRead = (name: string): boolean =>
    !perSequence.has(name) && model.variables.some((one) => one.name === name && one.role === "observed");
  const reads = densityFactors(model).flatMap(({ arguments: slots }) =>
    Object.values(slots).flatMap(variableReferences),
  );
  if (reads.some(({ name }) => isRead(name))) return undefined;
  const unseen: Model = {
    ...model,
    variables: model.variables.map((variable) =>
      variable.role === "observed" ? { ...variable, optional: true } : variable,
    ),
  };
  return new ChainPasses(framesOf(unseen, collapse)).forecast();
}
