import { shapeOf } from "../../ir/domain.js";
import type { FunctionName } from "../../ir/model.js";
import type { FunctionSignature } from "./function-signature.js";

function elementwise(
  name: FunctionName,
  summary: string,
  needs: FunctionSignature["needs"] = "real",
): FunctionSignature {
  return {
    name,
    usage: `${name}(x)`,
    summary,
    least: 1,
    most: 1,
    needs,
    result: ([x]) => ({ kind: "real", shape: shapeOf(x.type) }),
  };
}

/** Functions of each entry on its own. */
export const elementwiseFunctions: readonly FunctionSignature[] = [
  elementwise("exp", "e to the power of x: positive"),
  elementwise("log", "natural logarithm of a positive number", "positive"),
  elementwise("sqrt", "square root of a number that is not negative", "nonNegative"),
  elementwise("abs", "absolute value"),
  elementwise("softplus", "log(1 + e^x): positive, close to x where x is large"),
  elementwise("sigmoid", "1 / (1 + e^-x): between 0 and 1"),
  elementwise("tanh", "hyperbolic tangent: between -1 and 1"),
  elementwise("relu", "x where it is positive, else 0"),
  elementwise("lrelu", "x where it is positive, else x / 5"),
];
