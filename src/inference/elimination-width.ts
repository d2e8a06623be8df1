import type { Scope, UnrolledGraph } from "./unroll.js";

/** One variable taken out: the copies that its bucket joins (itself among them) and the factors merged there. */
export interface EliminationStep {
  readonly copy: number;
  readonly discrete: ReadonlySet<number>;
  readonly continuous: ReadonlySet<number>;
  readonly factors: ReadonlySet<string>;
}

export interface Elimination {
  readonly steps: readonly EliminationStep[];
  /** Most discrete latents that one table ranges over: it has K to that power of cells. */
  readonly discreteWidth: number;
  /** Most Gaussian latents joined in one bucket. */
  readonly continuousWidth: number;
}

/**
 * Strong elimination in the order in which a derived algorithm goes: along chains step by step, within a step inner
 * plates first, and then whatever needs the smallest table (of equals the fewest Gaussian latents). A discrete latent
 * has to wait while a Gaussian one is left in its bucket, because a sum of different Gaussians is not a Gaussian.
 *
 * A scan along a chain therefore shows as a width that does not depend on the chain's length: what is left of the past
 * after each step is the message that the scan carries.
 *
 * @source Lauritzen 1992, "Propagation of probabilities, means and variances in mixed graphical association models";
 * Murphy 2002, "Dynamic Bayesian networks", section 3.2 (the interface of a slice)
 */
export function eliminate(graph: UnrolledGraph): Elimination {
  const buckets = graph.copies.map((): Set<Scope> => new Set());
  const file = (scope: Scope): void => {
    for (const copy of [...scope.discrete, ...scope.continuous]) buckets[copy]?.add(scope);
  };
  graph.scopes.forEach(file);
  const left = new Set(graph.copies.keys());
  const steps: EliminationStep[] = [];
  while (left.size > 0) {
    const step = nextStep(graph, left, buckets);
    if (step === undefined) throw new Error("elimination width: no variable can be eliminated");
    for (const scope of buckets[step.copy] ?? []) {
      for (const copy of [...scope.discrete, ...scope.continuous]) if (copy !== step.copy) buckets[copy]?.delete(scope);
    }
    left.delete(step.copy);
    steps.push(step);
    file({
      discrete: without(step.discrete, step.copy),
      continuous: without(step.continuous, step.copy),
      factors: step.factors,
    });
  }
  return {
    steps,
    discreteWidth: Math.max(0, ...steps.map((step) => step.discrete.size)),
    continuousWidth: Math.max(0, ...steps.map((step) => step.continuous.size)),
  };
}

function nextStep(
  graph: UnrolledGraph,
  left: ReadonlySet<number>,
  buckets: readonly ReadonlySet<Scope>[],
): EliminationStep | undefined {
  let best: EliminationStep | undefined;
  for (const copy of left) {
    const step = bucketOf(copy, buckets[copy] ?? new Set());
    const isStuck = graph.copies[copy]?.kind === "discrete" && step.continuous.size > 0;
    if (!isStuck && (best === undefined || compareSteps(graph, step, best) < 0)) best = step;
  }
  return best;
}

function compareSteps(graph: UnrolledGraph, a: EliminationStep, b: EliminationStep): number {
  const one = graph.copies[a.copy];
  const two = graph.copies[b.copy];
  if (one === undefined || two === undefined) throw new Error("elimination width: a step of no copy");
  for (const [chain, at] of one.slice.entries()) {
    const other = two.slice[chain] ?? Infinity;
    if (at !== other) return at < other ? -1 : 1;
  }
  return two.depth - one.depth || a.discrete.size - b.discrete.size || a.continuous.size - b.continuous.size;
}

function bucketOf(copy: number, scopes: ReadonlySet<Scope>): EliminationStep {
  const discrete = new Set<number>();
  const continuous = new Set<number>();
  const factors = new Set<string>();
  for (const scope of scopes) {
    for (const each of scope.discrete) discrete.add(each);
    for (const each of scope.continuous) continuous.add(each);
    for (const each of scope.factors) factors.add(each);
  }
  return { copy, discrete, continuous, factors };
}

function without(set: ReadonlySet<number>, one: number): ReadonlySet<number> {
  return new Set([...set].filter((each) => each !== one));
}
