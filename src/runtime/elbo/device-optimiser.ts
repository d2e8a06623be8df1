import type { Tensor } from "@tensorflow/tfjs-core";
import { adamEpsilon, type OptimiserSettings } from "./optimiser.js";

/** What of one step is the same for all parameters. */
export interface DeviceStep {
  readonly rate: number;
  /** Number of the step over the whole fit, from 1. */
  readonly step: number;
  /** What derivatives are multiplied by first. */
  readonly factor: number;
}

/** Moves parameters that are on a device, and holds what it remembers of earlier steps there. */
export interface DeviceOptimiser {
  /** A parameter before its first step. */
  begin(name: string, weight: Tensor): void;
  /** The parameter after a step uphill; the one before is disposed of, its derivative is not. */
  step(name: string, weight: Tensor, gradient: Tensor, settings: DeviceStep): Tensor;
  moments(name: string): Promise<Moments>;
  /** The parameter with other values and moments; the one before is disposed of. */
  restore(name: string, weight: Tensor, values: Float32Array, moments: Moments): Tensor;
  release(): void;
}

/** First and second moment of a parameter's derivative, as in `ascend`. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Factors of a step of Adam with its corrections for the beginning; moments are averages. */
export function adamFactors(
  { optimizer, beta1, beta2, weightDecay }: OptimiserSettings,
  { rate, step }: DeviceStep,
): { readonly scale: number; readonly epsilon: number; readonly kept: number } {
  const correction = Math.sqrt(1 - beta2 ** step);
  return {
    scale: (rate * correction) / (1 - beta1 ** step),
    epsilon: adamEpsilon * correction,
    kept: optimizer === "adamw" ? 1 - rate * weightDecay : 1,
  };
}
