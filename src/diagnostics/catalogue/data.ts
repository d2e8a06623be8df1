/** Wording of the diagnostics about data (GEN4xxx), by what they are about. */
export * from "./data/files.js";
export * from "./data/columns.js";
export * from "./data/values.js";
export * from "./data/parameters.js";
