import type { DensityFactor, Model } from "../../../ir/model.js";
import { isEnumerable } from "../../elaborate/axes.js";
import { activeFactors, densityFactors, framesOf, type Frames } from "../../chain/frame-model.js";
import { variableReferences } from "../../latents.js";
import { networkParameters, withNetworkParameters } from "../../networks/network-parameters.js";
import type { BoundModel } from "../bound-terms.js";
import type { WrittenOutGuide } from "../derived-guide.js";
import { memoriesOf, type Memory } from "./memories.js";

/** A model with a chain and its guide, step by step. */
export interface ChainBound {
  /** Rows are steps; its networks and their weights include those of the guide. */
  readonly frames: Frames;
  readonly sites: readonly DensityFactor[];
  readonly memories: readonly Memory[];
  /** Latents that are drawn, in drawing order. */
  readonly drawn: readonly string[];
  readonly eliminated: readonly string[];
  readonly held: readonly string[];
}

/** A variable some steps back. */
export interface PastValue {
  readonly name: string;
  readonly lag: number;
}

export function chainBoundOf(model: Model, guide: WrittenOutGuide): ChainBound {
  const networks = [...model.networks, ...guide.networks];
  const weights = networkParameters(networks);
  const full = withNetworkParameters({ ...model, networks }, weights, guide.scales);
  const frames = framesOf(full);
  const reach = new Map(frames.reach);
  for (const { name, lag } of guide.sites.flatMap(lagsOf)) reach.set(name, Math.max(reach.get(name) ?? 0, lag));
  const covered = new Set(guide.sites.map(({ child }) => child));
  const variables = new Map(model.variables.map((variable) => [variable.name, variable]));
  const isDiscrete = (name: string): boolean => {
    const variable = variables.get(name);
    return variable !== undefined && isEnumerable(variable);
  };
  return {
    frames: { ...frames, reach, depth: Math.max(1, ...reach.values()) },
    sites: guide.sites,
    memories: memoriesOf(full, [...densityFactors(full), ...guide.sites]),
    drawn: [...covered].filter((name) => !isDiscrete(name)),
    eliminated: model.variables
      .filter((variable) => isEnumerable(variable) && !covered.has(variable.name))
      .sort((a, b) => b.axes.length - a.axes.length)
      .map(({ name }) => name),
    held: guide.scales.map(({ name }) => name),
  };
}

/** The model and the guide at a position of the sequence, up to the depth, which stands for all later ones. */
export function boundAt({ frames, sites, eliminated, held }: ChainBound, position: number): BoundModel {
  const guide: Frames = { ...frames, model: { ...frames.model, factors: sites } };
  return {
    model: { ...frames.model, factors: activeFactors(frames, position) },
    sites: activeFactors(guide, position),
    eliminated,
    held,
    scored: [],
  };
}

/** Values of earlier steps that are read at a position. */
export function pastAt({ frames, drawn }: ChainBound, position: number): readonly PastValue[] {
  return drawn.flatMap((name) => {
    const lags = Math.min(position, frames.reach.get(name) ?? 0);
    return Array.from({ length: lags }, (_, i) => ({ name, lag: i + 1 }));
  });
}

export function lagsOf(factor: DensityFactor): readonly PastValue[] {
  return Object.values(factor.arguments)
    .flatMap(variableReferences)
    .flatMap(({ name, lag }) => (lag === "all" ? [] : [{ name, lag }]));
}
