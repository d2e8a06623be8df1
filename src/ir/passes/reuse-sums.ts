import type { Operation } from "../plan.js";
import { operandsOf } from "../plan.js";
import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

type Sum = Extract<Operation, { readonly kind: "reduce" }>;

/**
 * A sum that is there already is not made again inside another one:
 *
 *     d[n, z] = sum[i] e[n, z, i]^2,   sum[n, i] (r[n, z] * e[n, z, i]^2)  ->  sum[n] (r[n, z] * d[n, z])
 *
 * This holds where no other factor varies along the axes that were summed over.
 */
export const reuseSums: Pass = {
  name: "reuse sums",
  ensures: "no weighted sum adds up along an axis what another node has added up along it",
  run(fn) {
    const sums = fn.nodes.flatMap(({ operation }) => (isSum(operation) ? [operation] : []));
    return rebuild(fn, (operation, node, _id, builder) => {
      const original = node.operation;
      if (original.kind !== "contract" || operation.kind !== "contract") return undefined;
      for (const [i, operand] of operandsOf(original).entries()) {
        const others = operation.operands.filter((_, j) => j !== i);
        const known = sums.find(
          ({ operand: summed, over }) =>
            summed === operand &&
            over.every((axis) => original.over.includes(axis) && others.every((other) => !builder.has(other, axis))),
        );
        if (known === undefined) continue;
        const rest = original.over.filter((axis) => !known.over.includes(axis));
        return builder.contract([...others, builder.sum(operation.operands[i], known.over)], rest);
      }
      return undefined;
    });
  },
};

function isSum(operation: Operation): operation is Sum {
  return operation.kind === "reduce" && operation.function === "sum";
}
