import type { AxisSize, NodeId, Operation, PlanFunction } from "./plan.js";
import type { EmProgram, Update, Variants } from "./program.js";

/** A derived program for `--dump plan`: every function, one line for each node with its axes and the rule that made it. */
export function printProgram(program: EmProgram): string {
  const variants = ({ complete, incomplete }: Variants): string[] => [
    printPlan(complete),
    ...(incomplete === undefined ? [] : [printPlan(incomplete, "some entries missing")]),
  ];
  return [
    ...variants(program.logDensity),
    ...variants(program.eStep),
    printPlan(program.start),
    program.updates.map(printUpdate).join(""),
    ...program.updates.flatMap((update) =>
      update.kind === "gradient" ? [...variants(update.objective), printPlan(update.prior)] : [],
    ),
    printPlan(program.logPrior),
    ...variants(program.posterior),
    ...(program.impute === undefined ? [] : [printPlan(program.impute)]),
    printPlan(program.sample),
  ].join("\n");
}

/** One function. A node's name is % and its number; its axes are in brackets. */
export function printPlan(fn: PlanFunction, note?: string): string {
  const axes = fn.axes.map(({ name, size }) => `${name}: ${sizeText(size)}`).join(", ");
  const lines = fn.nodes.map(({ operation, axes: along, rule }, id) => {
    const name = along.length === 0 ? `%${id}` : `%${id}[${along.join(", ")}]`;
    return [`  ${name} = ${operationText(operation)}`, rule] as const;
  });
  const width = Math.min(88, Math.max(0, ...lines.map(([text]) => text.length)));
  const outputs = fn.outputs.map(
    ({ name, node, axes: stored }) => `  ${name}${stored.length === 0 ? "" : `[${stored.join(", ")}]`} <- %${node}\n`,
  );
  return (
    `${fn.name}(${axes})${note === undefined ? "" : `, ${note}`}\n` +
    lines.map(([text, rule]) => `${text.padEnd(width)}  ${rule}\n`).join("") +
    outputs.join("")
  );
}

function sizeText(size: AxisSize): string {
  switch (size.kind) {
    case "rows":
      return "rows";
    case "symbol":
      return size.name;
    case "literal":
      return String(size.value);
    case "sum":
      return size.terms.map(sizeText).join(" + ");
  }
}

function operationText(operation: Operation): string {
  const node = (id: NodeId): string => `%${id}`;
  const list = (ids: readonly NodeId[]): string => ids.map(node).join(", ");
  switch (operation.kind) {
    case "constant":
      return String(operation.value);
    case "size":
    case "position":
      return `${operation.kind}(${operation.axis})`;
    case "input":
      return `${operation.source} ${operation.name}${operation.axes.length === 0 ? "" : `[${operation.axes.join(", ")}]`}`;
    case "unary":
      return `${operation.function}(${node(operation.operand)})`;
    case "binary":
      return `${operation.function}(${node(operation.left)}, ${node(operation.right)})`;
    case "select":
      return `${node(operation.condition)} ? ${node(operation.whenTrue)} : ${node(operation.whenFalse)}`;
    case "reduce":
      return `${operation.function}[${operation.over.join(", ")}](${node(operation.operand)})`;
    case "softmax":
      return `softmax[${operation.over.join(", ")}](${node(operation.operand)})`;
    case "contract":
      return `sum[${operation.over.join(", ")}](${operation.operands.map(node).join(" * ")})`;
    case "gather":
      return `${node(operation.table)}[${operation.axis} = ${node(operation.index)}]`;
    case "scatterAdd":
      return `scatterAdd[${operation.over.join(", ")}](${node(operation.operand)}, ${operation.axis} = ${node(operation.index)})`;
    case "rename":
      return `rename(${node(operation.operand)}, ${operation.from} -> ${operation.to})`;
    case "diagonal":
      return `diagonal(${node(operation.operand)}, ${operation.row} = ${operation.column})`;
    case "slice":
      return `${node(operation.operand)}[${operation.axis} = ${operation.at}]`;
    case "stack":
      return `stack[${operation.axis}](${list(operation.operands)})`;
    case "cholesky":
      return `cholesky[${operation.row}, ${operation.column}](${node(operation.operand)})`;
    case "triangularSolve": {
      const matrix = `${node(operation.matrix)}${operation.transposed ? "'" : ""}`;
      return `triangularSolve[${operation.row}, ${operation.column}](${matrix}, ${node(operation.right)})`;
    }
    case "draw":
      return `draw ${operation.family}(${list(operation.arguments)}) at ${operation.site}`;
  }
}

function printUpdate(update: Update): string {
  switch (update.kind) {
    case "closed": {
      const statistics = Object.values(update.statistics).join(", ");
      return `update ${Object.values(update.parameters).join(", ")}: ${update.rule} of ${statistics}\n`;
    }
    case "regression": {
      const learned = [
        ...update.blocks.map((block) => block.parameter),
        ...(update.covariance.parameter === undefined ? [] : [update.covariance.parameter]),
        ...(update.degreesOfFreedom?.parameter === undefined ? [] : [update.degreesOfFreedom.parameter]),
      ];
      return `update ${learned.join(", ")}: regression of ${Object.values(update.statistics).join(", ")}\n`;
    }
    case "gradient":
      return `update ${update.parameters.join(", ")}: gradient ascent (${update.reason})\n`;
  }
}
