import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import type { ModelEnvironment } from "../model-environment.js";
import type { Scope } from "../symbols.js";

/** Where an expression stands, and how to check the expressions in it. */
export interface ExpressionContext {
  readonly environment: ModelEnvironment;
  readonly scope: Scope;
  /** A prior and a fixed value read parameters only; a guide and a critic see the variables of all plates. */
  readonly place: "model" | "prior" | "guide" | "critic";
  /** The typed expression; undefined where something is wrong, which is then reported already. */
  readonly check: (expression: syntax.Expression) => Expression | undefined;
  /** The same for another block. */
  readonly within: (scope: Scope) => ExpressionContext;
  readonly report: (diagnostic: Diagnostic) => void;
}
