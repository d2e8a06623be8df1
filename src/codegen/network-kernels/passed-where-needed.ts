import { type NodeId, operandsOf, type PlanFunction } from "../../ir/plan.js";

/**
 * The value that is 0 wherever a product is not needed: its one reader multiplies it by the derivative of a `relu`, whose value
 * this is.
 */
export function passedWhereNeeded(plan: PlanFunction, id: NodeId): NodeId | undefined {
  if (plan.outputs.some(({ node }) => node === id)) return undefined;
  const [reader, ...others] = plan.nodes.filter(({ operation }) => operandsOf(operation).includes(id));
  if (reader?.operation.kind !== "binary" || reader.operation.function !== "multiply" || others.length > 0)
    return undefined;
  const { left, right } = reader.operation;
  const factor = plan.nodes[left === id ? right : left]!.operation;
  if (left === right || factor.kind !== "unary" || factor.function !== "step") return undefined;
  const passed = plan.nodes.findIndex(
    ({ operation }) =>
      operation.kind === "unary" && operation.function === "relu" && operation.operand === factor.operand,
  );
  const own = plan.nodes[passed]?.axes ?? [];
  const { axes } = plan.nodes[id]!;
  return own.length === axes.length && axes.every((axis) => own.includes(axis)) ? passed : undefined;
}
