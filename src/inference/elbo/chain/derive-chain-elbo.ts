import type { Model } from "../../../ir/model.js";
import { replayDraws } from "../../../ir/passes/replay-draws.js";
import { PlanBuilder } from "../../../ir/plan-builder.js";
import type { PlanFunction } from "../../../ir/plan.js";
import type { ChainElboProgram, NoiseTable, ReportLine } from "../../../ir/program.js";
import { inOrder } from "../../chain/chain-passes.js";
import { activeFactors, densityFactors } from "../../chain/frame-model.js";
import { axisSize, declareRows, shapeOf } from "../../elaborate/axes.js";
import { networkParameters } from "../../networks/network-parameters.js";
import { inUnitsOfData } from "../../networks/units-of-data.js";
import { deriveLogPrior } from "../../prior.js";
import { writeDraws } from "../../queries/sample.js";
import { describeTable, reportOf } from "../derive-elbo.js";
import type { WrittenOutGuide } from "../derived-guide.js";
import { elboOptionsOf } from "../learn-options.js";
import { boundAt, type ChainBound, chainBoundOf, lagsOf, pastAt } from "./chain-bound.js";
import { chainGuideOf } from "./chain-guide.js";
import { PartWriter } from "./write-parts.js";

/**
 * Derives learning by an evidence lower bound along a chain. The guide draws the latents of a step from those of the step
 * before and from what it is told of the data:
 *
 *     bound = sum over steps t of E_q[log p(y_t | z_t)] - E_q[KL(q(z_t | z_t-1, y) || p(z_t | z_t-1))]
 *
 * each divergence in closed form given the draw before. Its derivative goes back along the draws (`write-parts.ts`).
 *
 * @source Krishnan, Shalit and Sontag 2017
 */
export function deriveChainElbo(written: Model, sampled: readonly string[]): ChainElboProgram {
  const units = inUnitsOfData(written);
  const { model } = units;
  const derived = chainGuideOf(model, sampled);
  if ("obstacle" in derived) throw new Error(`derive: ${derived.obstacle}`);
  const guide = {
    ...derived,
    scales: [...units.scales, ...derived.scales],
    starts: { ...units.starts, ...derived.starts },
    report: [...units.report, ...derived.report],
  };
  const bound = chainBoundOf(model, guide);
  const { frames } = bound;
  const writer = new PartWriter(bound);
  const tables = new Map<string, NoiseTable>();
  const parts = [...writer.learning(), ...writer.answering()].map((part): PlanFunction => {
    const { fn, tables: read } = replayDraws(part);
    for (const table of read) {
      const readBy = tables.get(table.name)?.readBy ?? [];
      tables.set(table.name, { ...describeTable(table), readBy: [...readBy, fn.name] });
    }
    return fn;
  });
  const variable = (name: string): Model["variables"][number] => {
    const found = frames.model.variables.find((one) => one.name === name);
    if (found === undefined) throw new Error(`derive: unknown variable ${name}`);
    return found;
  };
  const weights = networkParameters([...model.networks, ...guide.networks], model.learn);
  const data = new Set(model.variables.filter(({ role }) => role !== "latent").map(({ name }) => name));
  const past = [...densityFactors(frames.model), ...guide.sites]
    .flatMap(lagsOf)
    .filter(({ name, lag }) => lag > 0 && data.has(name));
  return {
    algorithm: "chainElbo",
    model: frames.model,
    rowsAxis: frames.chain,
    sequences: {
      ...(frames.sequences === undefined ? {} : { plate: frames.sequences }),
      perSequence: [...frames.perSequence],
      state: { depth: frames.depth, tables: [], gaussians: [] },
    },
    parts,
    latents: bound.drawn.map((name) => {
      const { axes, domain } = variable(name);
      const plates = axes.slice(1).map((axis) => {
        const size = frames.model.axes.find((one) => one.name === axis)?.size;
        if (size === undefined) throw new Error(`derive: the plate ${axis} has no size`);
        return axisSize(size);
      });
      return { name, shape: [...plates, ...shapeOf(domain).map(axisSize)], reach: frames.reach.get(name) ?? 0 };
    }),
    memories: bound.memories.map(({ name, layer }) => ({
      name,
      shape: layer.shape.map(axisSize),
      isBackward: layer.isBackward,
    })),
    samples: elboOptionsOf(model).samples,
    past: past.filter((one, i) => past.findIndex(({ name, lag }) => name === one.name && lag === one.lag) === i),
    sample: inOrder("sample", drawSteps(bound)),
    sampleNext: inOrder("sampleNext", drawSteps(bound).slice(-1)),
    logPrior: deriveLogPrior(
      frames.model,
      frames.model.parameters.map(({ name }) => name),
    ),
    held: bound.held,
    noise: [...tables.values()],
    starts: { ...weights.starts, ...guide.starts },
    report: reportOfChain(bound, guide, model),
  };
}

/** Ancestral sampling, step by step. */
function drawSteps({ frames }: ChainBound): readonly PlanFunction[] {
  return Array.from({ length: frames.depth + 1 }, (_, position) => {
    const builder = new PlanBuilder();
    declareRows(builder, frames.model);
    writeDraws(frames.model, builder, activeFactors(frames, position));
    const to = position < frames.depth ? { to: position + 1 } : {};
    return { ...builder.build(`draw${position}`), sweep: { from: position, ...to } };
  });
}

function reportOfChain(bound: ChainBound, guide: WrittenOutGuide, model: Model): readonly ReportLine[] {
  const { frames, memories } = bound;
  const writer = new PartWriter(bound);
  const [, ...lines] = reportOf(
    boundAt(bound, frames.depth),
    guide.report,
    elboOptionsOf(model),
    model,
    writer.stepOptions(frames.depth),
  );
  return [
    {
      rule: "bound",
      text: "log p(y) of a sequence is bounded from below by E_q[log p(y, z) - log q(z | y)]: an approximation, not the likelihood",
    },
    ...memories.map(({ layer }) => ({
      rule: "memory",
      text: `${layer.name}: gated recurrent units that go along ${frames.chain}${layer.isBackward ? " from the end" : ""}`,
    })),
    ...pastAt(bound, frames.depth).map(({ name, lag }) => ({
      rule: "step by step",
      text: `${name} is drawn along ${frames.chain}, each given the draw ${lag === 1 ? "before" : `${lag} steps before`}: derivatives go back along the draws`,
    })),
    ...lines,
  ];
}
