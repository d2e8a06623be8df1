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
 * in source order. Gaussian blocks come first, the last declared before the others: they are brought up to date in this
 * order.
 */
export function latentBlocks(model: Model): readonly LatentBlock[] {
  const { variables, discrete } = latentsOf(model);
  const scopes = dependenciesOf(model).map(({ factor, dependencies }) => {
    const names = [factor.child, ...dependencies.map(({ variable }) => variable)];
    return new Set(names.filter((name) => variables.has(name)));
  });
  const isJoined = (first: ReadonlySet<string>, second: ReadonlySet<string>): boolean =>
    scopes.some((scope) => [...first].some((name) => scope.has(name)) && [...second].some((name) => scope.has(name)));
  const merged = (names: readonly string[]): readonly ReadonlySet<string>[] => {
    const sets: Set<string>[] = [];
    for (const name of names) {
      let own = new Set([name]);
      for (const other of [...sets]) {
        const joint = new Set([...other, ...own]);
        if (!isJoined(own, other) || !isExactAlone(model, joint)) continue;
        sets.splice(sets.indexOf(other), 1);
        own = joint;
      }
      sets.push(own);
    }
    return sets;
  };
  const blocksOf = (kind: LatentBlock["kind"]): readonly LatentBlock[] => {
    const names = [...variables.keys()].filter((name) => discrete.has(name) === (kind === "discrete"));
    return merged(names).map((members) => {
      const own = [...variables.values()].filter(({ name }) => members.has(name));
      return { name: own.map(({ name }) => name).join(","), kind, variables: own };
    });
  };
  return [...[...blocksOf("gaussian")].reverse(), ...blocksOf("discrete")];
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
  return isAffine && classify(alone).kind === "exact";
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
