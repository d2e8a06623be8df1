import type { NodeId, Operation, PlanFunction } from "../../ir/plan.js";
import { operandsOf } from "../../ir/plan.js";

/** A wanted name for each node: the output it is, or what it does to what. Not yet unique. */
export function nameValues(fn: PlanFunction): readonly string[] {
  const outputs = new Map(fn.outputs.map((output) => [output.node, output.name.replace(/^gradient\./, "gradient ")]));
  const subjects: (string | undefined)[] = [];
  return fn.nodes.map((node, id) => {
    const { operation } = node;
    subjects.push(subjectOf(operation, subjects));
    return outputs.get(id) ?? wordFor(operation, subjects[id]) ?? (node.rule === "" ? "value" : node.rule);
  });
}

/** The stored thing that a chain of operations on one operand starts from. */
function subjectOf(operation: Operation, subjects: readonly (string | undefined)[]): string | undefined {
  if (operation.kind === "input") return operation.name;
  if (operation.kind === "draw") return operation.site;
  const found = new Set(operandsOf(operation).flatMap((id: NodeId) => subjects[id] ?? []));
  if (found.size === 1) return [...found][0];
  return operation.kind === "triangularSolve" ? subjects[operation.right] : undefined;
}

function wordFor(operation: Operation, subject: string | undefined): string | undefined {
  switch (operation.kind) {
    case "cholesky":
      return `${subject ?? "matrix"} factor`;
    case "triangularSolve":
      return subject === undefined ? "solved" : `solved ${subject}`;
    case "draw":
      return `${operation.site} ${operation.family}`;
    case "scatterAdd":
      return "tally";
    case "stack":
      return "stacked";
    case "gather":
      return subject === undefined ? "picked" : `picked ${subject}`;
    case "reduce":
      return operation.function === "max" ? "largest" : subject === undefined ? "total" : `total ${subject}`;
    case "unary":
      return subject === undefined
        ? operation.function === "exp"
          ? "exponential"
          : undefined
        : `${operation.function} ${subject}`;
    case "contract":
    case "binary":
    case "select":
    case "constant":
    case "size":
    case "position":
    case "input":
    case "softmax":
    case "rename":
    case "diagonal":
    case "slice":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
      return undefined;
  }
}
