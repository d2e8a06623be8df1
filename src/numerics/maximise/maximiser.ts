/** The update of one group of parameters from the expected statistics of their cells. */
export interface MaximisationInput {
  readonly cells: number;
  /** Entries of the vector in a cell; 1 where the parameters are numbers. */
  readonly width: number;
  /** `count` and the statistics of the rule: [cells], or [cells, width] for one per entry. */
  readonly statistics: Readonly<Record<string, Float64Array>>;
  /** Current values by slot; kept where a cell has no weight and no prior. */
  readonly previous: Readonly<Record<string, Float64Array>>;
  /** Priors by slot: one number per argument, or one per entry of the parameter's own shape. */
  readonly priors: Readonly<Record<string, PriorArguments>>;
}

export interface PriorArguments {
  readonly distribution: string;
  readonly arguments: Readonly<Record<string, readonly number[]>>;
}

/** Maximises sum of weight * log density + log prior in each cell; returns the new values by slot. */
export type Maximiser = (input: MaximisationInput) => Record<string, Float64Array>;

/** Positive parameters are kept at or above this, so that their logarithms stay finite. */
export const smallestPositive = 1e-300;

/** Shapes and concentrations are kept between these: beyond, the data show no spread, or nothing but spread. */
export const smallestShape = 1e-8;
export const largestShape = 1e8;

/** A statistic by name. */
export function statistic(input: MaximisationInput, name: string): Float64Array {
  const values = input.statistics[name];
  if (values === undefined) throw new Error(`maximisation: statistic ${name} is missing`);
  return values;
}

export function previousOf(input: MaximisationInput, slot: string): Float64Array {
  const values = input.previous[slot];
  if (values === undefined) throw new Error(`maximisation: previous value of ${slot} is missing`);
  return values;
}

/** The arguments of a slot's prior in a cell, or undefined without a prior. A list shorter than the cells repeats. */
export function priorAt(
  input: MaximisationInput,
  slot: string,
  cell: number,
): { readonly argument: (name: string) => number } | undefined {
  const prior = input.priors[slot];
  if (prior === undefined) return undefined;
  return {
    argument(name) {
      const values = prior.arguments[name];
      if (values === undefined || values.length === 0) {
        throw new Error(`maximisation: prior ${prior.distribution} of ${slot} lacks its argument ${name}`);
      }
      return values[cell % values.length];
    },
  };
}

/** One new value per cell, from a cell's number. */
export function eachCell(input: MaximisationInput, value: (cell: number) => number): Float64Array {
  return Float64Array.from({ length: input.cells }, (_, cell) => value(cell));
}
