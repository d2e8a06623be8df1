import { type Infix, type Math, precedence } from "./math.js";

/** A formula as MathML, which browsers print without any help. */
export function printMathMl(math: Math): string {
  return `<math display="inline">${row(math)}</math>`;
}

/** Characters that mean something to HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function row(math: Math): string {
  return `<mrow>${print(math)}</mrow>`;
}

function print(math: Math): string {
  switch (math.kind) {
    case "number":
      return `<mn>${math.value}</mn>`;
    case "symbol": {
      const below = math.subscripts.map(row).join(operator(","));
      const above = operator("(") + math.of.map(identifier).join(operator(",")) + operator(")");
      if (math.of.length > 0)
        return `<msubsup>${identifier(math.name)}<mrow>${below}</mrow><mrow>${above}</mrow></msubsup>`;
      return below === "" ? identifier(math.name) : `<msub>${identifier(math.name)}<mrow>${below}</mrow></msub>`;
    }
    case "call": {
      const name = math.name === "N" ? `<mi mathvariant="script">N</mi>` : identifier(math.name);
      const parts = [list(math.arguments), list(math.given)].filter((part) => part !== "");
      return name + bracketed(parts.join(operator(";")));
    }
    case "reduce": {
      const over = math.over.map(identifier).join(operator(","));
      return `<munder>${operator(math.operator === "sum" ? "∑" : "∏")}<mrow>${over}</mrow></munder>${atLeast(math.body, 2)}`;
    }
    case "fraction":
      return `<mfrac>${row(math.numerator)}${row(math.denominator)}</mfrac>`;
    case "times":
      return math.factors
        .map((factor, i) => {
          const isOpen = factor.kind === "reduce" && i < math.factors.length - 1;
          return isOpen ? bracketed(print(factor)) : atLeast(factor, factor.kind === "negate" ? 3 : 2);
        })
        .join(`<mspace width="0.17em"/>`);
    case "infix":
      return `${atLeast(math.left, math.operator === "=" ? 0 : 1)}${operator(infixes[math.operator])}${atLeast(math.right, math.operator === "-" ? 2 : 1)}`;
    case "negate":
      return operator("−") + atLeast(math.operand, 2);
    case "power":
      return `<msup><mrow>${atLeast(math.base, 4)}</mrow>${row(math.exponent)}</msup>`;
    case "transpose":
      return `<msup><mrow>${atLeast(math.operand, 4)}</mrow>${operator("⊤")}</msup>`;
    case "inverse":
      return `<msup><mrow>${atLeast(math.operand, 4)}</mrow><mrow>${operator("−")}<mn>1</mn></mrow></msup>`;
    case "column":
      return matrix(math.items.map((item) => `<mtr><mtd>${row(item)}</mtd></mtr>`).join(""));
    case "row":
      return matrix(`<mtr>${math.items.map((item) => `<mtd>${row(item)}</mtd>`).join("")}</mtr>`);
    case "indicator":
      return `${operator("[")}${print(math.condition)}${operator("]")}`;
    case "expectation":
      return `<mi mathvariant="double-struck">E</mi>${operator("[")}${print(math.operand)}${operator("]")}`;
    case "words":
    case "written":
      return `<mtext>${escapeHtml(math.text)}</mtext>`;
  }
}

const infixes: Readonly<Record<Infix, string>> = {
  "+": "+",
  "-": "−",
  "=": "=",
  "<": "<",
  "<=": "≤",
  ">": ">",
  ">=": "≥",
  "==": "=",
  "!=": "≠",
};

function identifier(name: string): string {
  return `<mi>${escapeHtml(name)}</mi>`;
}

function operator(text: string): string {
  return `<mo>${escapeHtml(text)}</mo>`;
}

function list(items: readonly Math[]): string {
  return items.map(print).join(operator(","));
}

function matrix(rows: string): string {
  return `${operator("[")}<mtable>${rows}</mtable>${operator("]")}`;
}

function bracketed(inside: string): string {
  return `<mrow>${operator("(")}${inside}${operator(")")}</mrow>`;
}

function atLeast(math: Math, needed: number): string {
  return precedence(math) < needed && math.kind !== "fraction" ? bracketed(print(math)) : print(math);
}
