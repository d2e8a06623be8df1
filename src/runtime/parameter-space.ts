import { cholesky } from "../numerics/dense.js";
import type { ConstrainedKind } from "../numerics/transforms.js";
import { fromUnconstrained, toUnconstrained, unconstrainedSize } from "../numerics/transforms.js";
import type { ParameterDescription, ParameterDomain, Sizes, Tensors } from "./description.js";
import { cellsOf } from "./extents.js";

const KIND: Readonly<Record<ParameterDomain, ConstrainedKind>> = {
  real: "real",
  // A direction is learned as any real number; its density is periodic.
  angle: "real",
  positive: "positive",
  unit: "unit",
  simplex: "simplex",
  ordered: "ordered",
  "covariance.full": "fullCovariance",
  "covariance.diagonal": "diagonalCovariance",
  "covariance.isotropic": "isotropicCovariance",
  "covariance.lowRank": "lowRankCovariance",
};

export function kindOf(domain: ParameterDomain): ConstrainedKind {
  return KIND[domain];
}

/** The free parameters as one vector in unconstrained coordinates. */
export class ParameterSpace {
  private readonly free: readonly ParameterDescription[];

  constructor(
    parameters: readonly ParameterDescription[],
    private readonly sizes: Sizes,
    isFixed: (name: string) => boolean,
  ) {
    this.free = parameters.filter(({ name }) => !isFixed(name));
  }

  toVector(values: Tensors): Float64Array {
    const parts = this.free.map((parameter) => {
      const { own } = cellsOf(parameter, this.sizes);
      return toUnconstrained(kindOf(parameter.domain), values[parameter.name], own);
    });
    const vector = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
    let position = 0;
    for (const part of parts) {
      vector.set(part, position);
      position += part.length;
    }
    return vector;
  }

  /** The parameters of a vector; the others as in `base`. */
  fromVector(vector: Float64Array, base: Tensors): Tensors {
    const values: Record<string, Float64Array> = { ...base };
    let position = 0;
    for (const parameter of this.free) {
      const { cells, own } = cellsOf(parameter, this.sizes);
      const kind = kindOf(parameter.domain);
      const length = cells * unconstrainedSize(kind, own);
      const part = vector.subarray(position, position + length);
      position += length;
      const found = fromUnconstrained(kind, part, own, cells);
      // An entry at the edge of its set (a probability of exactly 0) has no finite coordinate: it stays there.
      const before = base[parameter.name];
      if (kind === "simplex" || kind === "positive")
        for (let i = 0; i < found.length; i++) if (before[i] === 0) found[i] = 0;
      values[parameter.name] = found;
    }
    return values;
  }

  /** Number of free coordinates of all parameters. */
  get dimension(): number {
    return degreesOfFreedom(this.free, this.sizes);
  }
}

/**
 * Number of free parameters: K-1 for a simplex, D(D+1)/2 for a full covariance, and for a low-rank one its entries less
 * the r(r-1)/2 rotations of the loadings that change nothing; so for the loadings of Gaussian latents.
 */
export function degreesOfFreedom(parameters: readonly ParameterDescription[], sizes: Sizes): number {
  let total = 0;
  for (const parameter of parameters) {
    const { cells, own } = cellsOf(parameter, sizes);
    let each = unconstrainedSize(kindOf(parameter.domain), own);
    if (parameter.domain === "covariance.lowRank") {
      const rank = own[1] - 1;
      each -= (rank * (rank - 1)) / 2;
    }
    if (parameter.rotates === true) each -= rotations(own[0], own[1]);
    total += cells * each;
  }
  return total;
}

/** Dimension of the orbit of loadings [D, L] under rotations of the L factors. */
function rotations(dimension: number, rank: number): number {
  const pairs = (n: number): number => (n > 1 ? (n * (n - 1)) / 2 : 0);
  return pairs(rank) - pairs(rank - dimension);
}

const SIMPLEX_TOLERANCE = 1e-6;
const SYMMETRY_TOLERANCE = 1e-8;

/** What is wrong with a parameter's values, in words; undefined where they are within their domain. */
export function domainViolation(
  parameter: ParameterDescription,
  sizes: Sizes,
  values: Float64Array,
): string | undefined {
  const { cells, width, own } = cellsOf(parameter, sizes);
  if (values.length !== cells * width) return `has ${values.length} values instead of ${cells * width}`;
  for (const value of values) if (!Number.isFinite(value)) return `contains ${value}`;
  for (let cell = 0; cell < cells; cell++) {
    const problem = cellViolation(parameter.domain, values.subarray(cell * width, (cell + 1) * width), own);
    if (problem !== undefined) return cells === 1 ? problem : `${problem} (cell ${cell})`;
  }
  return undefined;
}

function cellViolation(domain: ParameterDomain, cell: Float64Array, own: readonly number[]): string | undefined {
  switch (domain) {
    case "real":
    case "angle":
      return undefined;
    // The edge itself is allowed: the best rate of a component without any event is 0.
    case "positive":
      return cell.every((value) => value >= 0) ? undefined : "must be positive";
    case "unit":
      return cell.every((value) => value >= 0 && value <= 1) ? undefined : "must be between 0 and 1";
    case "simplex": {
      if (!cell.every((value) => value >= 0)) return "has a negative probability";
      const sum = cell.reduce((a, b) => a + b, 0);
      return Math.abs(sum - 1) <= SIMPLEX_TOLERANCE ? undefined : `sums to ${sum}, not to 1`;
    }
    case "ordered":
      return cell.every((value, i) => i === 0 || value >= cell[i - 1]) ? undefined : "must be increasing";
    case "covariance.isotropic":
    case "covariance.diagonal":
      return cell.every((value) => value > 0) ? undefined : "must have positive variances";
    case "covariance.lowRank": {
      const columns = own[1];
      return cell.every((value, i) => i % columns !== columns - 1 || value > 0)
        ? undefined
        : "must have positive variances";
    }
    case "covariance.full": {
      const size = own[0];
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < i; j++) {
          const [a, b] = [cell[i * size + j], cell[j * size + i]];
          const scale = Math.sqrt(Math.abs(cell[i * size + i] * cell[j * size + j]));
          if (Math.abs(a - b) > SYMMETRY_TOLERANCE * Math.max(scale, Math.abs(a))) return "is not symmetric";
        }
      }
      return cholesky(Float64Array.from(cell), size) ? undefined : "is not positive definite";
    }
  }
}
