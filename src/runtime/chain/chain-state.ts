import type { ModelDescription, Sizes, StateDescription, StateMember, VariableDescription } from "../description.js";
import { boundShape, extentValue, product } from "../extents.js";

/** What is known of the latents that have a memory. */
export interface FilteredState {
  /** Of each discrete latent, the probability of each value. */
  readonly probability: Readonly<Record<string, Float64Array>>;
  /** Of each Gaussian latent. */
  readonly mean: Readonly<Record<string, Float64Array>>;
  /** Row-major. */
  readonly covariance: Readonly<Record<string, Float64Array>>;
}

/** Sizes of what a row tells the next one, and how to read it. */
export class ChainLayout {
  readonly state: StateDescription;
  /** Values of one row, by array. */
  readonly widths: Readonly<Record<string, number>>;
  private readonly projections = new Map<readonly StateMember[], Projection>();
  /** Latents of the latest row, each with the place of its moments. */
  private readonly latest: {
    readonly discrete: readonly { readonly name: string; readonly members: readonly StateMember[] }[];
    readonly gaussian: readonly {
      readonly name: string;
      readonly length: number;
      readonly given: readonly StateMember[];
      readonly mean: string;
      readonly covariance: string;
    }[];
  };

  constructor(
    private readonly description: ModelDescription,
    private readonly sizes: Sizes,
  ) {
    if (description.sequences === undefined) throw new Error(`${description.name} has no chain`);
    this.state = description.sequences.state;
    const widths: Record<string, number> = {};
    for (const { name, members } of this.state.tables) widths[name] = this.cells(members);
    for (const { given, variables, covariances } of this.state.gaussians) {
      const cells = this.cells(given);
      for (const { name, mean } of variables) widths[mean] = cells * this.lengthOf(name);
      for (const { first, second, name } of covariances)
        widths[name] = cells * this.lengthOf(variables[first].name) * this.lengthOf(variables[second].name);
    }
    this.widths = widths;
    this.latest = {
      discrete: this.state.tables.flatMap(({ members }) =>
        members.flatMap((member) => (member.lag === 0 ? [{ name: member.name, members: [member] }] : [])),
      ),
      gaussian: this.state.gaussians.flatMap(({ given, variables, covariances }) =>
        variables.flatMap(({ name, lag, mean }, i) => {
          if (lag !== 0) return [];
          const own = covariances.find(({ first, second }) => first === i && second === i);
          return [{ name, length: this.lengthOf(name), given, mean, covariance: own?.name ?? mean }];
        }),
      ),
    };
  }

  variable(name: string): VariableDescription {
    const found = this.description.variables.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${this.description.name} has no variable ${name}`);
    return found;
  }

  /** Values of a discrete latent. */
  valuesOf(name: string): number {
    const { domain, categories } = this.variable(name);
    return domain === "binary" ? 2 : (extentValue(categories ?? 1, this.sizes) ?? 1);
  }

  /** Entries of a continuous latent. */
  lengthOf(name: string): number {
    return product(boundShape(this.variable(name).event, this.sizes));
  }

  cells(members: readonly StateMember[]): number {
    return product(members.map(({ name }) => this.valuesOf(name)));
  }

  /** What a row has told, latent by latent: its probabilities, or its moments with all discrete latents summed out. */
  filtered(row: (array: string) => Float64Array): FilteredState {
    const probability: Record<string, Float64Array> = {};
    const mean: Record<string, Float64Array> = {};
    const covariance: Record<string, Float64Array> = {};
    for (const { name, members } of this.latest.discrete) probability[name] = this.probabilitiesOf(members, row);
    for (const { name, length, given, mean: array, covariance: square } of this.latest.gaussian) {
      const weights = this.probabilitiesOf(given, row);
      const means = row(array);
      const average = new Float64Array(length);
      for (let cell = 0; cell < weights.length; cell++)
        for (let a = 0; a < length; a++) average[a] += weights[cell] * means[cell * length + a];
      const block = row(square);
      const spread = new Float64Array(length * length);
      for (let cell = 0; cell < weights.length; cell++) {
        for (let a = 0; a < length; a++) {
          const off = means[cell * length + a] - average[a];
          for (let b = 0; b < length; b++) {
            const other = means[cell * length + b] - average[b];
            spread[a * length + b] += weights[cell] * (block[(cell * length + a) * length + b] + off * other);
          }
        }
      }
      mean[name] = average;
      covariance[name] = spread;
    }
    return { probability, mean, covariance };
  }

  /** The values of the members in one cell of their table. */
  valuesIn(members: readonly StateMember[], cell: number): number[] {
    const values: number[] = [];
    let rest = cell;
    for (const { name } of [...members].reverse()) {
      const size = this.valuesOf(name);
      values.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return values;
  }

  /** Probabilities of the cells of some members, from the table that holds them all. */
  probabilitiesOf(members: readonly StateMember[], row: (array: string) => Float64Array): Float64Array {
    if (members.length === 0) return Float64Array.of(1);
    const { table, cellOf, cells } = this.projection(members);
    const probabilities = new Float64Array(cells);
    const joint = row(table);
    for (let cell = 0; cell < joint.length; cell++) probabilities[cellOf[cell]] += joint[cell];
    return probabilities;
  }

  /** Which cell of the members each cell of their table belongs to; made once, since filters ask at every step. */
  private projection(members: readonly StateMember[]): Projection {
    const known = this.projections.get(members);
    if (known !== undefined) return known;
    const table = this.state.tables.find((one) => members.every((member) => indexOf(one.members, member) >= 0));
    if (table === undefined) throw new Error(`no table holds ${members.map(({ name }) => name).join(", ")}`);
    const places = members.map((member) => indexOf(table.members, member));
    const cellOf = Int32Array.from({ length: this.cells(table.members) }, (_, cell) => {
      const values = this.valuesIn(table.members, cell);
      return members.reduce((index, { name }, i) => index * this.valuesOf(name) + values[places[i]], 0);
    });
    const made = { table: table.name, cellOf, cells: this.cells(members) };
    this.projections.set(members, made);
    return made;
  }
}

interface Projection {
  readonly table: string;
  readonly cellOf: Int32Array;
  readonly cells: number;
}

function indexOf(members: readonly StateMember[], wanted: StateMember): number {
  return members.findIndex(({ name, lag }) => name === wanted.name && lag === wanted.lag);
}
