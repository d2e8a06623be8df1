import type { Variable } from "../../ir/model.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { variableReferences } from "../latents.js";
import { collapsedLatents, densityFactors, type Frames } from "./frame-model.js";

/**
 * What a step tells the next one: a table over the values of latents that later steps still read, of this step and some
 * before it. Latents that no factor ties together have tables of their own.
 */
export interface Message {
  /** Name of its first latent. */
  readonly name: string;
  readonly members: readonly Variable[];
  /** Plates inside the step that it repeats over. */
  readonly plates: readonly string[];
}

/** A latent of a message, some steps back. */
export interface Member {
  readonly variable: Variable;
  readonly lag: number;
}

/** The messages of a model, in source order of their first latents. */
export function messagesOf(frames: Frames): readonly Message[] {
  const latents = frames.model.variables.filter((variable) => variable.role === "latent");
  const leader = new Map(latents.map((variable) => [variable.name, variable.name]));
  const find = (name: string): string => {
    const parent = leader.get(name) ?? name;
    return parent === name ? name : find(parent);
  };
  for (const factor of densityFactors(frames.model)) {
    const read = Object.values(factor.arguments).flatMap(variableReferences);
    const [first, ...rest] = [factor.child, ...read.map(({ name }) => name)].filter((name) => leader.has(name));
    if (first !== undefined) for (const name of rest) leader.set(find(name), find(first));
  }
  const collapsed = collapsedLatents(frames);
  const discrete = latents.filter((variable) => isEnumerable(variable) && !collapsed.has(variable.name));
  const carried = discrete.filter(({ name }) => frames.perSequence.has(name) || (frames.reach.get(name) ?? 0) > 0);
  const groups = new Map<string, Variable[]>();
  for (const variable of carried) {
    const key = find(variable.name);
    groups.set(key, [...(groups.get(key) ?? []), variable]);
  }
  return [...groups.values()].map((members) => ({
    name: members[0]!.name,
    members,
    plates: members[0]!.axes.slice(1),
  }));
}

/** What a message is about after the step at a position. */
export function membersAt(frames: Frames, message: Message, position: number): readonly Member[] {
  return message.members.flatMap((variable): readonly Member[] => {
    if (frames.perSequence.has(variable.name)) return [{ variable, lag: 0 }];
    const reach = frames.reach.get(variable.name) ?? 0;
    return Array.from({ length: Math.min(reach, position + 1) }, (_, lag) => ({ variable, lag }));
  });
}

/** Axes of a member's values as the step at hand sees them, `back` steps after the message was made. */
export function memberAxis(builder: PlanBuilder, frames: Frames, { variable, lag }: Member, back = 0): string {
  return valuesAxis(builder, variable, frames.perSequence.has(variable.name) ? 0 : lag + back);
}

/** What a message (or its adjoint) is stored as. Early steps, which cannot look back all the way, have tables of their own. */
export function storedName(
  frames: Frames,
  kind: "message" | "adjoint" | "best",
  message: Message,
  position: number,
): string {
  return position >= frames.depth - 1 ? `${kind}.${message.name}` : `${kind}.${message.name}.${position}`;
}
