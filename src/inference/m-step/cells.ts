import type { Dimension, Expression } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { axisSize, declarePlates, isEnumerable, laggedName, valuesAxis } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";

/** One index of a parameter's table, as statistics are sorted by it. */
export interface CellIndex {
  /** Equal keys mean the same index: the variable or plate that is read. */
  readonly key: string;
  readonly expression: Expression;
  readonly size: Dimension;
}

/** The indices of a table, or undefined where statistics cannot be sorted by them (computed, constant or repeated). */
export function cellIndices(
  elaborator: Elaborator,
  parameter: string,
  indices: readonly Expression[],
): readonly CellIndex[] | undefined {
  const { table } = elaborator.parameter(parameter);
  const cells: CellIndex[] = [];
  for (const [i, expression] of indices.entries()) {
    const size = table[i];
    if (size === undefined || (expression.kind !== "variable" && expression.kind !== "position")) return undefined;
    const key = expression.kind === "variable" ? laggedName(expression.name, expression.lag) : expression.axis;
    if (cells.some((cell) => cell.key === key)) return undefined;
    cells.push({ key, expression, size });
  }
  return cells;
}

/**
 * A sum of products over the data, sorted into cells.
 *
 * @param keep further axes that stay (event dimensions, categories)
 * @param along axes every operand stands for, also where none varies along them: a sum over one that no operand has
 * multiplies by its size
 * @returns the node, and the axis of each cell index in it
 */
export function sumIntoCells(
  elaborator: Elaborator,
  operands: readonly NodeId[],
  cells: readonly CellIndex[],
  keep: readonly string[],
  along: readonly string[],
): { readonly node: NodeId; readonly axes: readonly string[] } {
  const { builder } = elaborator;
  const placed = cells.map((cell) => place(elaborator, cell));
  const gathered = placed.filter((cell) => cell.index !== undefined);
  const stays = new Set([...placed.map((cell) => cell.axis), ...keep]);
  const all = new Set(operands.flatMap((id) => [...builder.axesOf(id)]));
  const indexAxes = new Set(gathered.flatMap((cell) => [...builder.axesOf(cell.index!)]));
  const first = [...new Set([...all, ...along])].filter((axis) => !stays.has(axis) && !indexAxes.has(axis));
  let node = builder.contract(operands, first);
  gathered.forEach((cell, i) => {
    const last = i === gathered.length - 1;
    const over = last ? [...indexAxes].filter((axis) => !stays.has(axis)) : [];
    node = builder.scatterAdd(node, cell.axis, cell.index!, over);
  });
  return { node, axes: placed.map((cell) => cell.axis) };
}

function place(elaborator: Elaborator, cell: CellIndex): { readonly axis: string; readonly index?: NodeId } {
  const { builder, model } = elaborator;
  if (cell.expression.kind === "position") {
    declarePlates(builder, model, [cell.expression.axis]);
    return { axis: cell.expression.axis };
  }
  if (cell.expression.kind !== "variable") throw new Error("m-step: an index that is neither variable nor position");
  const variable = elaborator.variable(cell.expression.name);
  if (isEnumerable(variable)) return { axis: valuesAxis(builder, variable, cell.expression.lag) };
  return {
    axis: builder.axis(`${cell.key}.values`, axisSize(cell.size)),
    index: elaborator.value(cell.expression, []),
  };
}

/** Calls the axes of a statistic by canonical names, so that statistics of several factors can be added. */
export function renameAxes(builder: PlanBuilder, node: NodeId, from: readonly string[], to: readonly string[]): NodeId {
  return from.reduce((renamed, axis, i) => builder.rename(renamed, axis, to[i]!), node);
}
