import type { BinaryFunction, Sweep, UnaryFunction } from "../../ir/plan.js";
import { leakySlope } from "../../ir/plan.js";
import type { ArraySource, IndexExpression, LoopExpression, LoopFunction, LoopStatement } from "./loop-ir.js";
import type { RuntimeFunction } from "../runtime-functions.js";

/** A function's statements as TypeScript without types, which is JavaScript too, and what they call of the run time. */
export interface PrintedBody {
  readonly lines: readonly string[];
  readonly calls: ReadonlySet<RuntimeFunction>;
}

export function printLoops(fn: LoopFunction): PrintedBody {
  const printer = new LoopPrinter();
  printer.statements(fn.body, "");
  return { lines: printer.lines, calls: printer.calls };
}

/** Binding strength of the operators that are printed. */
const strength = { conditional: 1, comparison: 2, sum: 3, product: 4, prefix: 5, atom: 6 } as const;

interface Printed {
  readonly text: string;
  readonly strength: number;
}

/** Text being collected. */
class LoopPrinter {
  readonly lines: string[] = [];
  readonly calls = new Set<RuntimeFunction>();

  statements(statements: readonly LoopStatement[], indent: string): void {
    for (const statement of statements) this.statement(statement, indent);
  }

  private statement(statement: LoopStatement, indent: string): void {
    const put = (text: string): void => void this.lines.push(indent + text);
    switch (statement.kind) {
      case "comment":
        return put(`// ${statement.text}`);
      case "readRows":
        return put(
          statement.sweep === undefined
            ? `const ${statement.name} = block.rows;`
            : `const ${statement.name} = ${this.call("sweptRows", "block", ...sweepArguments(statement.sweep))};`,
        );
      case "readSize":
        return put(`const ${statement.name} = sizes${member(statement.size)};`);
      case "bindArray":
        return put(`const ${statement.name} = ${sourceText(statement.source)}${member(statement.key)};`);
      case "declareIndex":
        return put(`const ${statement.name} = ${this.index(statement.value)};`);
      case "declareScalar":
        return put(`${statement.mutable ? "let" : "const"} ${statement.name} = ${this.value(statement.value)};`);
      case "declareArray":
        return put(`const ${statement.name} = new Float64Array(${this.index(statement.length)});`);
      case "openStream":
        return put(
          `const ${statement.name} = streams(${JSON.stringify(statement.site)}, block.firstRow + ${this.index(statement.row)});`,
        );
      case "update":
        return put(update(statement.name, statement.function, this.value(statement.value)));
      case "store":
        return put(`${statement.array}[${this.index(statement.index)}] = ${this.value(statement.value)};`);
      case "updateStore":
        return put(
          update(`${statement.array}[${this.index(statement.index)}]`, statement.function, this.value(statement.value)),
        );
      case "for": {
        const { variable, descending, step } = statement;
        const [from, to] = [this.index(statement.from), this.index(statement.to)];
        put(
          descending
            ? `for (let ${variable} = ${to} - 1; ${variable} >= ${from}; ${variable}--) {`
            : `for (let ${variable} = ${from}; ${variable} < ${to}; ${variable}${step === 1 ? "++" : ` += ${step}`}) {`,
        );
        this.statements(statement.body, `${indent}  `);
        return put("}");
      }
      case "sweepRows": {
        const { sweep, variable, sequence, first, end } = statement;
        const bound = (row: string, steps: number): string => (steps === 0 ? row : `${row} + ${steps}`);
        const { starts } = statement;
        put(`const ${starts} = ${this.call("sequenceStarts", "block")};`);
        put(`for (let ${sequence} = 0; ${sequence} + 1 < ${starts}.length; ${sequence}++) {`);
        const begin = `${starts}[${sequence}]`;
        const next = `${starts}[${sequence} + 1]`;
        const from = bound(begin, sweep.from);
        put(`  const ${first} = ${sweep.last === true ? `Math.max(${from}, ${next} - 1)` : from};`);
        put(`  const ${end} = ${sweep.to === undefined ? next : `Math.min(${bound(begin, sweep.to)}, ${next})`};`);
        put(
          sweep.descending === true
            ? `  for (let ${variable} = ${end} - 1; ${variable} >= ${first}; ${variable}--) {`
            : `  for (let ${variable} = ${first}; ${variable} < ${end}; ${variable}++) {`,
        );
        this.statements(statement.body, `${indent}    `);
        put("  }");
        return put("}");
      }
      case "ifPosition":
        put(`if (${this.isPosition(statement.position, statement.size)}) {`);
        this.statements(statement.body, `${indent}  `);
        return put("}");
      case "factor":
        return put(
          `${this.call("cholesky", statement.array, this.index(statement.size), this.index(statement.offset))};`,
        );
    }
  }

  private call(name: RuntimeFunction, ...args: readonly string[]): string {
    this.calls.add(name);
    return `${name}(${args.join(", ")})`;
  }

  /** Positions come from data that is checked to be whole numbers or NaN. */
  private isPosition(position: LoopExpression, size: IndexExpression): string {
    const text = enclosed(this.print(position), strength.sum);
    return `${text} >= 0 && ${text} < ${this.index(size)}`;
  }

  private index(index: IndexExpression): string {
    return this.printIndex(index).text;
  }

  private printIndex(index: IndexExpression): Printed {
    switch (index.kind) {
      case "integer":
        return { text: String(index.value), strength: strength.atom };
      case "name":
        return { text: index.name, strength: strength.atom };
      case "add":
        if (index.right.kind === "integer" && index.right.value < 0) {
          const back = { text: String(-index.right.value), strength: strength.atom };
          return infix(this.printIndex(index.left), "-", back, strength.sum);
        }
        return infix(this.printIndex(index.left), "+", this.printIndex(index.right), strength.sum);
      case "multiply":
        return infix(this.printIndex(index.left), "*", this.printIndex(index.right), strength.product);
      case "multipleBelow": {
        const inner = this.printIndex(index.index);
        const remainder = `${enclosed(inner, strength.product)} % ${index.factor}`;
        return { text: `${enclosed(inner, strength.sum)} - (${remainder})`, strength: strength.sum };
      }
      case "truncate":
        return { text: `Math.trunc(${this.value(index.value)})`, strength: strength.atom };
    }
  }

  private value(expression: LoopExpression): string {
    return this.print(expression).text;
  }

  private print(expression: LoopExpression): Printed {
    switch (expression.kind) {
      case "number":
        return numberText(expression.value);
      case "scalar":
        return { text: expression.name, strength: strength.atom };
      case "load":
        return { text: `${expression.array}[${this.index(expression.index)}]`, strength: strength.atom };
      case "fromIndex":
        return this.printIndex(expression.index);
      case "unary":
        return this.unary(expression.function, this.print(expression.operand));
      case "binary": {
        const [left, right] = [this.print(expression.left), this.print(expression.right)];
        return isComparison(expression.function)
          ? { text: `${comparison(expression.function, left, right)} ? 1 : 0`, strength: strength.conditional }
          : binary(expression.function, left, right);
      }
      case "select": {
        const condition = this.condition(expression.condition);
        // Inside the branch of a condition the condition holds: asking again would be an error to TypeScript.
        if (this.holding.has(condition)) return this.print(expression.whenTrue);
        this.holding.add(condition);
        const whenTrue = this.print(expression.whenTrue);
        this.holding.delete(condition);
        const whenFalse = this.print(expression.whenFalse);
        return {
          text: `${condition} ? ${enclosed(whenTrue, strength.comparison)} : ${whenFalse.text}`,
          strength: strength.conditional,
        };
      }
      case "pick": {
        const test = this.isPosition(expression.position, expression.size);
        return {
          text: `${test} ? ${enclosed(this.print(expression.entry), strength.comparison)} : NaN`,
          strength: strength.conditional,
        };
      }
      case "draw": {
        const args = expression.arguments.map((argument) => this.value(argument)).join(", ");
        return { text: `${expression.stream}.${expression.family}(${args})`, strength: strength.atom };
      }
    }
  }

  /** Conditions whose branch is being printed. */
  private readonly holding = new Set<string>();

  private condition(expression: LoopExpression): string {
    if (expression.kind === "binary" && isComparison(expression.function)) {
      return comparison(expression.function, this.print(expression.left), this.print(expression.right));
    }
    if (expression.kind === "unary" && expression.function === "isPresent") {
      return `!Number.isNaN(${this.value(expression.operand)})`;
    }
    return `${enclosed(this.print(expression), strength.sum)} !== 0`;
  }

  private unary(name: UnaryFunction, operand: Printed): Printed {
    const atom = (text: string): Printed => ({ text, strength: strength.atom });
    const conditional = (text: string): Printed => ({ text, strength: strength.conditional });
    switch (name) {
      case "negate":
        // A second minus sign would be read as a decrement.
        return {
          text: operand.text.startsWith("-") ? `-(${operand.text})` : `-${enclosed(operand, strength.prefix)}`,
          strength: strength.prefix,
        };
      case "exp":
      case "log":
      case "log1p":
      case "expm1":
      case "sqrt":
      case "abs":
      case "sign":
      case "tanh":
      case "sin":
      case "cos":
        return atom(`Math.${name}(${operand.text})`);
      case "reciprocal":
        return { text: `1 / ${enclosed(operand, strength.prefix)}`, strength: strength.product };
      case "relu":
        return atom(`Math.max(${operand.text}, 0)`);
      case "step":
        return conditional(`${enclosed(operand, strength.sum)} > 0 ? 1 : 0`);
      case "isPresent":
        return conditional(`Number.isNaN(${operand.text}) ? 0 : 1`);
      case "leakyRelu":
        return atom(`Math.max(${operand.text}, ${leakySlope} * ${enclosed(operand, strength.product)})`);
      case "square":
        return isSimple(operand.text)
          ? { text: `${operand.text} * ${operand.text}`, strength: strength.product }
          : { text: `(${operand.text}) ** 2`, strength: strength.product };
      case "presentOrZero":
        return conditional(`Number.isNaN(${operand.text}) ? 0 : ${operand.text}`);
      case "softplus":
      case "sigmoid":
      case "logGamma":
      case "digamma":
      case "trigamma":
      case "logBesselI0":
      case "besselRatio":
        return atom(this.call(name, operand.text));
    }
  }
}

function sweepArguments({ from, to, last }: Sweep): readonly string[] {
  return [
    String(from),
    ...(to === undefined && last !== true ? [] : [String(to ?? Infinity)]),
    ...(last === true ? ["true"] : []),
  ];
}

function sourceText(source: ArraySource): string {
  switch (source) {
    case "data":
    case "tables":
      return `block.${source}`;
    case "parameters":
    case "previous":
    case "into":
      return source;
  }
}

/** A property by name, or in brackets where the name is no identifier. */
export function member(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function update(target: string, name: "add" | "subtract" | "maximum", value: string): string {
  switch (name) {
    case "add":
      return `${target} += ${value};`;
    case "subtract":
      return `${target} -= ${value};`;
    case "maximum":
      return `${target} = Math.max(${target}, ${value});`;
  }
}

function numberText(value: number): Printed {
  if (Object.is(value, -0)) return { text: "-0", strength: strength.prefix };
  return { text: String(value), strength: value < 0 ? strength.prefix : strength.atom };
}

function enclosed(printed: Printed, least: number): string {
  return printed.strength < least ? `(${printed.text})` : printed.text;
}

function infix(left: Printed, operator: string, right: Printed, own: number): Printed {
  return { text: `${enclosed(left, own)} ${operator} ${enclosed(right, own + 1)}`, strength: own };
}

function binary(name: BinaryFunction, left: Printed, right: Printed): Printed {
  switch (name) {
    case "add":
      return infix(left, "+", right, strength.sum);
    case "subtract":
      return infix(left, "-", right, strength.sum);
    case "multiply":
      return infix(left, "*", right, strength.product);
    case "divide":
      return infix(left, "/", right, strength.product);
    case "power":
      return { text: `Math.pow(${left.text}, ${right.text})`, strength: strength.atom };
    case "maximum":
      return { text: `Math.max(${left.text}, ${right.text})`, strength: strength.atom };
    case "minimum":
      return { text: `Math.min(${left.text}, ${right.text})`, strength: strength.atom };
    case "less":
    case "lessEqual":
    case "equal":
      return { text: `${comparison(name, left, right)} ? 1 : 0`, strength: strength.conditional };
  }
}

function isComparison(name: BinaryFunction): name is "less" | "lessEqual" | "equal" {
  return name === "less" || name === "lessEqual" || name === "equal";
}

function comparison(name: "less" | "lessEqual" | "equal", left: Printed, right: Printed): string {
  const operator = { less: "<", lessEqual: "<=", equal: "===" }[name];
  return `${enclosed(left, strength.sum)} ${operator} ${enclosed(right, strength.sum)}`;
}

function isSimple(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(\[[A-Za-z0-9 +*]*\])?$/.test(text);
}
