import { adjoints } from "../../ir/passes/differentiate.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { Elaborator } from "../elaborate/elaborator.js";

/** Collects the derivatives of several outputs with respect to parameters, each parameter in its stored layout. */
export class ParameterGradients {
  private readonly builder: PlanBuilder;
  private readonly uses: readonly (readonly NodeId[])[];
  private readonly sums: NodeId[];
  private readonly stored: readonly (readonly string[])[];

  constructor(
    elaborator: Elaborator,
    private readonly names: readonly string[],
  ) {
    this.builder = elaborator.builder;
    this.stored = names.map((name) => {
      const { table, own } = elaborator.parameterAxes(name);
      return [...table, ...own];
    });
    // Every use of a parameter names its axes after what indexes it; the derivative gathers all uses in one layout.
    this.uses = names.map((name) => this.builder.inputsNamed("parameter", name));
    this.sums = names.map(() => this.builder.constant(0));
  }

  /**
   * Adds d output / d parameters, times `seed` for each cell of the output.
   *
   * @param independent nodes through which no derivative goes
   * @returns the derivatives with respect to `independent`
   */
  add(output: NodeId, independent: readonly NodeId[] = [], seed?: NodeId): readonly NodeId[] {
    const derivatives = adjoints(this.builder, output, [...independent, ...this.uses.flat()], seed);
    let next = independent.length;
    this.uses.forEach((uses, i) => {
      for (const use of uses) {
        const derivative = derivatives[next++]!;
        const relabelled = this.inputAxes(use).reduce(
          (node, axis, position) => this.builder.rename(node, axis, this.stored[i]![position]!),
          derivative,
        );
        this.sums[i] = this.builder.plus(this.sums[i]!, relabelled);
      }
    });
    return derivatives.slice(0, independent.length);
  }

  /** Outputs `gradient.<parameter>`. */
  write(): void {
    this.names.forEach((name, i) => this.builder.output(`gradient.${name}`, this.sums[i]!, this.stored[i]));
  }

  private inputAxes(id: NodeId): readonly string[] {
    const { operation } = this.builder.node(id);
    if (operation.kind !== "input") throw new Error("derive: not an input");
    return operation.axes;
  }
}
