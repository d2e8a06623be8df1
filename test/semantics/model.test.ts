import { describe, expect, test } from "vitest";
import type { DensityFactor, Expression, Factor, Model } from "../../src/ir/model.js";
import { printDomain } from "../../src/ir/print-domain.js";
import { printExpression } from "../../src/ir/print-expression.js";
import { codesOf, modelOf } from "./check-text.js";

function densityOf(model: Model, name: string): DensityFactor {
  const factor = model.factors.find((each) => each.name === name);
  if (factor?.kind !== "density") throw new Error(`no density ${name}`);
  return factor;
}

function namesOf(factors: readonly Factor[]): readonly string[] {
  return factors.map((factor) => factor.name);
}

function argument(factor: DensityFactor, slot: string): Expression {
  const value = factor.arguments[slot];
  if (value === undefined) throw new Error(`no ${slot}`);
  return value;
}

const mixture = `
## Rows fall into groups.
model Mixture {
  size K = 3, D
  ## Shares of the groups.
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  each n weight c {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]?  ~ Normal(mean[z], covariance[z])
  }
}`;

describe("a mixture", () => {
  const model = modelOf(mixture);

  test("keeps names, sizes, axes and documentation", () => {
    expect(model.name).toBe("Mixture");
    expect(model.documentation).toBe("Rows fall into groups.");
    expect(model.sizes.map(({ name, default: value }) => [name, value])).toEqual([
      ["K", 3],
      ["D", undefined],
    ]);
    expect(model.axes.map(({ name, kind, size, parent, weight }) => ({ name, kind, size, parent, weight }))).toEqual([
      { name: "n", kind: "plate", size: undefined, parent: undefined, weight: "c" },
    ]);
    expect(model.parameters[0].documentation).toBe("Shares of the groups.");
  });

  test("separates the table of a parameter from the shape of its cells", () => {
    expect(model.parameters.map(({ name, table, domain }) => [name, table.length, printDomain(domain)])).toEqual([
      ["weights", 0, "Simplex[K]"],
      ["mean", 1, "Vector[D]"],
      ["covariance", 1, "Cov[D]"],
    ]);
  });

  test("has a factor for each variable, with all arguments by slot", () => {
    expect(namesOf(model.factors)).toEqual(["z", "x"]);
    const x = densityOf(model, "x");
    expect(x.distribution).toBe("Normal");
    expect(x.phase).toBe("all");
    expect(Object.keys(x.arguments)).toEqual(["mean", "covariance"]);
    const mean = argument(x, "mean");
    expect(mean.kind === "parameter" && [mean.name, mean.indices.map((index) => index.kind)]).toEqual([
      "mean",
      ["variable"],
    ]);
    expect(printDomain(mean.type)).toBe("Vector[D]");
    expect(model.variables.map(({ name, role, axes, optional }) => [name, role, axes, optional])).toEqual([
      ["z", "latent", ["n"], false],
      ["x", "observed", ["n"], true],
    ]);
  });

  test("spans point at what was written", () => {
    const { span } = argument(densityOf(model, "x"), "mean");
    expect(mixture.slice(span.start, span.end)).toBe("mean[z]");
  });
});

describe("a chain", () => {
  const model = modelOf(`
model Chain {
  size K
  param start: Simplex[K]
  param transition[K]: Simplex[K] ~ Dirichlet(1.1)
  param rate[K]: Positive
  each s {
    chain t {
      latent  k: Category[K] ~ Categorical(transition[k[t-1]]) init Categorical(start)
      observe y: Count ~ Poisson(rate[k])
    }
  }
}`);

  test("gives the first step a factor of its own", () => {
    expect(
      model.factors.map((factor) => (factor.kind === "density" ? [factor.name, factor.child, factor.phase] : [])),
    ).toEqual([
      ["k.initial", "k", "initial"],
      ["k", "k", "step"],
      ["y", "y", "all"],
    ]);
  });

  test("looks back by a lag", () => {
    const probabilities = argument(densityOf(model, "k"), "probabilities");
    const [index] = probabilities.kind === "parameter" ? probabilities.indices : [];
    expect(index.kind === "variable" && [index.name, index.lag]).toEqual(["k", 1]);
    expect(model.axes.map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
      ["s", "plate", undefined],
      ["t", "chain", "s"],
    ]);
  });

  test("keeps priors", () => {
    expect(model.parameters[1].prior?.distribution).toBe("Dirichlet");
  });
});

describe("lets, networks and guides", () => {
  const model = modelOf(`
model Coder {
  size D, L = 2
  net encoder(Vector[D]) -> (Vector[L], Vector[L]) = dense(8, relu) |> residual(dense(8, tanh), dropout(0.1))
  net decoder(Vector[L]) -> Vector[D] = dense(8, relu)
  each n {
    let centre = decoder(z)
    latent  z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] ~ Normal(centre, sd: 0.1)
  }
  guide {
    let (m, s) = encoder(x)
    z ~ Normal(m, sd: softplus(s))
  }
  learn elbo { batch: 32, rate: 1e-3 }
}`);

  test("lets are put in the place of their names, whatever the order", () => {
    expect(printExpression(argument(densityOf(model, "x"), "mean"))).toBe("decoder(z)");
    expect(Object.keys(densityOf(model, "x").arguments)).toEqual(["mean", "sd"]);
  });

  test("a tuple names the outputs of a network", () => {
    const [site] = model.guide?.sites ?? [];
    const mean = argument(site, "mean");
    const deviation = argument(site, "sd");
    expect(mean.kind === "network" && [mean.network, mean.output]).toEqual(["encoder", 0]);
    expect(printExpression(deviation)).toBe("softplus(encoder(x).1)");
  });

  test("layers nest and keep their arguments", () => {
    const [dense, residual] = model.networks[0].layers;
    expect(dense.arguments.map(({ value }) => value)).toEqual([8, "relu"]);
    expect(residual.arguments.map(({ value }) => (typeof value === "object" ? value.name : value))).toEqual([
      "dense",
      "dropout",
    ]);
  });

  test("options keep their values", () => {
    expect(model.learn?.method).toBe("elbo");
    expect(
      Object.entries(model.learn?.options ?? {}).map(([name, option]) => [
        name,
        option.kind === "number" && option.value,
      ]),
    ).toEqual([
      ["batch", 32],
      ["rate", 0.001],
    ]);
  });
});

describe("sequences in a guide", () => {
  test("a let of a sequence is read at this step inside the chain", () => {
    const model = modelOf(`
model Sequences {
  size D, H = 4
  net emit(Real) -> Vector[D] = dense(8, tanh)
  net look(Seq[Vector[D]]) -> Seq[Vector[H]] = gru(H, backward: 1)
  net join(Vector[H]) -> Real = dense(8, tanh)
  each s {
    chain t {
      latent  z: Real      ~ Normal(z[t-1], 1) init Normal(0, 1)
      observe y: Vector[D] ~ Normal(emit(z), 1)
    }
  }
  guide {
    let h = look(y[*])
    chain t { z ~ Normal(join(h), 1) }
  }
}`);
    const [site] = model.guide?.sites ?? [];
    expect(printExpression(argument(site, "mean"))).toBe("join(look(y[*])[t])");
  });
});

describe("fixed values and priors", () => {
  const fixed = (declaration: string): readonly string[] =>
    codesOf(`model M {\n size K, D\n ${declaration}\n each n { observe x: Real ~ Normal(0, 1) }\n}`).filter(
      (code) => code < "GEN28",
    );

  test.each([
    "param p: Real = -3",
    "param p: Vector[D] = 0",
    "param p: Vector[2] = [1, 2]",
    "param p[K]: Real = [1, 2]",
    "param p: Simplex[K] = [0.25, 0.75]",
    "param p[K]: Simplex[K] = [[0.5, 0.5], [0.1, 0.9]]",
    "param p: Cov[D] = 2",
    "param p: Cov[D] = eye(D)",
    "param p: Unit = 0.5",
    "param p: Positive ~ Normal(0, 1)",
    "param p: Diag[D] ~ InvGamma(2, 0.1)",
    "param p: Matrix[D, D] ~ Normal(0, 1)",
    "param a: Real\n param p: Real ~ Normal(a, 1)",
    "param p: Cov[D] ~ InvWishart(5, eye(D))",
  ])("%s is allowed", (declaration) => {
    expect(fixed(declaration)).toEqual([]);
  });

  test.each([
    ["param p: Positive = -3", "GEN2215"],
    ["param p: Positive = 0", "GEN2215"],
    ["param p: Unit = 1", "GEN2215"],
    ["param p: Vector[2] = [1, 2, 3]", "GEN2215"],
    ["param p: Real = [1]", "GEN2215"],
    ["param p: Simplex[K] = 0.5", "GEN2215"],
    ["param p: Simplex[K] = [0.5, 0.6]", "GEN2215"],
    ["param p: Simplex[K] = [1.5, -0.5]", "GEN2215"],
    ["param p: Cov[D] = -1", "GEN2215"],
    ["param p: Real = D", "GEN2011"],
    ["param p: Cov[D] ~ Normal(0, 1)", "GEN2213"],
    ["param p: Cov[D] ~ InvGamma(2, 1)", "GEN2213"],
    ["param p: Simplex[K] ~ Dirichlet([1, 2])", "GEN2202"],
    ["param p: Real ~ Normal(q, 1)\n param q: Real ~ Normal(p, 1)", "GEN2019"],
    ["param p: Real ~ Normal(p, 1)", "GEN2019"],
    ["param p: Category[K]", "GEN2102"],
  ])("%s: %s", (declaration, code) => {
    expect(fixed(declaration)).toEqual([code]);
  });
});

describe("blocks and times", () => {
  const inChain = (items: string): readonly string[] =>
    codesOf(`model M {\n param q: Positive\n each s { chain t {\n ${items}\n } }\n}`);

  test.each([
    ["latent x: Real ~ Normal(x[t-1] + x[t-2], q) init Normal(0, 1)\n observe y: Real ~ Normal(x, 1)", []],
    ["given u: Real\n observe y: Real ~ Normal(u[t-1], q) init Normal(u, q)", []],
    ["observe y: Real ~ Normal(y[t-1], q) init Normal(0, q)", []],
    ["let a = y[t-1]\n observe y: Real ~ Normal(a, q) init Normal(0, q)", []],
    ["let a = y[t-1]\n observe y: Real ~ Normal(a, q)", ["GEN2304"]],
    ["let a = y[t-1]\n observe y: Real ~ Normal(0, q) init Normal(a, q)", ["GEN2306"]],
    ["observe y: Real ~ Normal(y[t-0], q) init Normal(0, q)", ["GEN2303"]],
    ["observe y: Real ~ Normal(y[t-q], q) init Normal(0, q)", ["GEN2303"]],
    ["observe y: Real ~ Normal(y[2*t], q) init Normal(0, q)", ["GEN2303"]],
    ["observe y: Real ~ Normal(y[t+1], q) init Normal(0, q)", ["GEN2301"]],
    ["observe y: Real ~ Normal(q[t-1], q)", ["GEN2311"]],
    ["observe y: Real ~ Normal(t, q)", ["GEN2011"]],
    [
      "latent a: Real ~ Normal(b, q)\n latent b: Real ~ Normal(a[t-1], q) init Normal(0, 1)\n observe y: Real ~ Normal(a + b, 1)",
      [],
    ],
    [
      "latent a: Real ~ Normal(b, q) init Normal(0, 1)\n latent b: Real ~ Normal(a[t-1], q) init Normal(a, 1)\n observe y: Real ~ Normal(a + b, 1)",
      ["GEN2811"],
    ],
    ["let a = b\n let b = a\n observe y: Real ~ Normal(a, q)", ["GEN2019"]],
    ["let a = y + 1\n observe y: Real ~ Normal(a, q)", ["GEN2019"]],
  ])("%s: %j", (items, codes) => {
    expect(inChain(items)).toEqual(codes);
  });

  test.each([
    ["each n { observe x: Real ~ Normal(0, 1) }\n each m { observe y: Real ~ Normal(0, 1) }", ["GEN2309"]],
    ["each n { observe x: Real ~ Normal(0, 1) }\n chain t { observe y: Real ~ Normal(0, 1) }", ["GEN2309"]],
    ["each j in J { each n { observe x: Real ~ Normal(0, 1) } }", ["GEN2309"]],
    ["each n { chain t { each m { observe x: Real ~ Normal(0, 1) } } }", ["GEN2309"]],
    ["each n { each j in J { chain t { observe x: Real ~ Normal(0, 1) } } }", []],
    ["observe x: Vector[J] ~ Normal(0, 1)", ["GEN2814"]],
    ["latent g: Real ~ Normal(0, 1)\n each n { observe x: Vector[J] ~ Normal(g, 1) }", []],
    ["each j in J { observe x: Real ~ Normal(0, 1) }", ["GEN2814"]],
  ])("%s: %j", (items, codes) => {
    expect(codesOf(`model M {\n size J\n ${items}\n}`).filter((code) => code !== "GEN2808")).toEqual(codes);
  });
});

describe("one mistake is reported once", () => {
  test.each([
    [
      "an undeclared size",
      "param m: Vector[D]\n param S: Cov[D]\n each n { observe x: Vector[D] ~ Normal(m + m, S) }",
      ["GEN2013"],
    ],
    ["an unknown type", "param m: Vektor[2]\n each n { observe x: Vector[2] ~ Normal(m, 1) }", ["GEN2004"]],
    [
      "a mistyped network",
      "net f(Vector[2]) -> Vektor[2] = dense(3, relu)\n each n { observe x: Vector[2] ~ Normal(f(x), 1) }",
      ["GEN2004"],
    ],
    ["a let that is wrong", "each n { let a = nowhere\n observe x: Real ~ Normal(a + a, exp(a)) }", ["GEN2001"]],
    ["a family that is unknown", "param v: Real\n each n { observe x: Real ~ Norma(0, v) }", ["GEN2005"]],
  ])("%s", (_, declarations, codes) => {
    expect(codesOf(`model M {\n ${declarations}\n}`)).toEqual(codes);
  });

  test("mistakes in different declarations are all found in one run", () => {
    expect(
      codesOf(`
model M {
  size K
  param w: Simplex[L]
  param m[K]: Vectr[K]
  each n {
    latent z: Category[K] ~ Categoricl(w)
    observe x: Real ~ Normal(nowhere, v)
  }
  learn eml
}`),
    ).toEqual(["GEN2013", "GEN2004", "GEN2005", "GEN2001", "GEN2001", "GEN2008"]);
  });

  test("a model with errors is left out, the others are not", () => {
    const text = `model A { each n { observe x: Real ~ Normal(nowhere, 1) } }\nmodel B { each n { observe x: Real ~ Normal(0, 1) } }`;
    expect(modelOf(text).name).toBe("B");
  });
});
