import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import { isEnumerable } from "../elaborate/axes.js";
import type { GaussianComponent } from "../elimination/components.js";
import { variableReferences } from "../latents.js";

/** Gaussian latents that grow with the choices of discrete ones, and those: kept apart for the last choices only. */
export interface CollapsedGroup {
  readonly name: string;
  readonly components: readonly GaussianComponent[];
  /** In source order. */
  readonly discrete: readonly Variable[];
  /** Names of the factors of discrete latents, and of whatever else reads them. */
  readonly factors: ReadonlySet<string>;
}

/** The groups of a model whose Gaussian components depend on discrete latents that vary along the chain. */
export function collapsedGroups(
  frames: {
    readonly model: Model;
    readonly reach: ReadonlyMap<string, number>;
    readonly perSequence: ReadonlySet<string>;
  },
  components: readonly GaussianComponent[],
  order: number | undefined,
): readonly CollapsedGroup[] {
  if (order === undefined) return [];
  const latents = frames.model.variables.filter(({ role }) => role === "latent");
  const leader = new Map(latents.map((variable) => [variable.name, variable.name]));
  const find = (name: string): string => {
    const parent = leader.get(name) ?? name;
    return parent === name ? name : find(parent);
  };
  const scopes = frames.model.factors
    .filter((factor): factor is DensityFactor => factor.kind === "density")
    .map((factor) => {
      const read = Object.values(factor.arguments).flatMap(variableReferences);
      return { factor, scope: [factor.child, ...read.map(({ name }) => name)].filter((name) => leader.has(name)) };
    });
  for (const { scope } of scopes) {
    const [first, ...rest] = scope;
    if (first !== undefined) for (const name of rest) leader.set(find(name), find(first));
  }
  const integrated = new Set(components.flatMap(({ factors }) => factors.map(({ name }) => name)));
  return [...new Set(latents.map(({ name }) => find(name)))].flatMap((root) => {
    const own = components.filter(({ variables }) => variables.some(({ name }) => find(name) === root));
    const discrete = latents.filter((variable) => isEnumerable(variable) && find(variable.name) === root);
    const grows =
      own.some(({ variables }) => variables.some(({ name }) => (frames.reach.get(name) ?? 0) > 0)) &&
      discrete.some(({ name }) => !frames.perSequence.has(name));
    if (!grows) return [];
    const factors = scopes.filter(
      ({ factor, scope }) => !integrated.has(factor.name) && scope.some((name) => find(name) === root),
    );
    return [
      {
        name: discrete.map(({ name }) => name).join(","),
        components: own,
        discrete,
        factors: new Set(factors.map(({ factor }) => factor.name)),
      },
    ];
  });
}
