import { compileSource } from "../../src/compile/index.js";
import type { PlanFunction } from "../../src/ir/plan.js";
import type { ElboProgram } from "../../src/ir/program.js";

/** The program of a model that learns by a bound, which must compile without any diagnostic. */
export function boundProgramOf(text: string): ElboProgram {
  const { program, diagnostics } = compileSource({ name: "model.gen", text });
  if (program?.algorithm !== "elbo" || diagnostics.length > 0)
    throw new Error(`${diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n")}\n${text}`);
  return program;
}

/** Models of every kind of structure that a bound is derived for, with sizes to try them at. */
export const boundModels: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "a VAE with a derived guide",
    text: `model M {
  size D, L = 2
  net dec(Vector[L]) -> Vector[D] = dense(5, relu) |> dense(6, tanh)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: dec(z)) }
}`,
  },
  {
    name: "a Gaussian decoder with learned variances, free bits",
    text: `model M {
  size D, L = 3
  net dec(Vector[L]) -> Vector[D] = dense(7, silu) |> layernorm() |> residual(dense(7, elu))
  param v: Diag[D] ~ InvGamma(2, 1)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), v) }
  guide auto(dense(4, gelu))
  learn elbo { freebits: 0.05, beta: 0.5 }
}`.replace(" ~ InvGamma(2, 1)", ""),
  },
  {
    name: "statistics of the batch, of items and of places",
    text: `model M {
  size D, L = 2
  net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(4, tanh) |> batchnorm()
  net dec(Vector[L]) -> Vector[D] = dense(8, tanh) |> reshape(2, 2, 2) |> conv(3, 2, linear) |> batchnorm() |> flatten()
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: dec(z)) }
  guide { let (m, s) = enc(x)  z ~ Normal(m, sd: softplus(s)) }
}`,
  },
  {
    name: "a conditional VAE with missing entries",
    text: `model M {
  size D, C = 3, L = 2
  net dec(Vector[L], Category[C], Real) -> Vector[D] = dense(5, lrelu)
  each n {
    given c: Category[C]
    given u: Real
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Binary[D]? ~ Bernoulli(logits: dec(z, c, u))
  }
}`,
  },
  {
    name: "a mixture VAE with an enumerated site",
    text: `model M {
  size D, K = 3, L = 2
  param w: Simplex[K]
  param mu[K]: Vector[L]
  param S[K]: Diag[L]
  net cls(Vector[D]) -> Vector[K] = dense(4, relu)
  net enc(Vector[D], Category[K]) -> (Vector[L], Vector[L]) = dense(5, relu)
  net dec(Vector[L]) -> Vector[D] = dense(6, relu)
  each n {
    latent y: Category[K] ~ Categorical(w)
    latent z: Vector[L] ~ Normal(mu[y], S[y])
    observe x: Binary[D] ~ Bernoulli(logits: dec(z))
  }
  guide { y ~ Categorical(logits: cls(x))  let (m, s) = enc(x, y)  z ~ Normal(m, sd: softplus(s)) }
}`,
  },
  {
    name: "a mixture VAE whose component is summed out",
    text: `model M {
  size D, K = 3, L = 2
  param w: Simplex[K]
  param mu[K]: Vector[L]
  net dec(Vector[L]) -> Vector[D] = dense(6, relu)
  each n {
    latent y: Category[K] ~ Categorical(w)
    latent z: Vector[L] ~ Normal(mu[y], 1)
    observe x: Binary[D] ~ Bernoulli(logits: dec(z))
  }
}`,
  },
  {
    name: "two layers of latents, several draws",
    text: `model M {
  size D, L = 2
  net top(Vector[L]) -> (Vector[L], Vector[L]) = dense(4, tanh)
  net dec(Vector[L]) -> Vector[D] = dense(5, relu)
  each n {
    let (a, b) = top(h)
    latent h: Vector[L] ~ Normal(0, 1)
    latent z: Vector[L] ~ Normal(a, sd: softplus(b))
    observe x: Vector[D] ~ Normal(dec(z), 0.3)
  }
  learn elbo { samples: 3 }
}`,
  },
  {
    name: "counts, positive numbers and labels in one row",
    text: `model M {
  size D, K = 3, L = 2
  param shape: Positive
  param size: Positive
  net dec(Vector[L]) -> (Vector[D], Real, Vector[K], Real) = dense(5, tanh)
  each n {
    let (rate, mean, kind, many) = dec(z)
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] ~ Laplace(rate, 0.5)
    observe u: Positive ~ Gamma(shape, exp(mean))
    observe c: Category[K] ~ Categorical(logits: kind)
    observe k: Count ~ Poisson(exp(many))
  }
}`.replace("  param size: Positive\n", ""),
  },
  {
    name: "means, spreads and a written guide in the units of the data",
    text: `model M {
  size D, L = 2
  param v: Positive
  net enc(Vector[D], Real) -> (Vector[L], Vector[L]) = dense(4, tanh)
  net dec(Vector[L]) -> (Vector[D], Vector[D], Real) = dense(5, tanh)
  each n {
    let (m, s, u) = dec(z)
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D]? ~ Normal(m, sd: softplus(s))
    observe y: Real ~ Laplace(u, v)
    observe w: Real ~ Normal(2 * u, 1)
  }
  guide { let (a, b) = enc(x, y)  z ~ Normal(a, sd: softplus(b)) }
}`,
  },
  {
    name: "importance weights",
    text: `model M {
  size D, L = 2
  net dec(Vector[L]) -> Vector[D] = dense(5, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: dec(z)) }
  learn elbo { iwae: 4 }
}`,
  },
  {
    name: "sticking the landing, rows with weights",
    text: `model M {
  size D, L = 2
  net dec(Vector[L]) -> Vector[D] = dense(5, softplus)
  each n weight c { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: dec(z)) }
  learn elbo { stl: 1 }
}`,
  },
];

/** Random inputs of a function: standard normals, bits for binaries, labels for categories. */
export function randomInputs(
  program: ElboProgram,
  fn: PlanFunction,
  sizes: Readonly<Record<string, number>>,
  rows: number,
  seed: number,
): Readonly<Record<"parameter" | "data" | "table", Record<string, Float64Array>>> {
  let state = (seed * 2654435761) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const tables = { parameter: {}, data: {}, table: {} };
  const inputs: Record<string, Record<string, Float64Array>> = tables;
  for (const { operation } of fn.nodes) {
    if (operation.kind !== "input" || inputs[operation.source]![operation.name] !== undefined) continue;
    const length = operation.axes.reduce((product, axis) => {
      const { size } = fn.axes.find((each) => each.name === axis)!;
      if (size.kind === "rows") return product * rows;
      if (size.kind === "literal") return product * size.value;
      if (size.kind === "symbol") return product * sizes[size.name]!;
      throw new Error("a sum of sizes");
    }, 1);
    inputs[operation.source]![operation.name] = Float64Array.from({ length }, () =>
      valueFor(program, operation.source, operation.name, sizes, uniform, normal),
    );
  }
  for (const { name, domain } of program.model.parameters) {
    const values = inputs["parameter"]![name];
    if (values === undefined || domain.kind !== "simplex") continue;
    const width = sizes[(domain.shape[0] as { name: string }).name]!;
    for (let cell = 0; cell < values.length; cell += width) {
      const total = values.subarray(cell, cell + width).reduce((a, b) => a + b, 0);
      for (let i = cell; i < cell + width; i++) values[i] = values[i]! / total;
    }
  }
  return tables;
}

function valueFor(
  program: ElboProgram,
  source: string,
  name: string,
  sizes: Readonly<Record<string, number>>,
  uniform: () => number,
  normal: () => number,
): number {
  if (source === "table") return name === "step.rows" ? 40 : name === "step.beta" ? 0.7 : normal();
  if (source === "parameter") {
    const domain = program.model.parameters.find((parameter) => parameter.name === name)!.domain.kind;
    return domain === "real" ? 0.5 * normal() : 0.3 + uniform();
  }
  const variable = program.model.variables.find((each) => each.name === name);
  if (variable === undefined) return 0.5 + uniform();
  if (variable.optional && uniform() < 0.2) return NaN;
  switch (variable.domain.kind) {
    case "binary":
      return uniform() < 0.5 ? 1 : 0;
    case "category":
      return Math.floor(uniform() * sizes[(variable.domain.categories as { name: string }).name]!);
    case "positive":
      return 0.2 + 2 * uniform();
    case "count":
      return Math.floor(12 * uniform());
    default:
      return normal();
  }
}
