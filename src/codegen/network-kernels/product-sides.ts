import type { NodeId, Operation, PlanFunction } from "../../ir/plan.js";

export type Contraction = Extract<Operation, { kind: "contract" }>;

/** The operands of a contraction in two groups without a common axis besides the summed ones. */
export function productSides(
  plan: PlanFunction,
  { operands, over }: Contraction,
): readonly [readonly NodeId[], readonly NodeId[]] | undefined {
  const free = operands.map((operand) => plan.nodes[operand]!.axes.filter((axis) => !over.includes(axis)));
  const groups: { ids: NodeId[]; axes: Set<string> }[] = [];
  operands.forEach((operand, i) => {
    const own = free[i]!;
    const touching = groups.filter((group) => own.some((axis) => group.axes.has(axis)));
    const [home, ...others] = touching;
    if (home === undefined) {
      groups.push({ ids: [operand], axes: new Set(own) });
      return;
    }
    home.ids.push(operand);
    own.forEach((axis) => home.axes.add(axis));
    for (const other of others) {
      home.ids.push(...other.ids);
      other.axes.forEach((axis) => home.axes.add(axis));
      groups.splice(groups.indexOf(other), 1);
    }
  });
  const withAxes = groups.filter((group) => group.axes.size > 0);
  const without = groups.filter((group) => group.axes.size === 0);
  const [first, second] = withAxes;
  if (withAxes.length !== 2 || first === undefined || second === undefined) return undefined;
  first.ids.push(...without.flatMap((group) => group.ids));
  const hasAll = (group: { ids: NodeId[] }): boolean =>
    over.every((axis) => group.ids.some((operand) => plan.nodes[operand]!.axes.includes(axis)));
  return hasAll(first) && hasAll(second) ? [first.ids, second.ids] : undefined;
}
