import type { Model } from "../../ir/model.js";

/** The options of `learn elbo` that shape the derivation. */
export interface ElboOptions {
  /** Draws for each row in a step. */
  readonly samples: number;
  /** Draws of the importance-weighted bound; absent: the plain bound. */
  readonly iwae?: number;
  readonly stl: boolean;
  readonly freebits: number;
  /** Discrete sites are drawn rather than enumerated, their derivative by the score of each draw (rloo). */
  readonly isScored: boolean;
  /** Temperature of continuous stand-ins for discrete sites; absent: none. */
  readonly relaxed?: number;
}

export function elboOptionsOf(model: Model): ElboOptions {
  const number = (name: string, fallback: number): number => {
    const option = model.learn?.options[name];
    return option?.kind === "number" ? option.value : fallback;
  };
  const iwae = number("iwae", 0);
  const estimator = model.learn?.options["estimator"];
  const isScored = estimator?.kind === "name" && estimator.name === "rloo";
  const relax = model.learn?.options["relax"];
  return {
    // A draw is measured against the others of its row.
    samples: Math.max(number("samples", 1), isScored ? 2 : 1),
    isScored,
    ...(relax?.kind === "call" && relax.name === "gumbel" ? { relaxed: relax.arguments[0] ?? 0.5 } : {}),
    ...(iwae > 1 ? { iwae } : {}),
    stl: number("stl", 0) === 1,
    freebits: number("freebits", 0),
  };
}
