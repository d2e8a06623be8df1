import { needlessInitial } from "../../diagnostics/catalogue/semantics.js";
import { firstLookBack } from "../reads.js";
import type { Lint } from "./lint.js";

/** `init` of a variable whose steps do not depend on the step before. */
export const lintNeedlessInitials: Lint = ({ model }) =>
  model.factors.flatMap((factor) => {
    if (factor.kind !== "density" || factor.phase !== "step") return [];
    const initial = model.factors.find(
      (each) => each.kind === "density" && each.phase === "initial" && each.child === factor.child,
    );
    if (initial === undefined || firstLookBack(Object.values(factor.arguments)) !== undefined) return [];
    const fix = { span: { start: factor.span.end, end: initial.span.end }, replacement: "" };
    return [needlessInitial(initial.span, { name: factor.child }, { fix })];
  });
