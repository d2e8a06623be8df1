import type { NodeId, Operation, PlanFunction, PlanNode } from "../plan.js";
import { withOperands } from "../plan.js";

/**
 * L y = a - b, where a varies along the rows and b along an axis that neither L nor a has (a covariance shared by all
 * components): y = L⁻¹ (a - c) - L⁻¹ (b - c), two solutions along one axis each instead of one along both.
 *
 * c is the mean of b along that axis: without it, two large numbers would cancel where the data lies far from 0. What is
 * lost is relative to the spread of b.
 */
export function distributeSolves(fn: PlanFunction): PlanFunction {
  const nodes: PlanNode[] = [];
  const moved: NodeId[] = [];
  const rows = fn.axes.find(({ size }) => size.kind === "rows")?.name;
  const ordered = (axes: ReadonlySet<string>): readonly string[] =>
    fn.axes.map(({ name }) => name).filter((name) => axes.has(name));
  const add = (rule: string, operation: Operation, axes: ReadonlySet<string>): NodeId =>
    nodes.push({ operation, axes: ordered(axes), rule }) - 1;
  const axesOf = (id: NodeId): ReadonlySet<string> => new Set(nodes[id].axes);
  const both = (a: NodeId, b: NodeId): ReadonlySet<string> => new Set([...axesOf(a), ...axesOf(b)]);

  const distributed = ({ operation, rule }: PlanNode): NodeId | undefined => {
    if (operation.kind !== "triangularSolve" || rows === undefined) return undefined;
    const { matrix, right, row, column, transposed } = operation;
    const difference = nodes[right].operation;
    if (difference.kind !== "binary" || difference.function !== "subtract") return undefined;
    const { left: a, right: b } = difference;
    const along = [...axesOf(b)].filter((axis) => !axesOf(a).has(axis));
    const isSeparate = along.length > 0 && axesOf(a).has(rows) && !axesOf(b).has(rows);
    const isShared = !axesOf(matrix).has(rows) && !along.some((axis) => axesOf(matrix).has(axis));
    const [from, to] = transposed ? [column, row] : [row, column];
    if (!isSeparate || !isShared || along.includes(from) || !axesOf(a).has(from)) return undefined;
    const kept = new Set([...axesOf(b)].filter((axis) => !along.includes(axis)));
    const sum = add(rule, { kind: "reduce", function: "sum", operand: b, over: along }, kept);
    const centre = along.reduce((total, axis) => {
      const size = add(rule, { kind: "size", axis }, new Set());
      return add(rule, { kind: "binary", function: "divide", left: total, right: size }, kept);
    }, sum);
    const solved = (part: NodeId): NodeId => {
      const centred = add(
        rule,
        { kind: "binary", function: "subtract", left: part, right: centre },
        both(part, centre),
      );
      const axes = new Set([...axesOf(centred), ...axesOf(matrix)].filter((axis) => axis !== from));
      return add(rule, { kind: "triangularSolve", matrix, right: centred, row, column, transposed }, axes.add(to));
    };
    const [left, other] = [solved(a), solved(b)];
    return add(rule, { kind: "binary", function: "subtract", left, right: other }, both(left, other));
  };

  for (const node of fn.nodes) {
    const operation = withOperands(node.operation, (id) => moved[id]);
    moved.push(distributed({ ...node, operation }) ?? nodes.push({ ...node, operation }) - 1);
  }
  return { ...fn, nodes, outputs: fn.outputs.map((output) => ({ ...output, node: moved[output.node] })) };
}
