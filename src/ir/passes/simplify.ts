import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

/** A chain of identities ends: each makes a function smaller or moves an operation outwards. */
const mostRounds = 8;

/**
 * Applies the identities of `fold.ts` and `stabilise.ts` and shares equal nodes, until nothing changes. Nodes kept for
 * differentiation are looked through here.
 */
export const simplify: Pass = {
  name: "simplify",
  ensures: "no identity applies to any node, no two nodes are equal, and every node is needed by an output",
  run(fn) {
    let current = fn;
    for (let round = 0; round < mostRounds; round++) {
      const next = rebuild(current);
      if (JSON.stringify(next.nodes) === JSON.stringify(current.nodes)) return next;
      current = next;
    }
    return current;
  },
};
