import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";

/**
 * A factor of a step's joint density, over its plates and the values of latents.
 *
 * table: a log density · probability: not a logarithm, at most about 1.
 */
export interface Potential {
  readonly node: NodeId;
  readonly plates: readonly string[];
  readonly kind: "table" | "probability";
}

/** sum: the density · max: the density of the most probable values. */
export type Mode = "sum" | "max";

/**
 * Sums out the values along an axis of everything that varies along it.
 *
 * Where only probabilities and tables that are the same for all rows meet, the sum is a product of matrices, with
 * exponentials that are computed once. Densities of data may be as small as they like, and are added up as
 * logarithms.
 */
export function eliminateAxis(
  builder: PlanBuilder,
  potentials: readonly Potential[],
  axis: string,
  rows: string,
  mode: Mode,
): readonly Potential[] {
  const bucket = potentials.filter(({ node }) => builder.has(node, axis));
  const rest = potentials.filter(({ node }) => !builder.has(node, axis));
  const [first] = bucket;
  if (first === undefined) return rest;
  const plates = bucket.map((one) => one.plates).reduce((a, b) => (b.length > a.length ? b : a));
  const varies = bucket.filter(({ node }) => builder.has(node, rows));
  const isProduct = varies.length > 0 && varies.every(({ kind }) => kind !== "table");
  return builder.rule(`eliminate ${axis}`, () => {
    if (isProduct) {
      const factors = bucket.map(({ node, kind }) => (kind === "probability" ? node : builder.unary("exp", node)));
      return [...rest, { node: builder.contract(factors, [axis]), plates, kind: "probability" }];
    }
    const total = bucket.map((one) => logarithm(builder, one)).reduce((a, b) => builder.plus(a, b));
    const reduced = builder.reduce(mode === "sum" ? "logSumExp" : "max", total, [axis]);
    return [...rest, { node: reduced, plates, kind: "table" }];
  });
}

/** A potential as a log density. */
export function logarithm(builder: PlanBuilder, { node, kind }: Potential): NodeId {
  if (kind !== "probability") return node;
  return builder.select(node, builder.unary("log", node), builder.constant(-Infinity));
}

/** Axes in the order in which they are best eliminated: the smallest table first. */
export function nextAxis(
  builder: PlanBuilder,
  potentials: readonly Potential[],
  axes: readonly string[],
): string | undefined {
  const width = (axis: string): number =>
    new Set(potentials.filter(({ node }) => builder.has(node, axis)).flatMap(({ node }) => [...builder.axesOf(node)]))
      .size;
  return [...axes].sort((a, b) => width(a) - width(b))[0];
}
