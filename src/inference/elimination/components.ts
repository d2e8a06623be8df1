import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import { dependenciesOf } from "../dependencies.js";
import { latentsOf } from "../latents.js";

/**
 * Continuous latents that share factors, with all of their factors: integrated together, given the discrete latents,
 * into one table. A discrete latent may be summed out only after that (the strong order).
 */
export interface GaussianComponent {
  /** Not the name of any factor: its table is another one. */
  readonly name: string;
  /** In elimination order: inner plates first, within a plate the last declared first. */
  readonly variables: readonly Variable[];
  readonly factors: readonly DensityFactor[];
  /** The plates of its outermost variable, outermost first: where its table lives. */
  readonly plates: readonly string[];
  /** Pairs of variables, each with itself too, that some factor reads together. */
  readonly pairs: readonly (readonly [string, string])[];
}

export function gaussianComponents(model: Model): readonly GaussianComponent[] {
  const latents = latentsOf(model);
  const scopes = dependenciesOf(model).flatMap(({ factor, dependencies }) => {
    const names = [factor.child, ...dependencies.map(({ variable }) => variable)];
    const scope = [...new Set(names.filter((name) => latents.continuous.has(name)))];
    return factor.kind === "density" && scope.length > 0 ? [{ factor, scope }] : [];
  });
  const leader = new Map([...latents.continuous].map((name) => [name, name]));
  const find = (name: string): string => {
    const parent = leader.get(name) ?? name;
    return parent === name ? name : find(parent);
  };
  for (const { scope } of scopes) {
    const [first, ...rest] = scope;
    if (first !== undefined) for (const name of rest) leader.set(find(name), find(first));
  }
  const roots = [...new Set([...latents.continuous].map(find))];
  return roots.map((root) => {
    const own = scopes.filter(({ scope }) => scope.some((name) => find(name) === root));
    const variables = [...latents.variables.values()].filter(
      ({ name }) => latents.continuous.has(name) && find(name) === root,
    );
    const pairs = new Map<string, readonly [string, string]>();
    for (const { scope } of own)
      for (const u of scope) for (const v of scope) if (u <= v) pairs.set(`${u},${v}`, [u, v]);
    const shortest = variables.reduce((best, next) => (next.axes.length < best.axes.length ? next : best));
    return {
      name: `gaussian.${variables.map(({ name }) => name).join(".")}`,
      variables: variables
        .map((variable, position) => ({ variable, position }))
        .sort((a, b) => b.variable.axes.length - a.variable.axes.length || b.position - a.position)
        .map(({ variable }) => variable),
      factors: own.map(({ factor }) => factor as DensityFactor),
      plates: shortest.axes,
      pairs: [...pairs.values()],
    };
  });
}
