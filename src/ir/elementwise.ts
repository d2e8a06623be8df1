import {
  besselRatio,
  digamma,
  logBesselI0,
  logGamma,
  sigmoid,
  softplus,
  trigamma,
} from "../numerics/special-functions.js";
import type { BinaryFunction, UnaryFunction } from "./plan.js";
import { leakySlope } from "./plan.js";

/** One entry of an elementwise function of one operand. */
export function unaryValue(name: UnaryFunction, a: number): number {
  switch (name) {
    case "negate":
      return -a;
    case "exp":
      return Math.exp(a);
    case "log":
      return Math.log(a);
    case "log1p":
      return Math.log1p(a);
    case "expm1":
      return Math.expm1(a);
    case "sqrt":
      return Math.sqrt(a);
    case "square":
      return a * a;
    case "reciprocal":
      return 1 / a;
    case "abs":
      return Math.abs(a);
    case "sign":
      return Math.sign(a);
    case "softplus":
      return softplus(a);
    case "sigmoid":
      return sigmoid(a);
    case "tanh":
      return Math.tanh(a);
    case "relu":
      return Math.max(a, 0);
    case "leakyRelu":
      return a > 0 ? a : leakySlope * a;
    case "step":
      return a > 0 ? 1 : 0;
    case "sin":
      return Math.sin(a);
    case "cos":
      return Math.cos(a);
    case "logGamma":
      return logGamma(a);
    case "digamma":
      return digamma(a);
    case "trigamma":
      return trigamma(a);
    case "logBesselI0":
      return logBesselI0(a);
    case "besselRatio":
      return besselRatio(a);
    case "isPresent":
      return Number.isNaN(a) ? 0 : 1;
    case "presentOrZero":
      return Number.isNaN(a) ? 0 : a;
  }
}

/** One entry of an elementwise function of two operands. */
export function binaryValue(name: BinaryFunction, left: number, right: number): number {
  switch (name) {
    case "add":
      return left + right;
    case "subtract":
      return left - right;
    case "multiply":
      return left * right;
    case "divide":
      return left / right;
    case "power":
      return Math.pow(left, right);
    case "maximum":
      return Math.max(left, right);
    case "minimum":
      return Math.min(left, right);
    case "less":
      return left < right ? 1 : 0;
    case "lessEqual":
      return left <= right ? 1 : 0;
    case "equal":
      return left === right ? 1 : 0;
  }
}
