import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation, PlanFunction } from "../plan.js";
import { operandsOf } from "../plan.js";
import { union } from "../plan-axes.js";
import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

/**
 * Turns sums of products into contractions, which engines compute as matrix products without storing the product.
 *
 *     sum[n] (r[n, K] * x[n, D])  ->  contract[n](r[n, K], x[n, D])
 *
 * A product is taken apart only where it has no other reader and already varies along every axis of the contraction:
 * a smaller product, such as w[n] * x[n], is better computed once and multiplied in.
 */
export const fuseProducts: Pass = {
  name: "fuse products",
  ensures: "no sum reads a product of its own that has factors with fewer axes",
  run(fn) {
    const readers = countReaders(fn);
    return rebuild(fn, (operation, node, _id, builder) => {
      const original = node.operation;
      const isSum = original.kind === "reduce" && original.function === "sum";
      if (!isSum && original.kind !== "contract") return undefined;
      if (operation.kind !== "reduce" && operation.kind !== "contract") return undefined;
      const cells = union([node.axes, original.over]).length;
      const factors = operandsOf(operation).flatMap((operand, position) =>
        (readers.get(operandsOf(original)[position]) ?? 0) > 1 ? [operand] : factorsOf(operand, cells, builder),
      );
      return factors.length > operandsOf(operation).length ? builder.contract(factors, operation.over) : undefined;
    });
  },
};

function countReaders(fn: PlanFunction): ReadonlyMap<NodeId, number> {
  const counts = new Map<NodeId, number>();
  const add = (id: NodeId): void => void counts.set(id, (counts.get(id) ?? 0) + 1);
  fn.nodes.forEach((node) => operandsOf(node.operation).forEach(add));
  fn.outputs.forEach((output) => add(output.node));
  return counts;
}

/** Factors of a product of full size of which one at least has fewer axes. */
function factorsOf(id: NodeId, cells: number, builder: PlanBuilder): readonly NodeId[] {
  const operation: Operation | undefined = builder.seen(id);
  const isProduct = operation?.kind === "binary" && operation.function === "multiply";
  if (!isProduct || builder.axesOf(id).length < cells) return [id];
  const factors = [operation.left, operation.right];
  const hasSmaller = factors.some((factor) => builder.axesOf(factor).length < cells);
  return hasSmaller ? factors.flatMap((factor) => factorsOf(factor, cells, builder)) : [id];
}
