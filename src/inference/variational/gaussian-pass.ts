import type { DensityFactor, Model, Variable } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { inOrder } from "../chain/chain-passes.js";
import type { Frames } from "../chain/frame-model.js";
import { suffixAt } from "../chain/gaussian-step.js";
import { declarePlates, declareRows, eventAxesOf, laggedName } from "../elaborate/axes.js";
import { gaussianComponents } from "../elimination/components.js";
import { continuousVariable } from "../elimination/gaussian.js";
import { eliminateInside } from "../elimination/integrate.js";
import {
  blockAxes,
  type ContinuousVariable,
  eliminateContinuous,
  pairOf,
  type Potential,
  product,
  reducePlate,
} from "../elimination/potential.js";
import { type LatentBlock, withLatents } from "./blocks.js";
import { expectedPotential } from "./expected-potential.js";
import { Expectations, gaussianScopeOf, table } from "./expectations.js";
import {
  type Answers,
  answersOf,
  eventOf,
  type Integral,
  pairsOf,
  type Placed,
  required,
} from "./gaussian-integral.js";
import { type Place, type RowModel, sweepAt } from "./places.js";

/**
 * Brings a Gaussian block up to date: every factor that reads it is the potential that is expected of it under the other
 * blocks, and potentials are integrated in canonical form. (They are no densities: their sum over d is no Normal of
 * anything, and covariances cannot be moved forwards.)
 *
 *     log q(x) = sum_f E_q(others)[log f(…, x)] - log Z,   E[x] = d log Z / d h,   Cov[x] = -(1 or 2) d log Z / d J at h = 0
 *     entropy = log Z at g = 0, h = 0, + n / 2
 *
 * Along a chain what a step tells the next is h and J of what later steps read; backwards it is told their means and
 * covariances given all rows, which are the derivatives with respect to h and J.
 */
export class GaussianPass {
  private readonly model: Model;
  private readonly frames: Frames | undefined;

  constructor(
    private readonly rowModel: RowModel,
    private readonly blocks: readonly LatentBlock[],
    private readonly block: LatentBlock,
    /** Only what its own densities say, none of what depends on it: where it begins. */
    private readonly isBeginning = false,
  ) {
    this.model = rowModel.model;
    this.frames = rowModel.frames;
  }

  update(missing: boolean): PlanFunction {
    const { frames } = this;
    const { places } = this.rowModel;
    const [only] = places;
    if (frames === undefined) return { ...this.writeStatic(only!, missing).build("update"), name: "update" };
    const last = places.slice(0, -1);
    const tells = last.some(({ position }) => this.members(position).length > 0);
    const forward = places.map((place) => ({
      ...this.forward(place, missing).build(`forward${place.position}`),
      sweep: sweepAt(frames, place.position),
    }));
    const ends = last.map(({ position }) => {
      const isLong = position >= frames.depth - 1;
      return {
        ...this.end(position).build(`end${isLong ? "" : position}`),
        sweep: { from: position, ...(isLong ? {} : { to: position + 1 }), last: true },
      };
    });
    const backward = [...places].reverse().map((place) => ({
      ...this.backward(place, missing).build(`backward${place.position}`),
      sweep: sweepAt(frames, place.position, true),
    }));
    return inOrder("update", tells ? [...forward, ...ends, ...backward] : backward);
  }

  private writeStatic({ factors }: Place, missing: boolean): PlanBuilder {
    const builder = this.newBuilder();
    const rows = this.rowModel.rows;
    const { block } = this;
    const write = (inner: PlanBuilder): Integral => {
      const q = this.expectations(inner);
      const own = this.own(factors);
      const components = gaussianComponents(withLatents(this.model, (one) => this.isOwn(one.name)));
      const placed = new Map(
        block.variables.map(({ name, axes }) => {
          declarePlates(inner, this.model, axes);
          return [name, { variable: continuousVariable(q.elaborator, name), plates: axes }] as const;
        }),
      );
      const place = (name: string): Placed => required(placed, name);
      const pairs = components.flatMap((component) => component.pairs.map(([u, v]) => [place(u), place(v)] as const));
      return {
        potentials: own.map((factor) => expectedPotential(q, factor, this.block, missing)),
        variables: [...placed.values()],
        pairs,
        kept: [],
        integrate: (potentials) =>
          components
            .map((component) =>
              eliminateInside(
                inner,
                component,
                potentials.filter(({ scope }) =>
                  scope.some(({ name }) => component.variables.some((variable) => variable.name === name)),
                ),
              ),
            )
            .map((one) => this.onRows(inner, one))
            .reduce((a, b) => product(inner, [a, b])),
      };
    };
    const answers = this.answers(builder, write, "static");
    const integral = write(builder);
    this.writeTables(builder, integral, answers, answers.entropy, rows);
    return builder;
  }

  private forward(place: Place, missing: boolean): PlanBuilder {
    const { frames, rowModel } = this;
    const builder = this.newBuilder();
    const { position } = place;
    const { integrate, potentials } = this.step(builder, place, missing);
    const rest = integrate(potentials);
    for (const [i, u] of this.members(position).entries()) {
      const own = this.placed(builder, u);
      const suffix = suffixAt(frames!, position);
      const linear = rest.linear.get(own.variable.key) ?? builder.constant(0);
      builder.output(`linear.${u.key}${suffix}`, linear, [rowModel.rows, ...eventOf(own.variable)], { internal: true });
      for (const v of this.members(position).slice(i)) {
        const other = this.placed(builder, v);
        const node = rest.precision.get(pairOf(u.key, v.key)) ?? builder.constant(0);
        const axes = [rowModel.rows, ...blockAxes(builder, own.variable, other.variable)];
        builder.output(`precision.${pairOf(u.key, v.key)}${suffix}`, node, axes, { internal: true });
      }
    }
    return builder;
  }

  /** What the last row of a sequence tells itself: moments of what it would have told the next. */
  private end(position: number): PlanBuilder {
    const { frames, rowModel } = this;
    const builder = this.newBuilder();
    const suffix = suffixAt(frames!, position);
    const members = this.members(position);
    const write = (inner: PlanBuilder): Integral => {
      const variables = members.map((member) => this.placed(inner, member));
      return {
        potentials: [this.told(inner, position, 0)],
        variables,
        pairs: pairsOf(variables),
        kept: [],
        integrate: ([first, ...more]) => eliminateAll(inner, product(inner, [first!, ...more]), variables),
      };
    };
    const answers = this.answers(builder, write, `end${position}`);
    for (const [i, u] of members.entries()) {
      const own = this.placed(builder, u);
      const axes = [rowModel.rows, ...eventOf(own.variable)];
      builder.output(`smoothed.${u.key}${suffix}`, answers.mean(u.key), axes, { internal: true });
      for (const v of members.slice(i)) {
        const other = this.placed(builder, v);
        const square = [rowModel.rows, ...blockAxes(builder, own.variable, other.variable)];
        const node = answers.covariance(u.key, v.key);
        builder.output(`spread.${pairOf(u.key, v.key)}${suffix}`, node, square, { internal: true });
      }
    }
    builder.output(`rest${suffix}`, answers.entropy, [rowModel.rows], { internal: true });
    return builder;
  }

  private backward(place: Place, missing: boolean): PlanBuilder {
    const { frames, rowModel } = this;
    const { rows } = rowModel;
    const builder = this.newBuilder();
    const { position } = place;
    const write = (inner: PlanBuilder): Integral => this.step(inner, place, missing);
    const answers = this.answers(builder, write, `step${position}`, position);
    const integral = write(builder);
    const tells = this.members(position).length > 0;
    const suffix = suffixAt(frames!, position);
    const rest = tells ? builder.input("carry", `rest${suffix}`, [rows]) : builder.constant(0);
    this.writeTables(builder, integral, answers, builder.plus(answers.entropy, rest), rows);
    if (position === 0) return builder;
    const back = { internal: true, lag: 1 } as const;
    const before = this.members(position - 1);
    const earlier = suffixAt(frames!, position - 1);
    for (const [i, u] of before.entries()) {
      const own = this.placed(builder, this.shifted(u));
      builder.output(
        `smoothed.${u.key}${earlier}`,
        answers.mean(own.variable.key),
        [rows, ...eventOf(own.variable)],
        back,
      );
      for (const v of before.slice(i)) {
        const other = this.placed(builder, this.shifted(v));
        const node = answers.covariance(own.variable.key, other.variable.key);
        const axes = [rows, ...this.orderedAxes(builder, u, v, own.variable, other.variable)];
        builder.output(`spread.${pairOf(u.key, v.key)}${earlier}`, node, axes, back);
      }
    }
    if (before.length > 0) builder.output(`rest${earlier}`, builder.constant(0), [rows], back);
    return builder;
  }

  /** The factors of a step with what the step before told. */
  private step(builder: PlanBuilder, { factors, position }: Place, missing: boolean): Integral {
    const q = this.expectations(builder);
    const own = this.own(factors);
    const potentials = own.map((factor) => this.onRows(builder, expectedPotential(q, factor, this.block, missing)));
    const before = position === 0 ? [] : this.members(position - 1).map((member) => this.shifted(member));
    if (before.length > 0) potentials.push(this.told(builder, position - 1, 1));
    const read = own.flatMap((factor) =>
      gaussianScopeOf(this.model, factor).filter(({ variable }) => this.isOwn(variable.name)),
    );
    const copies = new Map(
      [...before, ...read.map(({ key, variable, lag }) => ({ key, name: variable.name, lag }))].map((one) => [
        one.key,
        one,
      ]),
    );
    const variables = [...copies.values()].map((one) => this.placed(builder, one));
    const byKey = new Map(variables.map((one) => [one.variable.key, one]));
    const pairs = new Map<string, readonly [Placed, Placed]>();
    const add = (keys: readonly string[]): void => {
      for (const [i, u] of keys.entries())
        for (const v of keys.slice(i)) pairs.set(pairOf(u, v), [required(byKey, u), required(byKey, v)]);
    };
    add(before.map(({ key }) => key));
    for (const factor of own)
      add(gaussianScopeOf(this.model, factor).flatMap(({ key, variable }) => (this.isOwn(variable.name) ? [key] : [])));
    const told = new Set(this.members(position).map(({ key }) => key));
    const kept = variables.filter(({ variable }) => told.has(variable.key));
    const gone = variables.filter(({ variable }) => !told.has(variable.key));
    for (const [key] of byKey) if (!pairs.has(pairOf(key, key))) add([key]);
    for (const pair of pairsOf(kept)) pairs.set(pairOf(pair[0].variable.key, pair[1].variable.key), pair);
    return {
      potentials,
      variables,
      pairs: [...pairs.values()],
      kept,
      integrate: (all) => eliminateAll(builder, product(builder, all), gone),
    };
  }

  /** h and J that the step at a position told, as the step `back` steps later sees them. */
  private told(builder: PlanBuilder, position: number, back: 0 | 1): Potential {
    const { rows } = this.rowModel;
    const suffix = suffixAt(this.frames!, position);
    const linear = new Map<string, NodeId>();
    const precision = new Map<string, NodeId>();
    const scope: ContinuousVariable[] = [];
    const members = this.members(position);
    for (const [i, u] of members.entries()) {
      const own = this.placed(builder, back === 0 ? u : this.shifted(u)).variable;
      scope.push(own);
      linear.set(own.key, builder.input("carry", `linear.${u.key}${suffix}`, [rows, ...eventOf(own)], back));
      for (const v of members.slice(i)) {
        const other = this.placed(builder, back === 0 ? v : this.shifted(v)).variable;
        const axes = [rows, ...this.orderedAxes(builder, u, v, own, other)];
        precision.set(
          pairOf(own.key, other.key),
          builder.input("carry", `precision.${pairOf(u.key, v.key)}${suffix}`, axes, back),
        );
      }
    }
    return { plates: [rows], log: builder.constant(0), scope, linear, precision };
  }

  /** Axes of a block in the order in which it is stored, which is that of the keys at the row where it is stored. */
  private orderedAxes(
    builder: PlanBuilder,
    u: Member,
    v: Member,
    own: ContinuousVariable,
    other: ContinuousVariable,
  ): readonly string[] {
    if (u.key === v.key) return blockAxes(builder, own, other);
    const [first, second] = u.key < v.key ? [own, other] : [other, own];
    return [...eventOf(first), ...eventOf(second)];
  }

  private answers(
    builder: PlanBuilder,
    write: (builder: PlanBuilder) => Integral,
    name: string,
    position?: number,
  ): Answers {
    const suffix = position === undefined ? "" : suffixAt(this.frames!, position);
    return answersOf(builder, this.rowModel, write, { name, rule: `integrate ${this.block.name}`, suffix });
  }

  private writeTables(
    builder: PlanBuilder,
    { variables, pairs }: Integral,
    answers: Answers,
    entropy: NodeId,
    rows: string,
  ): void {
    for (const { variable, plates } of variables) {
      // Stored as a value of the latent, whatever the step it is seen from.
      const own = eventAxesOf(builder, this.variable(variable.name));
      const node = answers.mean(variable.key);
      const renamed = variable.axis === undefined ? node : builder.rename(node, variable.axis, own[0]!);
      builder.output(table.mean(variable.key), renamed, [...plates, ...own]);
    }
    for (const [u, v] of pairs) {
      const plates = u.plates.length >= v.plates.length ? u.plates : v.plates;
      builder.output(
        table.covariance(u.variable.key, v.variable.key),
        answers.covariance(u.variable.key, v.variable.key),
        [...plates, ...blockAxes(builder, u.variable, v.variable)],
      );
    }
    builder.output(table.entropy(this.block), entropy, [rows]);
  }

  /** Plates inside a row are multiplied up: no latent lives in them. */
  private onRows(builder: PlanBuilder, potential: Potential): Potential {
    const last = potential.plates.at(-1);
    if (last === undefined || last === this.rowModel.rows) return potential;
    return this.onRows(builder, reducePlate(builder, potential, last));
  }

  private expectations(builder: PlanBuilder): Expectations {
    const others = this.blocks.filter((block) => block !== this.block);
    const elaborated = withLatents(this.model, (one) => one.domain.kind !== "real" || this.isOwn(one.name));
    return new Expectations(this.model, builder, this.blocks, elaborated, others);
  }

  private own(factors: readonly DensityFactor[]): readonly DensityFactor[] {
    if (this.isBeginning) return factors.filter(({ child }) => this.isOwn(child));
    return factors.filter((factor) =>
      gaussianScopeOf(this.model, factor).some(({ variable }) => this.isOwn(variable.name)),
    );
  }

  private isOwn(name: string): boolean {
    return this.block.variables.some((variable) => variable.name === name);
  }

  private variable(name: string): Variable {
    const found = this.block.variables.find((variable) => variable.name === name);
    if (found === undefined) throw new Error(`variational: ${name} is not of ${this.block.name}`);
    return found;
  }

  private newBuilder(): PlanBuilder {
    const builder = new PlanBuilder();
    declareRows(builder, this.model);
    return builder;
  }

  /** What later steps read of the step at a position. */
  private members(position: number): readonly Member[] {
    const { frames } = this;
    if (frames === undefined) return [];
    return this.block.variables.flatMap(({ name }): readonly Member[] => {
      if (frames.perSequence.has(name)) return [{ key: name, name, lag: 0 }];
      const reach = Math.min(frames.reach.get(name) ?? 0, position + 1);
      return Array.from({ length: reach }, (_, lag) => ({ key: laggedName(name, lag), name, lag }));
    });
  }

  private shifted({ name, lag }: Member): Member {
    if (this.frames?.perSequence.has(name) === true) return { key: name, name, lag };
    return { key: laggedName(name, lag + 1), name, lag: lag + 1 };
  }

  private placed(builder: PlanBuilder, { name, lag }: Member): Placed {
    const elaborator = this.expectations(builder).elaborator;
    return { variable: continuousVariable(elaborator, name, lag), plates: [this.rowModel.rows] };
  }
}

interface Member {
  readonly key: string;
  readonly name: string;
  readonly lag: number;
}

function eliminateAll(builder: PlanBuilder, joint: Potential, variables: readonly Placed[]): Potential {
  return variables.reduce((rest, { variable }) => eliminateContinuous(builder, rest, variable.key), joint);
}
