import { call, get, op, plainLoop, set, subtractProduct } from "../wasm/code.js";
import type { Code } from "../wasm/instructions.js";
import type { FunctionContext, StatementSink } from "./vector-function.js";
import { once, vectorFunction } from "./vector-function.js";

/** From here on the asymptotic series reach full precision. */
const asymptoticFrom = 25;

/** sum over k >= 1 of (x/2)^(2k) / (k! (k + order)!) * order!: I_order(x) (2/x)^order order! - 1. */
function seriesMinusOne(builder: StatementSink, { constants }: FunctionContext, order: 0 | 1, size: Code): Code {
  const [term, sum, k] = ["term", "sum", "k"].map((name) => builder.local(name, "v128"));
  const quarterSquare = once(
    builder,
    "quarterSquare",
    op("f64x2.mul", op("f64x2.mul", size, size), constants.splat(0.25)),
  );
  const divisor = op("f64x2.mul", get(k), op("f64x2.add", get(k), constants.splat(order)));
  const isDue = op("f64x2.gt", get(term), op("f64x2.mul", get(sum), constants.splat(1e-18)));
  builder.append(
    set(term, constants.splat(1)),
    set(sum, constants.splat(0)),
    set(k, constants.splat(1)),
    plainLoop(
      [
        set(term, op("f64x2.mul", get(term), op("f64x2.div", quarterSquare, divisor))),
        set(sum, op("f64x2.add", get(sum), get(term))),
        set(k, op("f64x2.add", get(k), constants.splat(1))),
      ],
      op("v128.any_true", isDue),
    ),
  );
  return get(sum);
}

/** I_order(x) exp(-x) sqrt(2 pi x) for large x: an asymptotic series, up to its smallest term. */
function asymptotic(builder: StatementSink, { constants }: FunctionContext, order: 0 | 1, size: Code): Code {
  const [term, sum, odd, count, next, isAlive] = ["term", "sum", "odd", "count", "next", "isAlive"].map((name) =>
    builder.local(name, "v128"),
  );
  const one = constants.splat(1);
  const numerator = op("f64x2.mul", get(term), subtractProduct(get(odd), get(odd), constants.splat(4 * order * order)));
  const isSmaller = op("f64x2.le", op("f64x2.abs", get(next)), op("f64x2.abs", get(term)));
  const matters = op("f64x2.ge", op("f64x2.abs", get(next)), constants.splat(1e-18));
  builder.append(
    set(term, one),
    set(sum, one),
    set(odd, one),
    set(count, constants.splat(8)),
    set(isAlive, op("f64x2.eq", size, size)),
    plainLoop(
      [
        set(next, op("f64x2.div", op("f64x2.neg", numerator), op("f64x2.mul", get(count), size))),
        set(isAlive, op("v128.and", get(isAlive), op("v128.and", isSmaller, matters))),
        set(term, op("v128.and", get(next), get(isAlive))),
        set(sum, op("f64x2.add", get(sum), get(term))),
        set(odd, op("f64x2.add", get(odd), constants.splat(2))),
        set(count, op("f64x2.add", get(count), constants.splat(8))),
      ],
      op("v128.any_true", get(isAlive)),
    ),
  );
  return get(sum);
}

/**
 * log I0(x), the modified Bessel function of the first kind: power series, and its expansion for large |x|.
 *
 * @source Abramowitz and Stegun 1964, 9.6.12, 9.7.1
 */
export const logBesselI0 = vectorFunction("logBesselI0", "log I0(x)", (builder, x, context) => {
  const { constants } = context;
  const size = once(builder, "size", op("f64x2.abs", x));
  const edge = constants.splat(asymptoticFrom);
  const small = call("log1p", seriesMinusOne(builder, context, 0, op("f64x2.pmin", size, edge)));
  const above = once(builder, "above", op("f64x2.pmax", size, edge));
  const root = op("f64x2.mul", call("log", op("f64x2.mul", above, constants.splat(2 * Math.PI))), constants.splat(0.5));
  const correction = call("log", asymptotic(builder, context, 0, above));
  const large = op("f64x2.add", op("f64x2.sub", above, root), correction);
  const value = op("v128.bitselect", large, small, op("f64x2.ge", size, edge));
  // Infinity minus its logarithm is none.
  return op("v128.bitselect", size, value, op("f64x2.eq", size, constants.splat(Infinity)));
});

/** I1(x) / I0(x), the derivative of log I0; odd, between -1 and 1. */
export const besselRatio = vectorFunction("besselRatio", "I1(x) / I0(x)", (builder, x, context) => {
  const { constants } = context;
  const [one, edge] = [constants.splat(1), constants.splat(asymptoticFrom)];
  const size = once(builder, "size", op("f64x2.abs", x));
  const within = once(builder, "within", op("f64x2.pmin", size, edge));
  const [first, zeroth] = ([1, 0] as const).map((order) =>
    op("f64x2.add", seriesMinusOne(builder, context, order, within), one),
  );
  const small = op("f64x2.div", op("f64x2.mul", op("f64x2.mul", within, constants.splat(0.5)), first), zeroth);
  const above = once(builder, "above", op("f64x2.pmax", size, edge));
  const large = op("f64x2.div", asymptotic(builder, context, 1, above), asymptotic(builder, context, 0, above));
  const value = op("v128.bitselect", large, small, op("f64x2.ge", size, edge));
  return op("v128.or", value, op("v128.and", x, constants.splat(-0)));
});
