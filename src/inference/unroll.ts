import type { Axis, Model, Variable } from "../ir/model.js";
import { dependenciesOf, type Dependency, type FactorDependencies } from "./dependencies.js";
import { type Latents, latentsOf } from "./latents.js";

/** One copy of a latent, at a position along each unrolled axis. */
export interface LatentCopy {
  readonly variable: string;
  readonly kind: "discrete" | "continuous";
  readonly position: ReadonlyMap<string, number>;
  /** Position along each unrolled chain of the model, outermost first; infinite where it lives outside of that chain. */
  readonly slice: readonly number[];
  /** How many axes hold it. */
  readonly depth: number;
}

/** The latent copies that one copy of a factor joins (indices into `copies`), and the factors merged into it. */
export interface Scope {
  readonly discrete: ReadonlySet<number>;
  readonly continuous: ReadonlySet<number>;
  readonly factors: ReadonlySet<string>;
}

/** A factor graph written out for axes of known sizes; rows that are independent stand as one. */
export interface UnrolledGraph {
  readonly copies: readonly LatentCopy[];
  readonly scopes: readonly Scope[];
}

/**
 * The axes along which latents are coupled: chains, and plates that repeat below a latent declared outside of them.
 *
 * An outermost plate of independent rows is not among them, since nothing outside it joins its rows.
 */
export function coupledAxes(model: Model): readonly Axis[] {
  const latents = model.variables.filter((variable) => variable.role === "latent");
  const ancestors = (axis: Axis): readonly string[] => {
    const parent = model.axes.find((candidate) => candidate.name === axis.parent);
    return parent === undefined ? [] : [parent.name, ...ancestors(parent)];
  };
  return model.axes.filter((axis) => {
    if (axis.kind === "chain" || axis.size !== undefined) return true;
    const outer = ancestors(axis);
    return latents.some(
      (latent) => !latent.axes.includes(axis.name) && latent.axes.every((name) => outer.includes(name)),
    );
  });
}

/** Furthest look-back of the model, in steps. */
export function longestLag(factors: readonly FactorDependencies[]): number {
  const lags = factors.flatMap(({ dependencies }) => dependencies.map(({ lag }) => (lag === "all" ? 0 : lag)));
  return Math.max(0, ...lags);
}

/** The model's factor graph with every axis in `sizes` written out. */
export function unroll(model: Model, sizes: ReadonlyMap<string, number>): UnrolledGraph {
  return new Unrolling(model, sizes).graph();
}

class Unrolling {
  private readonly model: Model;
  private readonly sizes: ReadonlyMap<string, number>;
  private readonly latents: Latents;
  private readonly variables: ReadonlyMap<string, Variable>;
  private readonly chains: ReadonlySet<string>;
  private readonly copies: LatentCopy[] = [];
  private readonly known = new Map<string, number>();

  constructor(model: Model, sizes: ReadonlyMap<string, number>) {
    this.model = model;
    this.sizes = sizes;
    this.latents = latentsOf(model);
    this.variables = new Map(model.variables.map((variable) => [variable.name, variable]));
    this.chains = new Set(model.axes.filter((axis) => axis.kind === "chain").map((axis) => axis.name));
  }

  graph(): UnrolledGraph {
    const scopes = dependenciesOf(this.model).flatMap((factor) => this.scopesOf(factor));
    return { copies: this.copies, scopes };
  }

  private scopesOf({ factor, dependencies }: FactorDependencies): readonly Scope[] {
    const child = this.variable(factor.child);
    const chain = this.innermostChain(child);
    const phase = factor.kind === "density" ? factor.phase : "all";
    return positions(this.unrolledAxes(child), this.sizes).flatMap((position) => {
      const step = chain === undefined ? undefined : position.get(chain);
      if (step !== undefined && phase === "initial" && step !== 0) return [];
      if (step !== undefined && phase === "step" && step === 0) return [];
      const own: Dependency = { variable: child.name, lag: 0, mode: "known", span: factor.span };
      const joined = [own, ...dependencies].flatMap((dependency) => this.copiesAt(dependency, position));
      const ofKind = (kind: LatentCopy["kind"]): ReadonlySet<number> =>
        new Set(joined.filter((copy) => this.copies[copy]?.kind === kind));
      const scope = { discrete: ofKind("discrete"), continuous: ofKind("continuous"), factors: new Set([factor.name]) };
      return joined.length === 0 ? [] : [scope];
    });
  }

  /** The copies of a variable that a factor at this position reads; none before the beginning of a chain. */
  private copiesAt(dependency: Dependency, from: ReadonlyMap<string, number>): readonly number[] {
    if (!this.latents.variables.has(dependency.variable)) return [];
    const variable = this.variable(dependency.variable);
    const chain = this.innermostChain(variable);
    const axes = this.unrolledAxes(variable);
    const everyStep = dependency.lag === "all" ? chain : undefined;
    const free = axes.filter((axis) => axis === everyStep || !from.has(axis));
    return positions(free, this.sizes).flatMap((rest) => {
      const position = new Map(
        axes.map((axis) => {
          const back = axis === chain && dependency.lag !== "all" ? dependency.lag : 0;
          return [axis, rest.get(axis) ?? (from.get(axis) ?? 0) - back];
        }),
      );
      return [...position.values()].some((at) => at < 0) ? [] : [this.copy(variable, position)];
    });
  }

  private copy(variable: Variable, position: ReadonlyMap<string, number>): number {
    const key = `${variable.name} ${[...position.values()].join(" ")}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const kind = this.latents.discrete.has(variable.name) ? "discrete" : "continuous";
    const slice = [...this.chains]
      .filter((chain) => this.sizes.has(chain))
      .map((chain) => position.get(chain) ?? Infinity);
    this.known.set(key, this.copies.length);
    return this.copies.push({ variable: variable.name, kind, position, slice, depth: variable.axes.length }) - 1;
  }

  private variable(name: string): Variable {
    const found = this.variables.get(name);
    if (found === undefined) throw new Error(`unroll: the model has no variable ${name}`);
    return found;
  }

  private unrolledAxes(variable: Variable): readonly string[] {
    return variable.axes.filter((axis) => this.sizes.has(axis));
  }

  private innermostChain(variable: Variable): string | undefined {
    return variable.axes.findLast((axis) => this.chains.has(axis));
  }
}

/** Every combination of positions along the axes, the last axis fastest. */
function positions(
  axes: readonly string[],
  sizes: ReadonlyMap<string, number>,
): readonly ReadonlyMap<string, number>[] {
  let combinations: ReadonlyMap<string, number>[] = [new Map()];
  for (const axis of axes) {
    const size = sizes.get(axis) ?? 1;
    combinations = combinations.flatMap((outer) =>
      Array.from({ length: size }, (_, at) => new Map([...outer, [axis, at]])),
    );
  }
  return combinations;
}
