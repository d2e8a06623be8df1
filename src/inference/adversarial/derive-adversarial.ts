import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, ImplicitFactor, Model, Variable } from "../../ir/model.js";
import { adjoints } from "../../ir/passes/differentiate.js";
import { replayDraws } from "../../ir/passes/replay-draws.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { AdversarialProgram, NoiseTable } from "../../ir/program.js";
import { declareRows, eventAxesOf, rowsAxisOf, valuesAxis } from "../elaborate/axes.js";
import { type ElaborationMode, Elaborator } from "../elaborate/elaborator.js";
import { argumentContext } from "../elaborate/factor-density.js";
import { ParameterGradients } from "../elbo/weighted-gradients.js";
import { type StatisticsTaken, writeStatistics } from "../networks/batch-normalisation.js";
import { directionName } from "../networks/network-layers.js";
import { spectralNorm, type WeightedLayer, weightedLayers } from "../networks/spectral-norm.js";
import { networkParameters, withNetworkParameters } from "../networks/network-parameters.js";
import { type ModelInUnits, inUnitsOfData } from "../networks/units-of-data.js";
import { deriveSample } from "../queries/sample.js";
import { explainGame } from "./explain-game.js";
import { type AdversarialOptions, adversarialOptionsOf } from "./learn-options.js";
import { criticObjective, generatorObjective } from "./losses.js";

/** Keeps the derivative of a norm finite where the norm is 0. */
const normFloor = 1e-12;

/**
 * Derives adversarial learning of `observe x = e` with `critic F(x, …)`.
 *
 *     x~ = e(z~, c), z~ drawn from its prior; both x and x~ in units of the data where e is the output of a network
 *     critic      ascends the objective of the loss on a batch of data and of draws, less the penalties
 *     generator   ascends its own on fresh draws, the critic held
 *     penalty     gp (|dF/dx^| - 1)^2 at x^ between data and draws · r1/2 |dF/dx|^2 on the data: derivatives of the
 *                 derivative, which is a plan like any other
 */
export function deriveAdversarial(written: Model): AdversarialProgram {
  const units = inUnitsOfData(written);
  const { model } = units;
  const { critic } = model;
  if (critic === undefined) throw new Error(`derive: ${model.name} has no critic`);
  const options = adversarialOptionsOf(model);
  const networks = model.networks.map((network) =>
    options.spectral && network.name === critic.network ? { ...network, isSpectral: true as const } : network,
  );
  const weights = networkParameters(networks, model.learn);
  const full = withNetworkParameters({ ...model, networks }, weights, units.scales);
  const standard = units.implicit;
  const criticStep = writeCriticStep(full, options, standard);
  const generatorStep = writeGeneratorStep(full, options, standard);
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
    starts: { ...weights.starts, ...units.starts },
    report: explainGame(written, options, latentFactors(written), {
      standard: [...standard.keys()],
      units: units.report,
    }),
  };
}

/**
 * Implicit variables that the game is about in units of the data: the critic reads (x - mean) / deviation of data and
 * draws, and penalties are on its slope in that.
 */
type Standard = ModelInUnits["implicit"];

function namedBy(fn: PlanFunction, prefix: string): readonly string[] {
  return fn.outputs.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

/** An implicit variable, and the axes that its values lie along in the critic's eyes: probabilities, for a category. */
interface Drawn {
  readonly factor: ImplicitFactor;
  readonly variable: Variable;
  readonly axes: readonly string[];
}

/** Values of the implicit variables, in their order. */
type Values = readonly NodeId[];

/** What both steps are written with: draws of the latents, and the critic at any value of the implicit variables. */
class Game {
  readonly builder = new PlanBuilder();
  readonly rows: string;
  private readonly latents = new Map<string, NodeId>();
  readonly implicit: readonly Drawn[];
  /** Layers of the critic whose weights are divided by their norm, by the name of the direction that they carry on. */
  readonly directions: ReadonlyMap<string, WeightedLayer>;
  readonly statistics: StatisticsTaken = new Map();

  constructor(
    readonly model: Model,
    private readonly prefix: string,
    private readonly standard: Standard,
  ) {
    this.rows = declareRows(this.builder, model);
    const spectral = model.networks.filter(({ isSpectral }) => isSpectral === true).flatMap(weightedLayers);
    this.directions = new Map(spectral.map((layer) => [directionName(layer), layer]));
    this.implicit = model.factors
      .filter((factor): factor is ImplicitFactor => factor.kind === "implicit")
      .map((factor) => {
        const variable = this.elaborator().variable(factor.child);
        return { factor, variable, axes: this.axesSeen(variable) };
      });
  }

  private axesSeen(variable: Variable): readonly string[] {
    return variable.domain.kind === "category"
      ? [valuesAxis(this.builder, variable)]
      : eventAxesOf(this.builder, variable);
  }

  /** Elaborates with some variables at given nodes. */
  elaborator(
    at: ReadonlyMap<string, NodeId> = this.latents,
    relaxed: ElaborationMode["relaxed"] = new Map(),
  ): Elaborator {
    return new Elaborator(this.model, this.builder, {
      parameters: "parameter",
      drawn: at,
      relaxed,
      masksMissing: true,
      isTraining: true,
      statistics: this.statistics,
    });
  }

  data(): Values {
    const elaborator = this.elaborator();
    return this.implicit.map(({ variable, axes }) =>
      variable.domain.kind === "category"
        ? this.builder.oneHot(elaborator.data(variable, []), axes[0])
        : this.standardised(elaborator.data(variable, axes), variable.name, axes),
    );
  }

  private standardised(data: NodeId, name: string, axes: readonly string[]): NodeId {
    const { builder } = this;
    const units = this.standard.get(name);
    if (units === undefined) return data;
    const [mean, deviation] = [units.mean, units.deviation].map((one) => builder.input("parameter", one, axes));
    return builder.over(builder.minus(data, mean), deviation);
  }

  /** A draw of the implicit variables, in the units that the game is about. */
  draw(): Values {
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
    const elaborator = this.elaborator();
    return this.implicit.map(({ factor, axes }) =>
      elaborator.value(this.standard.get(factor.child)?.value ?? factor.value, axes),
    );
  }

  /** The critic's value, row by row. */
  criticAt(values: Values): NodeId {
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
    const at = new Map(this.latents);
    const relaxed = new Map<string, NodeId>();
    this.implicit.forEach(({ variable }, i) => {
      if (variable.domain.kind === "category") relaxed.set(variable.name, values[i]!);
      else at.set(variable.name, values[i]!);
    });
    return this.elaborator(at, relaxed).value(call, []);
  }

  mean(node: NodeId): NodeId {
    return this.builder.over(this.builder.sum(node, [this.rows]), this.builder.size(this.rows));
  }

  /** Squared norm of the critic's derivative at kept values, row by row. */
  squaredSlope(values: Values): NodeId {
    const { builder } = this;
    const slopes = adjoints(builder, this.criticAt(values), values);
    return this.implicit
      .map(({ axes }, i) => builder.sum(builder.unary("square", slopes[i]!), axes))
      .reduce((left, right) => builder.plus(left, right));
  }

  /** Learned parameters whose networks the critic calls, and the others. */
  sides(): { readonly critic: readonly string[]; readonly generator: readonly string[] } {
    const prefix = `${this.model.critic?.network}.`;
    const learned = this.model.parameters
      .filter(
        ({ name, fixed, asWritten }) => fixed === undefined && asWritten === undefined && !this.statistics.has(name),
      )
      .map(({ name }) => name);
    return {
      critic: learned.filter((name) => name.startsWith(prefix) && !this.directions.has(name)),
      generator: learned.filter((name) => !name.startsWith(prefix)),
    };
  }
}

function writeCriticStep(model: Model, options: AdversarialOptions, standard: Standard): PlanFunction {
  const game = new Game(model, "critic", standard);
  const { builder } = game;
  const real = game.data().map((node) => builder.keep(node));
  const drawn = game.draw();
  const onData = game.criticAt(real);
  const onDraws = game.criticAt(drawn);
  const score = game.mean(criticObjective(builder, options.loss, onData, onDraws));
  let penalty = builder.constant(0);
  if (options.gp > 0) {
    const share = builder.draw("uniform", [], [game.rows], "critic.mix");
    const rest = builder.minus(builder.constant(1), share);
    const between = real.map((node, i) =>
      builder.keep(builder.plus(builder.times(share, node), builder.times(rest, drawn[i]!))),
    );
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

function writeGeneratorStep(model: Model, options: AdversarialOptions, standard: Standard): PlanFunction {
  const game = new Game(model, "generator", standard);
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
