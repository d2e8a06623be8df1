import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { RandomStream } from "../../src/numerics/random.js";
import { fakeTerminal } from "../cli/fake-terminal.js";
import { noiseStep, type StateSpace } from "../oracles/shumway-stoffer.js";
import type { Matrix } from "../oracles/small-matrices.js";
import { csvRows } from "../support/csv-columns.js";

/** EM for the noise of a state space from given starting values, iteration by iteration, against the textbook. */
interface Problem {
  readonly name: string;
  readonly text: string;
  readonly start: StateSpace;
  readonly sequences: readonly (readonly (readonly number[] | null)[])[];
  readonly diagonal: { readonly Q: boolean; readonly R: boolean };
  /** Names in the model of what the textbook calls so; `vector`: a 1 x 1 matrix is a number there. */
  readonly names: Readonly<Partial<Record<keyof StateSpace, string>>>;
  readonly isScalar?: boolean;
}

const iterations = 50;

const nile = csvRows(new URL("../../stdlib/data/nile.csv", import.meta.url), "volume");

/** Not drawn from the model: any numbers will do. */
function numbers(site: string, sequences: readonly number[], P: number, missing: readonly number[] = []) {
  const stream = new RandomStream({ seed: 5, site, item: 0 });
  return sequences.map((T) => {
    const level = Array.from({ length: P }, () => 0);
    return Array.from({ length: T }, (_, t) => {
      for (let i = 0; i < P; i++) level[i]! += stream.normal() + 0.2 * i;
      const seen = level.map((value) => 3 * value + stream.normal());
      return missing.includes(t) ? null : seen;
    });
  });
}

const general = (type: string, seen: string, given: string, offset: string, sight: string): string => `model Track {
  size D, P
  param A: Matrix[D, D]
  param C: Matrix[P, D]
  ${sight === "" ? "" : "param d: Vector[P]"}
  param Q: ${type}[D]
  param R: ${seen}[P]
  param m0: Vector[D]
  param V0: Cov[D]
  each s {
    chain t {
      ${given}
      latent x: Vector[D] ~ Normal(A * x[t-1]${offset}, Q) init Normal(m0, V0)
      observe y: Vector[P]? ~ Normal(C * x${sight}, R)
    }
  }
}`;

const shifts = Array.from({ length: 40 }, (_, t) => [Math.sin(t), Math.cos(3 * t), 0.1 * t]);

const problems: readonly Problem[] = [
  {
    name: "a level, the Nile",
    text: `model Level {
      param q: Positive
      param r: Positive
      param m0: Real
      param v0: Positive
      each s { chain t {
        latent x: Real ~ Normal(x[t-1], q) init Normal(m0, v0)
        observe y: Real? ~ Normal(x, r)
      } }
    }`,
    isScalar: true,
    start: { A: [[1]], C: [[1]], Q: [[500]], R: [[30000]], m0: [1000], V0: [[1e6]] },
    sequences: [nile],
    diagonal: { Q: false, R: false },
    names: { Q: "q", R: "r", m0: "m0", V0: "v0" },
  },
  {
    name: "a place and its speed, of which the place is seen",
    text: general("Cov", "Cov", "", "", ""),
    start: {
      A: [
        [1, 1],
        [0, 1],
      ],
      C: [[1, 0]],
      Q: [
        [0.5, 0.1],
        [0.1, 0.2],
      ],
      R: [[4]],
      m0: [0, 0],
      V0: [
        [10, 0],
        [0, 10],
      ],
    },
    sequences: numbers("speed", [60], 1, [0, 7, 8, 9, 59]),
    diagonal: { Q: false, R: false },
    names: { A: "A", C: "C", Q: "Q", R: "R", m0: "m0", V0: "V0" },
  },
  {
    name: "independent moves, independent noise",
    text: general("Diag", "Diag", "", "", " + d"),
    start: {
      A: [
        [0.9, 0.2],
        [-0.1, 0.7],
      ],
      C: [
        [1, 0],
        [0.5, 1],
        [0, -1],
      ],
      d: [1, 2, -1],
      Q: [
        [1, 0],
        [0, 2],
      ],
      R: [
        [4, 0, 0],
        [0, 3, 0],
        [0, 0, 2],
      ],
      m0: [1, -1],
      V0: [
        [2, 0.5],
        [0.5, 1],
      ],
    },
    sequences: numbers("diagonal", [25, 1, 30], 3),
    diagonal: { Q: true, R: true },
    names: { A: "A", C: "C", d: "d", Q: "Q", R: "R", m0: "m0", V0: "V0" },
  },
  {
    name: "known pushes at every step, steps that are missing as a whole",
    text: general("Cov", "Cov", "given u: Vector[D]", " + u", " + d"),
    start: {
      A: [
        [1, 0.1, 0],
        [0, 1, 0.1],
        [0, -0.2, 0.9],
      ],
      C: [
        [1, 0, 0],
        [0, 1, 1],
      ],
      b: shifts,
      d: [0.3, -0.2],
      Q: [
        [10, 0, 0],
        [0, 10, 0],
        [0, 0, 10],
      ],
      R: [
        [10, 0],
        [0, 10],
      ],
      m0: [0, 1, 2],
      V0: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    },
    sequences: numbers("pushes", [40], 2, [0, 1, 20]),
    diagonal: { Q: false, R: false },
    names: { A: "A", C: "C", d: "d", Q: "Q", R: "R", m0: "m0", V0: "V0" },
  },
];

const folder = mkdtempSync(join(tmpdir(), "genc-em-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command line says after `iterations` from the start, only the noise moving. */
async function trained(problem: Problem, ...more: readonly string[]) {
  const { text, start, sequences, names, isScalar } = problem;
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  const scalar = (value: unknown): unknown => (Array.isArray(value) ? scalar(value[0]) : value);
  const init = Object.fromEntries(
    Object.entries(names).map(([theirs, own]) => {
      const value = start[theirs as keyof StateSpace];
      const isDiagonal = (theirs === "Q" && problem.diagonal.Q) || (theirs === "R" && problem.diagonal.R);
      if (isScalar === true) return [own, scalar(value)];
      return [own, isDiagonal ? (value as Matrix).map((row, i) => row[i]) : value];
    }),
  );
  const P = start.C.length;
  const columns = Array.from({ length: P }, (_, i) => `y${i}`);
  const pushes = start.b === undefined ? [] : start.A.map((_, i) => `u${i}`);
  const rows = sequences.flatMap((y, s) =>
    y.map((seen, t) => [
      s,
      ...Array.from({ length: P }, (_, i) => (seen === null ? "" : seen[i])),
      ...pushes.map((_, i) => start.b?.[t]?.[i]),
    ]),
  );
  const data = [["s", ...columns, ...pushes], ...rows].map((row) => row.join(",")).join("\n");
  const fixed = Object.entries(names).flatMap(([theirs, own]) =>
    theirs === "Q" || theirs === "R" ? [] : ["--fix", own],
  );
  const terminal = fakeTerminal();
  const code = await main(
    [
      ...["train", write("model.gen", text), "--data", write("data.csv", data), "--sequence", "s", "--json", "--quiet"],
      ...["--map", `y=${columns.join(",")}`, ...(pushes.length === 0 ? [] : ["--map", `u=${pushes.join(",")}`])],
      ...["--init", write("start.json", JSON.stringify(init)), ...fixed, "--ridge", "0"],
      ...more,
    ],
    terminal,
  );
  expect(terminal.messages()).toBe("");
  expect(code).toBe(0);
  return JSON.parse(terminal.output()) as {
    readonly trace: readonly number[];
    readonly iterations: number;
    readonly logLikelihood: number;
    readonly parameters: Readonly<Record<string, { readonly data: readonly number[] }>>;
  };
}

function textbook({ start, sequences, diagonal }: Problem): {
  readonly logLikelihoods: readonly number[];
  readonly Q: Matrix;
  readonly R: Matrix;
} {
  const logLikelihoods: number[] = [];
  let { Q, R } = start;
  for (let i = 0; i < iterations; i++) {
    const step = noiseStep(sequences, { ...start, Q, R }, diagonal);
    logLikelihoods.push(step.logLikelihood);
    [Q, R] = [step.Q, step.R];
  }
  return { logLikelihoods, Q, R };
}

describe.each(problems.map((problem) => [problem.name, problem] as const))("%s", (_, problem) => {
  test("log-likelihoods of every iteration, the first at the starting values", async () => {
    const options = ["--max-iterations", String(iterations), "--tolerance", "0"];
    const { trace, parameters } = await trained(problem, ...options);
    const expected = textbook(problem);
    expect(trace).toHaveLength(iterations);
    expected.logLikelihoods.forEach((value, i) =>
      expect(Math.abs(trace[i]! / value - 1), `iteration ${i}`).toBeLessThan(1e-9),
    );
    for (const [theirs, isDiagonal] of Object.entries(problem.diagonal)) {
      const matrix = expected[theirs as "Q" | "R"];
      const entries = isDiagonal ? matrix.map((row, i) => row[i]!) : matrix.flat();
      const own = parameters[problem.names[theirs as "Q" | "R"]!]!.data;
      entries.forEach((value, i) => expect(own[i], `${theirs} ${i}`).toBeCloseTo(value, 6));
    }
  });
});

test("one iteration after the other, each from where the last one ended", async () => {
  const [problem] = problems;
  const { logLikelihoods } = textbook(problem!);
  let start = problem!.start;
  for (const expected of logLikelihoods.slice(0, 3)) {
    const { trace, parameters } = await trained({ ...problem!, start }, "--max-iterations", "1");
    expect(trace).toHaveLength(1);
    expect(trace[0]).toBeCloseTo(expected, 7);
    start = { ...start, Q: [[parameters["q"]!.data[0]!]], R: [[parameters["r"]!.data[0]!]] };
  }
});

test("by default EM ends close to the maximum", async () => {
  // Durbin and Koopman 2012, table 2.1 and section 2.10: at their variances and a vague start, all 100 terms.
  const maximum = -641.5855784594153;
  const [problem] = problems;
  const vague: StateSpace = { ...problem!.start, m0: [0], V0: [[1e7]] };
  const { logLikelihood } = await trained({ ...problem!, start: vague });
  expect(logLikelihood).toBeGreaterThan(maximum - 1e-4);
  const { parameters } = await trained({ ...problem!, start: vague }, "--tolerance", "1e-10");
  expect(Math.abs(parameters["r"]!.data[0]! / 15099 - 1)).toBeLessThan(1e-3);
  expect(Math.abs(parameters["q"]!.data[0]! / 1469.1 - 1)).toBeLessThan(1e-3);
});
