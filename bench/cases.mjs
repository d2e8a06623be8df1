// What is measured: every size of the table, with the arithmetic it takes at least.
import { chainCasesOf, chainTasks, guessChainSeconds } from "./chain-cases.mjs";

export const covariances = ["full", "diag", "tied", "spherical"];
export const tasks = ["gmm", "poisson", "latent-classes", ...chainTasks];
const choices = 4;

/** The size that the others are seen from. */
const centre = { n: 200_000, d: 16, k: 16 };

export const tables = {
  quick: { n: [10_000, 200_000], d: [16], k: [16] },
  usual: { n: [10_000, 200_000], d: [2, 16], k: [3, 16] },
  full: { n: [10_000, 200_000, 1_000_000], d: [2, 16, 64], k: [3, 16, 64] },
};

/** The cases of a table, those nearest to the centre first. */
export function casesOf({ n, d, k }, wantedTasks, wantedCovariances) {
  const cases = n.flatMap((rows) =>
    d.flatMap((columns) =>
      k.flatMap((components) =>
        wantedTasks
          .filter((task) => !chainTasks.includes(task))
          .flatMap((task) => {
            const size = { task, n: rows, d: columns, k: components };
            if (task === "gmm") return wantedCovariances.map((covariance) => ({ ...size, covariance }));
            return [task === "latent-classes" ? { ...size, choices } : size];
          }),
      ),
    ),
  );
  const distance = (each) =>
    ["n", "d", "k"].reduce((sum, name) => sum + Math.abs(Math.log(each[name] / centre[name])), 0);
  const mixtures = cases
    .map((each) => ({ ...each, name: nameOf(each), operations: operationsOf(each) }))
    .sort((a, b) => distance(a) - distance(b));
  return [...mixtures, ...chainCasesOf(wantedTasks)];
}

function nameOf({ task, covariance, n, d, k }) {
  const rows = n >= 1e6 ? `${n / 1e6}M` : `${n / 1000}k`;
  return `${covariance ?? task} N=${rows} D=${d} K=${k}`;
}

/**
 * Floating-point operations of one iteration that no formulation avoids, exponentials and logarithms not counted.
 *
 * full: by row and component a triangular product, its square, and half the outer product; tied: the triangular product
 * and the outer product by row only. diag, spherical: distance and square, sum and sum of squares. Counts: two products.
 * Answers: one sum to look up and one to count.
 */
function operationsOf({ task, covariance, n, d, k }) {
  const triangle = d * (d + 1);
  switch (covariance ?? task) {
    case "full":
      return n * k * (2 * triangle + 4 * d);
    case "tied":
      return n * (2 * triangle + k * 4 * d);
    case "diag":
    case "spherical":
      return n * k * 8 * d;
    case "poisson":
      return n * k * 4 * d;
    default:
      return n * k * 2 * d;
  }
}

/** How long one iteration takes scikit-learn (chains: JAX), roughly: what is affordable is decided by it. */
export function guessSeconds(each) {
  const { n, k, operations, steps } = each;
  if (steps !== undefined) return guessChainSeconds(each);
  return operations / 2.5e9 + n * k * 3e-8;
}
