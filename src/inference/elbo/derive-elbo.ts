import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Model } from "../../ir/model.js";
import { replayDraws, type ReplayedDraw } from "../../ir/passes/replay-draws.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import type { CodeGroups, ElboProgram, NoiseTable, ReportLine } from "../../ir/program.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { isEnumerable, rowsAxisOf, valuesAxis } from "../elaborate/axes.js";
import { networkParameters, withNetworkParameters } from "../networks/network-parameters.js";
import { inUnitsOfData } from "../networks/units-of-data.js";
import { deriveLogPrior } from "../prior.js";
import { deriveSample } from "../queries/sample.js";
import { type BoundModel, type BoundOptions, BoundTerms, observedContext, siteVariance } from "./bound-terms.js";
import { codeGroupsOf } from "./code-groups.js";
import { guideOf } from "./derived-guide.js";
import { type ElboOptions, elboOptionsOf } from "./learn-options.js";
import { writeStep } from "./write-step.js";

/**
 * Derives learning by an evidence lower bound.
 *
 *     units      networks work in the units of the data                       ../networks/units-of-data.ts
 *     guide      as written, or an encoder that mirrors the decoder           derived-guide.ts
 *     terms      draws of the sites, densities at the draws, discrete latents enumerated or summed out   bound-terms.ts
 *     step       the mean bound of a minibatch and its derivative             write-step.ts
 *     queries    the same terms, without derivatives
 */
export function deriveElbo(written: Model, sampled: readonly string[]): ElboProgram {
  const units = inUnitsOfData(written);
  const { model } = units;
  const guide = guideOf(model, sampled);
  if ("obstacle" in guide) throw new Error(`derive: ${guide.obstacle} of ${guide.variable}`);
  const networks = [...model.networks, ...guide.networks];
  const weights = networkParameters(networks, model.learn);
  const scales = [...units.scales, ...guide.scales];
  const held = scales.map(({ name }) => name);
  const full = withNetworkParameters({ ...model, networks }, weights, scales);
  const latents = model.variables.filter(({ role }) => role === "latent");
  const covered = new Set(guide.sites.map(({ child }) => child));
  const eliminated = latents
    .filter((latent) => isEnumerable(latent) && !covered.has(latent.name))
    .sort((a, b) => b.axes.length - a.axes.length)
    .map(({ name }) => name);
  const options = elboOptionsOf(model);
  const isDiscrete = (name: string): boolean => latents.some((latent) => latent.name === name && isEnumerable(latent));
  const scored =
    options.isScored || options.relaxed !== undefined ? guide.sites.map(({ child }) => child).filter(isDiscrete) : [];
  const bound: BoundModel = { model: full, sites: guide.sites, eliminated, scored, held };

  const tables = new Map<string, NoiseTable>();
  const replayed = (fn: PlanFunction): PlanFunction => {
    const { fn: made, tables: read } = replayDraws(fn);
    for (const table of read) {
      const known = tables.get(table.name);
      const described = describeTable(table);
      // Functions with one draw for each row read another table than those with several: by their name.
      tables.set(table.name, { ...described, readBy: [...(known?.readBy ?? []), fn.name] });
    }
    return made;
  };
  const codeGroups = codeGroupsOf(model, sampled);
  const step = replayed(writeStep(bound, options));
  const program = {
    algorithm: "elbo",
    model: full,
    rowsAxis: rowsAxisOf(model),
    step,
    bound: replayed(renameDraws(writeBound(bound), "bound")),
    logWeight: replayed(renameDraws(writeLogWeight(bound), "bound")),
    encode: writeEncode(bound, codeGroups),
    reconstruct: writeReconstruct(bound),
    sample: deriveSample(full),
    logPrior: deriveLogPrior(
      full,
      full.parameters.map(({ name }) => name),
    ),
    carried: step.outputs.flatMap(({ name }) => (name.startsWith("next.") ? [name.slice("next.".length)] : [])),
    held,
    starts: { ...weights.starts, ...units.starts, ...guide.starts },
    codeGroups,
    report: [...reportOf(bound, [...units.report, ...guide.report], options, model), ...codeGroups.map(startLine)],
  } as const;
  return { ...program, noise: [...tables.values()] };
}

/** What a step of a chain is told. */
export type StepOptions = Pick<BoundOptions, "isGiven" | "past" | "memory">;

export function describeTable({ name, family, axes }: ReplayedDraw): Omit<NoiseTable, "readBy"> {
  const perRow = axes.some(({ size }) => size.kind === "rows");
  return {
    name,
    family,
    perRow,
    shape: axes.filter(({ size }) => size.kind !== "rows").map(({ size }) => size),
  };
}

/** Draws of a query are apart from those of a step, which may take several for each row. */
function renameDraws(fn: PlanFunction, prefix: string): PlanFunction {
  const nodes = fn.nodes.map((node) =>
    node.operation.kind === "draw"
      ? { ...node, operation: { ...node.operation, site: `${prefix}.${node.operation.site}` } }
      : node,
  );
  return { ...fn, nodes };
}

function startLine({ latent, group }: CodeGroups): ReportLine {
  return {
    rule: "start of groups",
    text:
      `${latent} is learned with one group first (\`pretrain\`), then the groups of ${group} begin at those of a ` +
      `mixture of Gaussians of the codes`,
  };
}

export function writeBound(bound: BoundModel, step: StepOptions = {}): PlanFunction {
  const terms = new BoundTerms(bound, { ...step, closedDivergences: true });
  terms.writeGuideDensities();
  const { builder } = terms;
  const sum = (nodes: readonly NodeId[]): NodeId => nodes.reduce((a, b) => builder.plus(a, b), builder.constant(0));
  const closed = terms.closed.map(({ node, plates, eventAxes }) =>
    builder.sum(terms.expectation(node), [...eventAxes, ...plates]),
  );
  const estimated = builder.minus(
    sum(terms.guideDensities.map((term) => terms.perRow(term))),
    sum(terms.latentDensities.map((term) => terms.perRow(term))),
  );
  const divergence = builder.plus(sum(closed), estimated);
  const likelihood = sum(terms.likelihood.map((term) => terms.perRow(term)));
  builder.output("bound", builder.minus(likelihood, divergence), [terms.rows]);
  builder.output("divergence", divergence, [terms.rows]);
  return builder.build("bound");
}

/** Enumerated sites are summed exactly: log sum over y of p(x, y, z) / q(z | y). */
export function writeLogWeight(bound: BoundModel, step: StepOptions = {}): PlanFunction {
  const terms = new BoundTerms(bound, { ...step, closedDivergences: false });
  terms.writeGuideDensities();
  const { builder, elaborator } = terms;
  const enumerated = bound.sites
    .map(({ child }) => elaborator.variable(child))
    .filter((variable) => isEnumerable(variable) && !terms.isScored(variable.name));
  const isContinuous = (name: string): boolean => !enumerated.some((variable) => variable.name === name);
  const guide = terms.guideDensities.filter(({ name }) => isContinuous(name));
  // Values of an enumerated latent in an inner plate are summed there: each plate's terms go together.
  const potentials = [...terms.likelihood, ...terms.latentDensities].map(({ node, plates }) => ({ node, plates }));
  const negative = guide.map(({ node, plates }) => ({ node: builder.unary("negate", node), plates }));
  const all = [...potentials, ...negative];
  const keyOf = (plates: readonly string[]): string => plates.join("/");
  // Inner plates first: what they come to is one more term of the plate around them.
  const levels = new Map<string, { readonly plates: readonly string[]; node: NodeId }>();
  const add = (plates: readonly string[], node: NodeId): void => {
    const level = levels.get(keyOf(plates));
    if (level === undefined) levels.set(keyOf(plates), { plates, node });
    else level.node = builder.plus(level.node, node);
  };
  for (const { plates, node } of all)
    for (let depth = plates.length; depth >= 0; depth--)
      add(plates.slice(0, depth), depth === plates.length ? node : builder.constant(0));
  let total = builder.constant(0);
  for (const { plates } of [...levels.values()].sort((a, b) => b.plates.length - a.plates.length)) {
    let sum = levels.get(keyOf(plates))!.node;
    for (const variable of enumerated) {
      const own = variable.axes.filter((axis) => axis !== terms.rows);
      if (keyOf(own) === keyOf(plates)) sum = builder.logSumExp(sum, [valuesAxis(builder, variable)]);
    }
    if (plates.length === 0) total = sum;
    else add(plates.slice(0, -1), builder.sum(sum, plates.slice(-1)));
  }
  builder.output("logWeight", total, [terms.rows]);
  return builder.build("logWeight");
}

/** `variance.<latent>` too of codes that fall into groups, whose spread begins at that of the draws. */
function writeEncode(bound: BoundModel, codeGroups: readonly CodeGroups[]): PlanFunction {
  const terms = new BoundTerms(bound, { closedDivergences: true, atCentre: true });
  const { builder, elaborator } = terms;
  for (const site of bound.sites) {
    const variable = elaborator.variable(site.child);
    if (isEnumerable(variable)) {
      const axis = valuesAxis(builder, variable);
      builder.output(variable.name, terms.marginal(site.child), [...variable.axes, axis]);
      continue;
    }
    const node = terms.drawn.get(site.child);
    if (node === undefined) throw new Error(`derive: ${site.child} is not drawn`);
    const eventAxes =
      variable.domain.kind === "real" || variable.domain.kind === "positive"
        ? variable.domain.shape.map((_, i) => `${variable.name}.${i}`)
        : [];
    builder.output(variable.name, terms.expectation(node), [...variable.axes, ...eventAxes]);
    const isGrouped = codeGroups.some(({ latent }) => latent === variable.name);
    const variance = isGrouped ? siteVariance(terms, site) : undefined;
    if (variance !== undefined) builder.output(`variance.${variable.name}`, variance, [...variable.axes, ...eventAxes]);
  }
  for (const name of bound.eliminated) {
    const variable = elaborator.variable(name);
    // Items of an inner plate are summed out in it.
    if (variable.axes.length > 1) continue;
    const axis = valuesAxis(builder, variable);
    builder.output(name, terms.posteriorOfEliminated(name), [...variable.axes, axis]);
  }
  return builder.build("encode");
}

export function writeReconstruct(bound: BoundModel, step: StepOptions = {}): PlanFunction {
  const terms = new BoundTerms(bound, { ...step, closedDivergences: true, atCentre: true });
  const { builder, elaborator } = terms;
  for (const factor of bound.model.factors) {
    if (factor.kind !== "density") continue;
    const variable = elaborator.variable(factor.child);
    if (variable.role !== "observed" || readsEliminated(bound, factor)) continue;
    const context = observedContext(terms, factor);
    const mean = terms.expectation(distributions[factor.distribution].mean(context));
    const own = variable.domain.kind === "category" ? [context.categoriesAxis!] : context.eventAxes;
    builder.output(variable.name, mean, [...variable.axes, ...own]);
  }
  return builder.build("reconstruct");
}

function readsEliminated(bound: BoundModel, factor: DensityFactor): boolean {
  return Object.values(factor.arguments).some((argument) =>
    [...walkExpression(argument)].some((part) => part.kind === "variable" && bound.eliminated.includes(part.name)),
  );
}

export function reportOf(
  bound: BoundModel,
  guide: readonly ReportLine[],
  options: ElboOptions,
  model: Model,
  step: StepOptions = {},
): readonly ReportLine[] {
  const lines: ReportLine[] = [
    {
      rule: "bound",
      text: "log p(x) is bounded from below by E_q[log p(x, z) - log q(z | x)]: an approximation, not the likelihood",
    },
    ...guide,
  ];
  for (const name of bound.eliminated)
    lines.push({ rule: "eliminate inside the bound", text: `${name} has no site and is summed out exactly` });
  const terms = new BoundTerms(bound, { ...step, closedDivergences: options.iwae === undefined && !options.stl });
  for (const site of bound.sites) {
    const variable = terms.elaborator.variable(site.child);
    if (bound.scored.includes(site.child)) {
      lines.push({
        rule: options.relaxed === undefined ? "leave-one-out" : "relaxation",
        text:
          options.relaxed !== undefined
            ? `${site.child} is replaced by weights of its values (Gumbel noise, temperature ${options.relaxed}) while learning: the derivative is biased; bounds that are reported draw it`
            : `${site.child} is drawn ${options.samples} times for each row; each draw's score is weighted by its bound less the mean of the others'`,
      });
      continue;
    }
    if (isEnumerable(variable)) {
      lines.push({ rule: "enumerate", text: `${site.child}: every value, weighted by its probability in the guide` });
      continue;
    }
    const closed = terms.closed.some(({ latent }) => latent === site.child);
    lines.push({
      rule: "reparameterise",
      text: `${site.child} is drawn as a function of noise, so that the derivative goes through the draw`,
    });
    lines.push({
      rule: "divergence",
      text: closed
        ? `KL(q || p) of ${site.child} in closed form`
        : `KL(q || p) of ${site.child} is estimated at the draw`,
    });
  }
  if (options.iwae !== undefined)
    lines.push({
      rule: "importance weights",
      text: `log of the mean of ${options.iwae} weights, derivative doubly reparameterised`,
    });
  if (options.stl) lines.push({ rule: "sticking the landing", text: "the guide's density is held fixed at its draw" });
  if (options.freebits > 0)
    lines.push({ rule: "free bits", text: `${options.freebits} nats for each latent dimension cost nothing` });
  for (const { name, prior } of model.parameters) {
    if (prior !== undefined)
      lines.push({ rule: "prior", text: `log prior of ${name}, divided by the number of rows, is added` });
  }
  return lines;
}
