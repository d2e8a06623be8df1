import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/numerics/random.js";
import type { EmMethods, Tensors } from "../../src/runtime/description.js";
import { trainerOf } from "../support/trainers.js";

/**
 * A law: with the same posteriors, statistics taken at one set of parameters and recentred are those taken at another.
 * The loops that take them know nothing of the recentring.
 */
const head = "model M { size K = 3, D = 2\n param w: Simplex[K]\n";
const latent = "each n { latent z: Category[K] ~ Categorical(w)\n";
const programs: readonly (readonly [string, string, Readonly<Record<string, number>>])[] = [
  [
    "full",
    `${head} param m[K]: Vector[D]\n param s[K]: Cov[D]\n ${latent} observe x: Vector[D] ~ Normal(m[z], s[z]) } }`,
    { m: 6, s: 12 },
  ],
  [
    "tied",
    `${head} param m[K]: Vector[D]\n param s: Cov[D]\n ${latent} observe x: Vector[D] ~ Normal(m[z], s) } }`,
    { m: 6, s: 4 },
  ],
  [
    "diagonal",
    `${head} param m[K]: Vector[D]\n param s[K]: Diag[D]\n ${latent} observe x: Vector[D] ~ Normal(m[z], s[z]) } }`,
    { m: 6, s: 6 },
  ],
  [
    "isotropic",
    `${head} param m[K]: Vector[D]\n param s[K]: Iso[D]\n ${latent} observe x: Vector[D] ~ Normal(m[z], s[z]) } }`,
    { m: 6, s: 3 },
  ],
  [
    "regression",
    `${head} param b[K]: Vector[D]\n param a[K]: Real\n param s[K]: Positive\n ${latent} given u: Vector[D]\n observe x: Real ~ Normal(a[z] + dot(b[z], u), s[z]) } }`,
    { a: 3, b: 6, s: 3 },
  ],
];

const rows = 40;
const stream = new RandomStream({ seed: 1, site: "recentre" });
const normals = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal());

function spread(name: string, count: number): Float64Array {
  if (name !== "s") return normals(count);
  if (count === 12 || count === 4) return Float64Array.from({ length: count }, (_, i) => [2, 0.5, 0.5, 1][i % 4]);
  return Float64Array.from({ length: count }, (_, i) => 1 + i / 10);
}

describe("statistics about other means", () => {
  it.each(programs)("%s", async (_, text, counts) => {
    const Trainer = await trainerOf(text);
    const sizes = { K: 3, D: 2 };
    const methods = new Trainer({}) as unknown as EmMethods;
    const parameters = (): Tensors => ({
      w: Float64Array.of(0.2, 0.3, 0.5),
      ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, spread(name, count)])),
    });
    const table = Float64Array.from({ length: 3 * rows }, () => stream.uniform());
    for (let row = 0; row < rows; row++) {
      const own = table.subarray(3 * row, 3 * row + 3);
      const total = own[0] + own[1] + own[2];
      own.forEach((value, k) => (own[k] = value / total));
    }
    const isScalar = text.includes("observe x: Real");
    const block = {
      rows,
      firstRow: 0,
      data: { x: normals(isScalar ? rows : 2 * rows), u: normals(2 * rows) },
      tables: { "start.z": table },
      complete: true,
    };
    const [from, to] = [parameters(), parameters()];
    const take = async (at: Tensors): Promise<Tensors> => {
      const into = Object.fromEntries(
        methods.description.statistics.map(({ name, shape }) => [
          name,
          new Float64Array(
            shape.reduce<number>(
              (n, extent) =>
                n * (typeof extent === "number" ? extent : typeof extent === "string" ? sizes[extent as "K"] : 3),
              1,
            ),
          ),
        ]),
      );
      await methods.startStatistics(sizes, at, block, into);
      return into;
    };
    const moved = await take(from);
    methods.recentreStatistics?.(sizes, moved, to, from);
    const expected = await take(to);
    for (const [name, values] of Object.entries(expected)) {
      values.forEach((value, i) => expect(moved[name][i]).toBeCloseTo(value, 9));
    }
  });
});
