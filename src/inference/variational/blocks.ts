import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import { affine } from "../affine.js";
import { classify } from "../classify.js";
import { dependenciesOf } from "../dependencies.js";
import { latentsOf } from "../latents.js";

/** Latents whose joint posterior is kept as a whole; between blocks it is a product. */
export interface LatentBlock {
  /** Its latents, joined by commas. */
  readonly name: string;
  readonly kind: "discrete" | "gaussian";
  /** In source order. */
  readonly variables: readonly Variable[];
}

/**
 * The blocks of q = product of q(block): maximal sets of latents of one kind that share factors and that are exact on
 * their own, the others being known.
 *
 * Discrete latents are joined while their tables stay bounded, Gaussian ones while every mean is affine in them jointly;
 * those that share the most densities first. Gaussian blocks come first, the last declared before the others: they are
 * brought up to date in this order.
 */
export function latentBlocks(model: Model): readonly LatentBlock[] {
  const { variables, discrete } = latentsOf(model);
  const scopes = dependenciesOf(model).map(({ factor, dependencies }) => {
    const names = [factor.child, ...dependencies.map(({ variable }) => variable)];
    return new Set(names.filter((name) => variables.has(name)));
  });
  const shared = (first: ReadonlySet<string>, second: ReadonlySet<string>): number =>
    scopes.filter((scope) => [...first].some((name) => scope.has(name)) && [...second].some((name) => scope.has(name)))
      .length;
  /** Joins two sets at a time, those that share the most densities first. */
  const merged = (names: readonly string[]): readonly ReadonlySet<string>[] => {
    let sets: readonly ReadonlySet<string>[] = names.map((name) => new Set([name]));
    for (;;) {
      const pairs = sets
        .flatMap((first, i) => sets.slice(i + 1).map((second) => ({ first, second, count: shared(first, second) })))
        .filter(({ count }) => count > 0)
        .sort((one, other) => other.count - one.count);
      const next = pairs.find(({ first, second }) => isExactAlone(model, new Set([...first, ...second])));
      if (next === undefined) return sets;
      const { first, second } = next;
      sets = [...sets.filter((set) => set !== first && set !== second), new Set([...first, ...second])];
    }
  };
  const blocksOf = (kind: LatentBlock["kind"]): readonly LatentBlock[] => {
    const names = [...variables.keys()].filter((name) => discrete.has(name) === (kind === "discrete"));
    const sets = [...merged(names)].sort((a, b) => firstOf(names, a) - firstOf(names, b));
    return sets.map((members) => {
      const own = [...variables.values()].filter(({ name }) => members.has(name));
      return { name: own.map(({ name }) => name).join(","), kind, variables: own };
    });
  };
  return [...[...blocksOf("gaussian")].reverse(), ...blocksOf("discrete")];
}

/** Position of the first of some names that is in a set. */
function firstOf(names: readonly string[], set: ReadonlySet<string>): number {
  return names.findIndex((name) => set.has(name));
}

/** The same model where all latents but some are observed. */
export function withLatents(model: Model, isLatent: (variable: Variable) => boolean): Model {
  return {
    ...model,
    variables: model.variables.map((variable) =>
      variable.role !== "latent" || isLatent(variable) ? variable : { ...variable, role: "observed", optional: false },
    ),
  };
}

function isExactAlone(model: Model, names: ReadonlySet<string>): boolean {
  const alone = withLatents(model, ({ name }) => names.has(name));
  const latents = latentsOf(alone);
  const isAffine = alone.factors.every((factor) => {
    const mean = factor.kind === "density" ? factor.arguments["mean"] : undefined;
    return mean === undefined || affine(mean, latents).kind === "affine";
  });
  const verdict = classify(alone);
  return isAffine && verdict.kind === "exact" && verdict.stacked.length === 0;
}

/** The first block that is not even exact where all else is known. */
export function tangledBlock(model: Model): LatentBlock | undefined {
  return latentBlocks(model).find(({ variables }) => !isExactAlone(model, new Set(variables.map(({ name }) => name))));
}

/** The first factor whose mean multiplies latents of more than two blocks. */
export function manyProducts(model: Model): DensityFactor | undefined {
  const latents = latentsOf(model);
  const blocks = latentBlocks(model).filter(({ kind }) => kind === "gaussian");
  for (const { factor, dependencies } of dependenciesOf(model)) {
    const mean = factor.kind === "density" ? factor.arguments["mean"] : undefined;
    if (factor.kind !== "density" || mean === undefined || affine(mean, latents).kind === "affine") continue;
    const read = new Set([factor.child, ...dependencies.map(({ variable }) => variable)]);
    const own = blocks.filter(({ variables }) => variables.some(({ name }) => read.has(name)));
    if (own.length > 2) return factor;
  }
  return undefined;
}
