import type { BinaryFunction, NodeId, UnaryFunction } from "../plan.js";
import { leakySlope } from "../plan.js";
import type { Step } from "./reverse-step.js";

/** A small positive number that float32 has too: keeps 0 / 0 out where a weight of exactly 0 is under a logarithm. */
const smallest = 1e-37;

/** Gives the operand of a function of one number seed * slope. */
export function propagateUnary(step: Step, name: UnaryFunction, a: NodeId): void {
  const { builder: b, id: y, seed } = step;
  const one = (): NodeId => b.constant(1);
  switch (name) {
    case "sign":
    case "step":
    case "isPresent":
      return;
    case "negate":
      return step.give(a, b.unary("negate", seed));
    case "exp":
      return step.giveTimes(a, y);
    case "log":
      return step.give(a, b.over(seed, b.binary("maximum", step.guarded(a, 1), b.constant(smallest))));
    case "log1p":
      return step.give(a, b.over(seed, b.plus(one(), step.guarded(a))));
    case "expm1":
      return step.giveTimes(a, b.unary("exp", a));
    case "sqrt": {
      // The slope at 0 is infinite; 0 is the subgradient that lets a norm rest there.
      const root = b.select(b.binary("less", b.constant(0), step.guarded(y)), y, one());
      const half = b.select(
        b.binary("less", b.constant(0), step.guarded(y)),
        b.over(b.constant(0.5), root),
        b.constant(0),
      );
      return step.giveTimes(a, half);
    }
    case "square":
      return step.giveTimes(a, b.scale(2, a));
    case "reciprocal":
      return step.giveTimes(a, b.unary("negate", b.unary("square", y)));
    case "abs":
      return step.giveTimes(a, b.unary("sign", a));
    case "softplus":
      return step.giveTimes(a, b.unary("sigmoid", a));
    case "sigmoid":
      return step.giveTimes(a, b.times(y, b.unary("sigmoid", b.unary("negate", a))));
    case "tanh":
      return step.giveTimes(a, b.minus(one(), b.unary("square", y)));
    case "relu":
      return step.giveTimes(a, b.unary("step", a));
    case "leakyRelu":
      return step.giveTimes(a, b.select(b.unary("step", a), one(), b.constant(leakySlope)));
    case "sin":
      return step.giveTimes(a, b.unary("cos", a));
    case "cos":
      return step.giveTimes(a, b.unary("negate", b.unary("sin", a)));
    case "logGamma":
      return step.giveTimes(a, b.unary("digamma", a));
    case "digamma":
      return step.giveTimes(a, b.unary("trigamma", a));
    case "trigamma":
      throw new Error("differentiate: trigamma has no derivative among the operations of a plan");
    case "logBesselI0":
      return step.giveTimes(a, b.unary("besselRatio", a));
    case "besselRatio": {
      const isZero = b.binary("equal", a, b.constant(0));
      const perConcentration = b.select(isZero, b.constant(0.5), b.over(y, b.select(isZero, one(), a)));
      return step.giveTimes(a, b.minus(b.minus(one(), perConcentration), b.unary("square", y)));
    }
    case "presentOrZero":
      return step.giveTimes(a, b.unary("isPresent", a));
  }
}

/** Gives the operands of a function of two numbers seed * slope. */
export function propagateBinary(step: Step, name: BinaryFunction, left: NodeId, right: NodeId): void {
  const { builder: b, id: y, seed } = step;
  switch (name) {
    case "less":
    case "lessEqual":
    case "equal":
      return;
    case "add":
      if (step.wants(left)) step.give(left, seed);
      if (step.wants(right)) step.give(right, seed);
      return;
    case "subtract":
      if (step.wants(left)) step.give(left, seed);
      if (step.wants(right)) step.give(right, b.unary("negate", seed));
      return;
    case "multiply":
      if (step.wants(left)) step.giveTimes(left, right);
      if (step.wants(right)) step.giveTimes(right, left);
      return;
    case "divide": {
      const divisor = step.guarded(right, 1);
      if (step.wants(left)) step.give(left, b.over(seed, divisor));
      if (step.wants(right)) step.giveTimes(right, b.unary("negate", b.over(step.guarded(y), divisor)));
      return;
    }
    case "power": {
      const zero = b.constant(0);
      if (step.wants(left)) {
        const slope = b.times(right, b.binary("power", left, b.minus(right, b.constant(1))));
        step.giveTimes(left, b.select(b.binary("equal", right, zero), zero, slope));
      }
      if (step.wants(right)) {
        // 0 ^ b is 0 for every positive b, so its slope in b is 0 although log 0 is not finite.
        const isPositive = b.binary("less", zero, left);
        const logarithm = b.unary("log", b.select(isPositive, left, b.constant(1)));
        step.giveTimes(right, b.select(isPositive, b.times(y, logarithm), zero));
      }
      return;
    }
    case "maximum":
    case "minimum": {
      const share = (mine: NodeId, other: NodeId): NodeId => {
        const wins = name === "maximum" ? b.binary("less", other, mine) : b.binary("less", mine, other);
        return b.select(b.binary("equal", mine, other), b.constant(0.5), wins);
      };
      if (step.wants(left)) step.giveTimes(left, share(left, right));
      if (step.wants(right)) step.giveTimes(right, share(right, left));
      return;
    }
  }
}
