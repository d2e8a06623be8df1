import type { DensityFactor } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { linearGaussian } from "../elimination/gaussian.js";
import type { Potential } from "../elimination/potential.js";
import type { Expectations } from "./expectations.js";

/**
 * What is expected, under the other blocks, of the log density of a factor as a function of a Gaussian block's latents: a
 * potential whose components are averaged,
 *
 *     E[log f(d, x)] = E[g(d)] + E[h(d)]' x - 1/2 x' E[J(d)] x
 */
export function expectedPotential(q: Expectations, factor: DensityFactor, missing: boolean): Potential {
  const { builder } = q;
  const potential = linearGaussian(q.elaborator, factor, missing);
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
