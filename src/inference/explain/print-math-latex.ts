import { type Infix, type Math, precedence } from "./math.js";

/** A formula in LaTeX, for math mode. */
export function printMathLatex(math: Math): string {
  switch (math.kind) {
    case "number":
      return String(math.value);
    case "symbol": {
      const above = math.of.length === 0 ? "" : `^{(${math.of.map(latexName).join(",")})}`;
      const below = math.subscripts.length === 0 ? "" : `_{${math.subscripts.map(printMathLatex).join(",")}}`;
      return latexName(math.name) + above + below;
    }
    case "call": {
      const parts = [list(math.arguments), list(math.given)].filter((part) => part !== "");
      return `${functionName(math.name)}\\left(${parts.join(";\\,")}\\right)`;
    }
    case "reduce":
      return `${math.operator === "sum" ? "\\sum" : "\\prod"}_{${math.over.map(latexName).join(",")}} ${atLeast(math.body, 2)}`;
    case "fraction":
      return `\\frac{${printMathLatex(math.numerator)}}{${printMathLatex(math.denominator)}}`;
    case "times":
      return math.factors
        .map((factor, i) => {
          const isOpen = factor.kind === "reduce" && i < math.factors.length - 1;
          return isOpen ? wrapped(factor) : atLeast(factor, factor.kind === "negate" ? 3 : 2);
        })
        .join("\\,");
    case "infix":
      return `${atLeast(math.left, math.operator === "=" ? 0 : 1)} ${infixes[math.operator]} ${atLeast(math.right, math.operator === "-" ? 2 : 1)}`;
    case "negate":
      return `-${atLeast(math.operand, 2)}`;
    case "power":
      return `${atLeast(math.base, 4)}^{${printMathLatex(math.exponent)}}`;
    case "transpose":
      return `${atLeast(math.operand, 4)}^{\\top}`;
    case "inverse":
      return `${atLeast(math.operand, 4)}^{-1}`;
    case "column":
      return `\\begin{bmatrix}${math.items.map(printMathLatex).join(" \\\\ ")}\\end{bmatrix}`;
    case "row":
      return `\\begin{bmatrix}${math.items.map(printMathLatex).join(" & ")}\\end{bmatrix}`;
    case "indicator":
      return `\\left[${printMathLatex(math.condition)}\\right]`;
    case "expectation":
      return `\\mathbb{E}\\left[${printMathLatex(math.operand)}\\right]`;
    case "words":
      return `\\text{${escapeLatex(math.text)}}`;
    case "written":
      return math.latex;
  }
}

const infixes: Readonly<Record<Infix, string>> = {
  "+": "+",
  "-": "-",
  "=": "=",
  "<": "<",
  "<=": "\\le",
  ">": ">",
  ">=": "\\ge",
  "==": "=",
  "!=": "\\ne",
};

/** Characters that mean something to LaTeX, in running text. */
export function escapeLatex(text: string): string {
  const replaced: Readonly<Record<string, string>> = {
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "·": "\\ensuremath{\\cdot}",
  };
  return text.replace(/[\\^~<>·]|[#$%&_{}]/g, (character) => replaced[character] ?? `\\${character}`);
}

function functionName(name: string): string {
  if (name === "N") return "\\mathcal{N}";
  if (["log", "exp", "tanh"].includes(name)) return `\\${name}`;
  return name.length === 1 ? name : `\\operatorname{${name.replaceAll("_", "\\_")}}`;
}

function latexName(name: string): string {
  return name.length === 1 ? name : `\\mathrm{${name.replaceAll("_", "\\_")}}`;
}

function list(items: readonly Math[]): string {
  return items.map(printMathLatex).join(", ");
}

function wrapped(math: Math): string {
  return `\\left(${printMathLatex(math)}\\right)`;
}

function atLeast(math: Math, needed: number): string {
  // A fraction has its own bar and needs no brackets inside a product.
  return precedence(math) < needed && math.kind !== "fraction" ? wrapped(math) : printMathLatex(math);
}
