import type { KernelUnaryFunction } from "../kernel-ir.js";
import { exponential, exponentialMinusOne, exponentialOrZero } from "./exponential.js";
import { logarithm, logarithmOfOnePlus } from "./logarithm.js";
import { hyperbolicTangent, sigmoid, softplus } from "./logistic.js";
import type { VectorFunction } from "./vector-function.js";

/** Functions of two float64 numbers at once, and which others they call. */
export const vectorFunctions = {
  exp: { write: exponential, calls: [] },
  expOrZero: { write: exponentialOrZero, calls: [] },
  expm1: { write: exponentialMinusOne, calls: ["exp"] },
  log: { write: logarithm, calls: [] },
  log1p: { write: logarithmOfOnePlus, calls: ["log"] },
  softplus: { write: softplus, calls: ["exp", "log1p", "log"] },
  sigmoid: { write: sigmoid, calls: ["exp"] },
  tanh: { write: hyperbolicTangent, calls: ["expm1", "exp"] },
} as const satisfies Partial<
  Record<KernelUnaryFunction, { readonly write: VectorFunction; readonly calls: readonly KernelUnaryFunction[] }>
>;

export type VectorFunctionName = keyof typeof vectorFunctions;

/** Functions that the host computes, lane by lane: name → number of arguments. */
export const hostFunctions = {
  sin: 1,
  cos: 1,
  logGamma: 1,
  digamma: 1,
  trigamma: 1,
  logBesselI0: 1,
  besselRatio: 1,
  power: 2,
} as const;

export type HostFunctionName = keyof typeof hostFunctions;
