import { describe, expect, test } from "vitest";
import { checkText } from "./check-text.js";

/** Everything an expression can read, and a network that refuses all of it with a message that names its type. */
function program(expression: string): string {
  return `
model Types {
  size D, E, K, J, Unlike
  param r: Real
  param p: Positive
  param u: Unit
  param v: Vector[D]
  param w: Vector[D]
  param e: Vector[E]
  param A: Matrix[E, D]
  param B: Matrix[D, D]
  param s: Positive[D]
  param q: Simplex[K]
  param S: Cov[D]
  param T: Diag[D]
  param I: Iso[D]
  param m[K]: Real
  param M[K]: Vector[D]
  param P[K, J]: Vector[D]
  param pair: Vector[2]
  net f(Vector[D]) -> Vector[E] = dense(8, relu)
  net probe(Category[Unlike]) -> Real = dense(8, relu)
  each n {
    given g: Category[K]
    given b: Binary
    given c: Count
    each j in J {
      latent z: Category[K] ~ Categorical(q)
      observe x: Real ~ Normal(probe(${expression}), 1)
    }
  }
}`;
}

/** The type that the network's message gives to an expression. */
function typeOf(expression: string): string {
  const { diagnostics } = checkText(program(expression));
  const [first] = diagnostics;
  const type =
    first?.code === "GEN2402" && first.message.includes("`probe`")
      ? /^this is `(.*)`$/.exec(first.label ?? "")?.[1]
      : undefined;
  return diagnostics.length === 1 && type !== undefined ? type : diagnostics.map((each) => each.code).join(" ");
}

describe("types of expressions", () => {
  test.each([
    // numbers by their value
    ["1", "Positive"],
    ["0", "Real"],
    ["-1", "Real"],
    ["0.5", "Unit"],
    ["1 / 3", "Unit"],
    // what is known of signs
    ["r + p", "Real"],
    ["p + p", "Positive"],
    ["p * p", "Positive"],
    ["p - p", "Real"],
    ["p / p", "Positive"],
    ["u * u", "Unit"],
    ["1 - u", "Unit"],
    ["1 - p", "Real"],
    ["r ^ 2", "Positive"],
    ["r ^ 3", "Real"],
    ["p ^ r", "Positive"],
    ["exp(r)", "Positive"],
    ["softplus(r)", "Positive"],
    ["sigmoid(r)", "Unit"],
    ["tanh(r)", "Real"],
    ["relu(r)", "Real"],
    ["relu(r) + p", "Positive"],
    ["abs(r)", "Positive"],
    ["log(p)", "Real"],
    ["sqrt(p)", "Positive"],
    ["-p", "Real"],
    ["where(r > 0, p, u)", "Positive"],
    ["where(g == 0, r, p)", "Real"],
    ["where(z == g, 1, 2)", "Positive"],
    ["b * r", "Real"],
    ["c + p", "Positive"],
    // shapes
    ["v", "Vector[D]"],
    ["v + w", "Vector[D]"],
    ["v + 1", "Vector[D]"],
    ["2 * v", "Vector[D]"],
    ["v * 2", "Vector[D]"],
    ["v / p", "Vector[D]"],
    ["exp(v)", "Positive[D]"],
    ["mul(v, w)", "Vector[D]"],
    ["mul(s, s)", "Positive[D]"],
    ["dot(v, w)", "Real"],
    ["dot(s, s)", "Positive"],
    ["A * v", "Vector[E]"],
    ["A * B", "Matrix[E, D]"],
    ["A * B * v", "Vector[E]"],
    ["transpose(A)", "Matrix[D, E]"],
    ["transpose(A) * e", "Vector[D]"],
    ["2 * A", "Matrix[E, D]"],
    ["S * v", "Vector[D]"],
    ["sum(v)", "Real"],
    ["sum(s)", "Positive"],
    ["mean(q)", "Unit"],
    ["softmax(v)", "Simplex[D]"],
    ["concat(pair, 1)", "Vector[3]"],
    ["stack(v, w)", "Matrix[2, D]"],
    ["[1, 2, 3]", "Positive[3]"],
    ["[[1, 0], [0, 1]]", "Matrix[2, 2]"],
    // covariances
    ["S + T", "Cov[D]"],
    ["T + I", "Diag[D]"],
    ["I + I", "Iso[D]"],
    ["p * T", "Diag[D]"],
    ["S / 2", "Cov[D]"],
    ["r * S", "Matrix[D, D]"],
    ["S - T", "Matrix[D, D]"],
    ["S + B", "Matrix[D, D]"],
    ["diag(s)", "Diag[D]"],
    ["diag(v)", "Matrix[D, D]"],
    ["eye(D)", "Iso[D]"],
    ["p * eye(D) + S", "Cov[D]"],
    ["transpose(S)", "Cov[D]"],
    // indices
    ["m[z]", "Real"],
    ["m[g]", "Real"],
    ["m[0]", "Real"],
    ["M[z]", "Vector[D]"],
    ["P[z, j]", "Vector[D]"],
    ["P[z, j, 0]", "Real"],
    ["q[z]", "Unit"],
    ["v[0]", "Real"],
    ["B[0]", "Vector[D]"],
    ["B[0, 1]", "Real"],
    // networks
    ["f(v)", "Vector[E]"],
    ["f(s)", "Vector[E]"],
    ["A * v + f(v)", "Vector[E]"],
  ])("%s is %s", (expression, type) => {
    expect(typeOf(expression)).toBe(type);
  });
});

describe("what has no type", () => {
  test.each([
    ["v * w", "GEN2110"],
    ["v * A", "GEN2110"],
    ["v + e", "GEN2108"],
    ["A * e", "GEN2109"],
    ["A * S * e", "GEN2109"],
    ["A + v", "GEN2108"],
    ["dot(v, e)", "GEN2112"],
    ["dot(v, r)", "GEN2112"],
    ["transpose(v)", "GEN2112"],
    ["softmax(A)", "GEN2112"],
    ["diag(A)", "GEN2112"],
    ["mul(v, e)", "GEN2112"],
    ["stack(v, e)", "GEN2112"],
    ["concat(A, v)", "GEN2112"],
    ["concat(v, e)", "GEN2114"],
    ["exp()", "GEN2111"],
    ["exp(r, r)", "GEN2111"],
    ["where(r > 0, r)", "GEN2111"],
    ["where(r, r, r)", "GEN2118"],
    ["where(z < 1, r, r)", "GEN2113"],
    ["where(v > 0, e, e)", "GEN2108"],
    ["eye()", "GEN2111"],
    ["eye(v)", "GEN2012"],
    ["z + 1", "GEN2113"],
    ["exp(z)", "GEN2113"],
    ["log(r)", "GEN2115"],
    ["log(0)", "GEN2115"],
    ["log(-1)", "GEN2115"],
    ["log(c)", "GEN2115"],
    ["sqrt(-1)", "GEN2115"],
    ["r ^ 0.5", "GEN2115"],
    ["r / 0", "GEN2116"],
    ["r / (1 - 1)", "GEN2116"],
    ["[1, [2]]", "GEN2119"],
    ["[]", "GEN2120"],
    ["m", "GEN2106"],
    ["m[z, z]", "GEN2105"],
    ["P[z]", "GEN2105"],
    ["m[r]", "GEN2104"],
    ["m[n]", "GEN2104"],
    ["m[j]", "GEN2104"],
    ["m[K]", "GEN2104"],
    ["P[j, z]", "GEN2104 GEN2104"],
    ["m[0.5]", "GEN2104"],
    ["r[0]", "GEN2107"],
    ["pair[2]", "GEN2121"],
    ["K", "GEN2011"],
    ["n", "GEN2011"],
    ["f", "GEN2011"],
    ["f(e)", "GEN2402"],
    ["f(v, v)", "GEN2401"],
    ["nowhere", "GEN2001"],
    ["nowhere + nothing", "GEN2001 GEN2001"],
    ["exp(nowhere) + v", "GEN2001"],
    ["r(1)", "GEN2017"],
    ["Normal(0, 1)", "GEN2016"],
    ["r.x", "GEN2021"],
  ])("%s: %s", (expression, code) => {
    expect(typeOf(expression)).toBe(code);
  });
});
