import { variances } from "../../distributions/location-scale.js";
import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import {
  declarePlates,
  declareRows,
  eventAxesOf,
  isEnumerable,
  laggedName,
  rowsAxisOf,
  valuesAxis,
} from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { argumentContext, categoriesAxisOf, densityContext, factorDensity } from "../elaborate/factor-density.js";
import type { StatisticsTaken } from "../networks/batch-normalisation.js";
import type { MemoryOf } from "../networks/elaborate-network.js";
import { eliminate, type Potential } from "../skeleton.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { walkExpression } from "../../ir/walk-expression.js";

/** The model with its guide, ready to be written as a bound. */
export interface BoundModel {
  readonly model: Model;
  /** In drawing order. */
  readonly sites: readonly DensityFactor[];
  /** Discrete latents without a site: summed out exactly inside the bound. */
  readonly eliminated: readonly string[];
  /** Parameters that no step moves. */
  readonly held: readonly string[];
  /** Discrete sites that are drawn rather than enumerated. */
  readonly scored: readonly string[];
}

export interface BoundOptions {
  /** Draws for each row, along an axis of their own; absent: one, and no axis. */
  readonly samples?: number;
  readonly isTraining?: boolean;
  /** Closed divergences where there are any; else every divergence is estimated by its draw. */
  readonly closedDivergences: boolean;
  /** Temperature at which discrete sites that are drawn have continuous stand-ins. */
  readonly relaxed?: number;
  /** The latents are at the centres of their sites rather than drawn. */
  readonly atCentre?: boolean;
  /** Tables `<latent>` have the continuous latents, in place of draws. */
  readonly isGiven?: boolean;
  /** Latents of earlier steps, tables `<latent>[t-1]`. */
  readonly past?: readonly { readonly name: string; readonly lag: number }[];
  readonly memory?: MemoryOf;
}

/** The name of the axis of several draws: no name of the language can be the same. */
export const samplesAxis = "draw#";

/** A part of the bound before expectations over enumerated sites and draws are taken. */
export interface BoundTerm {
  readonly name: string;
  readonly node: NodeId;
  /** Inner plates over which it is summed. */
  readonly plates: readonly string[];
}

/** A closed divergence, entry by entry of the latent. */
export interface ClosedDivergence {
  readonly latent: string;
  readonly node: NodeId;
  readonly plates: readonly string[];
  readonly eventAxes: readonly string[];
}

/**
 * The parts of the bound
 *
 *     L = E_q[ sum of likelihood terms ] - sum over sites of divergence(q || p)
 *
 * written into one builder: draws of the sites, densities at the draws, eliminated latents summed out.
 */
export class BoundTerms {
  readonly builder = new PlanBuilder();
  readonly rows: string;
  readonly elaborator: Elaborator;
  /** Draws of the continuous sites, in drawing order. */
  readonly drawn = new Map<string, NodeId>();
  readonly likelihood: BoundTerm[] = [];
  /** log p at the draws of the latents: with `guideDensities` the estimated part of the divergence. */
  readonly latentDensities: BoundTerm[] = [];
  readonly guideDensities: BoundTerm[] = [];
  readonly closed: ClosedDivergence[] = [];
  readonly statistics: StatisticsTaken = new Map();
  /** Continuous stand-ins of discrete sites, and the probabilities of their values. */
  private readonly relaxed = new Map<string, NodeId>();
  private readonly probabilities = new Map<string, NodeId>();
  private readonly enumerated: readonly DensityFactor[];
  private readonly guideTables = new Map<string, NodeId>();
  private eliminatedPotentials: readonly Potential[] = [];

  constructor(
    private readonly bound: BoundModel,
    private readonly options: BoundOptions,
  ) {
    const { model, sites } = bound;
    const { builder } = this;
    this.rows = declareRows(builder, model);
    if (options.samples !== undefined) builder.axis(samplesAxis, { kind: "literal", value: options.samples });
    this.elaborator = new Elaborator(model, builder, {
      parameters: "parameter",
      drawn: this.drawn,
      masksMissing: true,
      statistics: this.statistics,
      relaxed: this.relaxed,
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      ...(options.isTraining === undefined ? {} : { isTraining: options.isTraining }),
    });
    this.enumerated = sites.filter(
      (site) => isEnumerable(this.elaborator.variable(site.child)) && !this.isScored(site.child),
    );
    for (const { name, lag } of options.past ?? [])
      this.drawn.set(laggedName(name, lag), this.latentTable(this.elaborator.variable(name), lag));
    for (const site of sites) this.drawSite(site);
    const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
    const eliminated = this.writeEliminated(factors);
    for (const factor of factors) if (!eliminated.has(factor.name)) this.writeFactor(factor);
  }

  /** Is this discrete site drawn? At the centres of the sites every value of it is looked at. */
  isScored(name: string): boolean {
    return this.bound.scored.includes(name) && this.options.atCentre !== true;
  }

  /** Expectation over the enumerated sites and the draws, summed over inner plates: per row. */
  perRow(term: BoundTerm): NodeId {
    return this.builder.sum(this.expectation(term.node), term.plates);
  }

  /** The same, kept apart by draw. */
  perDraw(term: BoundTerm): NodeId {
    return this.builder.sum(this.overEnumerated(term.node), term.plates);
  }

  expectation(node: NodeId): NodeId {
    const { builder } = this;
    const overValues = this.overEnumerated(node);
    if (!builder.has(overValues, samplesAxis)) return overValues;
    return builder.over(builder.sum(overValues, [samplesAxis]), builder.size(samplesAxis));
  }

  /** Probabilities of the values of an enumerated site, those of the sites that it reads summed out. */
  marginal(name: string): NodeId {
    const table = this.guideTables.get(name);
    if (table === undefined) throw new Error(`derive: ${name} is no enumerated site`);
    const own = valuesAxis(this.builder, this.elaborator.variable(name));
    return this.overEnumerated(this.builder.unary("exp", table), own);
  }

  private overEnumerated(node: NodeId, kept?: string): NodeId {
    const { builder } = this;
    const axes = new Set<string>();
    const weights: NodeId[] = [];
    const visit = (id: NodeId): void => {
      for (const site of this.enumerated) {
        const axis = valuesAxis(builder, this.elaborator.variable(site.child));
        if (axis === kept || axes.has(axis) || !builder.has(id, axis)) continue;
        axes.add(axis);
        const table = this.guideTables.get(site.child);
        if (table === undefined) throw new Error(`derive: the site ${site.child} is read before it is made`);
        const probability = builder.unary("exp", table);
        weights.push(probability);
        visit(probability);
      }
    };
    visit(node);
    return axes.size === 0 ? node : builder.contract([...weights, node], [...axes]);
  }

  /** Values of a latent that are handed in. */
  private latentTable(variable: Variable, lag: number): NodeId {
    const { builder } = this;
    declarePlates(builder, this.bound.model, variable.axes);
    const axes = [...variable.axes, ...eventAxesOf(builder, variable)];
    return builder.keep(builder.input("table", laggedName(variable.name, lag), axes));
  }

  private drawSite(site: DensityFactor): void {
    const { builder, elaborator } = this;
    const variable = elaborator.variable(site.child);
    declarePlates(builder, this.bound.model, variable.axes);
    const eventAxes = eventAxesOf(builder, variable);
    builder.rule(`guide ${site.child}`, () => {
      if (this.isScored(site.child) && this.options.relaxed !== undefined) {
        this.relax(site, variable, this.options.relaxed);
        return;
      }
      if (isEnumerable(variable) && !this.isScored(site.child)) {
        this.guideTables.set(site.child, factorDensity(elaborator, site, false));
        return;
      }
      if (this.options.isGiven === true && !isEnumerable(variable)) {
        this.drawn.set(site.child, this.latentTable(variable, 0));
        return;
      }
      const context = argumentContext(elaborator, site, eventAxes, categoriesAxisOf(elaborator, variable, eventAxes));
      const { samples, atCentre } = this.options;
      const family = distributions[site.distribution];
      const node =
        atCentre === true
          ? family.mean(context)
          : family.sample({
              ...context,
              axes: [...variable.axes, ...(samples === undefined ? [] : [samplesAxis])],
              site: site.child,
            });
      this.drawn.set(site.child, builder.keep(node));
    });
  }

  /**
   * A vector of weights in place of one value: softmax((log q + g) / temperature), g = -log(-log u) standard Gumbel.
   *
   * @source Maddison, Mnih and Teh 2017, eq. 9; Jang, Gu and Poole 2017
   */
  private relax(site: DensityFactor, variable: Variable, temperature: number): void {
    const { builder, elaborator } = this;
    const { samples } = this.options;
    const axis = valuesAxis(builder, variable);
    const table = factorDensity(elaborator, site, false);
    const uniform = builder.draw(
      "uniform",
      [],
      [...variable.axes, ...(samples === undefined ? [] : [samplesAxis]), axis],
      site.child,
    );
    const log = (node: NodeId): NodeId => builder.unary("log", node);
    const noise = builder.unary("negate", log(builder.unary("negate", log(uniform))));
    this.probabilities.set(site.child, builder.unary("exp", table));
    this.relaxed.set(site.child, builder.softmax(builder.scale(1 / temperature, builder.plus(table, noise)), [axis]));
  }

  /** Of a site with a stand-in, a table of its values is averaged by their probabilities. */
  private averaged(name: string, table: NodeId): NodeId {
    const probabilities = this.probabilities.get(name);
    if (probabilities === undefined) return table;
    return this.builder.contract([probabilities, table], [valuesAxis(this.builder, this.elaborator.variable(name))]);
  }

  /** Factors that mention an eliminated latent, summed over its values. */
  private writeEliminated(factors: readonly DensityFactor[]): ReadonlySet<string> {
    const { builder, elaborator } = this;
    const { eliminated } = this.bound;
    if (eliminated.length === 0) return new Set();
    const touching = factors.filter(
      (factor) => eliminated.includes(factor.child) || eliminated.some((name) => mentions(factor, name)),
    );
    const potentials: Potential[] = touching.map((factor) => ({
      node: factorDensity(elaborator, factor, true),
      plates: elaborator.variable(factor.child).axes,
    }));
    this.eliminatedPotentials = potentials;
    const node = builder.rule("eliminate inside the bound", () => this.eliminateAll(eliminated));
    const term: BoundTerm = { name: eliminated.join(", "), node, plates: [] };
    const isObserved = touching.some((factor) => elaborator.variable(factor.child).role === "observed");
    (isObserved ? this.likelihood : this.latentDensities).push(term);
    return new Set(touching.map((factor) => factor.name));
  }

  private eliminateAll(names: readonly string[]): NodeId {
    const latents = names.map((name) => ({ name, plates: this.elaborator.variable(name).axes }));
    return eliminate(this.builder, this.eliminatedPotentials, latents, rowsAxisOf(this.bound.model));
  }

  /** Posterior probabilities of the values of a latent that rows sum out, given the other latents where they are drawn. */
  posteriorOfEliminated(name: string): NodeId {
    const others = this.bound.eliminated.filter((other) => other !== name);
    const axis = valuesAxis(this.builder, this.elaborator.variable(name));
    return this.expectation(this.builder.softmax(this.eliminateAll(others), [axis]));
  }

  private writeFactor(factor: DensityFactor): void {
    const { builder, elaborator } = this;
    const variable = elaborator.variable(factor.child);
    const plates = variable.axes.filter((axis) => axis !== this.rows);
    const site = this.bound.sites.find(({ child }) => child === factor.child);
    if (variable.role === "latent" && this.options.closedDivergences && site !== undefined) {
      const divergence = builder.rule(`divergence ${factor.child}`, () => this.closedDivergence(site, factor));
      if (divergence !== undefined) {
        this.closed.push({ latent: factor.child, node: divergence, plates, eventAxes: eventAxesOf(builder, variable) });
        return;
      }
    }
    const node = this.averaged(factor.child, factorDensity(elaborator, factor, true));
    const term: BoundTerm = { name: factor.child, node, plates };
    if (variable.role !== "latent") {
      this.likelihood.push(term);
      return;
    }
    this.latentDensities.push(term);
  }

  /** log q of every site whose divergence is not closed. */
  writeGuideDensities(): void {
    const closed = new Set(this.closed.map(({ latent }) => latent));
    for (const site of this.bound.sites) {
      if (closed.has(site.child)) continue;
      const variable = this.elaborator.variable(site.child);
      const plates = variable.axes.filter((axis) => axis !== this.rows);
      const node =
        this.guideTables.get(site.child) ?? this.averaged(site.child, factorDensity(this.elaborator, site, false));
      this.guideDensities.push({ name: site.child, node, plates });
    }
  }

  /**
   * KL(Normal(m, s) || Normal(n, t)), entries independent: log(t/s) + (s^2 + (m - n)^2) / (2 t^2) - 1/2.
   * Undefined where either is of another family or has a full covariance.
   */
  private closedDivergence(site: DensityFactor, prior: DensityFactor): NodeId | undefined {
    const family = site.distribution;
    if (family !== prior.distribution || (family !== "Normal" && family !== "LogNormal")) return undefined;
    const { builder, elaborator } = this;
    const variable: Variable = elaborator.variable(site.child);
    const eventAxes = eventAxesOf(builder, variable);
    const [q, p] = [site, prior].map((factor) => {
      const context = argumentContext(elaborator, factor, eventAxes, eventAxes[0]);
      if (context.has("covariance")) {
        const { structure } = context.covariance("covariance");
        if (structure === "full" || structure === "lowRank") return undefined;
      }
      return { mean: context.argument("mean"), variance: variances(context, "covariance") };
    });
    if (q === undefined || p === undefined) return undefined;
    const ratio = builder.over(
      builder.plus(q.variance, builder.unary("square", builder.minus(q.mean, p.mean))),
      p.variance,
    );
    const logRatio = builder.minus(builder.unary("log", p.variance), builder.unary("log", q.variance));
    return builder.scale(0.5, builder.minus(builder.plus(logRatio, ratio), builder.constant(1)));
  }
}

/**
 * Variances of a drawn latent under its site, entry by entry, the values of enumerated sites averaged out; undefined where
 * the site is not Normal with independent entries.
 */
export function siteVariance(terms: BoundTerms, site: DensityFactor): NodeId | undefined {
  const { builder, elaborator } = terms;
  if (site.distribution !== "Normal") return undefined;
  const eventAxes = eventAxesOf(builder, elaborator.variable(site.child));
  const context = argumentContext(elaborator, site, eventAxes, eventAxes[0]);
  if (context.has("covariance")) {
    const { structure } = context.covariance("covariance");
    if (structure === "full" || structure === "lowRank") return undefined;
  }
  return terms.expectation(variances(context, "covariance"));
}

/** The density context of an observed variable at the drawn latents. */
export function observedContext(terms: BoundTerms, factor: DensityFactor): ReturnType<typeof densityContext> {
  return densityContext(terms.elaborator, factor, true);
}

function mentions(factor: DensityFactor, name: string): boolean {
  return Object.values(factor.arguments).some((argument) =>
    [...walkExpression(argument)].some((part) => part.kind === "variable" && part.name === name),
  );
}
