import type { NodeId, Operation } from "../plan.js";
import { union, without } from "../plan-axes.js";
import { propagateBinary, propagateUnary } from "./propagate-elementwise.js";
import { propagateLayout } from "./propagate-layout.js";
import { propagateCholesky, propagateTriangularSolve } from "./propagate-linear-algebra.js";
import { guardedBy } from "./reverse-step.js";
import type { Domain, Step } from "./reverse-step.js";

/** Hands the adjoint of a node on to its operands. */
export function propagate(step: Step, operation: Operation): void {
  const { builder: b, seed, id: y } = step;
  switch (operation.kind) {
    case "constant":
    case "size":
    case "position":
    case "input":
    case "draw":
      return;
    case "unary":
      return propagateUnary(step, operation.function, operation.operand);
    case "binary":
      return propagateBinary(step, operation.function, operation.left, operation.right);
    case "select":
      return propagateSelect(step, operation);
    case "reduce":
      return propagateReduce(step, operation);
    case "softmax": {
      const probabilities = guardedBy(b, step.domainAcross(operation.over), y, b.constant(0));
      const mean = b.contract([seed, probabilities], operation.over);
      const contribution = b.times(probabilities, b.minus(seed, mean));
      return step.give(operation.operand, contribution, undefined, step.domainAcross(operation.over));
    }
    case "contract":
      return propagateContract(step, operation);
    case "gather":
      return propagateGather(step, operation);
    case "scatterAdd":
      return propagateScatterAdd(step, operation);
    case "rename": {
      const { operand, from, to } = operation;
      const domain = step.domain();
      const moved = domain === "everywhere" ? domain : b.rename(domain, to, from);
      return step.give(operand, b.rename(seed, to, from), b.axesOf(operand), moved);
    }
    case "diagonal": {
      const { operand, row, column } = operation;
      const spread = b.select(b.identity(row, column), seed, b.constant(0));
      return step.give(operand, spread, b.axesOf(operand));
    }
    case "slice": {
      const { operand, axis, at } = operation;
      const spread = b.select(b.binary("equal", b.position(axis), b.constant(at)), seed, b.constant(0));
      return step.give(operand, spread, b.axesOf(operand));
    }
    case "stack": {
      const { operands, axis } = operation;
      const domain = step.domain();
      const left = without(b.axesOf(y), [axis]);
      operands.forEach((operand, i) => {
        if (!step.wants(operand)) return;
        const used = domain === "everywhere" ? domain : b.slice(domain, axis, i);
        step.give(operand, b.slice(seed, axis, i), left, used);
      });
      return;
    }
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
      return propagateLayout(step, operation);
    case "cholesky":
      return propagateCholesky(step, operation);
    case "triangularSolve":
      return propagateTriangularSolve(step, operation);
  }
}

function propagateSelect(step: Step, operation: Extract<Operation, { readonly kind: "select" }>): void {
  const { builder: b, seed } = step;
  const { condition, whenTrue, whenFalse } = operation;
  const zero = b.constant(0);
  const outer = step.domain();
  const inside = (taken: NodeId): Domain => (outer === "everywhere" ? taken : b.times(outer, taken));
  const isFalse = b.binary("equal", condition, zero);
  if (step.wants(whenTrue)) {
    const isTrue = b.binary("equal", isFalse, zero);
    step.give(whenTrue, b.select(condition, seed, zero), undefined, inside(isTrue));
  }
  if (step.wants(whenFalse)) step.give(whenFalse, b.select(condition, zero, seed), undefined, inside(isFalse));
}

function propagateReduce(step: Step, operation: Extract<Operation, { readonly kind: "reduce" }>): void {
  const { builder: b, id: y, seed } = step;
  const { operand, over } = operation;
  const axes = b.axesOf(operand);
  switch (operation.function) {
    case "sum":
      return step.give(operand, seed, axes);
    case "max": {
      const isLargest = b.binary("equal", operand, y);
      const share = b.over(isLargest, b.binary("maximum", b.sum(isLargest, over), b.constant(1)));
      return step.give(operand, b.times(seed, share), axes);
    }
    case "logSumExp":
      return step.give(operand, b.times(seed, step.guarded(b.softmax(operand, over))), axes);
  }
}

function propagateContract(step: Step, operation: Extract<Operation, { readonly kind: "contract" }>): void {
  const { builder: b, id, seed } = step;
  const cells = union([b.axesOf(id), operation.over]);
  operation.operands.forEach((operand, i) => {
    if (!step.wants(operand)) return;
    const others = operation.operands.filter((_, j) => j !== i).map((other) => step.guarded(other));
    step.give(operand, b.contract([seed, ...others], without(cells, b.axesOf(operand))), b.axesOf(operand));
  });
}

function propagateGather(step: Step, operation: Extract<Operation, { readonly kind: "gather" }>): void {
  const { builder: b, seed } = step;
  const { table, axis, index } = operation;
  if (!step.wants(table)) return;
  const over = without(b.axesOf(index), b.axesOf(table));
  // Cells that no index picks have no use to guard: their domain is everywhere.
  step.give(table, b.scatterAdd(seed, axis, index, over), b.axesOf(table), "everywhere");
}

function propagateScatterAdd(step: Step, operation: Extract<Operation, { readonly kind: "scatterAdd" }>): void {
  const { builder: b, id, seed } = step;
  const { operand, axis, index, over } = operation;
  if (!step.wants(operand)) return;
  const size = b.size(axis);
  const zero = b.constant(0);
  const isInside = b.times(b.binary("lessEqual", zero, index), b.binary("less", index, size));
  const picked = b.select(isInside, b.gather(seed, axis, index), zero);
  const cells = without(union([b.axesOf(id), over]), [axis]);
  step.give(operand, picked, cells, "everywhere");
}
