import type * as specialFunctions from "../numerics/special-functions.js";
import type * as sweeps from "../numerics/sweeps.js";
import type * as dense from "../numerics/dense.js";

type Numerics = keyof typeof specialFunctions | keyof typeof dense | keyof typeof sweeps;

/** Functions of `genc/runtime` that generated loops call: a rename there breaks the build here. */
export const runtimeFunctions = [
  "besselRatio",
  "cholesky",
  "digamma",
  "logBesselI0",
  "logGamma",
  "sequenceStarts",
  "sigmoid",
  "softplus",
  "sweptRows",
  "trigamma",
] as const satisfies readonly Numerics[];

export type RuntimeFunction = (typeof runtimeFunctions)[number];
