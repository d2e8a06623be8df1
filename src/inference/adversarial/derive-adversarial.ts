import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, ImplicitFactor, Model } from "../../ir/model.js";
import { adjoints } from "../../ir/passes/differentiate.js";
import { replayDraws } from "../../ir/passes/replay-draws.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { AdversarialProgram, NoiseTable } from "../../ir/program.js";
import { declareRows, eventAxesOf, rowsAxisOf } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { argumentContext } from "../elaborate/factor-density.js";
import { ParameterGradients } from "../elbo/weighted-gradients.js";
import { type StatisticsTaken, writeStatistics } from "../networks/batch-normalisation.js";
import { directionName } from "../networks/network-layers.js";
import { spectralNorm, type WeightedLayer, weightedLayers } from "../networks/spectral-norm.js";
import { networkParameters, withNetworkParameters } from "../networks/network-parameters.js";
import { deriveSample } from "../queries/sample.js";
import { explainGame } from "./explain-game.js";
import { type AdversarialOptions, adversarialOptionsOf } from "./learn-options.js";
import { criticObjective, generatorObjective } from "./losses.js";

/** Keeps the derivative of a norm finite where the norm is 0. */
const normFloor = 1e-12;

/**
 * Derives adversarial learning of `observe x = e` with `critic F(x, …)`.
 *
 *     x~ = e(z~, c), z~ drawn from its prior
 *     critic      ascends the objective of the loss on a batch of data and of draws, less the penalties
 *     generator   ascends its own on fresh draws, the critic held
 *     penalty     gp (|dF/dx^| - 1)^2 at x^ between data and draws · r1/2 |dF/dx|^2 on the data: derivatives of the
 *                 derivative, which is a plan like any other
 */
export function deriveAdversarial(model: Model): AdversarialProgram {
  const { critic } = model;
  if (critic === undefined) throw new Error(`derive: ${model.name} has no critic`);
  const options = adversarialOptionsOf(model);
  const networks = model.networks.map((network) =>
    options.spectral && network.name === critic.network ? { ...network, isSpectral: true as const } : network,
  );
  const weights = networkParameters(networks);
  const full = withNetworkParameters({ ...model, networks }, weights);
  const criticStep = writeCriticStep(full, options);
  const generatorStep = writeGeneratorStep(full, options);
  const tables = new Map<string, NoiseTable>();
  const replayed = (fn: PlanFunction): PlanFunction => {
    const { fn: made, tables: read } = replayDraws(fn);
    for (const { name, family, axes } of read) {
      const shape = axes.filter(({ size }) => size.kind !== "rows").map(({ size }) => size);
      const perRow = axes.some(({ size }) => size.kind === "rows");
      const readBy = [...(tables.get(name)?.readBy ?? []), fn.name];
      tables.set(name, { name, family, perRow, shape, readBy });
    }
    return made;
  };
  return {
    algorithm: "adversarial",
    model: full,
    rowsAxis: rowsAxisOf(model),
    criticStep: replayed(criticStep),
    generatorStep: replayed(generatorStep),
    sample: deriveSample(full),
    critic: namedBy(criticStep, "gradient."),
    generator: namedBy(generatorStep, "gradient."),
    carried: namedBy(criticStep, "next."),
    noise: [...tables.values()],
    starts: weights.starts,
    report: explainGame(model, options, latentFactors(model)),
  };
}

function namedBy(fn: PlanFunction, prefix: string): readonly string[] {
  return fn.outputs.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

/** What both steps are written with: draws of the latents, and the critic at any value of the implicit variable. */
class Game {
  readonly builder = new PlanBuilder();
  readonly rows: string;
  private readonly latents = new Map<string, NodeId>();
  readonly variable: string;
  readonly eventAxes: readonly string[];
  private readonly implicit: ImplicitFactor;
  /** Layers of the critic whose weights are divided by their norm, by the name of the direction that they carry on. */
  readonly directions: ReadonlyMap<string, WeightedLayer>;
  readonly statistics: StatisticsTaken = new Map();

  constructor(
    readonly model: Model,
    private readonly prefix: string,
  ) {
    this.rows = declareRows(this.builder, model);
    const implicit = model.factors.find((factor): factor is ImplicitFactor => factor.kind === "implicit");
    if (implicit === undefined) throw new Error(`derive: ${model.name} has no implicit variable`);
    this.implicit = implicit;
    const spectral = model.networks.filter(({ isSpectral }) => isSpectral === true).flatMap(weightedLayers);
    this.directions = new Map(spectral.map((layer) => [directionName(layer), layer]));
    this.variable = implicit.child;
    this.eventAxes = eventAxesOf(this.builder, this.elaborator().variable(implicit.child));
  }

  /** Elaborates with some variables at given nodes. */
  elaborator(at: ReadonlyMap<string, NodeId> = this.latents): Elaborator {
    return new Elaborator(this.model, this.builder, {
      parameters: "parameter",
      drawn: at,
      masksMissing: true,
      isTraining: true,
      statistics: this.statistics,
    });
  }

  data(): NodeId {
    const elaborator = this.elaborator();
    return elaborator.data(elaborator.variable(this.variable), this.eventAxes);
  }

  /** A draw of the implicit variable. */
  draw(): NodeId {
    const { builder, model } = this;
    for (const factor of latentFactors(model)) {
      const elaborator = this.elaborator();
      const latent = elaborator.variable(factor.child);
      const axes = eventAxesOf(builder, latent);
      const node = distributions[factor.distribution].sample({
        ...argumentContext(elaborator, factor, axes, axes[0]),
        axes: latent.axes,
        site: `${this.prefix}.${factor.child}`,
      });
      this.latents.set(factor.child, node);
    }
    return this.elaborator().value(this.implicit.value, this.eventAxes);
  }

  /** The critic's value, row by row. */
  criticAt(value: NodeId): NodeId {
    const { critic } = this.model;
    if (critic === undefined) throw new Error("derive: no critic");
    const call: Expression = {
      kind: "network",
      network: critic.network,
      output: 0,
      arguments: critic.arguments,
      type: { kind: "real", shape: [] },
      span: critic.span,
    };
    return this.elaborator(new Map([...this.latents, [this.variable, value]])).value(call, []);
  }

  mean(node: NodeId): NodeId {
    return this.builder.over(this.builder.sum(node, [this.rows]), this.builder.size(this.rows));
  }

  /** Squared norm of the critic's derivative at a kept value, row by row. */
  squaredSlope(value: NodeId): NodeId {
    const { builder } = this;
    const [slope] = adjoints(builder, this.criticAt(value), [value]);
    if (slope === undefined) throw new Error("derive: no slope");
    return builder.sum(builder.unary("square", slope), this.eventAxes);
  }

  /** Learned parameters whose networks the critic calls, and the others. */
  sides(): { readonly critic: readonly string[]; readonly generator: readonly string[] } {
    const prefix = `${this.model.critic?.network}.`;
    const learned = this.model.parameters
      .filter(({ name, fixed }) => fixed === undefined && !this.statistics.has(name))
      .map(({ name }) => name);
    return {
      critic: learned.filter((name) => name.startsWith(prefix) && !this.directions.has(name)),
      generator: learned.filter((name) => !name.startsWith(prefix)),
    };
  }
}

function writeCriticStep(model: Model, options: AdversarialOptions): PlanFunction {
  const game = new Game(model, "critic");
  const { builder } = game;
  const real = builder.keep(game.data());
  const drawn = game.draw();
  const onData = game.criticAt(real);
  const onDraws = game.criticAt(drawn);
  const score = game.mean(criticObjective(builder, options.loss, onData, onDraws));
  let penalty = builder.constant(0);
  if (options.gp > 0) {
    const share = builder.draw("uniform", [], [game.rows], "critic.mix");
    const mixed = builder.plus(
      builder.times(share, real),
      builder.times(builder.minus(builder.constant(1), share), drawn),
    );
    const between = builder.keep(mixed);
    const norm = builder.unary("sqrt", builder.plus(game.squaredSlope(between), builder.constant(normFloor)));
    const excess = builder.unary("square", builder.minus(norm, builder.constant(1)));
    penalty = builder.plus(penalty, builder.scale(options.gp, game.mean(excess)));
  }
  if (options.r1 > 0)
    penalty = builder.plus(penalty, builder.scale(options.r1 / 2, game.mean(game.squaredSlope(real))));
  const objective = builder.minus(score, penalty);
  builder.output("objective", objective, []);
  builder.output("gap", game.mean(builder.minus(onData, onDraws)), []);
  builder.output("penalty", penalty, []);
  for (const [name, layer] of game.directions) {
    const { next, axes } = spectralNorm(builder, layer);
    builder.output(`next.${name}`, next, axes);
  }
  writeStatistics(builder, game.statistics);
  const gradients = new ParameterGradients(game.elaborator(), game.sides().critic);
  gradients.add(objective);
  gradients.write();
  return builder.build("criticStep", "The critic's objective on a batch of data and of draws, with its derivatives.");
}

function writeGeneratorStep(model: Model, options: AdversarialOptions): PlanFunction {
  const game = new Game(model, "generator");
  const { builder } = game;
  const objective = game.mean(generatorObjective(builder, options.loss, game.criticAt(game.draw())));
  builder.output("objective", objective, []);
  const gradients = new ParameterGradients(game.elaborator(), game.sides().generator);
  gradients.add(objective);
  gradients.write();
  return builder.build("generatorStep", "The generator's objective on draws, the critic held, with its derivatives.");
}

/** Latents in drawing order. */
export function latentFactors(model: Model): readonly DensityFactor[] {
  const latents = model.variables.filter(({ role }) => role === "latent").map(({ name }) => name);
  const waiting = model.factors.filter(
    (factor): factor is DensityFactor => factor.kind === "density" && latents.includes(factor.child),
  );
  const ordered: DensityFactor[] = [];
  const text = (factor: DensityFactor): string =>
    JSON.stringify(factor.arguments, (key, value: unknown) => (key === "span" ? undefined : value));
  while (waiting.length > 0) {
    const next = waiting.findIndex((factor) =>
      waiting.every((other) => other === factor || !text(factor).includes(`"name":"${other.child}"`)),
    );
    if (next < 0) throw new Error("derive: the latents read each other in a circle");
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}
