import type * as specialFunctions from "../numerics/special-functions.js";
import type * as dense from "../numerics/dense.js";

/** Functions of `genc/runtime` that generated loops call: a rename there breaks the build here. */
export type RuntimeFunction = Extract<
  keyof typeof specialFunctions | keyof typeof dense,
  "besselRatio" | "cholesky" | "digamma" | "logBesselI0" | "logGamma" | "sigmoid" | "softplus" | "trigamma"
>;
