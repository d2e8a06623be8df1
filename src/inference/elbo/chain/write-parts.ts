import { adjointsOfAll } from "../../../ir/passes/differentiate.js";
import type { NodeId, Operation, PlanFunction } from "../../../ir/plan.js";
import { PlanBuilder } from "../../../ir/plan-builder.js";
import { declareRows, eventAxesOf, isEnumerable, laggedName, valuesAxis } from "../../elaborate/axes.js";
import { Elaborator } from "../../elaborate/elaborator.js";
import { type MemoryOf, memoryAxes, recurrentStep } from "../../networks/elaborate-network.js";
import { logPriorNode } from "../../prior.js";
import { BoundTerms } from "../bound-terms.js";
import { type StepOptions, writeBound, writeLogWeight, writeReconstruct } from "../derive-elbo.js";
import { ParameterGradients } from "../weighted-gradients.js";
import { weightOf } from "../write-step.js";
import { boundAt, type ChainBound, pastAt } from "./chain-bound.js";
import { type Memory, memoryOf } from "./memories.js";

/**
 * The functions that a bound along a chain is made of. Each works on any steps of any sequences, its rows: what a step
 * knows of others are tables, one entry for each row, and the run time goes along the sequences.
 *
 *     recall.m   what the memory m knows, from `before.m`             step by step, in its direction
 *     draw.p     draws of the latents, from those of earlier steps     step by step
 *     terms.p    the bound with its derivatives, the latents given     all steps at once
 *     back.draw.p, back.recall.m   derivatives handed from a step to the one that it was made from, step by step back
 *     learn.draw.p, learn.recall.m derivatives of parameters, and of memories read, once those of all steps are known
 *
 * p is the position in the sequence, up to the longest look-back, which stands for all later ones.
 */
export class PartWriter {
  private readonly rows: string;

  constructor(private readonly bound: ChainBound) {
    this.rows = bound.frames.chain;
  }

  get positions(): readonly number[] {
    return Array.from({ length: this.bound.frames.depth + 1 }, (_, position) => position);
  }

  /** Functions of a fit; those that would compute nothing are left out. */
  learning(): readonly PlanFunction[] {
    const { memories } = this.bound;
    const parts = [
      ...memories.flatMap((memory) => [this.recall(memory), this.backThroughRecall(memory), this.learnRecall(memory)]),
      ...this.positions.flatMap((position) => [
        this.draw(position, false),
        this.backThroughDraw(position),
        this.learnDraw(position),
        this.terms(position),
      ]),
      this.prior(),
    ];
    return parts.filter((part) => part.outputs.length > 0).map(withoutLags);
  }

  /** Functions of queries. */
  answering(): readonly PlanFunction[] {
    const parts = this.positions.flatMap((position) => {
      const at = boundAt(this.bound, position);
      const step = { ...this.stepOptions(position), isGiven: true };
      return [
        this.draw(position, true),
        { ...writeBound(at, step), name: `bound.${position}` },
        { ...writeLogWeight(at, step), name: `weight.${position}` },
        { ...writeReconstruct(at, step), name: `reconstruct.${position}` },
        this.values(position),
      ];
    });
    return parts.filter((part) => part.outputs.length > 0).map(withoutLags);
  }

  stepOptions(position: number): StepOptions {
    return { past: pastAt(this.bound, position), memory: this.memory };
  }

  /** What a memory knows at this step, as a table. */
  private readonly memory: MemoryOf = (builder, call, layer) => {
    const [, units] = memoryAxes(builder, layer);
    const { name } = memoryOf(this.bound.memories, call, layer);
    return { node: builder.keep(builder.input("table", name, [this.rows, units])), axes: [units] };
  };

  private draw(position: number, atCentre: boolean): PlanFunction {
    const terms = this.drawnTerms(position, atCentre);
    const { builder } = terms;
    for (const [name, node, stored] of this.drawnNodes(terms)) builder.output(name, node, stored);
    return builder.build(`${atCentre ? "centre" : "draw"}.${position}`);
  }

  private drawnTerms(position: number, atCentre = false): BoundTerms {
    const training = atCentre ? { atCentre } : { isTraining: true };
    return new BoundTerms(boundAt(this.bound, position), {
      ...this.stepOptions(position),
      ...training,
      closedDivergences: true,
    });
  }

  private drawnNodes({ drawn, elaborator, builder }: BoundTerms): readonly [string, NodeId, readonly string[]][] {
    return this.bound.drawn.map((name) => {
      const node = drawn.get(name);
      if (node === undefined) throw new Error(`chain bound: ${name} is not drawn`);
      const variable = elaborator.variable(name);
      return [name, node, [...variable.axes, ...eventAxesOf(builder, variable)]];
    });
  }

  private backThroughDraw(position: number): PlanFunction {
    const terms = this.drawnTerms(position);
    const { builder } = terms;
    this.writeAdjoints(builder, this.seededDraws(terms), this.pastTables(builder, position));
    return builder.build(`back.draw.${position}`);
  }

  private learnDraw(position: number): PlanFunction {
    const terms = this.drawnTerms(position);
    const { builder } = terms;
    const seeded = this.seededDraws(terms);
    this.writeGradients(terms.elaborator, seeded);
    this.writeAdjoints(builder, seeded, this.memoryTables(builder));
    return builder.build(`learn.draw.${position}`);
  }

  private seededDraws(terms: BoundTerms): readonly { readonly output: NodeId; readonly seed: NodeId }[] {
    return this.drawnNodes(terms).map(([name, output, stored]) => ({
      output,
      seed: terms.builder.input("table", `adjoint.${name}`, stored),
    }));
  }

  /** Sums over rows: `step.scale` makes them means over a batch. */
  private terms(position: number): PlanFunction {
    const at = boundAt(this.bound, position);
    const terms = new BoundTerms(at, {
      ...this.stepOptions(position),
      isTraining: true,
      isGiven: true,
      closedDivergences: true,
    });
    terms.writeGuideDensities();
    const { builder, elaborator } = terms;
    const sum = (nodes: readonly NodeId[]): NodeId =>
      nodes.reduce((left, right) => builder.plus(left, right), builder.constant(0));
    const weight = weightOf(at, terms);
    const scale = builder.input("table", "step.scale", []);
    // Rows that fill up a block count nothing.
    const counted = builder.input("table", "step.counted", [this.rows]);
    const total = (perRow: NodeId): NodeId =>
      builder.times(
        scale,
        builder.sum(builder.times(counted, weight === undefined ? perRow : builder.times(weight, perRow)), [this.rows]),
      );
    const closed = terms.closed.map(({ node, plates, eventAxes }) =>
      builder.sum(terms.expectation(node), [...eventAxes, ...plates]),
    );
    const estimated = builder.minus(
      sum(terms.guideDensities.map((term) => terms.perRow(term))),
      sum(terms.latentDensities.map((term) => terms.perRow(term))),
    );
    const likelihood = total(sum(terms.likelihood.map((term) => terms.perRow(term))));
    const divergence = total(builder.plus(sum(closed), estimated));
    const beta = builder.input("table", "step.beta", []);
    const objective = builder.minus(likelihood, builder.times(beta, divergence));
    const seeded = [{ output: objective, seed: builder.constant(1) }];
    builder.output("objective", objective, []);
    builder.output("bound", builder.minus(likelihood, divergence), []);
    builder.output("divergence", divergence, []);
    this.writeGradients(elaborator, seeded);
    const latents = this.bound.drawn.flatMap((name) => builder.inputsNamed("table", name));
    this.writeAdjoints(builder, seeded, [
      ...latents,
      ...this.pastTables(builder, position),
      ...this.memoryTables(builder),
    ]);
    return builder.build(`terms.${position}`);
  }

  private recall(memory: Memory): PlanFunction {
    const { elaborator, node } = this.recalled(memory);
    const [, units] = memoryAxes(elaborator.builder, memory.layer);
    elaborator.builder.output(memory.name, node, [this.rows, units]);
    return elaborator.builder.build(`recall.${memory.name}`);
  }

  private backThroughRecall(memory: Memory): PlanFunction {
    const { elaborator, before, seeded } = this.recalled(memory);
    this.writeAdjoints(elaborator.builder, seeded, [before]);
    return elaborator.builder.build(`back.${memory.name}`);
  }

  private learnRecall(memory: Memory): PlanFunction {
    const { elaborator, seeded } = this.recalled(memory);
    this.writeGradients(elaborator, seeded);
    this.writeAdjoints(elaborator.builder, seeded, this.memoryTables(elaborator.builder));
    return elaborator.builder.build(`learn.${memory.name}`);
  }

  private recalled({ name, call, layer }: Memory): {
    readonly elaborator: Elaborator;
    readonly before: NodeId;
    readonly node: NodeId;
    readonly seeded: readonly { readonly output: NodeId; readonly seed: NodeId }[];
  } {
    const builder = new PlanBuilder();
    const { model } = this.bound.frames;
    declareRows(builder, model);
    const elaborator = new Elaborator(model, builder, {
      parameters: "parameter",
      masksMissing: true,
      isTraining: true,
      memory: this.memory,
    });
    const [beforeAxis, units] = memoryAxes(builder, layer);
    const before = builder.keep(builder.input("table", `before.${name}`, [this.rows, beforeAxis]));
    const node = builder.keep(recurrentStep(elaborator, call, layer, before));
    const seed = builder.input("table", `adjoint.${name}`, [this.rows, units]);
    return { elaborator, before, node, seeded: [{ output: node, seed }] };
  }

  /** Probabilities of discrete latents of the guide at the centres of the others. */
  private values(position: number): PlanFunction {
    const at = boundAt(this.bound, position);
    const terms = new BoundTerms(at, {
      ...this.stepOptions(position),
      isGiven: true,
      atCentre: true,
      closedDivergences: true,
    });
    const { builder, elaborator } = terms;
    for (const { child } of at.sites) {
      const variable = elaborator.variable(child);
      if (!isEnumerable(variable)) continue;
      builder.output(child, terms.marginal(child), [...variable.axes, valuesAxis(builder, variable)]);
    }
    return builder.build(`values.${position}`);
  }

  /** The log prior by row of the data: its share of a mean over rows. */
  private prior(): PlanFunction {
    const builder = new PlanBuilder();
    const { model } = this.bound.frames;
    const elaborator = new Elaborator(model, builder, { parameters: "parameter" });
    const names = model.parameters.filter(({ prior, fixed }) => prior !== undefined && fixed === undefined);
    if (names.length > 0) {
      const density = logPriorNode(
        elaborator,
        names.map(({ name }) => name),
      );
      const objective = builder.over(density, builder.input("table", "step.rows", []));
      builder.output("objective", objective, []);
      this.writeGradients(elaborator, [{ output: objective, seed: builder.constant(1) }]);
    }
    return builder.build("prior");
  }

  private pastTables(builder: PlanBuilder, position: number): readonly NodeId[] {
    return pastAt(this.bound, position).flatMap(({ name, lag }) => builder.inputsNamed("table", laggedName(name, lag)));
  }

  private memoryTables(builder: PlanBuilder): readonly NodeId[] {
    return this.bound.memories.flatMap(({ name }) => builder.inputsNamed("table", name));
  }

  /** Outputs `adjoint.<table>` of tables on which the outputs depend. */
  private writeAdjoints(
    builder: PlanBuilder,
    seeded: readonly { readonly output: NodeId; readonly seed: NodeId }[],
    tables: readonly NodeId[],
  ): void {
    const derivatives = adjointsOfAll(builder, seeded, tables);
    tables.forEach((table, i) => {
      const { operation } = builder.node(table);
      const derivative = derivatives[i]!;
      if (operation.kind !== "input" || isZero(builder, derivative)) return;
      builder.output(`adjoint.${operation.name}`, derivative, operation.axes);
    });
  }

  private writeGradients(
    elaborator: Elaborator,
    seeded: readonly { readonly output: NodeId; readonly seed: NodeId }[],
  ): void {
    const { builder } = elaborator;
    const isLearned = ({ name, fixed }: (typeof elaborator.model.parameters)[number]): boolean =>
      fixed === undefined && !this.bound.held.includes(name) && builder.inputsNamed("parameter", name).length > 0;
    const used = elaborator.model.parameters.filter(isLearned).map(({ name }) => name);
    const uses = used.map((name) => builder.inputsNamed("parameter", name));
    const derivatives = adjointsOfAll(builder, seeded, uses.flat());
    // What an output does not depend on has a derivative of 0, which nobody has to be told.
    const moving = new Set(uses.flat().filter((_, i) => !isZero(builder, derivatives[i]!)));
    const names = used.filter((_, i) => uses[i]!.some((use) => moving.has(use)));
    const gradients = new ParameterGradients(elaborator, names);
    for (const { output, seed } of seeded) gradients.add(output, [], seed);
    gradients.write();
  }
}

function isZero(builder: PlanBuilder, id: NodeId): boolean {
  const { operation } = builder.node(id);
  return operation.kind === "constant" && operation.value === 0;
}

/** Data of earlier steps are tables too: rows are steps of several sequences, in an order of their own. */
function withoutLags(fn: PlanFunction): PlanFunction {
  const nodes = fn.nodes.map((node) => {
    const { operation } = node;
    if (operation.kind !== "input" || operation.lag === undefined) return node;
    const { axes, name, lag } = operation;
    const table: Operation = { kind: "input", source: "table", name: laggedName(name, lag), axes };
    return { ...node, operation: table };
  });
  return { ...fn, nodes };
}
