import { expect, test } from "vitest";
import { boundTrainer } from "../../support/trainers.js";

const text = `model M {
  size D, L = 1
  net dec(Vector[L]) -> Vector[D] = dense(4, tanh)
  param v: Diag[D]
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D]? ~ Normal(dec(z), v) }
}`;

const rows = 40;
/** Entries around 1000 with deviation 20, and around -0.01 with deviation 0.001; the first of every fourth row is missing. */
const x = {
  shape: [rows, 2],
  data: Float64Array.from({ length: 2 * rows }, (_, i) => {
    const row = Math.floor(i / 2);
    const sign = row % 2 === 0 ? 1 : -1;
    if (i % 2 === 0) return row % 4 === 3 ? NaN : 1000 + 20 * Math.sqrt(9 / 8) * (sign - 1 / 3);
    return -0.01 + 0.001 * sign;
  }),
};

test("a derived encoder reads reals by their distance from the data's mean, in deviations, and 0 where one is missing", async () => {
  const model = await boundTrainer(text);
  const { degreesOfFreedom } = await model.fit({ x }, { epochs: 2, seed: 1 });
  const of = (name: string): Float64Array => Float64Array.from(model.parameters[name]!.data);
  // Two of three present signs are positive: mean 1/3, variance 8/9.
  expect(of("encoder.x.mean")[0]).toBeCloseTo(1000, 6);
  expect(of("encoder.x.deviation")[0]).toBeCloseTo(20, 6);
  expect(of("encoder.x.mean")[1]).toBeCloseTo(-0.01, 9);
  expect(of("encoder.x.deviation")[1]).toBeCloseTo(0.001, 9);
  // Decoder 4 + 4 and 8 + 2, variances 2, encoder 8 + 8 + 4 and twice 4 + 1.
  expect(degreesOfFreedom).toBe(18 + 2 + 20 + 10);
  // The code of a row by hand: values and whether they are there, tanh, then the centre.
  const { z } = await model.encode({ x });
  const [w0, w1, b, head, bias] = ["0.weight", "0.weight1", "0.bias", "1.head0.weight", "1.head0.bias"].map((name) =>
    of(`encoder.${name}`),
  );
  for (const row of [0, 3]) {
    const present = [0, 1].map((d) => (Number.isNaN(x.data[2 * row + d]!) ? 0 : 1));
    const standard = [0, 1].map((d) =>
      present[d] === 0 ? 0 : (x.data[2 * row + d]! - of("encoder.x.mean")[d]!) / of("encoder.x.deviation")[d]!,
    );
    const hidden = [...b!].map((start, h) =>
      Math.tanh([0, 1].reduce((sum, d) => sum + standard[d]! * w0![4 * d + h]! + present[d]! * w1![4 * d + h]!, start)),
    );
    const code = hidden.reduce((sum, value, h) => sum + value * head![h]!, bias![0]!);
    expect(Math.abs(z!.data[row]! - code)).toBeLessThan(1e-5);
  }
});
