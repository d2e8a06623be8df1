import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileSource } from "../../src/compile/index.js";
import { explain, explainVerdict } from "../../src/inference/explain/explain.js";
import type { ExplanationFormat } from "../../src/inference/explain/document.js";

function explained(text: string, format: ExplanationFormat = "text"): string {
  const source = { name: "test.gen", text };
  const { program, model, verdict, diagnostics } = compileSource(source);
  if (program !== undefined) return explain(program, source, format);
  if (model === undefined || verdict === undefined) throw new Error(JSON.stringify(diagnostics));
  return explainVerdict(model, verdict, diagnostics, source, format);
}

/** The lines, with runs of blanks as one. */
const lines = (text: string): readonly string[] =>
  explained(text)
    .split("\n")
    .map((line) => line.trim().replace(/ +/g, " "));

const mixture = `model GaussianMixture {
  size K = 3, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]   ~ Normal(mean[z], covariance[z])
  }
}`;

describe("a mixture of Gaussians", () => {
  test("reads as the worked example of the design", () => {
    expect(lines(mixture)).toEqual(
      expect.arrayContaining([
        "z is summed out exactly: K values per row.",
        "E-step r[n,k] = weights[k] N(x[n]; mean[k], covariance[k]) / sum over k lines 7, 8",
        "M-step weights[k] = sum_n r[n,k] / N line 3",
        "mean[k] = sum_n r[n,k] x[n] / sum_n r[n,k] line 4",
        "covariance[k] = sum_n r[n,k] (x[n]-mean[k])(x[n]-mean[k])' / sum_n r[n,k] line 5",
        "Cost: N K D^2 per iteration, memory one block of rows",
      ]),
    );
    expect(explained(mixture)).toContain("Guarantee: the log-likelihood never decreases.");
  });

  test("a tied covariance sums over the components too", () => {
    const tied = mixture.replace("covariance[K]", "covariance").replace("covariance[z]", "covariance");
    expect(lines(tied)).toContain(
      "covariance = sum_{n,k} r[n,k] (x[n]-mean[k])(x[n]-mean[k])' / sum_{n,k} r[n,k] line 5",
    );
  });

  test("weights of rows and priors enter the formulas", () => {
    const weighted = mixture.replace("each n", "each n weight c").replace("Simplex[K]", "Simplex[K] ~ Dirichlet(2)");
    expect(lines(weighted)).toEqual(
      expect.arrayContaining([
        "M-step weights[k] = (sum_n c[n] r[n,k] + 1) / the same summed over k (with its prior Dirichlet(2)) line 3",
        "mean[k] = sum_n c[n] r[n,k] x[n] / sum_n c[n] r[n,k] line 4",
      ]),
    );
    expect(explained(weighted)).toContain(
      "Guarantee: the log-likelihood plus the log-density of the priors never decreases.",
    );
  });
});

test("regressions are least squares on the regressors, written as one column", () => {
  const text = `model Regressions {
  size K = 2, P
  param w: Simplex[K]
  param beta[K]: Vector[P]
  param a[K]: Real
  param v[K]: Positive
  each n {
    given   u: Vector[P]
    latent  z: Category[K] ~ Categorical(w)
    observe y: Real        ~ Normal(dot(beta[z], u) + a[z], v[z])
  }
}`;
  expect(lines(text)).toEqual(
    expect.arrayContaining([
      "[beta[k], a[k]] = (sum_n r[n,k] y[n] h[n]')(sum_n r[n,k] h[n] h[n]')^-1 (least squares, weighted by the posterior) lines 4, 5",
      "h[n] = [u[n]; 1] line 10",
      "v[k] = sum_n r[n,k] (y[n] - (beta[k]' u[n] + a[k]))^2 / sum_n r[n,k] line 6",
    ]),
  );
});

test("a model without latents is fitted directly", () => {
  const text = `model Direct {
  size D
  param mean: Vector[D]
  param variance: Diag[D]
  each n {
    observe x: Vector[D] ~ Normal(mean, variance)
  }
}`;
  const found = lines(text);
  expect(found).toContain("M-step mean = sum_n x[n] / N line 3");
  expect(found).toContain("variance = sum_n (x[n]-mean)^2 / N (entry by entry) line 4");
  expect(explained(text)).toContain("one iteration is enough");
});

test("a gradient step says why there is no closed form", () => {
  const text = `model Logistic {
  size P
  param beta: Vector[P]
  each n {
    given   u: Vector[P]
    observe y: Binary ~ Bernoulli(logits: dot(beta, u))
  }
}`;
  expect(explained(text)).toMatch(/beta = a step uphill .*no closed form: /);
});

test("what is not derived is explained by its verdict, its reasons and its refusals", () => {
  const wrong = readFileSync(fileURLToPath(new URL("../errors/GEN3201/wrong.gen", import.meta.url)), "utf8");
  const found = explained(wrong);
  expect(found).toContain("INTRACTABLE: table grows with ['t']");
  expect(found).toContain("k chooses the distribution of x along t, and x carries each choice on (line 11)");
  expect(found).toContain("GEN3201 (lines 10, 11)");
  expect(found).toContain("collapse(2)");
});

describe("formats", () => {
  test("HTML is well-formed, self-contained, with MathML", () => {
    const page = explained(mixture, "html");
    const open: string[] = [];
    for (const [, closing, name, selfClosing] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (selfClosing === "/" || name === "meta" || name === undefined) continue;
      if (closing === "/") expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
    expect(page).toContain("<math");
    expect(page).not.toMatch(/(src|href)=|https?:/);
  });

  test("LaTeX balances its braces and environments", () => {
    const snippet = explained(mixture, "latex");
    let depth = 0;
    for (const [brace] of snippet.matchAll(/(?<!\\)[{}]/g)) {
      depth += brace === "{" ? 1 : -1;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
    const names = (word: string): readonly string[] =>
      [...snippet.matchAll(new RegExp(`\\\\${word}\\{(\\w+\\*?)\\}`, "g"))].map(([, name]) => name ?? "");
    expect(names("begin")).toEqual(names("end"));
    expect(snippet).toContain(
      "\\mathrm{mean}_{k} &= \\frac{\\sum_{n} r_{n,k}\\,x_{n}}{\\sum_{n} r_{n,k}} && \\text{line 4}",
    );
  });

  test("Markdown writes formulas between dollars", () => {
    expect(explained(mixture, "markdown")).toContain(
      "- $\\mathrm{weights}_{k} = \\frac{\\sum_{n} r_{n,k}}{N}$ — line 3",
    );
  });
});

test("a Gaussian latent: its integral, its moments, and expectations in the M-step", () => {
  const text = `model Factors {
  size D, K = 2, L = 1
  param w: Simplex[K]
  param W[K]: Matrix[D, L]
  param m: Vector[D]
  param v: Diag[D]
  each n {
    latent  k: Category[K] ~ Categorical(w)
    latent  z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] ~ Normal(W[k] * z + m, v)
  }
}
`;
  const { program } = compileSource({ name: "factors.gen", text });
  if (program === undefined) throw new Error("does not compile");
  const lines = explain(program, { name: "factors.gen", text }, "text")
    .split("\n")
    .map((line) => line.replace(/^(Inside|E-step|M-step)/, "").trim());
  for (const formula of [
    "z is integrated out exactly: L numbers, Gaussian given everything else.",
    "u_z[n,k] = integral over z of N(z[n]; 0, 1) N(x[n]; W[k] z[n] + m, v)",
    "r_k[n,k] = w[k] u_z[n,k] / sum over k",
    "J[n,k] = 1 + W[k]' v^-1 W[k]",
    "b[n,k] = W[k]' v^-1 (x[n]-m)",
    "E[z[n]] = J[n,k]^-1 b[n,k]",
    "v = sum_{n,k} r_k[n,k] E[(x[n] - (W[k] z[n] + m))^2] / sum_{n,k} r_k[n,k]",
  ])
    expect(
      lines.some((line) => line.startsWith(formula)),
      `${formula}\n${lines.join("\n")}`,
    ).toBe(true);
});

describe("the cost of a model with a chain", () => {
  const chain = (latents: string, observed: string, learn = ""): string => `model Chain {
    size K = 2, D = 3, P
    param p0: Simplex[K]  param move[K]: Simplex[K]
    param A[K]: Matrix[D, D]  param Q[K]: Cov[D]  param C: Matrix[P, D]  param R: Cov[P]  param m0: Vector[D]  param V0: Cov[D]
    param mean[K]: Vector[P]
    each s { chain t {
      latent k: Category[K] ~ Categorical(move[k[t-1]]) init Categorical(p0)
      ${latents}
      observe y: Vector[P] ~ Normal(${observed}, R)
    } }
    ${learn}
  }`;
  const costOf = (text: string): string | undefined => lines(text).find((line) => line.startsWith("Cost:"));

  test("has the square of what a step tells the next", () => {
    expect(costOf(chain("", "mean[k]"))).toMatch(/^Cost: N K\^2 \+ N K P\^2 per iteration, memory a message/);
  });

  test("has a Gaussian for each history that is kept apart", () => {
    const state = "latent x: Vector[D] ~ Normal(A[k] * x[t-1], Q[k]) init Normal(m0, V0)";
    const collapsed = (order: number): string | undefined =>
      costOf(chain(state, "C * x", `learn em { approx: collapse(${order}) }`));
    expect(collapsed(2)).toMatch(/^Cost: N K\^2 D\^3 \+ N K\^2 P\^2 D per iteration/);
    expect(collapsed(3)).toMatch(/^Cost: N K\^3 D\^3 \+ N K\^3 P\^2 D per iteration/);
  });
});
