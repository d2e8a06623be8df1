import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { duplicateName } from "../diagnostics/catalogue/semantics.js";
import type { Axis, Size } from "../ir/model.js";
import type { LetDefinition, ModelSymbol, Scope } from "./symbols.js";

/** What the checks of one model share: its names, its axes, and the diagnostics found so far. */
export interface ModelEnvironment {
  readonly diagnostics: Diagnostic[];
  /** The names at the top of the model. */
  readonly root: Scope;
  /** Every name of the model with the block that declares it: a name means one thing in a whole model. */
  readonly declared: Map<string, { readonly symbol: ModelSymbol; readonly scope: Scope }>;
  readonly sizes: Size[];
  readonly axes: Axis[];
  /** `let`s whose value is being checked, outermost first: one that comes up again goes round in a circle. */
  readonly openLets: LetDefinition[];
}

export function newModelEnvironment(): ModelEnvironment {
  return {
    diagnostics: [],
    root: { axes: [], symbols: new Map(), isGuide: false },
    declared: new Map(),
    sizes: [],
    axes: [],
    openLets: [],
  };
}

/** Adds a name to a block, or reports that the model has it already. Returns whether it is new. */
export function declare(environment: ModelEnvironment, scope: Scope, symbol: ModelSymbol): boolean {
  const before = environment.declared.get(symbol.name);
  if (before !== undefined) {
    environment.diagnostics.push(
      duplicateName(
        symbol.span,
        { name: symbol.name, inner: before.scope !== scope },
        { related: [{ span: before.symbol.span, message: "declared here" }] },
      ),
    );
    return false;
  }
  environment.declared.set(symbol.name, { symbol, scope });
  scope.symbols.set(symbol.name, symbol);
  return true;
}
