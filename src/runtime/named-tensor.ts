import type { Tensor as TensorFlowTensor } from "@tensorflow/tfjs-core";

/** Float64 values with named axes: what a trainer shows of its parameters and answers queries with. */
export interface NamedTensor<Axes extends readonly string[] = readonly string[]> {
  readonly axes: Axes;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
  /** A float32 TensorFlow.js tensor with the same values; the caller owns and disposes of it. */
  toTensor(): Promise<TensorFlowTensor>;
}

/** Wraps values without copying them. */
export function namedTensor(axes: readonly string[], shape: readonly number[], data: Float64Array): NamedTensor {
  return {
    axes,
    shape,
    data,
    async toTensor() {
      // Loaded only here, so that a page that never asks for a tensor never loads TensorFlow.js.
      const tensorFlow = await import("@tensorflow/tfjs-core");
      return tensorFlow.tensor(Float32Array.from(data), [...shape]);
    },
  };
}
