import { describe, expect, test } from "vitest";
import { compileSource } from "../../../src/compile/index.js";

/** A deep chain with some of its parts replaced. */
function chain(parts: {
  readonly before?: string;
  readonly latent?: string;
  readonly more?: string;
  readonly emission?: string;
  readonly guide?: string;
  readonly learn?: string;
  readonly outside?: string;
  readonly chain?: string;
}): string {
  return `model M {
  size D = 2, L = 2, K = 2, T = 5
  param w: Simplex[K]
  param P[K]: Simplex[K]
  param mu[K]: Real
  net emit(Vector[L]) -> Vector[D] = ${parts.emission ?? "dense(4, tanh)"}
  ${parts.before ?? ""}
  each s {
    ${parts.outside ?? ""}
    chain ${parts.chain ?? "t"} {
      ${parts.latent ?? "latent z: Vector[L] ~ Normal(0.5 * z[t-1], 1) init Normal(0, 1)"}
      ${parts.more ?? ""}
      observe y: Vector[D] ~ Normal(emit(z), 0.1)
    }
  }
  ${parts.guide ?? ""}
  learn elbo { ${parts.learn ?? "batch: 8"} }
}`;
}

function messageOf(text: string): string {
  const { diagnostics } = compileSource({ name: "model.gen", text });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map(({ code, message }) => `${code} ${message}`)).toHaveLength(1);
  expect(errors[0]!.code).toBe("GEN3260");
  expect(errors[0]!.hint).toMatch(/\w/);
  return errors[0]!.message;
}

describe("structures that are refused, each with its reason", () => {
  test.each([
    [
      "a discrete latent that looks back",
      chain({
        more: "latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(w)\n observe x: Real ~ Normal(mu[k], 1)",
      }),
      "`k` of an earlier step",
    ],
    [
      "a latent of each sequence",
      chain({ outside: "latent v: Real ~ Normal(0, 1)\n observe q: Real ~ Normal(v, 1)" }),
      "`v`",
    ],
    ["a chain of a declared length", chain({ chain: "t in T" }), "declared length"],
    ["importance weights while learning", chain({ learn: "iwae: 4" }), "`iwae`"],
    ["free bits", chain({ learn: "freebits: 0.1" }), "`freebits`"],
    ["several draws", chain({ learn: "samples: 3" }), "`samples`"],
    ["statistics of a batch", chain({ emission: "dense(4, tanh) |> batchnorm()" }), "`batchnorm`"],
    [
      "a guide that draws for each value of a discrete latent",
      chain({
        before:
          "net look(Vector[D], Category[K]) -> Vector[L] = dense(4, tanh)\n net kind(Vector[D]) -> Vector[K] = dense(4, tanh)",
        more: "latent k: Category[K] ~ Categorical(w)\n observe x: Real ~ Normal(mu[k], 1)",
        guide: "guide { chain t { k ~ Categorical(logits: kind(y))  z ~ Normal(look(y, k), 1) } }",
      }),
      "for each value of `k`",
    ],
    [
      "one value of a whole sequence",
      chain({
        before: "net look(Seq[Vector[D]]) -> Vector[L] = gru(4)",
        guide: "guide { let h = look(y[*])  chain t { z ~ Normal(h, 1) } }",
      }),
      "`look`",
    ],
    [
      "a family without a draw that is a function of noise",
      chain({
        latent:
          "latent z: Vector[L] ~ Normal(0.5 * z[t-1], 1) init Normal(0, 1)\n latent g: Positive ~ Gamma(2, 2)\n observe x: Real ~ Normal(0, g)",
        guide: "guide { chain t { z ~ Normal(0.5 * z[t-1], 1) init Normal(0, 1)  g ~ Gamma(2, 1) } }",
      }),
      "draws from Gamma",
    ],
  ])("%s", (_, text, told) => {
    expect(messageOf(text)).toContain(told);
  });
});

test("what a refusal offers compiles: one value of a sequence as a sequence", () => {
  const text = chain({
    before: "net look(Seq[Vector[D]]) -> Seq[Vector[L]] = gru(4, backward: 1)",
    guide: "guide { let h = look(y[*])  chain t { z ~ Normal(h, 1) } }",
  });
  expect(compileSource({ name: "model.gen", text }).program?.algorithm).toBe("chainElbo");
});
