import { expect, test } from "vitest";
import { trainerOf } from "../support/trainers.js";
test("first", async () => {
  const text = `model S {
  size K = 2, D = 2, P = 2
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
  each s { chain t {
      latent regime: Category[K] ~ Categorical(Pi[regime[t-1]]) init Categorical(p0)
      latent x: Vector[D] ~ Normal(A[regime] * x[t-1] + b[regime], Q[regime]) init Normal(m0, V0)
      observe y: Vector[P]? ~ Normal(C[regime] * x + d[regime], R[regime])
  } }
  learn em { approx: vb }
}`;
  const T = await trainerOf(text);
  const trainer = new T({});
  trainer.setParameters({p0:[0.5,0.5],Pi:[[.9,.1],[.2,.8]],A:[[[.9,0],[0.1,.8]],[[.3,.2],[0,.5]]],b:[[0,0],[1,1]],Q:[[[.1,0],[0,.2]],[[.3,.05],[.05,.2]]],C:[[[1,0],[0,1]],[[1,0],[0,1]]],d:[[0,0],[.5,0]],R:[[[.1,0],[0,.1]],[[.2,0],[0,.2]]],m0:[0,0],V0:[[1,0],[0,1]]} as never);
  const y = [[0.1,0.2],[0.3,0.1],[1.5,1.2],[2,1.5],[1.8,1.4]];
  const s = await trainer.score({ y } as never);
  console.log(s);
  console.log(await trainer.predict({ y } as never));
  const r = await trainer.fit({ y: Array.from({length: 60}, (_, i) => [Math.sin(i)+i%7, Math.cos(2*i)*3]) } as never, { restarts: 1, seed: 1, maxIterations: 30 });
  console.log(r.trace);
});
