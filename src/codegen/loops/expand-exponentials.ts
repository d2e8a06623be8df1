import { PlanBuilder } from "../../ir/plan-builder.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { withOperands } from "../../ir/plan.js";
import { orderOf } from "../../ir/passes/rebuild.js";

/**
 * Writes logSumExp and softmax out as a maximum, one exponential per entry and a sum, so that the two share all three.
 *
 * The maximum is replaced by 0 where it is infinite: exp then gives 0 and infinity, and the logarithm of their sum the
 * infinity that was there, with no NaN on the way.
 *
 * @param largestNumber largest finite number of the arithmetic that it will run in
 */
export function expandExponentials(fn: PlanFunction, largestNumber = Number.MAX_VALUE): PlanFunction {
  // Folding would turn the logarithm of a sum of exponentials back.
  const builder = new PlanBuilder({ fold: false });
  for (const axis of fn.axes) builder.axis(axis.name, axis.size);
  const renumbered: NodeId[] = [];
  for (const node of fn.nodes) {
    const operation = withOperands(node.operation, (id) => renumbered[id]);
    renumbered.push(
      builder.rule(node.rule, () => {
        if (operation.kind === "softmax") {
          const { exponentials, total } = shifted(builder, operation.operand, operation.over, largestNumber);
          const none = builder.binary("equal", total, builder.constant(0));
          return builder.over(exponentials, builder.select(none, builder.constant(1), total));
        }
        if (operation.kind === "reduce" && operation.function === "logSumExp") {
          const { shift, total } = shifted(builder, operation.operand, operation.over, largestNumber);
          return builder.plus(shift, builder.unary("log", total));
        }
        return builder.add(operation);
      }),
    );
  }
  for (const { name, node, axes, ...options } of fn.outputs) builder.output(name, renumbered[node], axes, options);
  return { ...builder.build(fn.name, fn.documentation), ...orderOf(fn) };
}

function shifted(builder: PlanBuilder, operand: NodeId, over: readonly string[], largestNumber: number) {
  const largest = builder.max(operand, over);
  const finite = builder.binary("lessEqual", builder.unary("abs", largest), builder.constant(largestNumber));
  const shift = builder.select(finite, largest, builder.constant(0));
  const exponentials = builder.unary("exp", builder.minus(operand, shift));
  return { shift, exponentials, total: builder.sum(exponentials, over) };
}
