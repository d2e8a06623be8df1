import { priorAtBoundary } from "../../diagnostics/catalogue/semantics.js";
import { intervalOf } from "../expression/value-interval.js";
import type { Lint } from "./lint.js";

/** Dirichlet(0.5): the most probable point has zeros, at which the estimate gets stuck. */
export const lintPriorsAtBoundary: Lint = ({ model }) =>
  model.parameters.flatMap(({ name, prior }) => {
    if (prior?.distribution !== "Dirichlet") return [];
    const { concentration } = prior.arguments;
    const isKnown = concentration.kind === "constant" || concentration.kind === "list";
    if (!isKnown || intervalOf(concentration).least >= 1) return [];
    return [priorAtBoundary(concentration.span, { parameter: name, family: prior.distribution })];
  });
