import type { Model } from "../../ir/model.js";

/** The options of `learn elbo` that shape the derivation. */
export interface ElboOptions {
  /** Draws for each row in a step. */
  readonly samples: number;
  /** Draws of the importance-weighted bound; absent: the plain bound. */
  readonly iwae?: number;
  readonly stl: boolean;
  readonly freebits: number;
}

export function elboOptionsOf(model: Model): ElboOptions {
  const number = (name: string, fallback: number): number => {
    const option = model.learn?.options[name];
    return option?.kind === "number" ? option.value : fallback;
  };
  const iwae = number("iwae", 0);
  return {
    samples: number("samples", 1),
    ...(iwae > 1 ? { iwae } : {}),
    stl: number("stl", 0) === 1,
    freebits: number("freebits", 0),
  };
}
