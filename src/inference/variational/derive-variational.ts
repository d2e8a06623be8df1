import type { Model } from "../../ir/model.js";
import type { PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import type { EmProgram, ReportLine, Statistic, Variants } from "../../ir/program.js";
import { startLogJoint as startChainLogJoint } from "../chain/chain-objectives.js";
import { ChainPasses } from "../chain/chain-passes.js";
import { deriveChainEm } from "../chain/derive-chain.js";
import { framesOf } from "../chain/frame-model.js";
import { classify } from "../classify.js";
import { declareRows } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { startLogJoint } from "../m-step/gradient.js";
import { startStatistics } from "../m-step/start-statistics.js";
import type { ParameterGroup, UpdateDerivation } from "../m-step/statistics-context.js";
import { deriveLogPrior, deriveLogPriorGradient } from "../prior.js";
import { deriveSample } from "../queries/sample.js";
import { updatesOf } from "../updates.js";
import { latentBlocks, type LatentBlock } from "./blocks.js";
import { collapsedShares } from "./collapsed-shares.js";
import { DiscretePass } from "./discrete-pass.js";
import { GaussianPass } from "./gaussian-pass.js";
import { isJointlyAffine } from "./products.js";
import { JointFunctions } from "./joint-functions.js";
import { rowModelOf } from "./places.js";

/** How many last choices the filter keeps apart from which the posterior of a chain begins, and that forecasts. */
const COLLAPSE = 2;

/**
 * Derives structured mean-field EM: the posterior is approximated by a product of blocks of latents, each exact given
 * what is expected of the others.
 *
 *     q = product of q(block),   bound = E_q[log p(x, z)] - E_q[log q(z)]
 *     block update    every factor that reads other blocks is replaced by its expectation under them, and the block is
 *                     eliminated as in an exact model
 *     M-step          as in an exact model, from the statistics expected under q
 *
 * Neither can lower the bound.
 */
export function deriveVariationalEm(original: Model): EmProgram {
  const rowModel = rowModelOf(original);
  const { model } = rowModel;
  const blocks = latentBlocks(original);
  const hasMissing = model.variables.some((variable) => variable.optional);
  const variants = (write: (missing: boolean) => PlanFunction): Variants => ({
    complete: write(false),
    ...(hasMissing ? { incomplete: write(true) } : {}),
  });
  const scratch = new Elaborator(model, new PlanBuilder(), { parameters: "parameter" });
  declareRows(scratch.builder, model);
  const joint = new JointFunctions(rowModel, blocks);
  const chain = rowModel.frames === undefined ? undefined : new ChainPasses(framesOf(original));
  const startObjective = (group: ParameterGroup, missing: boolean): PlanFunction =>
    chain === undefined ? startLogJoint(model, group, missing) : startChainLogJoint(chain, group, missing);
  const { closed, updates, report } = updatesOf(
    scratch,
    (group, reason) => ({
      kind: "gradient",
      parameters: group.parameters,
      objective: variants((missing) => joint.objective(group, missing)),
      startObjective: variants((missing) => startObjective(group, missing)),
      prior: deriveLogPriorGradient(model, group.parameters),
      spans: [
        ...model.parameters.filter(({ name }) => group.parameters.includes(name)).map((parameter) => parameter.span),
        ...group.factors.map((factor) => factor.span),
      ],
      reason,
    }),
    (group) =>
      group.factors.every((factor) => isJointlyAffine(model, factor)) ? undefined : "the mean multiplies latents",
  );
  const start = (missing: boolean, derivations: readonly UpdateDerivation[]): PlanFunction =>
    chain === undefined ? startStatistics(model, derivations, missing) : chain.start(missing, derivations);
  const updateOf = (block: LatentBlock): ((missing: boolean) => PlanFunction) => {
    if (block.kind === "gaussian") {
      const pass = new GaussianPass(rowModel, blocks, block);
      return (missing) => pass.update(missing);
    }
    const pass = new DiscretePass(original, rowModel, blocks, block);
    return (missing) => pass.update({ missing, isBeginning: false });
  };
  const updated = blocks.map((block) => ({
    name: block.name,
    kind: block.kind,
    latents: block.variables.map(({ name }) => name),
    update: variants(updateOf(block)),
  }));
  const collapsible = canCollapse(original);
  const discrete = blocks.filter(({ kind }) => kind === "discrete");
  const alone = discrete.map((block) => {
    const pass = new DiscretePass(original, rowModel, blocks, block);
    return variants((missing) => pass.update({ missing, isBeginning: true }));
  });
  const seenFromPrior = [
    ...blocks.flatMap((block) => {
      if (block.kind === "discrete") return [];
      const pass = new GaussianPass(rowModel, blocks, block, true);
      return [variants((missing) => pass.update(missing))];
    }),
    ...updated.flatMap(({ kind, update }) => (kind === "discrete" ? [update] : [])),
  ];
  const begin = [
    alone,
    ...(discrete.length === 0 ? [] : [[...alone, ...seenFromPrior]]),
    ...(collapsible ? [[variants((missing) => collapsedShares(original, COLLAPSE, blocks, missing))]] : []),
  ];
  const collapsed = collapsible ? deriveChainEm(original, COLLAPSE) : undefined;
  return {
    algorithm: "em",
    model,
    rowsAxis: rowModel.rows,
    approximation: "vb",
    logDensity: variants((missing) => joint.logDensity(missing)),
    eStep: variants((missing) => joint.eStep(missing, closed)),
    start: variants((missing) => start(missing, closed)),
    posterior: { complete: joint.posterior() },
    ...(hasMissing ? { impute: joint.impute() } : {}),
    ...sequencesOf(rowModel, collapsed),
    sample: chain === undefined ? deriveSample(model) : chain.sample(),
    logPrior: deriveLogPrior(
      model,
      model.parameters.map((parameter) => parameter.name),
    ),
    variational: {
      blocks: updated,
      begin,
      tables: tablesOf([...updated.map(({ update }) => update), ...begin.flat()]),
    },
    statistics: closed.flatMap((derivation) => derivation.statistics),
    updates,
    report: [...reportOf(blocks, collapsible), ...report],
  };
}

/** Does the table grow along a chain alone? Then histories can be collapsed. */
function canCollapse(model: Model): boolean {
  const verdict = classify(model);
  return (
    verdict.kind === "needsApproximation" &&
    verdict.growths.length > 0 &&
    verdict.growths.every(({ axis }) => model.axes.some(({ name, kind }) => name === axis && kind === "chain"))
  );
}

/** Filters and forecasts collapse; where they cannot, there are none. */
function sequencesOf(
  { frames, model }: ReturnType<typeof rowModelOf>,
  collapsed: EmProgram | undefined,
): Partial<EmProgram> {
  if (frames === undefined) return {};
  const plate = frames.sequences === undefined ? {} : { plate: frames.sequences };
  const perSequence = [...frames.perSequence];
  const passes = new ChainPasses(frames);
  if (collapsed?.sequences === undefined) {
    return {
      sequences: { ...plate, perSequence, state: { depth: frames.depth, tables: [], gaussians: [] } },
      ...(model.variables.length === 0 ? {} : { sampleNext: passes.sampleNext() }),
    };
  }
  const { sequences, filter, filterNext, forecast, sampleNext } = collapsed;
  return {
    sequences,
    ...(filter === undefined ? {} : { filter }),
    ...(filterNext === undefined ? {} : { filterNext }),
    ...(forecast === undefined ? {} : { forecast }),
    ...(sampleNext === undefined ? {} : { sampleNext }),
  };
}

/** Tables that functions write for every row, with their shapes after the rows. */
function tablesOf(all: readonly Variants[]): readonly Statistic[] {
  const found = new Map<string, Statistic>();
  for (const { complete, incomplete } of all) {
    for (const fn of [complete, ...(incomplete === undefined ? [] : [incomplete])]) {
      for (const one of [...(fn.before ?? []), fn]) {
        for (const { name, axes } of one.outputs) {
          if (!name.startsWith("q.") || found.has(name)) continue;
          const sizes = axes.flatMap((axis) => one.axes.filter((known) => known.name === axis)).map(({ size }) => size);
          found.set(name, { name, shape: sizes.filter(({ kind }) => kind !== "rows") });
        }
      }
    }
  }
  return [...found.values()];
}

function reportOf(blocks: readonly LatentBlock[], collapsible: boolean): readonly ReportLine[] {
  return [
    ...blocks.map(({ name, kind, variables }) => ({
      rule: "block",
      text:
        kind === "gaussian"
          ? `q(${name}): Gaussian; every factor that reads other blocks counts with what is expected of it under them`
          : `q(${name}): a table summed out exactly; every factor that reads other blocks counts with its expected log density`,
      span: variables[0]!.span,
    })),
    {
      rule: "begin",
      text: beginningText(blocks, collapsible),
    },
  ];
}

function beginningText(blocks: readonly LatentBlock[], collapsible: boolean): string {
  if (blocks.every(({ kind }) => kind === "gaussian"))
    return "q begins with all Gaussian latents but those of the first block known to be 1";
  const smoother = collapsible ? `; and at what the collapsed smoother, collapse(${COLLAPSE}), says of them` : "";
  return `q begins at the discrete latents' own distributions; at what the data say of them where the others have theirs${smoother}: what ends highest is kept`;
}
