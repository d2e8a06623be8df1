import type { DensityFactor } from "../../ir/model.js";
import { latentsOf, variableReferences } from "../latents.js";
import { latentsIn, responsibility } from "./e-step.js";
import { type Math, sum, symbol, times } from "./math.js";
import type { Notation } from "./notation.js";

/** How a factor is weighted and summed: over its plates and the values of its latents, except those that stay. */
export class WeightedSums {
  private readonly notation: Notation;
  private readonly factor: DensityFactor;
  private readonly latents: readonly string[];
  /** Does it read a Gaussian latent, of which only moments are known? */
  private readonly isUncertain: boolean;

  constructor(notation: Notation, factor: DensityFactor) {
    this.notation = notation;
    this.factor = factor;
    this.latents = latentsIn(notation, factor);
    const { continuous } = latentsOf(notation.model);
    const read = Object.values(factor.arguments).flatMap((argument) => variableReferences(argument));
    this.isUncertain = continuous.has(factor.child) || read.some(({ name }) => continuous.has(name));
  }

  /** Posterior weight of the factor's latents, times the weight of the row. */
  get weight(): readonly Math[] {
    const axes = this.notation.variable(this.factor.child).axes;
    const weights = this.notation.model.axes.flatMap((axis) =>
      axes.includes(axis.name) && axis.weight !== undefined ? [symbol(axis.weight, [symbol(axis.name)])] : [],
    );
    return this.latents.length === 0 ? weights : [...weights, responsibility(this.notation, this.latents)];
  }

  /** sum of weight * terms over everything but the letters that stay. */
  sum(stays: ReadonlySet<string>, ...terms: readonly Math[]): Math {
    const plates = this.notation.variable(this.factor.child).axes;
    const values = this.latents.map((name) => this.notation.indexOf(name));
    const over = [...plates, ...values].filter((name) => !stays.has(name));
    const expected =
      this.isUncertain && terms.length > 0 ? [{ kind: "expectation", operand: times(...terms) } as const] : terms;
    const factors = [...this.weight, ...expected];
    return sum(over, factors.length === 0 ? { kind: "number", value: 1 } : times(...factors));
  }

  /** The sum of the weights alone; without latents and weights it is the number of rows. */
  count(stays: ReadonlySet<string>): Math {
    const plates = this.notation.variable(this.factor.child).axes;
    const isRows = this.weight.length === 0 && plates.length === 1 && !plates.some((axis) => stays.has(axis));
    return isRows ? symbol(this.notation.unused("N", "n")) : this.sum(stays);
  }
}

/** Letters in the subscripts of a formula's left side: they are not summed over. */
export function lettersOf(...formulas: readonly Math[]): ReadonlySet<string> {
  return new Set(
    formulas.flatMap((formula) =>
      formula.kind === "symbol"
        ? formula.subscripts.flatMap((part) => (part.kind === "symbol" ? [part.name] : []))
        : [],
    ),
  );
}
