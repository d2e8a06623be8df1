import type { Extent } from "./bindable.js";

/** What reading needs to know of a parameter; a trainer's description has it. */
export interface BindableParameter {
  readonly name: string;
  readonly domain:
    | "real"
    | "positive"
    | "unit"
    | "angle"
    | "simplex"
    | "ordered"
    | "covariance.full"
    | "covariance.diagonal"
    | "covariance.isotropic"
    | "covariance.lowRank";
  /** Table dimensions, then the value's own. */
  readonly shape: readonly Extent[];
  readonly tableRank: number;
  /** Known values, never learned. */
  readonly fixed?: readonly number[];
}

/** Why values are outside a parameter's domain, as the end of a sentence that begins with its name. */
export function domainProblem(
  { domain, tableRank, fixed }: BindableParameter,
  shape: readonly number[],
  data: Float64Array,
): string | undefined {
  if (fixed !== undefined && !fixed.every((value, i) => value === data[i])) return "has a fixed value in the model";
  const own = shape.slice(tableRank);
  const width = own.reduce((product, extent) => product * extent, 1);
  const wrong = data.findIndex((value) => !elementInDomain(domain, value));
  if (wrong >= 0) return `must be ${elementText(domain)}, and holds ${data[wrong]}`;
  for (let cell = 0; cell * width < data.length; cell++) {
    const problem = cellProblem(domain, own, data.subarray(cell * width, (cell + 1) * width));
    if (problem !== undefined) return tableRank === 0 ? problem : `${problem} (cell ${cell} of its table)`;
  }
  return undefined;
}

function elementInDomain(domain: BindableParameter["domain"], value: number): boolean {
  switch (domain) {
    case "positive":
    case "covariance.diagonal":
    case "covariance.isotropic":
      return value > 0;
    case "unit":
      return value > 0 && value < 1;
    case "simplex":
      return value >= 0;
    case "real":
    case "angle":
    case "ordered":
    case "covariance.full":
    case "covariance.lowRank":
      return true;
  }
}

function elementText(domain: BindableParameter["domain"]): string {
  return domain === "unit" ? "strictly between 0 and 1" : domain === "simplex" ? "0 or positive" : "positive";
}

function cellProblem(
  domain: BindableParameter["domain"],
  own: readonly number[],
  cell: Float64Array,
): string | undefined {
  switch (domain) {
    case "simplex": {
      const sum = cell.reduce((total, value) => total + value, 0);
      return Math.abs(sum - 1) <= 1e-6 ? undefined : `must sum to 1, and sums to ${sum}`;
    }
    case "ordered":
      return cell.every((value, i) => i === 0 || value > cell[i - 1]) ? undefined : "must increase from entry to entry";
    case "covariance.full":
      return covarianceProblem(own[0], cell);
    case "covariance.lowRank": {
      const width = own[1];
      const variances = cell.filter((_, i) => i % width === width - 1);
      return variances.every((variance) => variance > 0)
        ? undefined
        : "must have positive variances in its last column";
    }
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "covariance.diagonal":
    case "covariance.isotropic":
      return undefined;
  }
}

function covarianceProblem(size: number, cell: Float64Array): string | undefined {
  const largest = cell.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      if (Math.abs(cell[i * size + j] - cell[j * size + i]) > 1e-8 * largest) return "must be symmetric";
    }
  }
  // Cholesky factor: exists exactly for positive definite matrices.
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = cell[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      if (i === j && !(sum > 0)) return "must be positive definite";
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j];
    }
  }
  return undefined;
}
