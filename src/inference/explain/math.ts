/** Mathematics as a tree, printed once: as text, LaTeX or MathML. */
export type Math =
  | { readonly kind: "number"; readonly value: number }
  /** `mean[k]`; `of` sets apart symbols of one letter: r_{g,z}[n, k]. */
  | {
      readonly kind: "symbol";
      readonly name: string;
      readonly of: readonly string[];
      readonly subscripts: readonly Math[];
    }
  /** f(a, b), or with `given` a density: N(x; mean, covariance). */
  | {
      readonly kind: "call";
      readonly name: string;
      readonly arguments: readonly Math[];
      readonly given: readonly Math[];
    }
  | {
      readonly kind: "reduce";
      readonly operator: "sum" | "product";
      readonly over: readonly string[];
      readonly body: Math;
    }
  | { readonly kind: "fraction"; readonly numerator: Math; readonly denominator: Math }
  | { readonly kind: "times"; readonly factors: readonly Math[] }
  | { readonly kind: "infix"; readonly operator: Infix; readonly left: Math; readonly right: Math }
  | { readonly kind: "negate"; readonly operand: Math }
  | { readonly kind: "power"; readonly base: Math; readonly exponent: Math }
  | { readonly kind: "transpose"; readonly operand: Math }
  | { readonly kind: "inverse"; readonly operand: Math }
  /** A column of blocks: [u; 1]. */
  | { readonly kind: "column"; readonly items: readonly Math[] }
  | { readonly kind: "row"; readonly items: readonly Math[] }
  /** 1 where the condition holds, else 0. */
  | { readonly kind: "indicator"; readonly condition: Math }
  /** E[…]: the mean under the posterior. */
  | { readonly kind: "expectation"; readonly operand: Math }
  /** Words inside a formula. */
  | { readonly kind: "words"; readonly text: string }
  /** A formula that a distribution brings along, written out in both ways. */
  | { readonly kind: "written"; readonly text: string; readonly latex: string };

export type Infix = "+" | "-" | "=" | "<" | "<=" | ">" | ">=" | "==" | "!=";

export function symbol(name: string, subscripts: readonly Math[] = [], of: readonly string[] = []): Math {
  return { kind: "symbol", name, of, subscripts };
}

export function call(name: string, operands: readonly Math[], given: readonly Math[] = []): Math {
  return { kind: "call", name, arguments: operands, given };
}

export function times(...factors: readonly Math[]): Math {
  const flat = factors.flatMap((factor) => (factor.kind === "times" ? factor.factors : [factor]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { kind: "times", factors: flat };
}

export function sum(over: readonly string[], body: Math): Math {
  return over.length === 0 ? body : { kind: "reduce", operator: "sum", over, body };
}

export function productOver(over: readonly string[], body: Math): Math {
  return over.length === 0 ? body : { kind: "reduce", operator: "product", over, body };
}

export function fraction(numerator: Math, denominator: Math): Math {
  return { kind: "fraction", numerator, denominator };
}

export function infix(left: Math, operator: Infix, right: Math): Math {
  return { kind: "infix", operator, left, right };
}

export function equals(left: Math, right: Math): Math {
  return infix(left, "=", right);
}

/** How tightly a node binds: infix 1, products and sums 2, powers 3, the rest 4. */
export function precedence(math: Math): number {
  switch (math.kind) {
    case "infix":
      return math.operator === "+" || math.operator === "-" ? 1 : 0;
    case "reduce":
    case "fraction":
    case "times":
    case "negate":
      return 2;
    case "power":
    case "transpose":
    case "inverse":
      return 3;
    case "number":
      return math.value < 0 ? 2 : 4;
    case "symbol":
    case "call":
    case "column":
    case "row":
    case "indicator":
    case "expectation":
      return 4;
    case "words":
      return 4;
    case "written":
      return 1;
  }
}
