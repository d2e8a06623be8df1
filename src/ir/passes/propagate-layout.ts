import type { Operation } from "../plan.js";
import type { Step } from "./reverse-step.js";

/** Operations that lay cells out anew are linear, and each is the adjoint of its counterpart. */
export function propagateLayout(
  step: Step,
  operation: Extract<Operation, { readonly kind: "window" | "overlapAdd" | "split" | "merge" }>,
): void {
  const { builder: b, seed } = step;
  const { operand } = operation;
  if (!step.wants(operand)) return;
  const axes = b.axesOf(operand);
  // Cells that nobody reads get 0 from the layout itself: their domain is everywhere.
  switch (operation.kind) {
    case "window":
      return step.give(operand, b.overlapAdd(seed, operation), axes, "everywhere");
    case "overlapAdd":
      return step.give(operand, b.window(seed, operation), axes, "everywhere");
    case "split":
      return step.give(operand, b.merge(seed, operation.into, operation.axis), axes, "everywhere");
    case "merge":
      return step.give(operand, b.split(seed, operation.axis, operation.from), axes, "everywhere");
  }
}
