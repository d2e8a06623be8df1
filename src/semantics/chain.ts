import { reservedForLater, secondDataAxis } from "../diagnostics/catalogue/semantics.js";
import type { Axis } from "../ir/model.js";
import type { ChainDeclaration } from "../parser/ast.js";
import { declareAxis } from "./axis.js";
import type { ModelEnvironment } from "./model-environment.js";
import type { Scope } from "./symbols.js";

/** `chain t { … }`: steps in order, as many as the sequence has. */
export function declareChain(declaration: ChainDeclaration, scope: Scope, environment: ModelEnvironment): Axis {
  refuseSecondOrder(declaration, scope, environment);
  const rows = environment.axes.find((axis) => axis.size === undefined && axis.parent === undefined);
  if (declaration.size === undefined && scope.axes.length === 0 && rows !== undefined) {
    environment.diagnostics.push(
      secondDataAxis(
        declaration.name.span,
        { axis: declaration.name.text, other: rows.name, nested: false },
        { related: [{ span: rows.span, message: "the other axis" }] },
      ),
    );
  }
  return declareAxis(declaration, scope, environment);
}

/** Refuses what would make two orders of time. */
function refuseSecondOrder(declaration: ChainDeclaration, scope: Scope, environment: ModelEnvironment): void {
  const outer = scope.axes.find((axis) => axis.kind === "chain");
  if (outer === undefined) return;
  environment.diagnostics.push(
    reservedForLater(
      declaration.name.span,
      {
        what: "grids (a chain inside a chain)",
        wayOut: `use a plate, \`each ${declaration.name.text} in J { … }\`, where the order does not matter, or put both into one chain`,
      },
      { related: [{ span: outer.span, message: "the outer chain" }] },
    ),
  );
}
