import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { inOrder } from "../chain/chain-passes.js";
import { framesOf, type Frames } from "../chain/frame-model.js";
import { messagesOf } from "../chain/messages.js";
import { deriveEnd, deriveStep } from "../chain/step.js";
import { declarePlates, declareRows, isEnumerable, valuesAxis } from "../elaborate/axes.js";
import { eliminationOrder } from "../elimination-order.js";
import { instantiate } from "../instantiate.js";
import { deriveSkeleton, type TableShape } from "../skeleton.js";
import { type LatentBlock, withLatents } from "./blocks.js";
import { discreteAxesOf, Expectations, table, variableOf } from "./expectations.js";
import { weighed } from "./joint-functions.js";
import { type Place, type RowModel, sweepAt } from "./places.js";

/** What a discrete block is brought up to date with. */
export interface DiscretePurpose {
  readonly missing: boolean;
  /** Only what its factors say that read no other block: where it begins. */
  readonly isBeginning: boolean;
}

interface StepInside {
  readonly builder: PlanBuilder;
  readonly q: Expectations;
  readonly outputs: ReadonlyMap<string, NodeId>;
  readonly skeleton: PlanFunction;
  readonly factors: readonly DensityFactor[];
  readonly tables: ReadonlyMap<string, NodeId>;
}

/**
 * Brings a discrete block up to date: every factor that reads it is the table of what is expected of its log density
 * under the other blocks, and the tables are eliminated as those of an exact model.
 *
 *     log q(d) = sum_f E_q(others)[log f(d, …)] - log Z,   entropy = log Z - sum_f sum_d share_f(d) table_f(d)
 *
 * The weights of the values, `q.share.…`, are derivatives of log Z.
 */
export class DiscretePass {
  /** The original model in which the other latents are known. */
  private readonly alone: Model;
  private readonly frames: Frames | undefined;

  constructor(
    original: Model,
    private readonly rowModel: RowModel,
    private readonly blocks: readonly LatentBlock[],
    private readonly block: LatentBlock,
  ) {
    this.alone = withLatents(original, ({ name }) => block.variables.some((one) => one.name === name));
    this.frames = rowModel.frames === undefined ? undefined : framesOf(this.alone);
  }

  update(purpose: DiscretePurpose): PlanFunction {
    const { places } = this.rowModel;
    const { frames } = this;
    const name = purpose.isBeginning ? "begin" : "update";
    if (frames === undefined) return { ...this.answers(places[0]!, purpose).build(name), name };
    const hasMessages = messagesOf(frames).length > 0;
    const forward = places.map((place) => {
      const { builder, outputs, skeleton } = this.inside(place, purpose);
      for (const { name: told, axes } of skeleton.outputs)
        if (told.startsWith("message.")) builder.output(told, outputs.get(told)!, axes, { internal: true });
      return { ...builder.build(`forward${place.position}`), sweep: sweepAt(frames, place.position) };
    });
    const ends = places.slice(0, -1).map(({ position }) => deriveEnd(frames, position, "sum", false));
    const backward = [...places].reverse().map((place) => ({
      ...this.answers(place, purpose).build(`backward${place.position}`),
      sweep: sweepAt(frames, place.position, true),
    }));
    return inOrder(name, hasMessages ? [...forward, ...ends, ...backward] : backward);
  }

  /** Writes the shares, the posteriors and the entropy of the rows at a place. */
  private answers(place: Place, purpose: DiscretePurpose): PlanBuilder {
    const { rows, model } = this.rowModel;
    const { builder, outputs, skeleton, tables, factors } = this.inside(place, purpose);
    let entropy = outputs.get("logDensity")!;
    for (const factor of factors) {
      const share = outputs.get(`share.${factor.name}`) ?? outputs.get(`responsibility.${factor.name}`)!;
      builder.output(table.share(factor.name, this.block), share, this.shape(builder, factor).axes);
      const expected = weighed(builder, share, tables.get(factor.name)!);
      const axes = new Set([...this.shape(builder, factor).axes, ...builder.axesOf(expected)]);
      entropy = builder.minus(
        entropy,
        builder.sum(
          expected,
          [...axes].filter((axis) => axis !== rows),
        ),
      );
    }
    for (const { name } of this.block.variables) {
      const node = outputs.get(`posterior.${name}`);
      const variable = variableOf(model, name);
      if (node === undefined) continue;
      builder.output(table.posterior(name), node, [...variable.axes, valuesAxis(builder, variable)]);
    }
    builder.output(table.entropy(this.block), entropy, [rows]);
    for (const { name, axes } of skeleton.outputs)
      if (name.startsWith("back.")) builder.output(name.slice(5), outputs.get(name)!, axes, { internal: true, lag: 1 });
    return builder;
  }

  /** The elimination at a place, the expected tables in place of abstract ones. */
  private inside({ factors: all, position }: Place, { missing, isBeginning }: DiscretePurpose): StepInside {
    const { model } = this.rowModel;
    const factors = all.filter((factor) => this.reads(factor));
    const skeleton = this.skeleton(position, factors);
    const builder = new PlanBuilder();
    declareRows(builder, model);
    const q = new Expectations(model, builder, this.blocks);
    const tables = new Map(
      factors.map((factor) => [
        factor.name,
        isBeginning && this.readsOthers(q, factor) ? builder.constant(0) : this.expected(q, factor, missing),
      ]),
    );
    const outputs = instantiate(builder, skeleton, (name) =>
      name.startsWith("factor.") ? tables.get(name.slice("factor.".length)) : builder.constant(0),
    );
    return { builder, q, outputs, skeleton, factors, tables };
  }

  /** E_q(others)[log density], over the plates and the values of this block's latents. */
  private expected(q: Expectations, factor: DensityFactor, missing: boolean): NodeId {
    const { builder } = q;
    const density = q.density(factor, missing);
    const own = q.discreteAxes(factor, this.block);
    const others = q.discreteAxes(factor).filter((axis) => !own.includes(axis));
    if (others.length === 0) return density;
    return builder.sum(weighed(builder, q.share(factor, this.block), density), others);
  }

  private reads(factor: DensityFactor): boolean {
    return discreteAxesOf(this.rowModel.model, scratch(this.rowModel.model), factor, this.block).length > 0;
  }

  private readsOthers(q: Expectations, factor: DensityFactor): boolean {
    const own = q.discreteAxes(factor, this.block);
    return q.gaussianScope(factor).length > 0 || q.discreteAxes(factor).some((axis) => !own.includes(axis));
  }

  /** Every table has an entry for every row and plate, so that its share has one too. */
  private shape(builder: PlanBuilder, factor: DensityFactor): TableShape {
    const { model } = this.rowModel;
    const plates = variableOf(model, factor.child).axes;
    declarePlates(builder, model, plates);
    return { name: factor.name, plates, axes: [...plates, ...discreteAxesOf(model, builder, factor, this.block)] };
  }

  private skeleton(position: number, factors: readonly DensityFactor[]): PlanFunction {
    const { frames, alone } = this;
    const { model } = this.rowModel;
    const builder = scratch(model);
    const shapes = factors.map((factor) => this.shape(builder, factor));
    if (frames !== undefined) {
      for (const variable of frames.model.variables.filter(isEnumerable)) {
        const reach = frames.reach.get(variable.name) ?? 0;
        for (let lag = 0; lag <= Math.min(reach, position); lag++) valuesAxis(builder, variable, lag);
      }
    }
    const names = [...new Set(shapes.flatMap(({ axes }) => axes))];
    const axes = names.map((name) => ({ name, size: builder.sizeOf(name) }));
    if (frames !== undefined) return deriveStep(frames, shapes, axes, position, "sum", false);
    const order = eliminationOrder(alone);
    if (!order.ok) throw new Error(`variational: ${this.block.name} has no elimination order`);
    return deriveSkeleton(
      alone,
      shapes,
      axes,
      order.steps.map(({ latent }) => latent),
    );
  }
}

function scratch(model: Model): PlanBuilder {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  return builder;
}
