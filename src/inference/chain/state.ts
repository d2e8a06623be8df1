import type { ChainState, StateMember } from "../../ir/program.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { laggedName } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { gaussianComponents } from "../elimination/components.js";
import type { Frames } from "./frame-model.js";
import { discreteAxes } from "./gaussian-step.js";
import { membersAt, messagesOf } from "./messages.js";

/** What a row tells the next one, once there is enough past to look back at: where a filter's outputs keep it. */
export function stateOf(frames: Frames): ChainState {
  const elaborator = new Elaborator(frames.model, new PlanBuilder(), { parameters: "parameter" });
  const lagsOf = (name: string): readonly StateMember[] =>
    frames.perSequence.has(name)
      ? [{ name, lag: 0 }]
      : Array.from({ length: frames.reach.get(name) ?? 0 }, (_, lag) => ({ name, lag }));
  const tables = [
    ...messagesOf(frames).map((message) => ({
      name: `message.${message.name}`,
      members: membersAt(frames, message, frames.depth).map(({ variable, lag }) => ({ name: variable.name, lag })),
    })),
    ...frames.groups.map((group) => ({
      name: `message.${group.name}`,
      members: group.discrete.flatMap(({ name }) => lagsOf(name)),
    })),
  ];
  const gaussians = gaussianComponents(frames.model).map((component) => {
    const group = frames.groups.find(({ components }) => components.some(({ name }) => name === component.name));
    const carried = discreteAxes(elaborator, component.factors).filter((axis) => frames.perSequence.has(axis));
    const given =
      group === undefined
        ? carried.map((name) => ({ name, lag: 0 }))
        : group.discrete.flatMap(({ name }) => lagsOf(name));
    const variables = component.variables
      .flatMap(({ name }) => lagsOf(name))
      .map(({ name, lag }) => ({ name, lag, mean: `mean.${laggedName(name, lag)}` }));
    const covariances = variables.flatMap((u, first) =>
      variables.slice(first).map((v, more) => ({
        first,
        second: first + more,
        name: `covariance.${laggedName(u.name, u.lag)},${laggedName(v.name, v.lag)}`,
      })),
    );
    return { given, variables, covariances };
  });
  return { depth: frames.depth, tables, gaussians: gaussians.filter(({ variables }) => variables.length > 0) };
}
