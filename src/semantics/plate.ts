import { secondDataAxis, weightNotOnRows } from "../diagnostics/catalogue/semantics.js";
import type { Axis } from "../ir/model.js";
import type { PlateDeclaration } from "../parser/ast.js";
import { declareAxis } from "./axis.js";
import { declare, type ModelEnvironment } from "./model-environment.js";
import type { Scope } from "./symbols.js";

/** `each n weight w { … }`: the rows of the data; `each j in J { … }`: a declared number of parts. */
export function declarePlate(declaration: PlateDeclaration, scope: Scope, environment: ModelEnvironment): Axis {
  if (declaration.size === undefined) {
    const around = scope.axes.at(-1);
    const rows = environment.axes.find((axis) => axis.size === undefined && axis.parent === undefined);
    const other = around ?? rows;
    if (other !== undefined) {
      environment.diagnostics.push(
        secondDataAxis(
          declaration.name.span,
          { axis: declaration.name.text, other: other.name, nested: around !== undefined },
          { related: [{ span: other.span, message: "the other axis" }] },
        ),
      );
    }
  } else if (declaration.weight !== undefined) {
    environment.diagnostics.push(
      weightNotOnRows(
        declaration.weight.span,
        { plate: declaration.name.text },
        { fix: { span: { start: declaration.size.span.end, end: declaration.weight.span.end }, replacement: "" } },
      ),
    );
  }
  if (declaration.weight !== undefined) {
    const { text: name, span } = declaration.weight;
    declare(environment, environment.root, { kind: "weight", name, span });
  }
  return declareAxis(declaration, scope, environment);
}
