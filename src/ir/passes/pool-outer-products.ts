import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, PlanFunction } from "../plan.js";
import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

/**
 * Outer products of differences e[n, z] = a[n] - b[z], weighted by probabilities s of z and summed over z, take one outer
 * product a row instead of one for each z:
 *
 *     sum[n, z] u[n] s[n, z] e e' = sum[n] u (a - b̄) (a - b̄)' + 1/2 sum[z, y] G[z, y] (b[z] - b[y]) (b[z] - b[y])'
 *
 * where b̄[n] = sum[z] s[n, z] b[z] and G[z, y] = sum[n] u s[n, z] s[n, y]. Nothing large is subtracted: between values
 * of z far from each other G is as small as it is for the sum that is replaced. The last term is computed as
 * sum[z] (sum[y] G (b[z] - b[y])) (b[z] - c)', with c the mean of b.
 */
export const poolOuterProducts: Pass = {
  name: "pool outer products",
  ensures: "no outer product of a row less a value is summed over the values with their probabilities",
  run: (fn) =>
    rebuild(fn, (operation, _node, _id, builder) =>
      operation.kind === "contract" ? pooled(operation.operands, operation.over, rowsOf(fn), builder) : undefined,
    ),
};

function rowsOf(fn: PlanFunction): string | undefined {
  return fn.axes.find(({ size }) => size.kind === "rows")?.name;
}

/** An outer product e e' inside a contraction: e, and the axis that e' has in place of e's. */
interface OuterProduct {
  readonly left: NodeId;
  readonly right: NodeId;
  readonly from: string;
  readonly to: string;
}

function pooled(
  operands: readonly NodeId[],
  over: readonly string[],
  rows: string | undefined,
  b: PlanBuilder,
): NodeId | undefined {
  const outer = outerProductIn(operands, b);
  if (outer === undefined || rows === undefined || !over.includes(rows)) return undefined;
  const difference = b.seen(outer.left);
  if (difference?.kind !== "binary" || difference.function !== "subtract") return undefined;
  const { left: row, right: value } = difference;
  const values = b.axesOf(value).filter((axis) => !b.has(row, axis));
  if (b.has(value, rows) || values.length === 0 || !values.every((axis) => over.includes(axis))) return undefined;
  const factors = operands
    .filter((operand) => operand !== outer.left && operand !== outer.right)
    .flatMap((operand) => factorsOf(operand, b));
  const probabilities = factors.filter((factor) => isProbability(factor, values, rows, b));
  const weights = factors.filter((factor) => !probabilities.includes(factor));
  const [probability] = probabilities;
  if (probability === undefined || probabilities.length > 1) return undefined;
  if (weights.some((weight) => values.some((axis) => b.has(weight, axis)))) return undefined;

  const rest = over.filter((axis) => !values.includes(axis));
  const other = (node: NodeId): NodeId => b.rename(node, outer.from, outer.to);
  const centre = values.reduce((total, axis) => b.over(total, b.size(axis)), b.sum(value, values));
  const [centred, centredRow] = [b.minus(value, centre), b.minus(row, centre)];
  const residual = b.minus(centredRow, b.contract([probability, centred], values));
  const ofRows = b.contract([...weights, residual, other(residual)], rest);

  const again = values.map((axis) => b.axis(`${axis} again`, b.sizeOf(axis)));
  const second = (node: NodeId): NodeId => values.reduce((id, axis, i) => b.rename(id, axis, again[i]), node);
  const kept = rest.filter((axis) => b.has(value, axis));
  const together = b.contract(
    [...weights, probability, second(probability)],
    rest.filter((axis) => !kept.includes(axis)),
  );
  const pull = b.contract([together, b.minus(centred, second(centred))], again);
  return b.plus(ofRows, b.contract([pull, other(centred)], [...values, ...kept]));
}

function outerProductIn(operands: readonly NodeId[], b: PlanBuilder): OuterProduct | undefined {
  for (const right of operands) {
    const renamed = b.seen(right);
    if (renamed?.kind !== "rename" || !operands.includes(renamed.operand)) continue;
    const { operand, from, to } = renamed;
    return { left: operand, right, from, to };
  }
  return undefined;
}

function factorsOf(id: NodeId, b: PlanBuilder): readonly NodeId[] {
  const operation = b.seen(id);
  if (operation?.kind !== "binary" || operation.function !== "multiply") return [id];
  return [...factorsOf(operation.left, b), ...factorsOf(operation.right, b)];
}

/** Does it sum to 1 over the axes, for each row? */
function isProbability(id: NodeId, axes: readonly string[], rows: string, b: PlanBuilder): boolean {
  const operation = b.seen(id);
  return (
    operation?.kind === "softmax" &&
    b.has(id, rows) &&
    operation.over.length === axes.length &&
    axes.every((axis) => operation.over.includes(axis))
  );
}
