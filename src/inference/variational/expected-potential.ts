import type { DensityFactor } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { linearGaussian } from "../elimination/gaussian.js";
import type { Potential } from "../elimination/potential.js";
import type { LatentBlock } from "./blocks.js";
import type { Expectations } from "./expectations.js";
import { isJointlyAffine, productTerms } from "./products.js";

/**
 * What is expected, under the other blocks, of the log density of a factor as a function of a Gaussian block's latents: a
 * potential whose components are averaged,
 *
 *     E[log f(d, x)] = E[g(d)] + E[h(d)]' x - 1/2 x' E[J(d)] x
 */
export function expectedPotential(
  q: Expectations,
  factor: DensityFactor,
  own: LatentBlock,
  missing: boolean,
): Potential {
  const { builder } = q;
  const potential = factorPotential(q, factor, own, missing);
  const discrete = q.discreteAxes(factor);
  const share = q.share(factor);
  const average = (node: NodeId): NodeId => {
    const varies = discrete.filter((axis) => builder.has(node, axis));
    if (varies.length === 0) return node;
    const marginal = builder.sum(
      share,
      discrete.filter((axis) => !varies.includes(axis)),
    );
    return builder.contract([marginal, node], varies);
  };
  const averaged = (nodes: ReadonlyMap<string, NodeId>): ReadonlyMap<string, NodeId> =>
    new Map([...nodes].map(([key, node]) => [key, average(node)]));
  return {
    ...potential,
    log: average(potential.log),
    linear: averaged(potential.linear),
    precision: averaged(potential.precision),
  };
}

/** Given the values of discrete latents: other Gaussian blocks at their means, and what their spread adds. */
function factorPotential(q: Expectations, factor: DensityFactor, own: LatentBlock, missing: boolean): Potential {
  const { builder } = q;
  const potential = linearGaussian(q.elaborator, factor, missing);
  if (isJointlyAffine(q.model, factor)) return potential;
  const linear = new Map(potential.linear);
  const precision = new Map(potential.precision);
  const add = (to: Map<string, NodeId>, from: ReadonlyMap<string, NodeId>): void => {
    for (const [key, node] of from) to.set(key, builder.plus(to.get(key) ?? builder.constant(0), node));
  };
  for (const other of q.gaussianBlocks(factor)) {
    if (other === own) continue;
    const terms = productTerms(q, factor, own, other, missing);
    add(linear, terms.linear);
    add(precision, terms.precision);
  }
  return { ...potential, linear, precision };
}
