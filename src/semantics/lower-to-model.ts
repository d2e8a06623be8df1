import type { Factor, Guide, Learn, Model, Network, Parameter, Variable } from "../ir/model.js";
import type { ModelDeclaration } from "../parser/ast.js";
import type { ModelEnvironment } from "./model-environment.js";

/** The checked parts of one model, in source order. */
export interface ModelParts {
  readonly parameters: readonly Parameter[];
  readonly networks: readonly Network[];
  readonly variables: readonly Variable[];
  readonly factors: readonly Factor[];
  readonly guide: Guide | undefined;
  readonly critic: Model["critic"];
  readonly learn: Learn | undefined;
}

/** Puts the parts of a model without errors together. */
export function lowerToModel(declaration: ModelDeclaration, parts: ModelParts, environment: ModelEnvironment): Model {
  const { guide, critic, learn } = parts;
  return {
    name: declaration.name.text,
    span: declaration.span,
    sizes: environment.sizes,
    axes: environment.axes,
    parameters: parts.parameters,
    networks: parts.networks,
    variables: parts.variables,
    factors: parts.factors,
    ...(declaration.documentation === undefined ? {} : { documentation: declaration.documentation }),
    ...(guide === undefined ? {} : { guide }),
    ...(critic === undefined ? {} : { critic }),
    ...(learn === undefined ? {} : { learn }),
  };
}
