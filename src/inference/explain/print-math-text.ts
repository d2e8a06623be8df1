import { type Math, precedence } from "./math.js";

/** A formula in plain text: `mean[k] = sum_n r[n,k] x[n] / sum_n r[n,k]`. */
export function printMathText(math: Math): string {
  switch (math.kind) {
    case "number":
      return String(math.value);
    case "symbol":
      return symbolName(math.name, math.of) + subscripts(math.subscripts);
    case "call":
      return `${math.name}(${[list(math.arguments), list(math.given)].filter((part) => part !== "").join("; ")})`;
    case "reduce": {
      const over = math.over.length === 1 ? math.over.join("") : `{${math.over.join(",")}}`;
      return `${math.operator === "sum" ? "sum" : "prod"}_${over} ${atLeast(math.body, 2)}`;
    }
    case "fraction": {
      const denominator =
        math.denominator.kind === "reduce" ? printMathText(math.denominator) : atLeast(math.denominator, 3);
      return `${atLeast(math.numerator, 2)} / ${denominator}`;
    }
    case "times":
      return math.factors
        .map((factor, i) => {
          const isOpen = factor.kind === "reduce" || factor.kind === "fraction";
          if (isOpen && i < math.factors.length - 1) return `(${printMathText(factor)})`;
          return atLeast(factor, factor.kind === "negate" ? 3 : 2);
        })
        .reduce((left, right) => left + (left.endsWith(")") && right.startsWith("(") ? "" : " ") + right);
    case "infix": {
      const space = math.operator === "-" && isShort(math.left) && isShort(math.right) ? "" : " ";
      const right = atLeast(math.right, math.operator === "-" ? 2 : 1);
      return `${atLeast(math.left, math.operator === "=" ? 0 : 1)}${space}${math.operator}${space}${right}`;
    }
    case "negate":
      return `-${atLeast(math.operand, 2)}`;
    case "power":
      return `${atLeast(math.base, 4)}^${atLeast(math.exponent, 4)}`;
    case "transpose":
      return `${atLeast(math.operand, 4)}'`;
    case "inverse":
      return `${atLeast(math.operand, 4)}^-1`;
    case "column":
      return `[${math.items.map(printMathText).join("; ")}]`;
    case "row":
      return `[${list(math.items)}]`;
    case "indicator":
      return `[${printMathText(math.condition)}]`;
    case "expectation":
      return `E[${printMathText(math.operand)}]`;
    case "words":
    case "written":
      return math.text;
  }
}

function symbolName(name: string, of: readonly string[]): string {
  if (of.length === 0) return name;
  return of.length === 1 ? `${name}_${of.join("")}` : `${name}_{${of.join(",")}}`;
}

function subscripts(parts: readonly Math[]): string {
  return parts.length === 0 ? "" : `[${parts.map(printMathText).join(",")}]`;
}

function list(items: readonly Math[]): string {
  return items.map(printMathText).join(", ");
}

function isShort(math: Math): boolean {
  return math.kind === "symbol";
}

function atLeast(math: Math, needed: number): string {
  const text = printMathText(math);
  return precedence(math) < needed ? `(${text})` : text;
}
