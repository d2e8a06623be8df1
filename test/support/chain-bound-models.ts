/** Models of every kind of structure that a bound along a chain is derived for. */
export const chainBoundModels: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "a written guide that reads the step before",
    text: `model M {
  size D = 2, L = 2
  net trans(Vector[L]) -> Vector[L] = dense(3, tanh)
  net emit(Vector[L]) -> Vector[D] = dense(3, tanh)
  net comb(Vector[L], Vector[D]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  net start(Vector[D]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  param R: Diag[D]
  param Q: Diag[L]
  each s {
    chain t {
      latent  z: Vector[L] ~ Normal(trans(z[t-1]), Q) init Normal(0, 1)
      observe y: Vector[D]? ~ Normal(emit(z), R)
    }
  }
  guide {
    chain t {
      let (m, v) = comb(z[t-1], y)
      let (m0, v0) = start(y)
      z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
    }
  }
}`,
  },
  {
    name: "a recurrent guide from the end, inputs, weights of sequences, priors",
    text: `model M {
  size D = 2, L = 2, H = 3, U = 1
  net trans(Vector[L], Vector[U]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  net emit(Vector[L]) -> Vector[D] = dense(3, tanh)
  net look(Seq[Vector[D]], Seq[Vector[U]]) -> Seq[Vector[H]] = gru(H, backward: 1)
  net comb(Vector[L], Vector[H]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  net start(Vector[H]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  param R: Diag[D] ~ InvGamma(2, 1)
  each s weight c {
    chain t {
      given u: Vector[U]
      let (a, g) = trans(z[t-1], u)
      latent  z: Vector[L] ~ Normal(a, sd: softplus(g)) init Normal(0, 1)
      observe y: Vector[D] ~ Normal(emit(z), R)
    }
  }
  guide {
    let h = look(y[*], u[*])
    chain t {
      let (m, v) = comb(z[t-1], h)
      let (m0, v0) = start(h)
      z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
    }
  }
}`,
  },
  {
    name: "layers before, between and after two recurrent ones, two look-backs, dropout",
    text: `model M {
  size D = 2, H = 2
  net emit(Real) -> Vector[D] = dense(3, tanh)
  net look(Seq[Vector[D]]) -> Seq[Vector[H]] = dense(3, tanh) |> gru(H) |> dense(2, tanh) |> gru(2, backward: 1) |> dense(2, tanh)
  net comb(Real, Vector[H]) -> (Real, Real) = dense(3, tanh) |> dropout(0.3)
  net start(Vector[H]) -> (Real, Real) = dense(3, tanh)
  param a: Real
  param b: Real
  each s {
    chain t {
      latent  z: Real ~ Normal(a * z[t-1] + b * z[t-2], 0.5) init Normal(0, 1)
      observe y: Vector[D] ~ Laplace(emit(z), 0.4)
    }
  }
  guide {
    let h = look(y[*])
    chain t {
      let (m, v) = comb(z[t-1], h)
      let (m0, v0) = start(h)
      z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
    }
  }
}`,
  },
  {
    name: "two latents that read each other, data of the step before, a positive latent",
    text: `model M {
  size L = 2
  net trans(Vector[L], Positive) -> Vector[L] = dense(3, tanh)
  net emit(Vector[L], Real) -> Real = dense(3, tanh)
  net first(Vector[L], Real) -> Vector[L] = dense(3, tanh)
  net second(Vector[L]) -> Real = dense(2, tanh)
  param r: Positive
  each s {
    chain t {
      latent  z: Vector[L] ~ Normal(trans(z[t-1], v[t-1]), 0.3) init Normal(0, 1)
      latent  v: Positive  ~ LogNormal(sum(z), 0.2)
      observe y: Real      ~ Normal(emit(z, y[t-1]) + log(v), r) init Normal(log(v), r)
      observe n: Count?    ~ Poisson(v)
    }
  }
  guide {
    chain t {
      z ~ Normal(first(z[t-1], y), sd: 0.4) init Normal(0, sd: 0.5)
      v ~ LogNormal(second(z), 0.5)
    }
  }
}`,
  },
  {
    name: "a derived guide: missing entries, inputs, labels",
    text: `model M {
  size D = 2, L = 2, U = 1, K = 3
  net trans(Vector[L], Vector[U]) -> Vector[L] = dense(3, tanh)
  net emit(Vector[L]) -> (Vector[D], Vector[K]) = dense(3, tanh)
  param R: Diag[D]
  param Q: Diag[L]
  each s {
    chain t {
      given u: Vector[U]
      let (m, k) = emit(z)
      latent  z: Vector[L] ~ Normal(trans(z[t-1], u), Q) init Normal(0, 1)
      observe y: Vector[D]? ~ Normal(m, R)
      observe c: Category[K] ~ Categorical(logits: k)
    }
  }
  guide auto(dense(2, tanh))
}`,
  },
  {
    name: "a derived guide of two latents, one without a past, a mixture summed out in each step",
    text: `model M {
  size K = 2
  net emit(Real, Real) -> Real = dense(3, tanh)
  param w: Simplex[K]
  param mu[K]: Real
  param a: Real
  param r: Positive
  each s {
    chain t {
      latent  k: Category[K] ~ Categorical(w)
      latent  v: Real ~ Normal(mu[k], 0.4)
      latent  z: Real ~ Normal(a * z[t-1] + v, 0.5) init Normal(v, 1)
      observe y: Real ~ Normal(emit(z, v), r)
    }
  }
  guide auto(dense(2, tanh))
}`,
  },
  {
    name: "an enumerated site that reads a draw, entries of a step in a plate",
    text: `model M {
  size K = 2, J = 2
  net emit(Real) -> Real = dense(3, tanh)
  net look(Real, Real) -> (Real, Real) = dense(3, tanh)
  net kind(Real, Real) -> Vector[K] = dense(2, tanh)
  param w: Simplex[K]
  param b[K]: Real
  each s {
    chain t {
      latent  k: Category[K] ~ Categorical(w)
      given u: Real
      each j in J {
        latent  z: Real ~ Normal(0.8 * z[t-1], 0.5) init Normal(0, 1)
        observe y: Real ~ Normal(emit(z) + b[k], 0.3)
      }
    }
  }
  guide {
    chain t {
      k ~ Categorical(logits: kind(u, u))
      let (m, v) = look(z[t-1], y)
      z ~ Normal(m, sd: softplus(v)) init Normal(0, sd: 0.5)
    }
  }
}`,
  },
];
