// Chains: sizes, data and starts of the peers' recipes; both sides draw their rows themselves, from the same numbers.
import { hiddenMarkovRows, kalmanRows, kalmanTruth, Stream, switchingRows, switchingTruth } from "./recipe.mjs";

export const chainTasks = ["hmm", "kalman", "switching"];

/** Seconds that one step takes JAX, roughly. */
const guesses = { hmm: 1e-6, kalman: 8e-6, switching: 35e-6 };

/** One size of each task, and the lengths that say whether time is linear in them. */
export function chainCasesOf(wantedTasks) {
  const cases = [
    { task: "hmm", n: 100, t: 1000, d: 4, k: 8 },
    ...[1e4, 1e5, 1e6].map((t) => ({ task: "kalman", n: 1, t, d: 4, p: 2 })),
    { task: "switching", n: 1, t: 1e4, d: 4, p: 2, k: 4 },
  ];
  return cases
    .filter(({ task }) => wantedTasks.includes(task))
    .map((each) => ({ ...each, name: nameOf(each), steps: each.n * each.t }));
}

export function guessChainSeconds({ task, steps }) {
  return guesses[task] * steps;
}

function nameOf({ task, n, t, d, p, k }) {
  const sizes = Object.entries({ N: n, T: t, D: d, P: p, K: k }).filter(([, size]) => size !== undefined);
  return `${task} ${sizes.map(([name, size]) => `${name}=${size}`).join(" ")}`;
}

/** Arguments of a peer's script that are sizes. */
export function chainArguments({ n, t, d, p, k }) {
  const sizes = Object.entries({ n, t, d, p, k }).filter(([, size]) => size !== undefined);
  return sizes.flatMap(([name, size]) => [`--${name}`, size]);
}

/** Sizes, data and start on our side. */
export function chainProblem({ task, n, t, d, p, k }) {
  const tensor = (shape, values) => ({ shape, data: Array.from(values) });
  const scaled = (size, value) => Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? value : 0));
  const even = (size) => new Array(size).fill(1 / size);
  switch (task) {
    case "hmm": {
      const rows = hiddenMarkovRows(n, t, d, k, 1);
      const starts = Array.from({ length: k }, (_, j) => d * Math.floor((j * n * t) / k));
      return {
        sizes: { K: k, D: d },
        data: {
          s: Float64Array.from({ length: n * t }, (_, row) => Math.floor(row / t)),
          y: { shape: [n * t, d], data: rows },
        },
        init: {
          initial: even(k),
          transition: tensor(
            [k, k],
            scaled(k, 0.8).map((value) => value + 0.2 / k),
          ),
          mean: tensor(
            [k, d],
            starts.flatMap((from) => [...rows.subarray(from, from + d)]),
          ),
          covariance: tensor([k, d, d], Array.from({ length: k }, () => scaled(d, 4)).flat()),
        },
      };
    }
    case "kalman": {
      const { window } = kalmanTruth(d, p, new Stream(1));
      return {
        sizes: { D: d, P: p },
        data: { y: { shape: [t, p], data: kalmanRows(t, d, p, 1) } },
        init: {
          A: tensor([d, d], scaled(d, 0.8)),
          Q: tensor([d, d], scaled(d, 1)),
          C: tensor(
            [p, d],
            window.map((value) => 0.8 * value),
          ),
          R: tensor([p, p], scaled(p, 1)),
          m0: new Array(d).fill(0),
          V0: tensor([d, d], scaled(d, 1)),
        },
      };
    }
    case "switching": {
      const { moves, variances, window } = switchingTruth(k, d, p, new Stream(1));
      const stay = Math.exp(2) / (Math.exp(2) + k - 1);
      return {
        sizes: { K: k, D: d, P: p },
        data: { y: { shape: [t, p], data: switchingRows(t, k, d, p, 1) } },
        init: {
          initial: even(k),
          transition: tensor(
            [k, k],
            scaled(k, 1).map((value) => (value === 1 ? stay : (1 - stay) / (k - 1))),
          ),
          F: tensor(
            [k, d, d],
            moves.map((value) => 0.9 * value),
          ),
          Q: tensor(
            [k, d],
            Array.from(variances).flatMap((value) => new Array(d).fill(1.2 * value)),
          ),
          H: tensor(
            [p, d],
            window.map((value) => 1.1 * value),
          ),
          R: new Array(p).fill(0.3),
          m0: new Array(d).fill(0),
          V0: tensor([d, d], scaled(d, 1)),
        },
      };
    }
  }
}
