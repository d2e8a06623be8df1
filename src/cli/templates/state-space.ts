import { csvOf, draws } from "./draws.js";
import type { Template } from "./index.js";

export const stateSpace: Template = {
  model: `## A level that wanders, seen through noise.
model StateSpace {
  ## Variance of a step of the level.
  param step: Positive
  ## Variance of the noise.
  param noise: Positive
  param initialMean: Real
  param initialVariance: Positive
  each s {
    chain t {
      latent  level: Real ~ Normal(level[t-1], step) init Normal(initialMean, initialVariance)
      observe y: Real?    ~ Normal(level, noise)
    }
  }
}
`,
  variable: "y",
  dims: {},
  data() {
    const random = draws(3);
    let level = 10;
    const rows = Array.from({ length: 120 }, () => {
      level += 0.4 * random.normal();
      return [level + random.normal()];
    });
    return csvOf(["y"], rows);
  },
};
