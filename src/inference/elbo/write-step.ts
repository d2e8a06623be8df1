import { adjoints } from "../../ir/passes/differentiate.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { writeStatistics } from "../networks/batch-normalisation.js";
import { logPriorNode } from "../prior.js";
import { type BoundModel, BoundTerms, samplesAxis } from "./bound-terms.js";
import type { ElboOptions } from "./learn-options.js";
import { ParameterGradients } from "./weighted-gradients.js";

/**
 * One step of learning: the mean of the bound over a batch, with its derivatives.
 *
 *     objective = mean_n( E_q log p(x | z) - beta divergence ) + log prior / rows
 *
 * With free bits each latent dimension's divergence, averaged over the batch, counts as at least `freebits`. With `iwae`
 * the objective is log-mean-exp of the importance weights and the guide's derivative doubly reparameterised; with `stl`
 * the guide's own density is held fixed where it is evaluated.
 *
 * @source Tucker, Lawson, Gu and Maddison 2019 (doubly reparameterised); Roeder, Wu and Duvenaud 2017 (stl)
 */
export function writeStep(bound: BoundModel, options: ElboOptions): PlanFunction {
  const several = options.iwae ?? (options.samples > 1 ? options.samples : undefined);
  const estimates = options.iwae !== undefined || options.stl;
  const terms = new BoundTerms(bound, {
    ...(several === undefined ? {} : { samples: several }),
    isTraining: true,
    ...(options.relaxed === undefined ? {} : { relaxed: options.relaxed }),
    closedDivergences: !estimates,
  });
  terms.writeGuideDensities();
  const { builder, elaborator } = terms;
  const weight = weightOf(bound, terms);
  const total = weight === undefined ? builder.size(terms.rows) : builder.sum(weight, [terms.rows]);
  const mean = (perRow: NodeId): NodeId =>
    builder.over(builder.sum(weight === undefined ? perRow : builder.times(weight, perRow), [terms.rows]), total);
  const learned = bound.model.parameters
    .filter(({ name, fixed }) => fixed === undefined && !terms.statistics.has(name) && !bound.held.includes(name))
    .map(({ name }) => name);
  const beta = builder.input("table", "step.beta", []);
  const logPrior = builder.over(logPriorNode(elaborator, learned), builder.input("table", "step.rows", []));

  const sum = (nodes: readonly NodeId[]): NodeId =>
    nodes.reduce((left, right) => builder.plus(left, right), builder.constant(0));
  const modelDraws = [...terms.drawn.values()];
  let objective: NodeId;
  let gradients: ParameterGradients;
  let plainBound: NodeId;
  let divergence: NodeId;
  if (!estimates) {
    const likelihood = mean(sum(terms.likelihood.map((term) => terms.perRow(term))));
    const estimated = mean(
      builder.minus(
        sum(terms.guideDensities.map((term) => terms.perRow(term))),
        sum(terms.latentDensities.map((term) => terms.perRow(term))),
      ),
    );
    const closed = terms.closed.map(({ node, plates, eventAxes }) => ({
      // Averaged over rows and summed over plates, dimension by dimension.
      node: mean(builder.sum(terms.expectation(node), plates)),
      eventAxes,
    }));
    const counted = closed.map(({ node, eventAxes }) => {
      const floor = builder.constant(options.freebits);
      return builder.sum(options.freebits > 0 ? builder.binary("maximum", node, floor) : node, eventAxes);
    });
    divergence = builder.plus(estimated, sum(closed.map(({ node, eventAxes }) => builder.sum(node, eventAxes))));
    plainBound = builder.minus(likelihood, divergence);
    objective = builder.plus(
      builder.minus(likelihood, builder.times(beta, builder.plus(estimated, sum(counted)))),
      logPrior,
    );
    gradients = new ParameterGradients(elaborator, learned);
    gradients.add(objective);
    if (bound.scored.length > 0 && options.relaxed === undefined)
      addScores(bound, terms, gradients, beta, weight, total);
  } else {
    const logModel = sum(terms.likelihood.map((term) => terms.perDraw(term)));
    const logLatents = sum(terms.latentDensities.map((term) => terms.perDraw(term)));
    const logGuide = sum(terms.guideDensities.map((term) => terms.perDraw(term)));
    const scaled = (node: NodeId): NodeId => builder.times(beta, node);
    const modelSide = builder.plus(logModel, scaled(logLatents));
    const logWeight = builder.minus(modelSide, scaled(logGuide));
    const plainWeight = builder.minus(builder.plus(logModel, logLatents), logGuide);
    divergence = mean(overDraws(terms, builder.minus(logGuide, logLatents)));
    const importance = several !== undefined && options.iwae !== undefined;
    const logCount = builder.unary("log", several === undefined ? builder.constant(1) : builder.size(samplesAxis));
    const combine = (node: NodeId): NodeId =>
      importance ? builder.minus(builder.logSumExp(node, [samplesAxis]), logCount) : overDraws(terms, node);
    plainBound = mean(combine(plainWeight));
    const perRow = mean(combine(logWeight));
    objective = builder.plus(perRow, logPrior);
    gradients = new ParameterGradients(elaborator, learned);
    // Each draw counts by its weight in the model's own parameters, and by the square of it through the draws.
    const rowShare = weight === undefined ? builder.unary("reciprocal", total) : builder.over(weight, total);
    const share = importance
      ? builder.softmax(logWeight, [samplesAxis])
      : several === undefined
        ? builder.constant(1)
        : builder.unary("reciprocal", builder.size(samplesAxis));
    const direct = builder.times(rowShare, share);
    // The guide's own density is multiplied by beta, and so is what its score turns into: share - beta (share - share^2).
    const counted = builder.plus(builder.minus(builder.constant(1), beta), builder.times(beta, share));
    const throughDraws = importance ? builder.times(direct, counted) : direct;
    gradients.add(modelSide, modelDraws, direct);
    gradients.add(logPrior);
    const adjointsOfDraws = [...adjoints(builder, logWeight, modelDraws, throughDraws)];
    for (let i = modelDraws.length - 1; i >= 0; i--) {
      const earlier = modelDraws.slice(0, i);
      const back = gradients.add(modelDraws[i]!, earlier, adjointsOfDraws[i]!);
      back.forEach((node, j) => (adjointsOfDraws[j] = builder.plus(adjointsOfDraws[j]!, node)));
    }
  }
  builder.output("objective", objective, []);
  builder.output("bound", plainBound, []);
  builder.output("divergence", divergence, []);
  writeStatistics(builder, terms.statistics);
  gradients.write();
  return builder.build("step", "Objective of one minibatch with its derivatives.");
}

/**
 * The derivative through which value a discrete site takes: the score of each draw, weighted by its bound less the mean of
 * the other draws' bounds, which is unbiased whatever that mean is.
 *
 *     sum over draws s of (f_s - mean over j != s of f_j) d log q(y_s) / S
 *
 * @source Kool, van Hoof and Welling 2019, eq. 4
 */
function addScores(
  bound: BoundModel,
  terms: BoundTerms,
  gradients: ParameterGradients,
  beta: NodeId,
  weight: NodeId | undefined,
  total: NodeId,
): void {
  const { builder } = terms;
  const sum = (nodes: readonly NodeId[]): NodeId =>
    nodes.reduce((left, right) => builder.plus(left, right), builder.constant(0));
  const likelihood = sum(terms.likelihood.map((term) => terms.perDraw(term)));
  const divergence = sum([
    ...terms.closed.map(({ latent, node, plates, eventAxes }) =>
      terms.perDraw({ name: latent, node, plates: [...plates, ...eventAxes] }),
    ),
    ...terms.guideDensities.map((term) => terms.perDraw(term)),
    ...terms.latentDensities.map((term) => builder.unary("negate", terms.perDraw(term))),
  ]);
  const value = builder.minus(likelihood, builder.times(beta, divergence));
  const count = builder.size(samplesAxis);
  const others = builder.over(
    builder.minus(builder.sum(value, [samplesAxis]), value),
    builder.minus(count, builder.constant(1)),
  );
  const share = builder.over(weight ?? builder.constant(1), builder.times(total, count));
  const scores = terms.guideDensities.filter(({ name }) => bound.scored.includes(name));
  gradients.add(sum(scores.map((term) => terms.perDraw(term))), [], builder.times(share, builder.minus(value, others)));
}

function overDraws(terms: BoundTerms, node: NodeId): NodeId {
  const { builder } = terms;
  return builder.has(node, samplesAxis)
    ? builder.over(builder.sum(node, [samplesAxis]), builder.size(samplesAxis))
    : node;
}

/** The weight column of the rows, where the model declares one. */
export function weightOf(bound: BoundModel, terms: BoundTerms): NodeId | undefined {
  const name = bound.model.axes.find((axis) => axis.name === terms.rows)?.weight;
  return name === undefined ? undefined : terms.builder.input("data", name, [terms.rows]);
}
