import type { Tensors } from "../description.js";
import type { RowBlock } from "../data/row-source.js";
import { CollapsedComponentError, NonFiniteError } from "../errors.js";
import { ParameterSpace } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { hasConverged, REMEMBERED_GAINS } from "./convergence.js";
import { emptyComponents, isCheckIteration, MOST_RESEEDS, reseedTables } from "./empty-components.js";
import type { RunContext } from "./em-steps.js";
import { evaluateAt, fromTables, maximise, tryEvaluate } from "./em-steps.js";
import type { Evaluation } from "./evaluation.js";
import type { StoredRun } from "./fit-state.js";
import { restoreTensors, storeTensors } from "./fit-state.js";
import { extrapolate, initialSquarem, nextLongest } from "./squarem.js";
import { raiseApproximate } from "./raise-approximate.js";
import type { SquaremState } from "./squarem.js";
import type { StartMethod } from "./start-tables.js";

/** Iterations before acceleration sets in, from the start or from a component's new start. */
const PLAIN_ITERATIONS = 20;
/** From a start that is given as a whole: so that the likelihoods can be compared with another program's. */
const PLAIN_FROM_GIVEN = 100;
/** A drop of the objective that is not rounding, per unit of weight. */
const MONOTONE_SLACK = 1e-9;

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
type RunRecord = Omit<Writable<StoredRun>, "parameters" | "fallback" | "objective" | "trace"> & {
  /** Grown in place: thousands of iterations would copy it thousands of times. */
  readonly trace: number[];
  fallback?: { readonly parameters: Tensors; readonly objective: number; readonly trace: readonly number[] };
};

/** One run of EM from one start: a state that `step` advances by one iteration. */
export class EmRun {
  /** E-step at the parameters with which the next iteration begins. */
  private current: Evaluation;
  /** What it was updated from; unknown at a start, and where a run goes on from a checkpoint. */
  private earlier: Evaluation | undefined;
  private readonly space: ParameterSpace;

  private constructor(
    private readonly context: RunContext,
    private record: RunRecord,
    evaluation: Evaluation,
  ) {
    this.current = evaluation;
    const { runner, fixed } = context;
    this.space = new ParameterSpace(runner.methods.description.parameters, runner.sizes, (name) => fixed.has(name));
  }

  /** @param tables posteriors that replace the first E-step; absent: `parameters` are the start */
  static async begin(
    context: RunContext,
    restart: number,
    start: StartMethod | "parameters",
    parameters: Tensors,
    tables: ((block: RowBlock) => Tensors) | undefined,
    fixedInStart: ReadonlySet<string>,
  ): Promise<EmRun> {
    const collected: FitWarning[] = [];
    const first =
      tables === undefined ? parameters : await fromTables(context, parameters, tables, 0, collected, fixedInStart);
    const evaluation = await evaluateAt(context, first, 0, collected);
    return new EmRun(context, newRecord(restart, start, collected), evaluation);
  }

  /** A run that could not even begin; it keeps its restart's place. */
  static failed(context: RunContext, restart: number, start: StartMethod | "parameters", failure: string): EmRun {
    const nothing = { parameters: {}, statistics: {}, logLikelihood: -Infinity, objective: -Infinity };
    return new EmRun(context, { ...newRecord(restart, start, []), status: "failed", failure }, nothing);
  }

  static async resume(context: RunContext, stored: StoredRun): Promise<EmRun> {
    const { parameters, fallback, objective, ...rest } = stored;
    const evaluation = await evaluateAt(context, restoreTensors(parameters), stored.iteration, []);
    // A posterior that is found by ascent is found anew, and may end at another maximum.
    const isFound = context.runner.methods.description.variational !== undefined;
    if (!isFound && !(Math.abs(evaluation.objective - objective) <= 1e-9 * (1 + Math.abs(objective)))) {
      throw new Error(
        `The checkpoint does not go with this data: its objective is ${objective}, here it is ${evaluation.objective}.`,
      );
    }
    const record: RunRecord = { ...rest, trace: [...rest.trace] };
    if (fallback !== undefined) record.fallback = { ...fallback, parameters: restoreTensors(fallback.parameters) };
    if (record.status === "maxIterations" && record.iteration < context.maxIterations) record.status = "running";
    return new EmRun(context, record, evaluation);
  }

  store(): StoredRun {
    const { fallback, ...rest } = this.record;
    return {
      ...rest,
      trace: [...rest.trace],
      parameters: storeTensors(this.current.parameters),
      objective: this.current.objective,
      ...(fallback === undefined ? {} : { fallback: { ...fallback, parameters: storeTensors(fallback.parameters) } }),
    };
  }

  get restart(): number {
    return this.record.restart;
  }
  get start(): StartMethod | "parameters" {
    return this.record.start;
  }
  get status(): StoredRun["status"] {
    return this.record.status;
  }
  get failure(): string | undefined {
    return this.record.failure;
  }
  get iteration(): number {
    return this.record.iteration;
  }
  get warnings(): readonly FitWarning[] {
    return this.record.warnings;
  }
  /** The last gain in the mean objective. */
  get lastGain(): number {
    return this.record.gains.at(-1)?.value ?? 0;
  }

  /** The best point so far, with the trace that led to it. */
  get best(): { readonly parameters: Tensors; readonly objective: number; readonly trace: readonly number[] } {
    const { fallback, trace } = this.record;
    if (fallback !== undefined && fallback.objective > this.current.objective) return fallback;
    return { parameters: this.current.parameters, objective: this.current.objective, trace };
  }

  /** Where the next iteration begins. */
  get evaluation(): Evaluation {
    return this.current;
  }

  /** The best objective at the end of the short run; the first call fixes it. */
  shortObjective(): number {
    return (this.record.shortObjective ??= this.best.objective);
  }

  fail(reason: string): void {
    this.record.status = "failed";
    this.record.failure = reason;
  }

  /**
   * One iteration. Returns the evaluation it began with. Where it fails or is interrupted, the run stays as it was, so
   * that a checkpoint can always be written.
   */
  async step(): Promise<Evaluation> {
    const record = { ...this.record };
    const { length } = record.trace;
    const { current } = this;
    try {
      return await this.iterate();
    } catch (error) {
      record.trace.length = length;
      this.record = record;
      this.current = current;
      throw error;
    }
  }

  private async iterate(): Promise<Evaluation> {
    const { record, context } = this;
    const before = this.current;
    const iteration = record.iteration + 1;
    const collected: FitWarning[] = [];
    const advanced = await this.advance(before, iteration, collected);
    const { squarem } = advanced;
    let { next, plain } = advanced;
    const slack = MONOTONE_SLACK * context.runner.source.totalWeight;
    const { approximation, variational } = context.runner.methods.description;
    // The bound of a product posterior does not fall.
    const mayFall = approximation !== undefined && variational === undefined;
    if (mayFall && next.objective < before.objective - slack) {
      next = await raiseApproximate(context, before, this.earlier, iteration, collected);
      plain = next === before;
    }
    const gain = (next.objective - before.objective) / context.runner.source.totalWeight;
    if (gain < -MONOTONE_SLACK) {
      collected.push(warnings.objectiveFell(iteration, -gain));
      this.keepFallback(before);
    }
    record.iteration = iteration;
    record.trace.push(before.objective);
    record.gains = [...record.gains, { value: gain, plain }].slice(-REMEMBERED_GAINS);
    record.squarem = squarem;
    this.warn(collected);
    this.earlier = before;
    this.current = next;
    const mean = next.objective / context.runner.source.totalWeight;
    const converged = hasConverged(record.gains, mean, context.tolerance);
    if (converged) record.status = "converged";
    else if (iteration >= context.maxIterations) record.status = "maxIterations";
    if (converged || isCheckIteration(iteration)) {
      if (variational !== undefined) await this.renewPosterior();
      await this.raiseStart();
      if (iteration < context.maxIterations) await this.reviveEmpty();
    }
    return before;
  }

  /**
   * Begins a posterior that is found by ascent anew, and takes it where its bound is higher: what was best some parameters
   * ago may have become a local maximum that a score of the model would not stay in.
   */
  private async renewPosterior(): Promise<void> {
    const { context, record, current } = this;
    const renewed = await evaluateAt(context, current.parameters, record.iteration, [], current, true);
    if (renewed.objective > current.objective) this.goOnFrom(renewed);
  }

  /** Moves what EM hardly moves, the means of first states, all the way, where that raises the objective. */
  private async raiseStart(): Promise<void> {
    const { context, record, current } = this;
    const { methods, source } = context.runner;
    const isPlain = record.status !== "converged" && record.iteration - record.plainSince <= this.plainIterations;
    if (!context.accelerate || isPlain || methods.raisedStartOf === undefined) return;
    const raised = { ...(await methods.raisedStartOf(source, current.parameters)) };
    for (const name of context.fixed) delete raised[name];
    if (Object.keys(raised).length === 0) return;
    const tried = await tryEvaluate(context, { ...current.parameters, ...raised });
    if (tried === undefined || !(tried.objective > current.objective)) return;
    this.earlier = undefined;
    record.squarem = { phase: "first", longest: record.squarem.longest };
    this.goOnFrom(tried);
  }

  /** A higher point at the same iteration; what had converged goes on if it is higher by more than the tolerance. */
  private goOnFrom(higher: Evaluation): void {
    const { context, record } = this;
    const gain = (higher.objective - this.current.objective) / context.runner.source.totalWeight;
    this.current = higher;
    if (record.status !== "converged" || gain <= context.tolerance || record.iteration >= context.maxIterations) return;
    record.status = "running";
    record.gains = [];
  }

  /** Iterations before acceleration sets in. */
  private get plainIterations(): number {
    return this.context.isStartGiven && this.record.plainSince === 0 ? PLAIN_FROM_GIVEN : PLAIN_ITERATIONS;
  }

  private async advance(
    before: Evaluation,
    iteration: number,
    collected: FitWarning[],
  ): Promise<{ next: Evaluation; plain: boolean; squarem: SquaremState }> {
    const { context, record, space } = this;
    const updated = await maximise(context, before, iteration, collected);
    const evaluate = (parameters: Tensors): Promise<Evaluation> =>
      evaluateAt(context, parameters, iteration, collected, before);
    const { squarem } = record;
    if (!context.accelerate || iteration - record.plainSince <= this.plainIterations || space.dimension === 0) {
      return { next: await evaluate(updated), plain: true, squarem };
    }
    const { longest } = squarem;
    if (squarem.phase === "settle") {
      return { next: await evaluate(updated), plain: true, squarem: { phase: "first", longest } };
    }
    if (squarem.phase === "first" || squarem.origin === undefined) {
      const origin = [...space.toVector(before.parameters)];
      return { next: await evaluate(updated), plain: true, squarem: { phase: "second", origin, longest } };
    }
    const jump = extrapolate(squarem.origin, space.toVector(before.parameters), space.toVector(updated), longest);
    if (jump !== undefined && jump.step > 1) {
      const tried = await tryEvaluate(context, space.fromVector(jump.point, updated), before);
      const accepted = tried !== undefined && tried.objective >= before.objective;
      const bound = nextLongest(longest, jump.step, accepted);
      if (accepted) return { next: tried, plain: false, squarem: { phase: "settle", longest: bound } };
      return { next: await evaluate(updated), plain: true, squarem: { phase: "first", longest: Math.max(bound, 2) } };
    }
    return { next: await evaluate(updated), plain: true, squarem: { phase: "first", longest } };
  }

  /** Starts empty components again, up to the allowed number; the objective has a new baseline then. */
  private async reviveEmpty(): Promise<void> {
    const { context, record } = this;
    if (!context.reseed || record.reseeds >= MOST_RESEEDS) return;
    const { runner, latents } = context;
    const [empty] = await emptyComponents(runner, this.current, latents);
    if (empty === undefined) return;
    const used = [...record.reseededRows];
    const tables = await reseedTables(runner, this.current.parameters, empty, used);
    const collected: FitWarning[] = [
      warnings.componentReseeded(empty.latent.variable.name, empty.value, record.iteration),
    ];
    let revived: Evaluation;
    try {
      const { parameters: before } = this.current;
      const parameters = await fromTables(context, before, tables, record.iteration, collected, context.fixed);
      revived = await evaluateAt(context, parameters, record.iteration, collected);
    } catch (error) {
      if (error instanceof NonFiniteError || error instanceof CollapsedComponentError) return;
      throw error;
    }
    this.keepFallback(this.current);
    this.earlier = undefined;
    this.current = revived;
    record.status = "running";
    // The trace is that of EM from one start, along which the objective never falls; the way up to here is in the fallback.
    record.trace.length = 0;
    record.reseeds++;
    record.reseededRows = used;
    record.gains = [];
    record.squarem = initialSquarem;
    record.plainSince = record.iteration;
    this.warn(collected);
  }

  /** The same warning in every iteration is one warning; so is a fall of the objective. */
  private warn(found: readonly FitWarning[]): void {
    const known = new Set(this.record.warnings.map(({ message }) => message));
    const hasFallen = this.record.warnings.some(({ code }) => code === "GEN5007");
    const fresh = found.filter(({ code, message }) => !known.has(message) && !(hasFallen && code === "GEN5007"));
    if (fresh.length > 0) this.record.warnings = [...this.record.warnings, ...fresh];
  }

  private keepFallback({ parameters, objective }: Evaluation): void {
    const { fallback, trace } = this.record;
    if (fallback !== undefined && fallback.objective >= objective) return;
    this.record.fallback = { parameters, objective, trace: [...trace] };
  }
}

function newRecord(restart: number, start: StartMethod | "parameters", collected: readonly FitWarning[]): RunRecord {
  return {
    restart,
    start,
    status: "running",
    iteration: 0,
    trace: [],
    gains: [],
    squarem: initialSquarem,
    plainSince: 0,
    reseeds: 0,
    reseededRows: [],
    warnings: collected,
  };
}
