import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { duplicateName } from "../diagnostics/catalogue/semantics.js";
import type { Axis, Expression, Size } from "../ir/model.js";
import { findVisible, type LetDefinition, type ModelSymbol, type Scope } from "./symbols.js";

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
  /** Sizes reported as undeclared: once each. */
  readonly missingSizes: Set<string>;
  /** Where a declaration can be put in: in front of the first one. */
  readonly start: number;
  /** Arguments of distributions that were written without a name. */
  readonly positionalArguments: Set<Expression>;
}

export function newModelEnvironment(start: number): ModelEnvironment {
  return {
    diagnostics: [],
    root: { axes: [], symbols: new Map(), isGuide: false },
    declared: new Map(),
    sizes: [],
    axes: [],
    openLets: [],
    missingSizes: new Set(),
    start,
    positionalArguments: new Set(),
  };
}

/** Adds a name to a block, or reports that the model has it already. Returns whether it is new. */
export function declare(environment: ModelEnvironment, scope: Scope, symbol: ModelSymbol): boolean {
  if (scope.isGuide) return declareInGuide(environment, scope, symbol);
  const before = environment.declared.get(symbol.name);
  if (before !== undefined) {
    reportDuplicate(environment, symbol, before.symbol, before.scope !== scope);
    return false;
  }
  environment.declared.set(symbol.name, { symbol, scope });
  scope.symbols.set(symbol.name, symbol);
  return true;
}

/** The names of a guide are its own: they may be those of plates and `let`s of the model, which it does not read. */
function declareInGuide(environment: ModelEnvironment, scope: Scope, symbol: ModelSymbol): boolean {
  const inModel = environment.declared.get(symbol.name)?.symbol;
  const before = findVisible(scope, symbol.name) ?? (inModel?.kind === "variable" ? inModel : undefined);
  if (before !== undefined) {
    reportDuplicate(environment, symbol, before, false);
    return false;
  }
  scope.symbols.set(symbol.name, symbol);
  return true;
}

function reportDuplicate(
  environment: ModelEnvironment,
  symbol: ModelSymbol,
  before: ModelSymbol,
  inner: boolean,
): void {
  environment.diagnostics.push(
    duplicateName(
      symbol.span,
      { name: symbol.name, inner },
      { related: [{ span: before.span, message: "declared here" }] },
    ),
  );
}
