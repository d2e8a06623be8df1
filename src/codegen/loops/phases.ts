import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { operandsOf } from "../../ir/plan.js";

/**
 * When each node is computed: even phases outside the rows (0: before them), odd phases in a pass over the rows.
 *
 * A total over rows is accumulated in the pass `phase - 1` and known from `phase` on. Almost every function has one
 * pass; another is made only where something per row needs a total over all rows.
 */
export interface Phases {
  readonly rowsAxis: string | undefined;
  readonly of: readonly number[];
  /** Totals over rows. */
  readonly isTotal: readonly boolean[];
  readonly count: number;
}

export function assignPhases(fn: PlanFunction): Phases {
  const rowsAxis = fn.axes.find((axis) => axis.size.kind === "rows")?.name;
  const of: number[] = [];
  const isTotal: boolean[] = [];
  const perRow = (id: NodeId): boolean => rowsAxis !== undefined && fn.nodes[id].axes.includes(rowsAxis);
  fn.nodes.forEach((node, id) => {
    const operands = operandsOf(node.operation);
    const latest = operands.reduce((phase, operand) => Math.max(phase, of[operand]), 0);
    const total = !perRow(id) && operands.some(perRow);
    isTotal.push(total);
    // A pass is odd, what follows it even.
    const pass = latest + (1 - (latest % 2));
    of.push(perRow(id) ? pass : total ? pass + 1 : latest);
  });
  return { rowsAxis, of, isTotal, count: 1 + of.reduce((most, phase) => Math.max(most, phase), 0) };
}
