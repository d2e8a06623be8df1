import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LoadedTrainerClass } from "../../src/compile/index.js";
import { trainerOf } from "../support/trainers.js";

type Numbers = number | null | readonly Numbers[];

interface GoldenCase {
  readonly name: string;
  readonly switching: readonly string[];
  readonly inputs: Readonly<Record<string, readonly Numbers[]>>;
  readonly expected: { readonly exact: { readonly loglik: number }; readonly gpb2_kim: { readonly loglik: number } };
}

const golden = JSON.parse(readFileSync(new URL("../golden/switching.json", import.meta.url), "utf8")) as {
  readonly cases: readonly GoldenCase[];
};

const text = (order: number): string => `model Jumps {
  size K, D, P
  param p0: Simplex[K]
  param Pi[K]: Simplex[K]
  param A[K]: Matrix[D, D]
  param b[K]: Vector[D]
  param Q[K]: Cov[D]
  param C[K]: Matrix[P, D]
  param d[K]: Vector[P]
  param R[K]: Cov[P]
  param m0: Vector[D]
  param V0: Cov[D]
  each s {
    chain t {
      latent regime: Category[K] ~ Categorical(Pi[regime[t-1]]) init Categorical(p0)
      latent x: Vector[D] ~ Normal(A[regime] * x[t-1] + b[regime], Q[regime]) init Normal(m0, V0)
      observe y: Vector[P]? ~ Normal(C[regime] * x + d[regime], R[regime])
    }
  }
  learn em { approx: collapse(${order}) }
}`;

const names = { A: "F", b: "b", Q: "Q", C: "H", d: "d", R: "R" } as const;

function parametersOf({ inputs, switching }: GoldenCase): Record<string, readonly Numbers[]> {
  const count = inputs["pi"]!.length;
  const each = (name: string): readonly Numbers[] =>
    switching.includes(name) ? inputs[name]! : Array.from({ length: count }, () => inputs[name]!);
  return {
    p0: inputs["pi"]!,
    Pi: inputs["A"]!,
    m0: inputs["m0"]!,
    V0: inputs["P0"]!,
    ...Object.fromEntries(Object.entries(names).map(([own, theirs]) => [own, each(theirs)])),
  };
}

const classes = new Map<number, Promise<LoadedTrainerClass>>();

async function fitted(one: GoldenCase, order: number): Promise<InstanceType<LoadedTrainerClass>> {
  const known = classes.get(order) ?? trainerOf(text(order));
  classes.set(order, known);
  const trainer = new (await known)({});
  trainer.setParameters(parametersOf(one) as never);
  return trainer;
}

describe.each(golden.cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
  const { inputs, expected } = one;
  const y = inputs["y"]!;

  test("the last two choices kept apart", async () => {
    const { logLikelihood } = await (await fitted(one, 2)).score({ y } as never);
    expect(logLikelihood).toBeCloseTo(expected.gpb2_kim.loglik, 8);
  });
});

describe("as many choices kept apart as there are", () => {
  const [one] = golden.cases;
  test("the likelihood is exact", async () => {
    const short = one!.inputs["y"]!.slice(0, 3);
    const order = await (await fitted(one!, 3)).score({ y: short } as never);
    const more = await (await fitted(one!, 4)).score({ y: short } as never);
    expect(order.logLikelihood).toBeCloseTo(more.logLikelihood, 10);
  });
});

describe("statistics are derivatives of the collapsed likelihood", () => {
  const one = golden.cases.find(({ name }) => name === "sssm_all_K3")!;
  const y = one.inputs["y"]!;
  const step = 1e-5;

  const block = {
    rows: y.length,
    firstRow: 0,
    data: { y: Float64Array.from((y as readonly (readonly number[])[]).flat()) },
    tables: {},
    complete: true,
  };

  test("for the moves of the state, its noise, and the moves of the regime", async () => {
    const trainer = await fitted(one, 2);
    const { sizes, description } = trainer;
    const values = Object.fromEntries(Object.entries(trainer.parameters).map(([key, { data }]) => [key, data]));
    const K = sizes["K"]!;
    const D = sizes["D"]!;
    const length = (extent: unknown): number =>
      typeof extent === "number"
        ? extent
        : typeof extent === "string"
          ? sizes[extent]!
          : (extent as readonly unknown[]).reduce<number>((sum, part) => sum + length(part), 0);
    const statistics = Object.fromEntries(
      description.statistics.map(({ name, shape }) => [
        name,
        new Float64Array(shape.reduce<number>((product, extent) => product * length(extent), 1)),
      ]),
    );
    await trainer.eStep(sizes, values, block, { ...statistics, logLikelihood: new Float64Array(1) });
    const cross = statistics["A_b_Q.cross"]!;
    const width = D + 1;
    const scatter = statistics["A_b_Q.scatter"]!;
    const count = statistics["A_b_Q.count"]!;
    /** d log-likelihood / d one entry of a parameter. */
    const slope = async (name: string, entry: number): Promise<number> => {
      const found: number[] = [];
      for (const by of [step, -step]) {
        const changed = Float64Array.from(values[name]!);
        changed[entry]! += by;
        const logDensity = new Float64Array(y.length);
        await trainer.logDensityOf(sizes, { ...values, [name]: changed }, block, { logDensity });
        found.push(logDensity.reduce((sum, value) => sum + value, 0));
      }
      return (found[0]! - found[1]!) / (2 * step);
    };
    const inverse = (k: number): number[][] => inverted(values["Q"]!, k, D);
    for (let k = 0; k < K; k++) {
      // d / d A[k] = Q^-1 sum w e x[t-1]', d / d b[k] = Q^-1 sum w e
      const q = inverse(k);
      for (let i = 0; i < D; i++) {
        for (let j = 0; j < width; j++) {
          let want = 0;
          for (let m = 0; m < D; m++) want += q[i]![m]! * cross[(k * D + m) * width + j]!;
          const got = j < D ? await slope("A", (k * D + i) * D + j) : await slope("b", k * D + i);
          expect(got, `regime ${k}, entry ${i}, ${j}`).toBeCloseTo(want, 5);
        }
      }
      // d / d Q[k][0][0] = 1/2 (Q^-1 (sum w e e' - n Q) Q^-1)[0][0]
      let want = -0.5 * count[k]! * q[0]![0]!;
      for (let a = 0; a < D; a++)
        for (let c = 0; c < D; c++) want += 0.5 * q[0]![a]! * scatter[(k * D + a) * D + c]! * q[c]![0]!;
      const got = await slope("Q", k * D * D);
      expect(got, `noise of regime ${k}`).toBeCloseTo(want, 5);
      for (let next = 0; next < K; next++) {
        const moves = statistics["Pi.occurrences"]![k * K + next]! / values["Pi"]![k * K + next]!;
        const found = await slope("Pi", k * K + next);
        expect(found, `moves from ${k} to ${next}`).toBeCloseTo(moves, 4);
      }
    }
  });
});

function inverted(values: ArrayLike<number>, k: number, D: number): number[][] {
  const rows = Array.from({ length: D }, (_, i) => [
    ...Array.from({ length: D }, (__, j) => values[(k * D + i) * D + j]!),
    ...Array.from({ length: D }, (__, j) => (i === j ? 1 : 0)),
  ]);
  for (let i = 0; i < D; i++) {
    const pivot = rows[i]![i]!;
    rows[i] = rows[i]!.map((value) => value / pivot);
    for (let other = 0; other < D; other++) {
      if (other === i) continue;
      const factor = rows[other]![i]!;
      rows[other] = rows[other]!.map((value, j) => value - factor * rows[i]![j]!);
    }
  }
  return rows.map((row) => row.slice(D));
}
