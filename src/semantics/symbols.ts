import type { Span } from "../diagnostics/span.js";
import type { Axis, Dimension, Domain, Expression } from "../ir/model.js";
import type { Identifier, LetDeclaration } from "../parser/ast.js";

/**
 * What a name of a model means.
 *
 * A `domain`, `inputs` and the like that are undefined were written wrongly and reported where they are declared;
 * uses of them are passed over in silence.
 */
export type ModelSymbol =
  SizeSymbol | ParameterSymbol | VariableSymbol | LetSymbol | AxisSymbol | NetworkSymbol | WeightSymbol;

interface SymbolBase {
  readonly name: string;
  /** Where it is declared: the name itself. */
  readonly span: Span;
}

export interface SizeSymbol extends SymbolBase {
  readonly kind: "size";
  readonly default?: number;
}

export interface ParameterSymbol extends SymbolBase {
  readonly kind: "parameter";
  readonly table: readonly (Dimension | undefined)[];
  readonly tableSpans: readonly Span[];
  readonly typeName: Identifier;
  readonly domain: Domain | undefined;
}

export interface VariableSymbol extends SymbolBase {
  readonly kind: "variable";
  readonly role: "latent" | "observed" | "given";
  readonly axes: readonly Axis[];
  readonly typeName: Identifier;
  readonly domain: Domain | undefined;
}

/** `let`: checked when first read, so that the order of declarations does not matter. */
export interface LetSymbol extends SymbolBase {
  readonly kind: "let";
  readonly definition: LetDefinition;
  /** Which of the names of `let (a, b) = …`. */
  readonly position: number;
}

export interface LetDefinition {
  readonly declaration: LetDeclaration;
  readonly scope: Scope;
  state: "unchecked" | "checking" | "checked";
  /** One per name; undefined where the value was wrong. */
  values: readonly (Expression | undefined)[];
  readonly readNames: Set<string>;
}

export interface AxisSymbol extends SymbolBase {
  readonly kind: "axis";
  readonly axis: Axis;
}

export interface NetworkSymbol extends SymbolBase {
  readonly kind: "network";
  readonly inputs: readonly (Domain | undefined)[];
  readonly outputs: readonly (Domain | undefined)[];
}

/** `each n weight c`: the column of weights, which no expression reads. */
export interface WeightSymbol extends SymbolBase {
  readonly kind: "weight";
}

/** The names of a block; those of the blocks around it are visible too. */
export interface Scope {
  readonly parent?: Scope;
  /** Plates and chains around this place, outermost first. */
  readonly axes: readonly Axis[];
  readonly symbols: Map<string, ModelSymbol>;
  /** A guide sees the variables of all plates, and of the chains that it has entered. */
  readonly isGuide: boolean;
}

export function innerScope(parent: Scope, axis?: Axis): Scope {
  return {
    parent,
    axes: axis === undefined ? parent.axes : [...parent.axes, axis],
    symbols: new Map(),
    isGuide: parent.isGuide,
  };
}

export function findVisible(scope: Scope, name: string): ModelSymbol | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const symbol = at.symbols.get(name);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

export function visibleSymbols(scope: Scope): readonly ModelSymbol[] {
  const found: ModelSymbol[] = [];
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) found.push(...at.symbols.values());
  return found;
}

/** "a size", "the plate `n`": what a symbol is, for messages. */
export function describeSymbol(symbol: ModelSymbol): string {
  switch (symbol.kind) {
    case "size":
      return "a size";
    case "parameter":
      return "a parameter";
    case "variable":
      return symbol.role === "latent"
        ? "a latent variable"
        : symbol.role === "observed"
          ? "an observed variable"
          : "a given variable";
    case "let":
      return "a computed value";
    case "axis":
      return symbol.axis.kind === "plate" ? "a plate" : "a chain";
    case "network":
      return "a network";
    case "weight":
      return "a column of weights";
  }
}
