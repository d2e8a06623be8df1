import { call, integer, multiplyAdd, op, subtractProduct } from "../wasm/code.js";
import type { Code } from "../wasm/instructions.js";
import type { FunctionContext, StatementSink } from "./vector-function.js";
import { horner, once, vectorFunction } from "./vector-function.js";

/** log 2 in two parts, the first with trailing zeros, so that its product with a whole number below 2^20 is exact. */
export const logTwo = { high: 6.9314718036912381649e-1, low: 1.90821492927058770002e-10 };
/** Adding it to a whole number leaves that number in the low bits. */
const integerShift = 6755399441055744;
/** Coefficients of c(r) = r - r^2 (P1 + r^2 (P2 + …)), where exp r = 1 + r + r c / (2 - c). */
const remainders = [
  1.66666666666666019037e-1, -2.7777777777015593384e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
  4.1381367970572384604e-8,
];

interface Reduced {
  /** exp(x) = 2^power * exp(remainder) */
  readonly power: Code;
  readonly high: Code;
  readonly low: Code;
  /** r c / (2 - c), with which exp r = 1 + (high - (low - quotient)). */
  readonly quotient: Code;
}

/**
 * x = n log 2 + r with |r| <= log(2) / 2, and exp r by a rational approximation.
 *
 * @source Sun Microsystems 1993, fdlibm e_exp.c (error below 1 ulp)
 */
function reduce(builder: StatementSink, x: Code, context: FunctionContext): Reduced {
  const { constants } = context;
  const power = once(builder, "power", op("f64x2.nearest", op("f64x2.mul", x, constants.splat(Math.LOG2E))));
  const high = once(builder, "high", subtractProduct(power, constants.splat(logTwo.high), x));
  const low = once(builder, "low", op("f64x2.mul", power, constants.splat(logTwo.low)));
  const r = once(builder, "r", op("f64x2.sub", high, low));
  const square = once(builder, "square", op("f64x2.mul", r, r));
  const c = once(builder, "c", subtractProduct(square, horner(context, remainders, square), r));
  const quotient = op("f64x2.div", op("f64x2.mul", r, c), op("f64x2.sub", constants.splat(2), c));
  return { power, high, low, quotient };
}

/** 2^power, for a whole number from -1022 to 1023. */
function powerOfTwo({ constants }: FunctionContext, power: Code): Code {
  const low = op("f64x2.add", power, constants.splat(integerShift));
  return op("i64x2.add", op("i64x2.shl", low, integer(52)), constants.splat(1));
}

/** Scaled in two steps, so that results below the normal range are rounded once and overflow is infinite. */
export const exponential = vectorFunction("exp", "exp, below 1 ulp (fdlibm)", (builder, x, context) => {
  const { constants } = context;
  // pmax and pmin keep a NaN in their first operand.
  const within = op("f64x2.pmin", op("f64x2.pmax", x, constants.splat(-746)), constants.splat(710));
  const { power, high, low, quotient } = reduce(builder, once(builder, "within", within), context);
  const value = op("f64x2.add", constants.splat(1), op("f64x2.sub", high, op("f64x2.sub", low, quotient)));
  const half = once(builder, "half", op("f64x2.nearest", op("f64x2.mul", power, constants.splat(0.5))));
  const first = powerOfTwo(context, half);
  const second = powerOfTwo(context, op("f64x2.sub", power, half));
  return op("f64x2.mul", op("f64x2.mul", value, first), second);
});

/** For sums of exponentials of which the largest is 1: nothing below the normal range, and scaled in one step. */
export const exponentialOrZero = vectorFunction("expOrZero", "exp, or 0 below 2^-1022", (builder, x, context) => {
  const { constants } = context;
  const within = once(builder, "within", op("f64x2.pmin", x, constants.splat(710)));
  const { power, high, low, quotient } = reduce(builder, within, context);
  const value = op("f64x2.add", constants.splat(1), op("f64x2.sub", high, op("f64x2.sub", low, quotient)));
  const scaled = op("f64x2.mul", value, powerOfTwo(context, power));
  return op("v128.andnot", scaled, op("f64x2.lt", x, constants.splat(-708.39)));
});

/** exp(x) - 1 = 2^n (exp r - 1) + (2^n - 1), which keeps small numbers. */
export const exponentialMinusOne = vectorFunction("expm1", "exp(x) - 1", (builder, x, context) => {
  const { constants } = context;
  const within = op("f64x2.pmin", op("f64x2.pmax", x, constants.splat(-60)), constants.splat(41));
  const { power, high, low, quotient } = reduce(builder, once(builder, "within", within), context);
  const small = op("f64x2.sub", high, op("f64x2.sub", low, quotient));
  const scale = once(builder, "scale", powerOfTwo(context, power));
  const moderate = multiplyAdd(scale, small, op("f64x2.sub", scale, constants.splat(1)));
  const large = op("f64x2.sub", call("exp", x), constants.splat(1));
  const result = op("v128.bitselect", large, moderate, op("f64x2.gt", x, constants.splat(40)));
  // Zero keeps its sign.
  return op("v128.bitselect", x, result, op("f64x2.eq", x, constants.splat(0)));
});
