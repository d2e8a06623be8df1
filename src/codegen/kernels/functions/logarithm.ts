import { bits, call, get, integer, multiplyAdd, op, set, when } from "../wasm/code.js";
import { logTwo } from "./exponential.js";
import { horner, once, vectorFunction } from "./vector-function.js";

/** Coefficients Lg1 … Lg7 of fdlibm. */
const [lg1, lg2, lg3, lg4, lg5, lg6, lg7] = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
];
/** Bits of sqrt(1/2), of 1, of the fraction, and of 2^52. */
const halfRoot = 0x3fe6a09e667f3bcdn;
const one = 0x3ff0000000000000n;
const fraction = 0x000fffffffffffffn;
const twoTo52 = 0x4330000000000000n;

/**
 * x = 2^k m with m from sqrt(1/2) to sqrt(2), and log m by a polynomial in ((m - 1) / (m + 1))^2.
 *
 * @source Sun Microsystems 1993, fdlibm e_log.c (error below 1 ulp)
 */
export const logarithm = vectorFunction("log", "log, below 1 ulp (fdlibm)", (builder, x, context) => {
  const { constants } = context;
  const isSmall = once(builder, "isSmall", op("f64x2.lt", x, constants.splat(2 ** -1022)));
  const normal = op("v128.bitselect", op("f64x2.mul", x, constants.splat(2 ** 54)), x, isSmall);
  const shifted = once(builder, "shifted", op("i64x2.add", normal, constants.splat(bits(one - halfRoot))));
  const exponent = op("v128.or", op("i64x2.shr_u", shifted, integer(52)), constants.splat(bits(twoTo52)));
  const adjustment = op("v128.and", isSmall, constants.splat(54));
  const k = once(builder, "k", op("f64x2.sub", op("f64x2.sub", exponent, constants.splat(2 ** 52 + 1023)), adjustment));
  const mantissa = op(
    "i64x2.add",
    op("v128.and", shifted, constants.splat(bits(fraction))),
    constants.splat(bits(halfRoot)),
  );
  const f = once(builder, "f", op("f64x2.sub", mantissa, constants.splat(1)));
  const s = once(builder, "s", op("f64x2.div", f, op("f64x2.add", f, constants.splat(2))));
  const z = once(builder, "z", op("f64x2.mul", s, s));
  const w = once(builder, "w", op("f64x2.mul", z, z));
  const odd = op("f64x2.mul", z, horner(context, [lg1, lg3, lg5, lg7], w));
  const rest = multiplyAdd(w, horner(context, [lg2, lg4, lg6], w), odd);
  const half = once(builder, "half", op("f64x2.mul", op("f64x2.mul", f, f), constants.splat(0.5)));
  const small = multiplyAdd(s, op("f64x2.add", half, rest), op("f64x2.mul", k, constants.splat(logTwo.low)));
  const result = builder.local("result", "v128");
  const rounded = op("f64x2.add", op("f64x2.sub", small, half), f);
  builder.append(set(result, multiplyAdd(k, constants.splat(logTwo.high), rounded)));
  // 0, infinity, NaN and negative numbers are rare: sqrt has what they need but for 0.
  const isUsual = once(
    builder,
    "isUsual",
    op("v128.and", op("f64x2.gt", x, constants.splat(0)), op("f64x2.lt", x, constants.splat(Infinity))),
  );
  const unusual = op(
    "v128.bitselect",
    constants.splat(-Infinity),
    op("f64x2.sqrt", x),
    op("f64x2.eq", x, constants.splat(0)),
  );
  builder.append(
    when(
      op("v128.any_true", op("v128.not", isUsual)),
      set(result, op("v128.bitselect", get(result), unusual, isUsual)),
    ),
  );
  return get(result);
});

/**
 * log u + (x - (u - 1)) / u with u = 1 + x: what the rounding of u lost is added back.
 *
 * @source Goldberg 1991, "What every computer scientist should know about floating-point arithmetic", theorem 4
 */
export const logarithmOfOnePlus = vectorFunction("log1p", "log(1 + x)", (builder, x, { constants }) => {
  const u = once(builder, "u", op("f64x2.add", x, constants.splat(1)));
  const lost = op("f64x2.div", op("f64x2.sub", x, op("f64x2.sub", u, constants.splat(1))), u);
  const isUsual = op("v128.and", op("f64x2.gt", u, constants.splat(0)), op("f64x2.lt", u, constants.splat(Infinity)));
  const sum = op("f64x2.add", call("log", u), op("v128.and", lost, isUsual));
  return op("v128.bitselect", x, sum, op("f64x2.eq", x, constants.splat(0)));
});
