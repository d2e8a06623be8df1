import type { AxisSize, NodeId, PlanFunction } from "./plan.js";
import { operandsOf } from "./plan.js";
import { axesOfOperation, misuseOf } from "./plan-axes.js";

/**
 * Checks the invariants of a plan function: axes declared once (at most one of rows), nodes reading earlier nodes only,
 * the axes of every node as its operation has them and in declared order, every operation within its rules, outputs
 * that store every axis of their node.
 *
 * @param where the phase that made the function, for the message
 * @throws Error on a broken invariant: a compiler bug
 */
export function verifyPlan(fn: PlanFunction, where = "as built"): void {
  const fail = (reason: string): never => {
    throw new Error(`verify plan: ${fn.name}, ${where}: ${reason}`);
  };
  const sizes = new Map<string, AxisSize>();
  for (const axis of fn.axes) {
    if (sizes.has(axis.name)) fail(`axis ${axis.name} is declared twice`);
    sizes.set(axis.name, axis.size);
  }
  if (fn.axes.filter((axis) => axis.size.kind === "rows").length > 1) fail("two axes run over the rows");
  const sizeOf = (axis: string): AxisSize => sizes.get(axis) ?? fail(`axis ${axis} is not declared`);
  const order = new Map(fn.axes.map((axis, position) => [axis.name, position]));
  const context = { sizeOf, axesOf: (id: NodeId): readonly string[] => fn.nodes[id].axes };

  fn.nodes.forEach((node, id) => {
    const label = `node ${id} (${node.operation.kind}, ${node.rule})`;
    for (const operand of operandsOf(node.operation)) {
      if (!Number.isInteger(operand) || operand < 0 || operand >= id) fail(`${label} reads node ${operand}`);
    }
    const misuse = misuseOf(node.operation, context);
    if (misuse !== undefined) fail(`${label}: ${misuse}`);
    node.axes.forEach(sizeOf);
    const expected = [...axesOfOperation(node.operation, context)].sort(
      (a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0),
    );
    if (expected.join() !== node.axes.join()) {
      fail(`${label} has axes [${node.axes.join(", ")}] instead of [${expected.join(", ")}]`);
    }
  });

  const rowsAxis = fn.axes.find((axis) => axis.size.kind === "rows")?.name;
  fn.nodes.forEach(({ operation }, id) => {
    if (operation.kind !== "input" || operation.lag === undefined) return;
    if (fn.sweep === undefined || rowsAxis === undefined || !operation.axes.includes(rowsAxis))
      fail(`node ${id} looks back, but the function runs over rows in any order`);
  });
  const names = new Set<string>();
  for (const output of fn.outputs) {
    if (names.has(output.name)) fail(`output ${output.name} is there twice`);
    names.add(output.name);
    const node = fn.nodes[output.node] ?? fail(`output ${output.name} stores node ${output.node}`);
    output.axes.forEach(sizeOf);
    if (new Set(output.axes).size !== output.axes.length) fail(`output ${output.name} lists an axis twice`);
    const missing = node.axes.filter((axis) => !output.axes.includes(axis));
    if (missing.length > 0) fail(`output ${output.name} does not store axis ${missing.join(", ")}`);
  }
}
