/** Wording of the diagnostics about names, types and shapes (GEN2xxx), by language construct. */
export * from "./semantics/names.js";
export * from "./semantics/types.js";
export * from "./semantics/distributions.js";
export * from "./semantics/chains.js";
export * from "./semantics/networks.js";
export * from "./semantics/guides.js";
export * from "./semantics/learn.js";
export * from "./semantics/lints.js";
