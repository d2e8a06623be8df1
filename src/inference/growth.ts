import type { Axis, Dimension, Model } from "../ir/model.js";
import type { Span } from "../diagnostics/span.js";
import { dependenciesOf, type Dependency, type FactorDependencies } from "./dependencies.js";
import { eliminate, type EliminationStep } from "./elimination-width.js";
import { valuesOf } from "./joint-tables.js";
import { latentsOf } from "./latents.js";
import { unroll, type UnrolledGraph } from "./unroll.js";
import type { Growth } from "./verdict.js";

/**
 * What makes the table grow along an axis, read off the widest bucket of the graph written out to `sizes`: discrete
 * latents of which several copies meet there, and the latent that holds them together.
 */
export function growthAlong(model: Model, axis: Axis, sizes: ReadonlyMap<string, number>): Growth {
  const graph = unroll(model, sizes);
  const widest = eliminate(graph).steps.reduce((a, b) => (b.discrete.size > a.discrete.size ? b : a));
  const selectors = repeatedAlong(axis, graph, widest);
  const factors = dependenciesOf(model).filter(({ factor }) => widest.factors.has(factor.name));
  const carriers = carriersAlong(model, axis, selectors, graph, widest, factors);
  const joint = carriers
    .map((carrier) => ({ carrier, factor: factors.find((each) => joins(each, selectors, carrier.name)) }))
    .find(({ factor }) => factor !== undefined);
  const carrier = joint?.carrier;
  const selecting = joint?.factor ?? factors.find((each) => mentions(each, selectors)) ?? factors[0];
  if (selecting === undefined) throw new Error(`growth: no factor makes the table grow along ${axis.name}`);
  return {
    axis: axis.name,
    selectors,
    base: selectors.map((name) => domainValues(model, name)),
    ...(carrier === undefined
      ? {}
      : { carrier: { name: carrier.name, kind: carrier.kind, looksBack: carrier.looksBack } }),
    child: selecting.factor.child,
    selecting: mentions(selecting, selectors)?.span ?? selecting.factor.span,
    linking: carrier?.span ?? selecting.factor.span,
  };
}

/** Discrete latents of which the bucket holds copies at more than one position along the axis. */
function repeatedAlong(axis: Axis, graph: UnrolledGraph, bucket: EliminationStep): readonly string[] {
  const positions = new Map<string, Set<number>>();
  for (const index of bucket.discrete) {
    const copy = graph.copies[index];
    const at = copy?.position.get(axis.name);
    if (copy === undefined || at === undefined) continue;
    positions.set(copy.variable, (positions.get(copy.variable) ?? new Set()).add(at));
  }
  return [...positions].filter(([, at]) => at.size > 1).map(([name]) => name);
}

interface Carrier {
  readonly name: string;
  readonly kind: "discrete" | "continuous";
  readonly looksBack: boolean;
  readonly span: Span;
}

/** Latents met in the bucket that reach across the axis: declared outside of it, or looking back along it. */
function carriersAlong(
  model: Model,
  axis: Axis,
  selectors: readonly string[],
  graph: UnrolledGraph,
  bucket: EliminationStep,
  factors: readonly FactorDependencies[],
): readonly Carrier[] {
  const latents = latentsOf(model);
  const met = new Set(
    [...bucket.discrete, ...bucket.continuous].flatMap((index) => graph.copies[index]?.variable ?? []),
  );
  for (const { factor, dependencies } of factors) {
    for (const name of [factor.child, ...dependencies.map((dependency) => dependency.variable)]) met.add(name);
  }
  const carriers = [...latents.variables.values()].flatMap((variable): readonly Carrier[] => {
    if (!met.has(variable.name) || selectors.includes(variable.name)) return [];
    const base = {
      name: variable.name,
      kind: latents.discrete.has(variable.name) ? "discrete" : "continuous",
    } as const;
    const declared = factors.find(({ factor }) => factor.child === variable.name)?.factor.span ?? variable.span;
    if (!variable.axes.includes(axis.name)) return [{ ...base, looksBack: false, span: declared }];
    const back = factors
      .filter(({ factor }) => factor.child === variable.name)
      .flatMap(({ dependencies }) => dependencies)
      .find((dependency) => dependency.variable === variable.name && dependency.lag !== 0);
    return back === undefined ? [] : [{ ...base, looksBack: true, span: back.span }];
  });
  const isContinuous = (carrier: Carrier): number => (carrier.kind === "continuous" ? 0 : 1);
  return carriers.sort((a, b) => isContinuous(a) - isContinuous(b));
}

function joins(factor: FactorDependencies, selectors: readonly string[], carrier: string): boolean {
  const involved = [factor.factor.child, ...factor.dependencies.map((dependency) => dependency.variable)];
  return involved.includes(carrier) && involved.some((name) => selectors.includes(name));
}

function mentions(factor: FactorDependencies, selectors: readonly string[]): Dependency | undefined {
  return factor.dependencies.find((dependency) => selectors.includes(dependency.variable));
}

function domainValues(model: Model, name: string): Dimension {
  const variable = model.variables.find((candidate) => candidate.name === name);
  if (variable === undefined) throw new Error(`growth: the model has no variable ${name}`);
  return valuesOf(variable.domain);
}
