import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, declareRows, eventAxesOf, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { factorDensity } from "../elaborate/factor-density.js";
import { secondAxis } from "../elimination/potential.js";
import { continuousLatentsOf } from "../inside.js";
import { weightedDensities } from "../m-step/gradient.js";
import type { ParameterGroup, StatisticsContext, UpdateDerivation } from "../m-step/statistics-context.js";
import { writeImputed } from "../queries/impute.js";
import type { LatentBlock } from "./blocks.js";
import { Expectations, table } from "./expectations.js";
import { everywhere, type Place, type RowModel } from "./places.js";

/** Functions of what is known of every row under the product of blocks: nothing in them runs along a sequence. */
export class JointFunctions {
  constructor(
    private readonly rowModel: RowModel,
    private readonly blocks: readonly LatentBlock[],
  ) {}

  /**
   * Output `logDensity` [rows]: what each row adds to the bound
   *
   *     E[log p(x, z)] - E[log q(z)] <= log p(x)
   */
  logDensity(missing: boolean): PlanFunction {
    return this.everywhere("logDensity", (q, { factors }) => {
      q.builder.output("logDensity", this.bound(q, factors, missing), [this.rowModel.rows]);
    });
  }

  /** Outputs `logLikelihood` [], the weighted bound, and the statistics. */
  eStep(missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction {
    const { rows } = this.rowModel;
    return this.everywhere("eStep", (q, { factors }) => {
      const { builder } = q;
      const weighted = builder.times(this.weight(builder), this.bound(q, factors, missing));
      builder.output("logLikelihood", builder.sum(weighted, [rows]), []);
      const factorOf = (name: string): DensityFactor => required(factors, name);
      const context: StatisticsContext = {
        elaborator: q.elaborator,
        missing,
        isActive: (name) => factors.some((factor) => factor.name === name),
        responsibility: (name) => builder.times(this.weight(builder), q.share(factorOf(name))),
        tableAxes: (name) => tableAxes(q, factorOf(name)),
        covariance: (u, v) => q.covariance(u, v),
      };
      for (const derivation of derivations) builder.rule("statistics", () => derivation.write(context));
    });
  }

  /** Output `<latent>`: probabilities, or mean and covariance, as they stand in the tables. */
  posterior(): PlanFunction {
    const { model } = this.rowModel;
    return this.everywhere("posterior", (q) => {
      const { builder, elaborator } = q;
      for (const latent of model.variables.filter(isEnumerable)) {
        declarePlates(builder, model, latent.axes);
        const axes = [...latent.axes, valuesAxis(builder, latent)];
        builder.output(latent.name, builder.input("table", table.posterior(latent.name), axes), axes);
      }
      for (const latent of continuousLatentsOf(model)) {
        const own = eventAxesOf(builder, latent);
        const mean = elaborator.mode.drawn?.get(latent.name);
        if (mean === undefined) throw new Error(`variational: ${latent.name} has no mean`);
        builder.output(latent.name, mean, [...latent.axes, ...own]);
        const square = [...latent.axes, ...own, ...own.map((axis) => secondAxis(builder, axis))];
        builder.output(`covariance.${latent.name}`, q.covariance(latent.name, latent.name), square);
      }
    });
  }

  /** The expected log-joint of a group that is learned by gradient, as a function of its parameters. */
  objective(group: ParameterGroup, missing: boolean): PlanFunction {
    return this.everywhere("expectedLogJoint", (q, { factors }) => {
      const own = group.factors.filter(({ name }) => factors.some((factor) => factor.name === name));
      return weightedDensities(q.elaborator, { ...group, factors: own }, "expectedLogJoint", {
        weight: (factor) => q.builder.times(this.weight(q.builder), q.share(factor)),
        density: (factor) => q.density(factor, missing),
        axes: (factor) => tableAxes(q, factor),
      });
    });
  }

  impute(): PlanFunction {
    const isOptional = (name: string): boolean =>
      this.rowModel.model.variables.some((variable) => variable.name === name && variable.optional);
    return this.everywhere("impute", (q, { factors }) => {
      const optional = factors.filter(({ child }) => isOptional(child));
      writeImputed(q.elaborator, optional, (name) => q.share(required(factors, name)));
    });
  }

  private everywhere(name: string, write: (q: Expectations, place: Place) => PlanFunction | void): PlanFunction {
    const { model } = this.rowModel;
    return everywhere(name, this.rowModel, (place) => {
      const builder = new PlanBuilder();
      declareRows(builder, model);
      return write(new Expectations(model, builder, this.blocks), place) ?? builder.build(name);
    });
  }

  private weight(builder: PlanBuilder): NodeId {
    const { model, rows } = this.rowModel;
    const column = model.axes.find((axis) => axis.name === rows)?.weight;
    return column === undefined ? builder.constant(1) : builder.input("data", column, [rows]);
  }

  /** [rows] */
  private bound(q: Expectations, factors: readonly DensityFactor[], missing: boolean): NodeId {
    const { builder } = q;
    const { rows } = this.rowModel;
    let total = builder.constant(0);
    for (const factor of factors) {
      const term = weighed(builder, q.share(factor), q.density(factor, missing));
      const axes = new Set([...tableAxes(q, factor), ...builder.axesOf(term)]);
      total = builder.plus(
        total,
        builder.sum(
          term,
          [...axes].filter((axis) => axis !== rows),
        ),
      );
    }
    for (const block of this.blocks) total = builder.plus(total, builder.input("table", table.entropy(block), [rows]));
    return total;
  }
}

/** share * density; an impossible cell has weight 0 and log density -inf, and counts for nothing. */
export function weighed(builder: PlanBuilder, share: NodeId, density: NodeId): NodeId {
  return builder.select(share, builder.times(share, density), builder.constant(0));
}

/** Axes that the share of a factor stands for. */
function tableAxes(q: Expectations, factor: DensityFactor): readonly string[] {
  const child = q.elaborator.variable(factor.child);
  const { builder, model } = q;
  declarePlates(builder, model, child.axes);
  // What an observed variable reads from data is no axis, but plates of the density may be more than those of its child.
  const density = child.role === "latent" ? [] : builder.axesOf(factorDensity(q.elaborator, factor, true));
  const known = new Set([...child.axes, ...q.discreteAxes(factor)]);
  return [...known, ...density.filter((axis) => !known.has(axis) && isPlate(model, axis))];
}

function isPlate(model: Model, name: string): boolean {
  return model.axes.some((axis) => axis.name === name);
}

function required(factors: readonly DensityFactor[], name: string): DensityFactor {
  const found = factors.find((factor) => factor.name === name);
  if (found === undefined) throw new Error(`variational: ${name} does not hold here`);
  return found;
}
