import { leakySlope, type BinaryFunction, type UnaryFunction } from "../../ir/plan.js";
import { type Bytes, get, join, set, vector, wasm } from "./assembler.js";
import type { VectorFunctionName } from "./vector-functions.js";

/** The call of a function of four numbers. */
export type VectorCall = (name: VectorFunctionName) => Bytes;

/** @param hold a local that an operand used twice is kept in */
export function unaryCode(name: UnaryFunction, operand: Bytes, hold: () => number, call: VectorCall): Bytes {
  const twice = (use: (value: Bytes) => Bytes): Bytes => {
    const held = hold();
    return join(operand, set(held), use(get(held)));
  };
  const ones = vector(1);
  switch (name) {
    case "negate":
      return join(operand, wasm.f32Negate);
    case "exp":
    case "log":
    case "log1p":
    case "expm1":
    case "softplus":
    case "sigmoid":
    case "tanh":
    case "logGamma":
    case "digamma":
      return join(operand, call(name));
    case "sqrt":
      return join(operand, wasm.f32Sqrt);
    case "square":
      return twice((a) => join(a, a, wasm.multiply));
    case "reciprocal":
      return join(ones, operand, wasm.divide);
    case "abs":
      return join(operand, wasm.f32Abs);
    case "sign":
      return twice((a) =>
        join(
          join(a, vector(0), wasm.f32Greater, ones, wasm.and),
          join(a, vector(0), wasm.f32Less, ones, wasm.and),
          wasm.subtract,
        ),
      );
    case "relu":
      return join(operand, vector(0), wasm.maximum);
    case "leakyRelu":
      return twice((a) =>
        join(a, join(a, vector(leakySlope), wasm.multiply), join(a, vector(0), wasm.f32Greater), wasm.bitSelect),
      );
    case "step":
      return join(operand, vector(0), wasm.f32Greater, ones, wasm.and);
    case "isPresent":
      return twice((a) => join(a, a, wasm.f32Equal, ones, wasm.and));
    case "presentOrZero":
      return twice((a) => join(a, join(a, a, wasm.f32Equal), wasm.and));
    case "sin":
    case "cos":
    case "trigamma":
    case "logBesselI0":
    case "besselRatio":
      throw new Error(`network kernels: ${name} has no float32 form`);
  }
}

/** Where a multiply-add is not: those are fused by the caller. */
export function binaryCode(name: BinaryFunction, a: Bytes, b: Bytes, call: VectorCall): Bytes {
  switch (name) {
    case "add":
      return join(a, b, wasm.add);
    case "subtract":
      return join(a, b, wasm.subtract);
    case "multiply":
      return join(a, b, wasm.multiply);
    case "divide":
      return join(a, b, wasm.divide);
    case "maximum":
      return join(a, b, wasm.maximum);
    case "minimum":
      return join(a, b, wasm.minimum);
    case "less":
      return join(a, b, wasm.f32Less, vector(1), wasm.and);
    case "lessEqual":
      return join(a, b, wasm.f32LessEqual, vector(1), wasm.and);
    case "equal":
      return join(a, b, wasm.f32Equal, vector(1), wasm.and);
    // Positive bases only: others do not come this far.
    case "power":
      return join(b, a, call("log"), wasm.multiply, call("exp"));
  }
}
