type Floats = Float64Array | Float32Array;

/** How gradients become steps. */
export interface OptimiserSettings {
  readonly optimizer: "adam" | "adamw" | "sgd" | "rmsprop";
  readonly beta1: number;
  readonly beta2: number;
  /** Decoupled weight decay (adamw). */
  readonly weightDecay: number;
}

export const adamEpsilon = 1e-8;

/**
 * One ascent step on a flat vector of coordinates.
 *
 *     adam      m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  x += rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
 *     sgd       m = b1 m + g,  x += rate m
 *     rmsprop   v = b2 v + (1 - b2) g^2,  x += rate g / (sqrt(v) + eps)
 *
 * @param step t, from 1
 * @source Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019 (adamw)
 */
export function ascend(
  settings: OptimiserSettings,
  coordinates: Floats,
  gradient: Floats,
  first: Floats,
  second: Floats,
  rate: number,
  step: number,
): void {
  const { optimizer, beta1, beta2, weightDecay } = settings;
  const { length } = coordinates;
  switch (optimizer) {
    case "adam":
    case "adamw": {
      const firstBias = 1 - beta1 ** step;
      const secondBias = Math.sqrt(1 - beta2 ** step);
      const decay = optimizer === "adamw" ? 1 - rate * weightDecay : 1;
      const scaled = (rate * secondBias) / firstBias;
      const epsilon = adamEpsilon * secondBias;
      for (let i = 0; i < length; i++) {
        const g = gradient[i];
        const m = beta1 * first[i] + (1 - beta1) * g;
        const v = beta2 * second[i] + (1 - beta2) * g * g;
        first[i] = m;
        second[i] = v;
        coordinates[i] = decay * coordinates[i] + (scaled * m) / (Math.sqrt(v) + epsilon);
      }
      return;
    }
    case "sgd":
      for (let i = 0; i < length; i++) {
        first[i] = beta1 * first[i] + gradient[i];
        coordinates[i] += rate * first[i];
      }
      return;
    case "rmsprop":
      for (let i = 0; i < length; i++) {
        second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] * gradient[i];
        coordinates[i] += (rate * gradient[i]) / (Math.sqrt(second[i]) + adamEpsilon);
      }
      return;
  }
}
