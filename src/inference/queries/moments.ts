import type { Variable } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { eventAxesOf } from "../elaborate/axes.js";
import { secondAxis } from "../elimination/potential.js";
import type { Inside } from "../inside.js";

/**
 * Posterior mean and covariance of a continuous latent, discrete latents summed out: outputs `<latent>` [plates, event]
 * and `covariance.<latent>` [plates, event, event].
 *
 *     E[z] = sum_d r_d m_d,   Cov[z] = sum_d r_d (S_d + (m_d - E[z]) (m_d - E[z])')
 */
export function writeMoments(inside: Inside, latent: Variable): void {
  const { elaborator } = inside;
  const { builder } = elaborator;
  const [axis] = eventAxesOf(builder, latent);
  const component = inside.components.find(({ variables }) => variables.some(({ name }) => name === latent.name));
  const given = elaborator.mode.drawn?.get(latent.name);
  if (component === undefined || given === undefined) throw new Error(`derive: ${latent.name} is not integrated`);
  const share = inside.output(`share.${component.name}`);
  const stored = [...latent.axes, ...(axis === undefined ? [] : [axis])];
  const hidden = (node: NodeId, kept: readonly string[]): readonly string[] => [
    ...new Set([...builder.axesOf(node), ...builder.axesOf(share)].filter((name) => !kept.includes(name))),
  ];
  const mean = builder.contract([share, given], hidden(given, stored));
  builder.output(latent.name, mean, stored);
  const second = axis === undefined ? undefined : secondAxis(builder, axis);
  const deviation = builder.minus(given, mean);
  const turned = axis === undefined || second === undefined ? deviation : builder.rename(deviation, axis, second);
  const square = builder.plus(inside.covariance(latent.name, latent.name), builder.times(deviation, turned));
  const kept = [...stored, ...(second === undefined ? [] : [second])];
  builder.output(`covariance.${latent.name}`, builder.contract([share, square], hidden(square, kept)), kept);
}
