import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, Model, Variable } from "../../ir/model.js";
import { printDimension } from "../../ir/print-domain.js";
import { valuesOf } from "../joint-tables.js";
import { latentsOf } from "../latents.js";
import { call, equals, infix, type Infix, type Math, symbol, times } from "./math.js";

/** Names that formulas use for the values of latents, and the way from a model's expressions to mathematics. */
export class Notation {
  readonly model: Model;
  private readonly indices: ReadonlyMap<string, string>;
  private readonly variables: ReadonlyMap<string, Variable>;

  constructor(model: Model) {
    this.model = model;
    this.variables = new Map(model.variables.map((variable) => [variable.name, variable]));
    this.indices = latentIndices(model);
  }

  variable(name: string): Variable {
    const found = this.variables.get(name);
    if (found === undefined) throw new Error(`explain: the model has no variable ${name}`);
    return found;
  }

  /** The letter that runs over the values of a discrete latent. */
  indexOf(latent: string): string {
    const index = this.indices.get(latent);
    if (index === undefined) throw new Error(`explain: ${latent} is not a discrete latent`);
    return index;
  }

  isSummed(name: string): boolean {
    return this.indices.has(name);
  }

  /** A name that nothing in the model has, for a quantity of the explanation's own. */
  unused(...candidates: readonly string[]): string {
    const taken = new Set([
      ...this.model.variables.map(({ name }) => name),
      ...this.model.parameters.map(({ name }) => name),
      ...this.model.axes.map(({ name }) => name),
      ...this.indices.values(),
    ]);
    return candidates.find((candidate) => !taken.has(candidate)) ?? `${candidates[0] ?? "q"}'`;
  }

  /** `x[n, j]`, or the value's letter for a latent. */
  valueOf(name: string, lag = 0): Math {
    if (this.isSummed(name)) return symbol(this.indexOf(name));
    const axes = this.variable(name).axes;
    const chain = axes.findLast((axis) => this.model.axes.some((each) => each.name === axis && each.kind === "chain"));
    return symbol(
      name,
      axes.map((axis) =>
        axis === chain && lag > 0 ? infix(symbol(axis), "-", { kind: "number", value: lag }) : symbol(axis),
      ),
    );
  }

  of(expression: Expression): Math {
    switch (expression.kind) {
      case "constant":
        return { kind: "number", value: expression.value };
      case "parameter":
        return symbol(
          expression.name,
          expression.indices.map((index) => this.of(index)),
        );
      case "variable":
        return this.valueOf(expression.name, expression.lag);
      case "sequence":
        return symbol(expression.name);
      case "position":
        return symbol(expression.axis);
      case "element":
        return this.entry(
          this.of(expression.base),
          expression.indices.map((index) => this.of(index)),
        );
      case "list":
        return { kind: "row", items: expression.items.map((item) => this.of(item)) };
      case "network":
        return call(
          expression.network,
          expression.arguments.map((argument) => this.of(argument)),
        );
      case "apply":
        return this.application(expression);
    }
  }

  /** p[i] of a formula that may have subscripts already. */
  entry(base: Math, indices: readonly Math[]): Math {
    if (base.kind === "symbol") return { ...base, subscripts: [...base.subscripts, ...indices] };
    return call("entry", [base, ...indices]);
  }

  /** A factor as people write it: a probability by its table, a density by its name. */
  density(factor: DensityFactor): Math {
    const child = this.valueOf(factor.child);
    const probabilities = factor.arguments["probabilities"];
    const logits = factor.arguments["logits"];
    if (factor.distribution === "Categorical" && probabilities !== undefined)
      return this.entry(this.of(probabilities), [child]);
    if (factor.distribution === "Categorical" && logits !== undefined) {
      return this.entry(call("softmax", [this.of(logits)]), [child]);
    }
    return call(distributionSymbol(factor), [child], this.argumentList(factor));
  }

  private argumentList(factor: DensityFactor): readonly Math[] {
    return distributions[factor.distribution].slots.flatMap((slot): readonly Math[] => {
      const argument = factor.arguments[slot.name];
      if (argument === undefined) return [];
      const value = this.of(argument);
      return [slot.optional === true && isAlternative(factor, slot.name) ? equals(symbol(slot.name), value) : value];
    });
  }

  private application(expression: Extract<Expression, { kind: "apply" }>): Math {
    const operands = expression.arguments.map((argument) => this.of(argument));
    const [left, right] = operands;
    const operator = infixes[expression.function];
    if (operator !== undefined && left !== undefined && right !== undefined) return infix(left, operator, right);
    if (left === undefined) return call(expression.function, []);
    switch (expression.function) {
      case "negate":
        return { kind: "negate", operand: left };
      case "transpose":
        return { kind: "transpose", operand: left };
      case "square":
        return { kind: "power", base: left, exponent: { kind: "number", value: 2 } };
    }
    if (right === undefined) return call(expression.function, operands);
    switch (expression.function) {
      case "multiply":
      case "matmul":
        return times(left, right);
      case "divide":
        return { kind: "fraction", numerator: left, denominator: right };
      case "dot":
        return times({ kind: "transpose", operand: left }, right);
      case "power":
        return { kind: "power", base: left, exponent: right };
    }
    return call(expression.function, operands);
  }
}

const infixes: Partial<Readonly<Record<string, Infix>>> = {
  add: "+",
  subtract: "-",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
  equal: "==",
  notEqual: "!=",
};

function distributionSymbol(factor: DensityFactor): string {
  return factor.distribution === "Normal" ? "N" : factor.distribution;
}

/** A slot that stands in the place of another, such as `sd` for `covariance`. */
function isAlternative(factor: DensityFactor, slot: string): boolean {
  const { slots } = distributions[factor.distribution];
  const own = slots.findIndex((candidate) => candidate.name === slot);
  return slots.findIndex((candidate) => candidate.position === slots[own]?.position) !== own;
}

/**
 * The letter of each discrete latent's values: the size's letter in lower case (K gives k) where nothing else has that
 * name, else the latent's own name.
 */
function latentIndices(model: Model): ReadonlyMap<string, string> {
  const { discrete } = latentsOf(model);
  const taken = new Set([
    ...model.axes.map(({ name }) => name),
    ...model.parameters.map(({ name }) => name),
    ...model.variables.map(({ name }) => name),
  ]);
  const indices = new Map<string, string>();
  for (const variable of model.variables) {
    if (!discrete.has(variable.name) || variable.domain.kind === "count") continue;
    const dimension = valuesOf(variable.domain);
    const letter = dimension.kind === "symbol" ? printDimension(dimension).toLowerCase() : variable.name;
    const isFree = letter === variable.name || (letter.length === 1 && !taken.has(letter));
    const index = isFree ? letter : variable.name;
    taken.add(index);
    indices.set(variable.name, index);
  }
  return indices;
}
