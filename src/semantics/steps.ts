import { initialLooksBack, initialOutsideChain, missingInitial } from "../diagnostics/catalogue/semantics.js";
import type { Span } from "../diagnostics/span.js";
import type { DensityFactor } from "../ir/model.js";
import type { DistributionUse } from "./distribution-call.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { firstLookBack } from "./reads.js";
import type { VariableSymbol } from "./symbols.js";

/** A distribution of every step, and perhaps one of the first; undefined ones were wrong. */
export interface Steps {
  readonly child: VariableSymbol;
  readonly step: DistributionUse | undefined;
  readonly initial: DistributionUse | undefined;
  /** Where `init` was written, if it was. */
  readonly initialSpan: Span | undefined;
}

/** The factors of a variable: one, or one for the first step of a chain and one for the others. */
export function checkSteps(steps: Steps, context: ExpressionContext): readonly DensityFactor[] | undefined {
  const { child, step, initial, initialSpan } = steps;
  const { name } = child;
  const chain = child.axes.find((axis) => axis.kind === "chain");
  if (initialSpan !== undefined && chain === undefined) {
    context.report(initialOutsideChain(initialSpan, { name, reason: `\`${name}\` is not in a chain` }));
  }
  const early = initial === undefined ? undefined : firstLookBack(Object.values(initial.arguments));
  if (early !== undefined) context.report(initialLooksBack(early.span, { name, read: early.name }));
  const back = step === undefined ? undefined : firstLookBack(Object.values(step.arguments));
  if (back !== undefined && initialSpan === undefined) {
    context.report(
      missingInitial(
        back.span,
        { name, read: back.name, axis: chain?.name ?? "" },
        step === undefined || back.name !== name || child.domain?.kind !== "real"
          ? {}
          : { fix: { span: { start: step.span.end, end: step.span.end }, replacement: " init Normal(0, 1)" } },
      ),
    );
  }
  if (step === undefined || early !== undefined) return undefined;
  if (initialSpan === undefined) return [{ kind: "density", name, child: name, phase: "all", ...step }];
  if (initial === undefined) return undefined;
  return [
    { kind: "density", name: `${name}.initial`, child: name, phase: "initial", ...initial },
    { kind: "density", name, child: name, phase: "step", ...step },
  ];
}
