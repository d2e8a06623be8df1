import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { declarePlates, eventAxesOf, isEnumerable, laggedName, valuesAxis } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { factorDensity, latentScope } from "../elaborate/factor-density.js";
import { continuousVariable, gaussianPotential } from "../elimination/gaussian.js";
import { blockAxes, type ContinuousVariable, pairOf } from "../elimination/potential.js";
import { densityFactors } from "../inside.js";
import { variableReferences } from "../latents.js";
import { spreadTerm } from "../m-step/gradient.js";
import type { LatentBlock } from "./blocks.js";
import { isJointlyAffine, productTerms, seenFrom } from "./products.js";

/**
 * Names of the tables that say what is known of every row under the product of blocks:
 *
 *     q.share.<factor>.<block>      [rows, plates, values]   weights of the values that the factor reads of a discrete block
 *     q.posterior.<latent>          [rows, plates, values]
 *     q.mean.<key>                  [rows, plates, event]    of a Gaussian latent, `x` or `x[t-1]`
 *     q.covariance.<key>,<key>      [rows, plates, event, event]
 *     q.entropy.<block>             [rows]
 */
export const table = {
  share: (factor: string, block: LatentBlock): string => `q.share.${factor}.${block.name}`,
  posterior: (latent: string): string => `q.posterior.${latent}`,
  mean: (key: string): string => `q.mean.${key}`,
  covariance: (u: string, v: string): string => `q.covariance.${pairOf(u, v)}`,
  entropy: (block: LatentBlock): string => `q.entropy.${block.name}`,
} as const;

/** A latent as a factor reads it. */
export interface LatentCopy {
  readonly key: string;
  readonly variable: Variable;
  readonly lag: number;
}

/** What is expected of the latents, read from the tables. */
export class Expectations {
  /** Reads a Gaussian latent as its mean, a discrete one as an axis. */
  readonly elaborator: Elaborator;
  /** Of the Gaussian latents of known blocks, by key. */
  readonly means: ReadonlyMap<string, NodeId>;
  private readonly copies: ReadonlyMap<string, LatentCopy>;

  /**
   * @param model whose rows are those of the tables
   * @param known blocks that are read from tables; Gaussian latents of others are variables
   */
  constructor(
    readonly model: Model,
    readonly builder: PlanBuilder,
    private readonly blocks: readonly LatentBlock[],
    elaborated: Model = model,
    known: readonly LatentBlock[] = blocks,
  ) {
    this.copies = new Map(gaussianCopies(model).map((copy) => [copy.key, copy]));
    const drawn = new Map<string, NodeId>();
    for (const { key, variable } of this.copies.values()) {
      if (!known.some(({ variables }) => variables.some(({ name }) => name === variable.name))) continue;
      declarePlates(builder, model, variable.axes);
      const axes = [...variable.axes, ...eventAxesOf(builder, variable)];
      drawn.set(key, builder.input("table", table.mean(key), axes));
    }
    this.means = drawn;
    this.elaborator = new Elaborator(elaborated, builder, {
      parameters: "parameter",
      ...(drawn.size === 0 ? {} : { drawn }),
    });
  }

  /** Axes of the discrete latents that a factor reads, of one block or of all. */
  discreteAxes(factor: DensityFactor, block?: LatentBlock): readonly string[] {
    return discreteAxesOf(this.model, this.builder, factor, block);
  }

  /** Weight of every value of the discrete latents that a factor reads: blocks are independent of each other. */
  share(factor: DensityFactor, but?: LatentBlock): NodeId {
    const { builder, model } = this;
    const child = this.variable(factor.child);
    declarePlates(builder, model, child.axes);
    return this.blocks
      .flatMap((block) => {
        if (block === but || block.kind !== "discrete") return [];
        const axes = this.discreteAxes(factor, block);
        return axes.length === 0
          ? []
          : [builder.input("table", table.share(factor.name, block), [...child.axes, ...axes])];
      })
      .reduce((a, b) => builder.times(a, b), builder.constant(1));
  }

  /** Cov[u, v] by key, on `blockAxes`; 0 between blocks. */
  covariance(u: string, v: string): NodeId {
    const { builder } = this;
    const [first, second] = [this.copy(u), this.copy(v)];
    if (blockOf(this.blocks, first.variable) !== blockOf(this.blocks, second.variable)) return builder.constant(0);
    const variables = [first, second].map(({ variable, lag }) =>
      continuousVariable(this.elaborator, variable.name, lag),
    );
    const [a, b] = [first.variable.axes, second.variable.axes];
    const plates = a.length >= b.length ? a : b;
    declarePlates(builder, this.model, plates);
    const axes = [...plates, ...blockAxes(builder, variables[0]!, variables[1]!)];
    return builder.input("table", table.covariance(u, v), axes);
  }

  /** E[log density] of a factor, over its plates and the values of its discrete latents. */
  density(factor: DensityFactor, missing: boolean): NodeId {
    const readsGaussian = this.gaussianScope(factor).length > 0;
    const atMeans = factorDensity(this.elaborator, factor, missing);
    if (!readsGaussian) return atMeans;
    const given = { tableOf: () => "", covariance: (u: string, v: string): NodeId => this.covariance(u, v) };
    if (isJointlyAffine(this.model, factor))
      return this.builder.plus(atMeans, spreadTerm(this.elaborator, given, factor, missing));
    const [first, second, ...more] = this.gaussianBlocks(factor);
    if (first === undefined || second === undefined || more.length > 0)
      throw new Error(`variational: ${factor.name} multiplies latents of ${more.length + 2} blocks`);
    // With the second block at its mean, the first one's spread; and the other way round; and what both together add.
    const { precision } = productTerms(this, factor, first, second, missing);
    const both = traceWith(this.builder, precision, this, this.scopeOf(factor, first));
    const spreads = [first, second].map((block) => {
      const parts = seenFrom(this, factor, block, missing);
      return traceWith(this.builder, gaussianPotential(this.builder, parts).precision, this, parts.scope);
    });
    return [both, ...spreads].reduce((a, b) => this.builder.plus(a, b), atMeans);
  }

  /** Blocks of the Gaussian latents that a factor reads. */
  gaussianBlocks(factor: DensityFactor): readonly LatentBlock[] {
    const scope = this.gaussianScope(factor);
    return this.blocks.filter(({ variables }) =>
      variables.some(({ name }) => scope.some(({ variable }) => variable.name === name)),
    );
  }

  private scopeOf(factor: DensityFactor, block: LatentBlock): readonly ContinuousVariable[] {
    return this.gaussianScope(factor).flatMap(({ variable, lag }) =>
      block.variables.some(({ name }) => name === variable.name) ? [this.variableOf(variable.name, lag)] : [],
    );
  }

  variableOf(name: string, lag: number): ContinuousVariable {
    return continuousVariable(this.elaborator, name, lag);
  }

  /** The latent that a key is a copy of. */
  nameOf(key: string): string {
    return this.copy(key).variable.name;
  }

  /** Gaussian latents that a factor reads, its child included. */
  gaussianScope(factor: DensityFactor): readonly LatentCopy[] {
    return gaussianScopeOf(this.model, factor);
  }

  private variable(name: string): Variable {
    return variableOf(this.model, name);
  }

  private copy(key: string): LatentCopy {
    const found = this.copies.get(key);
    if (found === undefined) throw new Error(`variational: no factor reads ${key}`);
    return found;
  }
}

/** -1/2 sum_uv tr(J_uv Cov[v, u]) */
function traceWith(
  builder: PlanBuilder,
  precision: ReadonlyMap<string, NodeId>,
  q: Pick<Expectations, "covariance">,
  scope: readonly ContinuousVariable[],
): NodeId {
  let total = builder.constant(0);
  for (const [i, u] of scope.entries()) {
    for (const v of scope.slice(i)) {
      const block = precision.get(pairOf(u.key, v.key));
      if (block === undefined) continue;
      const trace = builder.contract([block, q.covariance(u.key, v.key)], blockAxes(builder, u, v));
      total = builder.plus(total, builder.scale(u.key === v.key ? -0.5 : -1, trace));
    }
  }
  return total;
}

export function variableOf(model: Model, name: string): Variable {
  const found = model.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`variational: the model has no ${name}`);
  return found;
}

export function blockOf(blocks: readonly LatentBlock[], variable: Variable): LatentBlock | undefined {
  return blocks.find(({ variables }) => variables.some(({ name }) => name === variable.name));
}

/** Axes of the values of the discrete latents that a factor reads, of one block or of all, in source order. */
export function discreteAxesOf(
  model: Model,
  builder: PlanBuilder,
  factor: DensityFactor,
  block?: LatentBlock,
): readonly string[] {
  const scope = latentScope(new Elaborator(model, builder, { parameters: "parameter" }), factor);
  return scope.flatMap(({ name, lag }) => {
    const variable = variableOf(model, name);
    const isOwn = block === undefined || block.variables.some((one) => one.name === name);
    return isEnumerable(variable) && isOwn ? [valuesAxis(builder, variable, lag)] : [];
  });
}

export function gaussianScopeOf(model: Model, factor: DensityFactor): readonly LatentCopy[] {
  const reads = Object.values(factor.arguments).flatMap(variableReferences);
  const found = new Map<string, LatentCopy>();
  for (const { name, lag } of [{ name: factor.child, lag: 0 }, ...reads]) {
    const variable = variableOf(model, name);
    if (variable.role !== "latent" || isEnumerable(variable) || lag === "all") continue;
    const key = laggedName(name, lag);
    found.set(key, { key, variable, lag });
  }
  return [...found.values()];
}

function gaussianCopies(model: Model): readonly LatentCopy[] {
  const all = densityFactors(model).flatMap((factor) => gaussianScopeOf(model, factor));
  return [...new Map(all.map((copy) => [copy.key, copy])).values()];
}
