import { assembling } from "./assembling.js";
import { elementwiseFunctions } from "./elementwise-functions.js";
import type { FunctionSignature } from "./function-signature.js";
import { linearAlgebra } from "./linear-algebra.js";
import { reductions } from "./reductions.js";

/** Every function of numbers, by its name in the language; a new one is a line in its group's file. */
export const functions: ReadonlyMap<string, FunctionSignature> = new Map(
  [...elementwiseFunctions, ...reductions, ...linearAlgebra, ...assembling].map((signature) => [
    signature.name === "multiply" ? "mul" : signature.name,
    signature,
  ]),
);

/** Names of the language that are called like functions. */
export const functionNames: readonly string[] = [...functions.keys(), "eye", "where"];
