import type { NodeId, PlanFunction, PlanNode } from "../../ir/plan.js";
import { withOperands } from "../../ir/plan.js";
import { without } from "../../ir/plan-axes.js";

/** The largest negative number that stays finite when another is taken from it. */
const floor = -1e30;

/** Writes logSumExp and softmax as maxima, sums and exponentials, and a scatter of single entries as a choice: what loops have. */
export function expandReductions(fn: PlanFunction): PlanFunction {
  const nodes: PlanNode[] = [];
  const made: NodeId[] = [];
  const push = (node: PlanNode): NodeId => nodes.push(node) - 1;
  for (const node of fn.nodes) {
    const operation = withOperands(node.operation, (id) => made[id]!);
    const { rule } = node;
    const isOfNumbers =
      operation.kind === "scatterAdd" &&
      nodes[operation.operand]!.axes.every((axis) => nodes[operation.index]!.axes.includes(axis));
    if (operation.kind === "scatterAdd" && (operation.over.length === 0 || isOfNumbers)) {
      // Nothing is added up, or numbers one by one: the operand where the place is the index, elsewhere 0.
      const { axis, index, operand } = operation;
      const place = push({ operation: { kind: "position", axis }, axes: [axis], rule });
      const here = push({
        operation: { kind: "binary", function: "equal", left: place, right: index },
        axes: fn.axes.map(({ name }) => name).filter((name) => name === axis || nodes[index]!.axes.includes(name)),
        rule,
      });
      const zero = push({ operation: { kind: "constant", value: 0 }, axes: [], rule });
      const all = new Set([...nodes[here]!.axes, ...nodes[operand]!.axes]);
      const spread = push({
        operation: { kind: "select", condition: here, whenTrue: operand, whenFalse: zero },
        axes: fn.axes.map(({ name }) => name).filter((name) => all.has(name)),
        rule,
      });
      const { over } = operation;
      made.push(
        over.length === 0
          ? spread
          : push({ operation: { kind: "reduce", function: "sum", operand: spread, over }, axes: node.axes, rule }),
      );
      continue;
    }
    const isLogSumExp = operation.kind === "reduce" && operation.function === "logSumExp";
    if (!isLogSumExp && operation.kind !== "softmax") {
      made.push(push({ ...node, operation }));
      continue;
    }
    const { operand, over } = operation;
    const full = nodes[operand]!.axes;
    const outer = without(full, over);
    const largest = push({
      operation: { kind: "reduce", function: "max", operand, over },
      axes: outer,
      rule,
    });
    const least = push({ operation: { kind: "constant", value: floor }, axes: [], rule });
    const guard = push({
      operation: { kind: "binary", function: "maximum", left: largest, right: least },
      axes: outer,
      rule,
    });
    const difference = push({
      operation: { kind: "binary", function: "subtract", left: operand, right: guard },
      axes: full,
      rule,
    });
    const exponential = push({
      operation: { kind: "unary", function: "exp", operand: difference },
      axes: full,
      rule,
    });
    const sum = push({
      operation: { kind: "reduce", function: "sum", operand: exponential, over },
      axes: outer,
      rule,
    });
    if (isLogSumExp) {
      const logarithm = push({ operation: { kind: "unary", function: "log", operand: sum }, axes: outer, rule });
      made.push(
        push({
          operation: { kind: "binary", function: "add", left: guard, right: logarithm },
          axes: outer,
          rule,
        }),
      );
    } else {
      made.push(
        push({
          operation: { kind: "binary", function: "divide", left: exponential, right: sum },
          axes: full,
          rule,
        }),
      );
    }
  }
  return { ...fn, nodes, outputs: fn.outputs.map((output) => ({ ...output, node: made[output.node]! })) };
}
