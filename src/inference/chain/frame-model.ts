import type { Axis, DensityFactor, Model, Variable } from "../../ir/model.js";
import { gaussianComponents } from "../elimination/components.js";
import { variableReferences } from "../latents.js";
import { collapsedGroups, type CollapsedGroup } from "./collapsed-groups.js";

/**
 * A model of sequences as a model of their steps: the chain is the data plate, and whatever varies from sequence to
 * sequence has a value per step that is the same all along it. Look-backs (`k[t-1]`) stay in the expressions.
 */
export interface Frames {
  readonly model: Model;
  readonly chain: string;
  /** The plate of sequences; absent: the data are one sequence. */
  readonly sequences?: string;
  /** Variables with one value per sequence. */
  readonly perSequence: ReadonlySet<string>;
  /** Steps that the longest look-back goes; at least 1. */
  readonly depth: number;
  /** Steps back at which each latent is still read. */
  readonly reach: ReadonlyMap<string, number>;
  /** What is approximated by collapsing; empty: all is exact. */
  readonly groups: readonly CollapsedGroup[];
}

/**
 * @param model with exactly one chain
 * @param collapse steps whose discrete latents tell Gaussians apart; absent: no approximation
 */
export function framesOf(model: Model, collapse?: number): Frames {
  const chain = model.axes.find((axis) => axis.kind === "chain");
  if (chain === undefined) throw new Error(`frames: ${model.name} has no chain`);
  const plate = model.axes.find((axis) => axis.name === chain.parent);
  const perSequence = new Set(
    model.variables.filter((variable) => !variable.axes.includes(chain.name)).map((variable) => variable.name),
  );
  const inside = (name: string): boolean => {
    const axis = model.axes.find((candidate) => candidate.name === name);
    return axis !== undefined && (axis.parent === chain.name || (axis.parent !== undefined && inside(axis.parent)));
  };
  const { parent: _, ...ofChain } = chain;
  const rows: Axis = { ...ofChain, ...(plate?.weight === undefined ? {} : { weight: plate.weight }) };
  const factors = densityFactors(model);
  const reach = new Map<string, number>();
  for (const factor of factors) {
    for (const { name, lag } of readsOf(factor)) reach.set(name, Math.max(reach.get(name) ?? 0, lag));
  }
  const frames: Frames = {
    model: {
      ...model,
      axes: [rows, ...model.axes.filter((axis) => inside(axis.name))],
      variables: model.variables.map((variable): Variable => ({
        ...variable,
        axes: [chain.name, ...variable.axes.filter(inside)],
      })),
    },
    chain: chain.name,
    ...(plate === undefined ? {} : { sequences: plate.name }),
    perSequence,
    depth: Math.max(1, ...reach.values()),
    reach,
    groups: [],
  };
  const groups = collapsedGroups(frames, gaussianComponents(frames.model), collapse);
  if (groups.length === 0 || collapse === undefined) return frames;
  const longer = new Map(reach);
  for (const { name } of groups.flatMap(({ discrete }) => discrete))
    if (!perSequence.has(name)) longer.set(name, Math.max(longer.get(name) ?? 0, collapse - 1));
  return { ...frames, reach: longer, depth: Math.max(1, ...longer.values()), groups };
}

/** Latents that a collapsed step deals with. */
export function collapsedLatents({ groups }: Frames): ReadonlySet<string> {
  return new Set(
    groups.flatMap(({ discrete, components }) => [
      ...discrete.map(({ name }) => name),
      ...components.flatMap(({ variables }) => variables.map(({ name }) => name)),
    ]),
  );
}

/** Variables that a factor reads, with how many steps back. */
function readsOf(factor: DensityFactor): readonly { readonly name: string; readonly lag: number }[] {
  return Object.values(factor.arguments)
    .flatMap(variableReferences)
    .map(({ name, lag }) => ({ name, lag: lag === "all" ? Infinity : lag }));
}

/** The factors that hold at a step: by its position in the sequence, up to `depth`, which stands for all later ones. */
export function activeFactors(frames: Frames, position: number): readonly DensityFactor[] {
  const factors = densityFactors(frames.model);
  return factors.filter((factor) => {
    if (frames.perSequence.has(factor.child)) return position === 0;
    if (factor.phase === "all") return true;
    const step = factors.find((other) => other.child === factor.child && other.phase === "step");
    // The first distribution holds as long as there is not enough past to look back at.
    const lags = (step === undefined ? [] : readsOf(step)).map(({ lag }) => lag);
    // What is told of a whole sequence is there at every step.
    const needed = Math.max(1, ...lags.filter(Number.isFinite));
    return factor.phase === "initial" ? position < needed : position >= needed;
  });
}

export function densityFactors(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}
