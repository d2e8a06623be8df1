import { mulberry32 } from "../oracles/random-world.js";
import { trainerOf } from "../support/trainers.js";

export const covarianceTypes = ["spherical", "diag", "tied", "full"] as const;
export type CovarianceType = (typeof covarianceTypes)[number];

const declared: Readonly<Record<CovarianceType, readonly [declaration: string, read: string]>> = {
  spherical: ["[M]: Iso[W]", "[kind]"],
  diag: ["[M]: Diag[W]", "[kind]"],
  tied: [": Cov[W]", ""],
  full: ["[M]: Cov[W]", "[kind]"],
};

/** A Gaussian mixture of M components in W columns: parameters `part`, `at`, `extent`; data `p`. */
export function mixtureText(type: CovarianceType, optional = ""): string {
  const [declaration, read] = declared[type];
  return `model Heaps {
    size M, W
    param part: Simplex[M]
    param at[M]: Vector[W]
    param extent${declaration}
    each grain {
      latent kind: Category[M] ~ Categorical(part)
      observe p: Vector[W]${optional} ~ Normal(at[kind], extent${read})
    }
  }`;
}

export const mixtureOf = (type: CovarianceType, optional = "") => trainerOf(mixtureText(type, optional));

/** The covariance matrices of a stored `extent`, one per component. */
export function covarianceMatrices(
  type: CovarianceType,
  extent: ArrayLike<number>,
  M: number,
  W: number,
): number[][][] {
  const range = (n: number): number[] => [...Array(n).keys()];
  return range(M).map((k) =>
    range(W).map((i) =>
      range(W).map((j) => {
        switch (type) {
          case "spherical":
            return i === j ? extent[k]! : 0;
          case "diag":
            return i === j ? extent[k * W + i]! : 0;
          case "tied":
            return extent[i * W + j]!;
          case "full":
            return extent[(k * W + i) * W + j]!;
        }
      }),
    ),
  );
}

/** `extent` as it is given, from one matrix per component: the first for a tied one, diagonals where there is no more. */
export function storedExtent(type: CovarianceType, matrices: readonly number[][][]): readonly unknown[] {
  switch (type) {
    case "spherical":
      return matrices.map((matrix) => matrix[0]![0]!);
    case "diag":
      return matrices.map((matrix) => matrix.map((row, i) => row[i]!));
    case "tied":
      return matrices[0]!;
    case "full":
      return matrices;
  }
}

/** A two-component setting that every type can hold. */
export const start = {
  part: [0.4, 0.6],
  at: [
    [2, 55],
    [4.2, 80],
  ],
  spread: [
    [
      [0.5, 0],
      [0, 0.5],
    ],
    [
      [0.5, 0],
      [0, 0.5],
    ],
  ],
};

/** Numbers of the tests' own. */
export function normals(seed: number): () => number {
  const uniform = mulberry32(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Rows around centres, with the given deviations, component after component. */
export function heaps(
  seed: number,
  counts: readonly number[],
  centres: readonly (readonly number[])[],
  deviations: readonly number[],
): number[][] {
  const normal = normals(seed);
  return centres.flatMap((centre, k) =>
    Array.from({ length: counts[k]! }, () => centre.map((value) => value + deviations[k]! * normal())),
  );
}
