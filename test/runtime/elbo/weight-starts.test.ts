import { describe, expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedElboTrainer } from "../../../src/compile/index.js";
import { checkText, modelOf } from "../../semantics/check-text.js";

type Named = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

/** Parameters before the first step. */
async function starts(text: string, x: { shape: readonly number[] }, seed = 0): Promise<Named> {
  const source = { name: "model.gen", text };
  const { program, diagnostics } = compileSource(source);
  expect(diagnostics).toEqual([]);
  if (program?.algorithm !== "elbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program });
  const model = new Model({}) as LoadedElboTrainer;
  const data = new Float64Array(x.shape.reduce((a, b) => a * b, 1));
  await model.fit({ x: { shape: [...x.shape], data } }, { epochs: 0, seed });
  return model.parameters;
}

/** A decoder of 100 numbers by 300 units; two latents reach its first layer. */
const dense = (layer: string, learn = ""): string => `model M {
  net decoder(Vector[60], Vector[40]) -> Vector[90] = dense(300, ${layer})
  each n {
    latent a: Vector[60] ~ Normal(0, 1)
    latent b: Vector[40] ~ Normal(0, 1)
    observe x: Binary[90] ~ Bernoulli(logits: decoder(a, b))
  }
  ${learn}
}`;
const rows = { shape: [4, 90] };

function moments(values: Float64Array): { mean: number; variance: number; largest: number; fourth: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const fourth = values.reduce((sum, v) => sum + (v - mean) ** 4, 0) / values.length / variance ** 2;
  return { mean, variance, largest: Math.max(...values.map(Math.abs)), fourth };
}

/** Inner products of the rows of a matrix. */
function gram(matrix: Float64Array, height: number, width: number): number[][] {
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: height }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += matrix[i * width + k]! * matrix[j * width + k]!;
      return sum;
    }),
  );
}

function transposed(matrix: Float64Array, height: number, width: number): Float64Array {
  return Float64Array.from({ length: matrix.length }, (_, i) => matrix[(i % height) * width + Math.floor(i / height)]!);
}

function expectScaledIdentity(products: number[][], scale: number): void {
  const errors = products.flatMap((row, i) => row.map((value, j) => Math.abs(value - (i === j ? scale : 0))));
  expect(Math.max(...errors)).toBeLessThan(1e-5);
}

describe("the weights of a layer with 100 inputs and 300 units begin by", () => {
  // Variance by the formula of each; a uniform within b has the variance b^2 / 3 and the fourth moment 9/5.
  const schemes: readonly (readonly [string, number, "normal" | "uniform"])[] = [
    ["he", 2 / 100, "normal"],
    ["he_uniform", 2 / 100, "uniform"],
    ["glorot", 2 / 400, "uniform"],
    ["glorot_normal", 2 / 400, "normal"],
    ["lecun", 1 / 100, "normal"],
    ["lecun_uniform", 1 / 100, "uniform"],
    ["fan_in", 1 / 300, "uniform"],
  ];
  test.each(schemes)("%s: variance %f, %s", async (scheme, variance, family) => {
    const parameters = await starts(dense(`relu, init: ${scheme}`), rows);
    // 18000 and 12000 draws.
    for (const name of ["decoder.0.weight", "decoder.0.weight1"]) {
      const found = moments(parameters[name]!.data);
      expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / 12000));
      expect(found.variance / variance).toBeGreaterThan(0.93);
      expect(found.variance / variance).toBeLessThan(1.07);
      expect(Math.abs(found.fourth - (family === "normal" ? 3 : 9 / 5))).toBeLessThan(0.25);
      if (family === "uniform") {
        const limit = Math.sqrt(3 * variance);
        expect(found.largest).toBeLessThanOrEqual(limit * (1 + 1e-6));
        expect(found.largest).toBeGreaterThan(0.99 * limit);
      }
    }
    const bias = moments(parameters["decoder.0.bias"]!.data);
    if (scheme === "fan_in") {
      expect(bias.largest).toBeLessThanOrEqual(0.1 * (1 + 1e-6));
      expect(bias.largest).toBeGreaterThan(0.095);
    } else expect(bias.largest).toBe(0);
  });

  test("orthogonal: inputs of both latents together have orthonormal rows, times sqrt 2 before a rectifier", async () => {
    const parameters = await starts(dense("relu, init: orthogonal"), rows);
    const joined = Float64Array.from([
      ...parameters["decoder.0.weight"]!.data,
      ...parameters["decoder.0.weight1"]!.data,
    ]);
    expectScaledIdentity(gram(joined, 100, 300), 2);
    const plain = await starts(dense("tanh, init: orthogonal"), rows, 1);
    expectScaledIdentity(
      gram(Float64Array.from([...plain["decoder.0.weight"]!.data, ...plain["decoder.0.weight1"]!.data]), 100, 300),
      1,
    );
  });

  test("nothing, where nothing is said: He before a rectifier, Glorot elsewhere", async () => {
    const parameters = await starts(dense("relu"), rows);
    expect(moments(parameters["decoder.0.weight"]!.data).variance).toBeCloseTo(2 / 100, 2);
    // The output layer: 300 inputs, 90 outputs.
    const { largest } = moments(parameters["decoder.1.weight"]!.data);
    expect(largest).toBeLessThanOrEqual(Math.sqrt(6 / 390));
    expect(largest).toBeGreaterThan(0.99 * Math.sqrt(6 / 390));
  });
});

test("`learn elbo { init: … }` is for all layers that say nothing, output layers and derived encoders too", async () => {
  const parameters = await starts(dense("relu, init: lecun_uniform", "learn elbo { init: orthogonal }"), rows);
  expect(moments(parameters["decoder.0.weight"]!.data).largest).toBeLessThanOrEqual(Math.sqrt(3 / 100));
  // 300 inputs, 90 outputs: columns are orthonormal.
  expectScaledIdentity(gram(transposed(parameters["decoder.1.weight"]!.data, 300, 90), 90, 300), 1);
  // The encoder of the first latent mirrors the decoder's layer, 90 inputs and 300 units, and its `init` with it.
  const encoder = Object.entries(parameters).find(([name]) => /^encoder_a\.0\.weight$/.test(name))?.[1];
  expect(moments(encoder!.data).largest).toBeLessThanOrEqual(Math.sqrt(3 / 90));
  expect(moments(encoder!.data).largest).toBeGreaterThan(0.99 * Math.sqrt(3 / 90));
});

const images = (init: string): string => `model M {
  net decoder(Vector[5]) -> Tensor[8, 8, 1] = dense(128, tanh) |> reshape(4, 4, 8) |> deconv(6, 4, tanh, stride: 2, init: ${init})
  net encoder(Tensor[8, 8, 1]) -> (Vector[5], Vector[5]) = conv(16, 3, relu, stride: 2, init: ${init}) |> conv(40, 3, tanh, init: ${init}) |> flatten()
  each n {
    latent z: Vector[5] ~ Normal(0, 1)
    observe x: Binary[8, 8, 1] ~ Bernoulli(logits: decoder(z))
  }
  guide { let (m, s) = encoder(x)  z ~ Normal(m, sd: softplus(s)) }
}`;

test("convolutions count what reaches an entry: k k C, of a transposed one with stride s ceil(k / s)^2 C", async () => {
  const he = await starts(images("he"), { shape: [2, 8, 8, 1] });
  // 3 * 3 * 16 inputs.
  expect(moments(he["encoder.1.weight"]!.data).variance / (2 / 144)).toBeCloseTo(1, 1);
  const fanIn = await starts(images("fan_in"), { shape: [2, 8, 8, 1] });
  // 2 * 2 * 8 inputs.
  const { largest } = moments(fanIn["decoder.2.weight"]!.data);
  expect(largest).toBeLessThanOrEqual(Math.sqrt(1 / 32));
  expect(largest).toBeGreaterThan(0.98 * Math.sqrt(1 / 32));
});

test("kernels are orthogonal as matrices from their window to the filters, transposed ones from channels", async () => {
  const parameters = await starts(images("orthogonal"), { shape: [2, 8, 8, 1] });
  // [3, 3, 1, 16]: 9 rows, before a rectifier; [3, 3, 16, 40]: 40 columns; [4, 4, 6, 8]: 8 columns.
  expectScaledIdentity(gram(parameters["encoder.0.weight"]!.data, 9, 16), 2);
  expectScaledIdentity(gram(transposed(parameters["encoder.1.weight"]!.data, 144, 40), 40, 144), 1);
  expectScaledIdentity(gram(transposed(parameters["decoder.2.weight"]!.data, 96, 8), 8, 96), 1);
});

test("each gate of recurrent units has an orthogonal matrix of its own", async () => {
  const text = `model M {
    net step(Vector[3]) -> Vector[3] = dense(4, tanh)
    net look(Seq[Vector[7]]) -> Seq[Vector[5]] = gru(5, backward: 1, init: orthogonal)
    net join(Vector[3], Vector[5]) -> (Vector[3], Vector[3]) = dense(4, tanh)
    net first(Vector[5]) -> (Vector[3], Vector[3]) = dense(4, tanh)
    each s { chain t {
      latent  z: Vector[3] ~ Normal(step(z[t-1]), 1) init Normal(0, 1)
      observe x: Vector[7] ~ Normal(z[0] + 0 * sum(z), 1)
    } }
    guide {
      let h = look(x[*])
      chain t {
        let (m, v) = join(z[t-1], h)
        let (m0, v0) = first(h)
        z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
      }
    }
  }`.replace("z[0] + 0 * sum(z)", "sum(z)");
  const source = { name: "model.gen", text };
  const { program, diagnostics } = compileSource(source);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (program?.algorithm !== "chainElbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program });
  const model = new Model({}) as LoadedElboTrainer;
  await model.fit({ x: { shape: [6, 7], data: new Float64Array(42) } }, { epochs: 0 });
  const { data } = (model.parameters as Named)["look.0.recurrent"]!;
  for (let gate = 0; gate < 3; gate++) {
    const own = Float64Array.from({ length: 25 }, (_, i) => data[(Math.floor(i / 5) * 3 + gate) * 5 + (i % 5)]!);
    expectScaledIdentity(gram(own, 5, 5), 1);
  }
});

describe("a start that is not known", () => {
  const hintOf = (text: string): string | undefined =>
    checkText(text).diagnostics.find(({ severity }) => severity === "error")?.hint;
  test.each([
    ["xavier", "glorot"],
    ["kaiming_normal", "he"],
    ["orthogonl", "orthogonal"],
  ])("%s of a layer: did you mean %s?", (written, meant) => {
    expect(hintOf(dense(`relu, init: ${written}`))).toBe(`did you mean \`${meant}\`?`);
  });
  test("torch of all layers: did you mean fan_in?", () => {
    expect(hintOf(dense("relu", "learn elbo { init: torch }"))).toBe("did you mean `fan_in`?");
  });
});

test("`guide auto(…, spread: 1)` says at which spread draws begin", async () => {
  const text = (spread: string): string => dense("relu", `guide auto(dense(8, relu)${spread})`);
  const spreadOf = async (written: string): Promise<number> => {
    const parameters = await starts(text(written), rows);
    const bias = Object.entries(parameters).find(([name]) => /^encoder_a\.1\.head1\.bias$/.test(name))![1];
    return Math.log1p(Math.exp(bias.data[0]!));
  };
  expect(await spreadOf(", spread: 1")).toBeCloseTo(1, 6);
  expect(await spreadOf("")).toBeCloseTo(Math.log1p(Math.exp(-2)), 6);
  expect(modelOf(text(", spread: 1")).guide?.spread).toBe(1);
  expect(checkText(text(", spread: -1")).diagnostics[0]?.message).toContain("positive number as `spread`");
});
