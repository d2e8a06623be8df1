import type { Axis, Dimension } from "../ir/model.js";
import type { ChainDeclaration, Identifier, PlateDeclaration } from "../parser/ast.js";
import type { ModelEnvironment } from "./model-environment.js";
import { resolveSize } from "./size.js";
import type { Scope } from "./symbols.js";

/** The axis of a plate or chain, added to the model; its name is declared by the block. */
export function declareAxis(
  declaration: PlateDeclaration | ChainDeclaration,
  scope: Scope,
  environment: ModelEnvironment,
): Axis {
  const size = declaration.size === undefined ? undefined : axisSize(declaration.size, environment);
  const parent = scope.axes.at(-1);
  const weight = declaration.kind === "plate" ? declaration.weight : undefined;
  const axis: Axis = {
    name: declaration.name.text,
    kind: declaration.kind,
    span: declaration.name.span,
    ...(size === undefined ? {} : { size }),
    ...(parent === undefined ? {} : { parent: parent.name }),
    ...(weight === undefined ? {} : { weight: weight.text }),
  };
  environment.axes.push(axis);
  return axis;
}

/** A size that is not declared is reported once and stands for itself from then on. */
function axisSize(name: Identifier, environment: ModelEnvironment): Dimension {
  return resolveSize(name, environment) ?? { kind: "symbol", name: name.text };
}
