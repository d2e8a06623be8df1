import { compileSource } from "../../src/compile/index.js";
import type { AdversarialProgram } from "../../src/ir/program.js";

/** The program of a generator and its critic, which must compile without any diagnostic. */
export function gameOf(text: string): AdversarialProgram {
  const { program, diagnostics } = compileSource({ name: "model.gen", text });
  if (program?.algorithm !== "adversarial" || diagnostics.length > 0)
    throw new Error(`${diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n")}\n${text}`);
  return program;
}

/** A small game with these options; with a condition where `classes` are given. */
export function gameText(options: string, conditional = false): string {
  const [types, given, passed] = conditional ? [", Category[C]", "given c: Category[C]\n    ", ", c"] : ["", "", ""];
  return `model Game {
  size D = 3, L = 2${conditional ? ", C = 4" : ""}
  net generator(Vector[L]${types}) -> Vector[D] = dense(5, tanh)
  net judge(Vector[D]${types}) -> Real = dense(6, tanh) |> dense(4, softplus)
  each n {
    ${given}latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] = generator(z${passed})
  }
  critic judge(x${passed})
  learn adversarial { ${options} }
}`;
}
