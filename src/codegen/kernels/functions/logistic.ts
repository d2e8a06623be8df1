import { call, op } from "../wasm/code.js";
import { once, vectorFunction } from "./vector-function.js";

/** max(x, 0) + log(1 + exp(-|x|)) */
export const softplus = vectorFunction("softplus", "log(1 + exp x)", (_builder, x, { constants }) =>
  op(
    "f64x2.add",
    op("f64x2.max", x, constants.splat(0)),
    call("log1p", call("exp", op("f64x2.neg", op("f64x2.abs", x)))),
  ),
);

/** 1 / (1 + exp(-x)), from exp(-|x|) */
export const sigmoid = vectorFunction("sigmoid", "1 / (1 + exp(-x))", (builder, x, { constants }) => {
  const decay = once(builder, "decay", call("exp", op("f64x2.neg", op("f64x2.abs", x))));
  const numerator = op("v128.bitselect", constants.splat(1), decay, op("f64x2.ge", x, constants.splat(0)));
  return op("f64x2.div", numerator, op("f64x2.add", decay, constants.splat(1)));
});

/** -t / (2 + t) with t = exp(-2 |x|) - 1, and the sign of x */
export const hyperbolicTangent = vectorFunction("tanh", "tanh", (builder, x, { constants }) => {
  const t = once(builder, "t", call("expm1", op("f64x2.mul", op("f64x2.abs", x), constants.splat(-2))));
  const size = op("f64x2.div", op("f64x2.neg", t), op("f64x2.add", t, constants.splat(2)));
  const sign = op("v128.and", x, constants.splat(-0));
  return op("v128.or", op("f64x2.abs", size), sign);
});
