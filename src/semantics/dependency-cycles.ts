import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { cyclicDefinition } from "../diagnostics/catalogue/semantics.js";
import type { Span } from "../diagnostics/span.js";
import type { DensityFactor, Factor, Parameter } from "../ir/model.js";
import { walkExpression } from "../ir/walk-expression.js";
import { variableReads } from "./reads.js";

/** What one definition needs of others, with the places that say so. */
type Graph = ReadonlyMap<string, readonly { readonly name: string; readonly span: Span }[]>;

/** Variables that need each other at one step: there is no order in which to draw them. */
export function findVariableCycles(factors: readonly Factor[]): readonly Diagnostic[] {
  const phases = ["initial", "step"] as const;
  const found = phases.flatMap((phase) =>
    findCycles(
      graphOf(
        factors
          .filter((factor) => factor.kind === "implicit" || factor.phase === "all" || factor.phase === phase)
          .map((factor) => ({
            name: factor.child,
            needs: variableReads(factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments)).filter(
              (read) => read.lag === 0,
            ),
          })),
      ),
    ),
  );
  return found.filter((one, i) => found.findIndex((other) => other.span.start === one.span.start) === i);
}

export function findGuideCycles(sites: readonly DensityFactor[]): readonly Diagnostic[] {
  return findVariableCycles(sites);
}

/** Parameters whose priors need each other. */
export function findPriorCycles(parameters: readonly Parameter[]): readonly Diagnostic[] {
  return findCycles(
    graphOf(
      parameters.map((parameter) => ({
        name: parameter.name,
        needs: Object.values(parameter.prior?.arguments ?? {})
          .flatMap((argument) => [...walkExpression(argument)])
          .filter((each) => each.kind === "parameter"),
      })),
    ),
  );
}

function graphOf(
  definitions: readonly {
    readonly name: string;
    readonly needs: readonly { readonly name: string; readonly span: Span }[];
  }[],
): Graph {
  return new Map(definitions.map(({ name, needs }) => [name, needs]));
}

/** One diagnostic for each circle, at the place that closes it. */
function findCycles(graph: Graph): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): void => {
    path.push(name);
    for (const need of graph.get(name) ?? []) {
      const start = path.indexOf(need.name);
      if (start >= 0) found.push(cyclicDefinition(need.span, { names: path.slice(start) }));
      else if (!finished.has(need.name)) visit(need.name);
    }
    path.pop();
    finished.add(name);
  };
  for (const name of graph.keys()) if (!finished.has(name)) visit(name);
  return found;
}
