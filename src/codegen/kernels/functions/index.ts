import type { KernelUnaryFunction } from "../kernel-ir.js";
import { besselRatio, logBesselI0 } from "./bessel.js";
import { exponential, exponentialMinusOne, exponentialOrZero } from "./exponential.js";
import { digamma, logGamma, trigamma } from "./gamma.js";
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
  logGamma: { write: logGamma, calls: ["log", "sin"] },
  digamma: { write: digamma, calls: ["log", "sin", "cos"] },
  trigamma: { write: trigamma, calls: ["sin"] },
  logBesselI0: { write: logBesselI0, calls: ["log1p", "log"] },
  besselRatio: { write: besselRatio, calls: [] },
} as const satisfies Partial<
  Record<
    KernelUnaryFunction,
    { readonly write: VectorFunction; readonly calls: readonly (KernelUnaryFunction | HostFunctionName)[] }
  >
>;

export type VectorFunctionName = keyof typeof vectorFunctions;

/**
 * Functions that the host computes, lane by lane: name → number of arguments. Any thread has them: they are JavaScript's
 * own.
 */
export const hostFunctions = {
  sin: 1,
  cos: 1,
  power: 2,
} as const;

export type HostFunctionName = keyof typeof hostFunctions;
