import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { withOperands } from "../../ir/plan.js";
import { solveAxes } from "../../ir/plan-axes.js";
import { builderLike, rowsAxisOf, varies } from "./rebuild.js";

/**
 * TensorFlow.js has no triangular solve: one with a matrix that does not vary over rows becomes a product with the
 * inverse factor, which the host computes in float64.
 */
export function invertFactors(fn: PlanFunction): PlanFunction {
  const builder = builderLike(fn);
  const rows = rowsAxisOf(fn);
  const made: NodeId[] = [];
  fn.nodes.forEach((node) => {
    const operation = withOperands(node.operation, (id) => made[id]);
    made.push(
      builder.rule(node.rule, () => {
        if (
          operation.kind !== "triangularSolve" ||
          node.operation.kind !== "triangularSolve" ||
          varies(fn, node.operation.matrix, rows) ||
          !varies(fn, node.operation.right, rows)
        ) {
          return builder.add(operation);
        }
        const { from } = solveAxes(operation);
        const fresh = builder.freshAxis(from, `${from} unit`);
        const unit = builder.identity(from, fresh);
        const inverse = builder.triangularSolve(
          operation.matrix,
          unit,
          operation.row,
          operation.column,
          operation.transposed,
        );
        return builder.contract([builder.rename(inverse, fresh, from), operation.right], [from]);
      }),
    );
  });
  for (const output of fn.outputs) builder.output(output.name, made[output.node], output.axes);
  return builder.build(fn.name, fn.documentation);
}
