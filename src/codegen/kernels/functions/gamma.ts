import { call, get, lane, op, replaceLane, set, when } from "../wasm/code.js";
import type { ConstantTable } from "../wasm/constants.js";
import type { Code } from "../wasm/instructions.js";
import type { FunctionContext, StatementSink } from "./vector-function.js";
import { horner, once, vectorFunction } from "./vector-function.js";

/** zeta(k) - 1 for k = 2, 3, …: coefficients of log Gamma around 2. */
const zetaExcess = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
  0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
  0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5,
  7.637197637899763e-6, 3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7,
  2.38450502727733e-7, 1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8,
  7.45071178983543e-9, 3.725334024788457e-9, 1.862659723513049e-9, 9.313274324196682e-10,
];
const eulerGamma = 0.5772156649015329;
const halfLogTwoPi = 0.9189385332046728;
/** Bernoulli numbers B(2k), k = 1, 2, …: the asymptotic series of log Gamma and its derivatives. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798];
/** From here on the asymptotic series reach full precision. */
const asymptoticFrom = 10;

/** x minus the whole number next to it, times pi. */
function angleOf(x: Code, constants: ConstantTable): Code {
  return op("f64x2.mul", op("f64x2.sub", x, op("f64x2.nearest", x)), constants.splat(Math.PI));
}

function laneByLane(name: "sin" | "cos", x: Code): Code {
  const entry = (position: number): Code => call(name, lane("f64x2.extract_lane", x, position));
  return replaceLane(op("f64x2.splat", entry(0)), 1, entry(1));
}

/**
 * log |Gamma(x)|: a Taylor series around 2 (so that the zeros at 1 and 2 keep their relative precision), the recurrence
 * Gamma(x + 1) = x Gamma(x) below 10, Stirling's series above, reflection for negative x; one logarithm serves them all.
 *
 * @source Abramowitz and Stegun 1964, 6.1.15, 6.1.17, 6.1.33, 6.1.41
 */
export const logGamma = vectorFunction("logGamma", "log |Gamma(x)|", (builder, x, context) => {
  const { constants } = context;
  const [one, zero] = [constants.splat(1), constants.splat(0)];
  const size = once(builder, "size", op("f64x2.abs", x));
  const isLarge = once(builder, "isLarge", op("f64x2.ge", size, constants.splat(asymptoticFrom)));
  const isTiny = once(builder, "isTiny", op("f64x2.lt", size, constants.splat(0.5)));
  const isBelow = once(builder, "isBelow", op("f64x2.le", size, constants.splat(1.5)));
  const [reduced, product] = [builder.local("reduced", "v128"), builder.local("product", "v128")];
  const isAbove = builder.local("isAbove", "v128");
  builder.append(set(reduced, size), set(product, one));
  for (let step = 0; step < asymptoticFrom - 2; step++) {
    builder.append(
      set(isAbove, op("f64x2.gt", get(reduced), constants.splat(2.5))),
      set(reduced, op("f64x2.sub", get(reduced), op("v128.and", get(isAbove), one))),
      set(product, op("v128.bitselect", op("f64x2.mul", get(product), get(reduced)), get(product), get(isAbove))),
    );
  }
  const choose = (large: Code | undefined, tiny: Code, below: Code, between: Code): Code => {
    const small = op("v128.bitselect", tiny, op("v128.bitselect", below, between, isBelow), isTiny);
    return large === undefined ? small : op("v128.bitselect", large, small, isLarge);
  };
  const z = once(
    builder,
    "z",
    choose(undefined, size, op("f64x2.sub", size, one), op("f64x2.sub", get(reduced), constants.splat(2))),
  );
  const argument = choose(size, op("f64x2.mul", size, op("f64x2.add", size, one)), size, get(product));
  const logarithm = once(builder, "logarithm", call("log", argument));
  const coefficients = zetaExcess.map((excess, i) => excess / (i + 2));
  const minusZ = once(builder, "minusZ", op("f64x2.neg", z));
  const series = op(
    "f64x2.sub",
    constants.splat(1 - eulerGamma),
    op("f64x2.mul", minusZ, horner(context, coefficients, minusZ)),
  );
  const signed = op("v128.xor", logarithm, op("v128.and", isBelow, constants.splat(-0)));
  const small = op("f64x2.add", op("f64x2.mul", z, series), signed);
  const inverse = once(builder, "inverse", op("f64x2.div", one, size));
  const square = once(builder, "square", op("f64x2.mul", inverse, inverse));
  const stirling = bernoulli.map((number, i) => number / (2 * (i + 1) * (2 * i + 1)));
  const leading = op("f64x2.sub", op("f64x2.mul", op("f64x2.sub", size, constants.splat(0.5)), logarithm), size);
  const large = op(
    "f64x2.add",
    op("f64x2.add", leading, constants.splat(halfLogTwoPi)),
    op("f64x2.mul", horner(context, stirling, square), inverse),
  );
  const result = builder.local("result", "v128");
  builder.append(set(result, op("v128.bitselect", large, small, isLarge)));
  const isNegative = once(builder, "isNegative", op("f64x2.lt", x, zero));
  const angle = builder.local("angle", "v128");
  const sine = op("f64x2.abs", laneByLane("sin", get(angle)));
  const reflected = op(
    "f64x2.sub",
    call("log", op("f64x2.div", constants.splat(Math.PI), op("f64x2.mul", sine, size))),
    get(result),
  );
  builder.append(
    when(
      op("v128.any_true", isNegative),
      set(angle, angleOf(x, constants)),
      set(result, op("v128.bitselect", reflected, get(result), isNegative)),
    ),
  );
  const infinite = constants.splat(Infinity);
  return op("v128.bitselect", infinite, get(result), op("f64x2.eq", size, infinite));
});

interface Shifted {
  /** The argument, or its reflection, moved to where the asymptotic series hold. */
  readonly large: Code;
  /** What the steps there add up to. */
  readonly shift: Code;
  readonly isReflected: Code;
}

/** y = x, or 1 - x where that is not positive, then y + 1, y + 2, … up to 10, adding up `term` of each. */
function shifted(
  builder: StatementSink,
  x: Code,
  { constants }: FunctionContext,
  term: (inverse: Code) => Code,
): Shifted {
  const one = constants.splat(1);
  const isReflected = once(builder, "isReflected", op("f64x2.le", x, constants.splat(0)));
  const [large, shift] = [builder.local("large", "v128"), builder.local("shift", "v128")];
  const [isBelow, inverse] = [builder.local("isBelow", "v128"), builder.local("inverse", "v128")];
  builder.append(
    set(large, op("v128.bitselect", op("f64x2.sub", one, x), x, isReflected)),
    set(shift, constants.splat(0)),
  );
  for (let step = 0; step < asymptoticFrom; step++) {
    builder.append(
      set(isBelow, op("f64x2.lt", get(large), constants.splat(asymptoticFrom))),
      set(inverse, op("f64x2.div", one, get(large))),
      set(shift, op("f64x2.add", get(shift), op("v128.and", term(get(inverse)), get(isBelow)))),
      set(large, op("f64x2.add", get(large), op("v128.and", one, get(isBelow)))),
    );
  }
  return { large: get(large), shift: get(shift), isReflected };
}

/** The reflection where the argument was reflected; NaN at 0, -1, -2, … and at -infinity. */
function withReflection(
  builder: StatementSink,
  x: Code,
  { constants }: FunctionContext,
  isReflected: Code,
  direct: Code,
  reflection: (angle: Code, direct: Code) => Code,
): Code {
  const [result, angle] = [builder.local("result", "v128"), builder.local("angle", "v128")];
  const isPole = op("f64x2.eq", get(angle), constants.splat(0));
  const value = op("v128.bitselect", constants.splat(NaN), reflection(get(angle), get(result)), isPole);
  builder.append(
    set(result, direct),
    when(
      op("v128.any_true", isReflected),
      set(angle, angleOf(x, constants)),
      set(result, op("v128.bitselect", value, get(result), isReflected)),
    ),
  );
  return get(result);
}

/** @source Abramowitz and Stegun 1964, 6.3.5, 6.3.7, 6.3.18 */
export const digamma = vectorFunction("digamma", "derivative of log Gamma", (builder, x, context) => {
  const { constants } = context;
  const { large, shift, isReflected } = shifted(builder, x, context, (inverse) => inverse);
  const inverse = once(builder, "last", op("f64x2.div", constants.splat(1), large));
  const square = once(builder, "square", op("f64x2.mul", inverse, inverse));
  const coefficients = bernoulli.map((number, i) => number / (2 * (i + 1)));
  const series = op(
    "f64x2.add",
    op("f64x2.mul", inverse, constants.splat(0.5)),
    op("f64x2.mul", horner(context, coefficients, square), square),
  );
  const direct = op("f64x2.sub", op("f64x2.sub", call("log", large), series), shift);
  return withReflection(builder, x, context, isReflected, direct, (angle, known) =>
    op(
      "f64x2.sub",
      known,
      op("f64x2.div", op("f64x2.mul", constants.splat(Math.PI), laneByLane("cos", angle)), laneByLane("sin", angle)),
    ),
  );
});

/** @source Abramowitz and Stegun 1964, 6.4.6, 6.4.7, 6.4.12 */
export const trigamma = vectorFunction("trigamma", "second derivative of log Gamma", (builder, x, context) => {
  const { constants } = context;
  const { large, shift, isReflected } = shifted(builder, x, context, (inverse) => op("f64x2.mul", inverse, inverse));
  const inverse = once(builder, "last", op("f64x2.div", constants.splat(1), large));
  const square = once(builder, "square", op("f64x2.mul", inverse, inverse));
  const series = op("f64x2.mul", op("f64x2.mul", horner(context, bernoulli, square), square), inverse);
  const leading = op("f64x2.add", inverse, op("f64x2.mul", square, constants.splat(0.5)));
  const direct = op("f64x2.add", op("f64x2.add", leading, series), shift);
  return withReflection(builder, x, context, isReflected, direct, (angle, known) => {
    const ratio = op("f64x2.div", constants.splat(Math.PI), laneByLane("sin", angle));
    const kept = builder.local("ratio", "v128");
    return op("f64x2.sub", [set(kept, ratio), op("f64x2.mul", get(kept), get(kept))], known);
  });
});
