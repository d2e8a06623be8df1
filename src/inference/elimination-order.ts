import type { Axis, Model, Variable } from "../ir/model.js";
import { dependenciesOf } from "./dependencies.js";
import { gaussianComponents } from "./elimination/components.js";
import { latentsOf } from "./latents.js";

/** In which order the latents of a model without chains are integrated and summed out. */
export type EliminationOrder =
  | { readonly ok: true; readonly steps: readonly OrderedElimination[] }
  /** Another rule has to deal with this model. */
  | {
      readonly ok: false;
      readonly reason: "chain" | "sharedLatent";
      /** The latent (or the chain) that stands in the way. */
      readonly name: string;
    };

export interface OrderedElimination {
  readonly latent: string;
  /** The plates that hold it, outermost first. */
  readonly plate: readonly string[];
  /** Latents of the table it is summed out of, itself first, then in source order. */
  readonly scope: readonly string[];
  /** Names of the model's factors multiplied into the bucket; results of earlier steps are in `after`. */
  readonly factors: readonly string[];
  /** Latents whose results the bucket takes in (summed over their own plate where that is inside this one). */
  readonly after: readonly string[];
}

interface Bucket {
  readonly scope: ReadonlySet<string>;
  /** A factor of the model, or the result of having summed out a latent. */
  readonly source: { readonly kind: "factor" | "result"; readonly name: string };
}

/**
 * Continuous latents first, component by component. Then latents of inner plates first (given everything outside, their cells are independent), and within a plate the one
 * whose table is smallest; of equals the last declared, which is usually a leaf. Sizes are symbols at this point, so
 * tables are compared by their number of axes.
 */
export function eliminationOrder(model: Model): EliminationOrder {
  const latents = latentsOf(model);
  const chain = model.axes.find((axis) => axis.kind === "chain");
  if (chain !== undefined) return { ok: false, reason: "chain", name: chain.name };
  const rows = dataPlates(model)[0]?.name;
  const shared = [...latents.variables.values()].find(({ axes }) =>
    rows === undefined ? axes.length === 0 : !axes.includes(rows),
  );
  if (shared !== undefined) return { ok: false, reason: "sharedLatent", name: shared.name };

  const sourceOrder = new Map([...latents.variables.keys()].map((name, index) => [name, index]));
  let buckets: readonly Bucket[] = dependenciesOf(model).map(({ factor, dependencies }) => ({
    scope: new Set(
      [factor.child, ...dependencies.map(({ variable }) => variable)].filter((name) => sourceOrder.has(name)),
    ),
    source: { kind: "factor", name: factor.name },
  }));
  const left = new Map(latents.variables);
  const steps: OrderedElimination[] = [];
  const eliminate = (variable: Variable, scope: ReadonlySet<string>): void => {
    const taken = buckets.filter((bucket) => bucket.scope.has(variable.name));
    steps.push(orderedElimination(variable, scope, taken, sourceOrder));
    buckets = [
      ...buckets.filter((bucket) => !taken.includes(bucket)),
      {
        scope: new Set([...scope].filter((name) => name !== variable.name)),
        source: { kind: "result", name: variable.name },
      },
    ];
    left.delete(variable.name);
  };
  // A sum of Gaussians is none: whatever a discrete latent selects is integrated before it is summed out.
  for (const { variables } of gaussianComponents(model))
    for (const variable of variables) eliminate(variable, scopeOf(variable.name, buckets));
  while (left.size > 0) {
    const deepest = Math.max(...[...left.values()].map((variable) => variable.axes.length));
    const candidates = [...left.values()].filter((variable) => variable.axes.length === deepest);
    const scopes = candidates.map((variable) => ({ variable, scope: scopeOf(variable.name, buckets) }));
    const { variable, scope } = scopes.reduce((best, next) => (next.scope.size <= best.scope.size ? next : best));
    eliminate(variable, scope);
  }
  return { ok: true, steps };
}

/** Outermost plates as long as the data. */
export function dataPlates(model: Model): readonly Axis[] {
  return model.axes.filter((axis) => axis.parent === undefined && axis.kind === "plate" && axis.size === undefined);
}

function scopeOf(latent: string, buckets: readonly Bucket[]): ReadonlySet<string> {
  const joined = buckets.filter((bucket) => bucket.scope.has(latent)).flatMap((bucket) => [...bucket.scope]);
  return new Set([latent, ...joined]);
}

function orderedElimination(
  variable: Variable,
  scope: ReadonlySet<string>,
  taken: readonly Bucket[],
  sourceOrder: ReadonlyMap<string, number>,
): OrderedElimination {
  const others = [...scope].filter((name) => name !== variable.name);
  others.sort((a, b) => (sourceOrder.get(a) ?? 0) - (sourceOrder.get(b) ?? 0));
  const named = (kind: Bucket["source"]["kind"]): readonly string[] =>
    taken.filter((bucket) => bucket.source.kind === kind).map((bucket) => bucket.source.name);
  return {
    latent: variable.name,
    plate: variable.axes,
    scope: [variable.name, ...others],
    factors: named("factor"),
    after: named("result"),
  };
}
