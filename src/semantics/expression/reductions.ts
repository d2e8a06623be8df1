import type { FunctionSignature } from "./function-signature.js";
import { isVector, refuseShape } from "./function-signature.js";
import { shapeOf } from "../../ir/domain.js";

/** Functions that look at all entries of a value together. */
export const reductions: readonly FunctionSignature[] = [
  {
    name: "sum",
    usage: "sum(x)",
    summary: "sum of all entries",
    least: 1,
    most: 1,
    needs: "real",
    result: () => ({ kind: "real", shape: [] }),
  },
  {
    name: "mean",
    usage: "mean(x)",
    summary: "mean of all entries",
    least: 1,
    most: 1,
    needs: "real",
    result: () => ({ kind: "real", shape: [] }),
  },
  {
    name: "softmax",
    usage: "softmax(x)",
    summary: "e^x divided by its sum: probabilities of a vector of scores",
    least: 1,
    most: 1,
    needs: "real",
    result: (operands, call) => {
      const [x] = operands;
      if (!isVector(x))
        return refuseShape(call, 0, x, "a vector", "give it the scores of the categories, a `Vector[K]`");
      return { kind: "simplex", shape: [shapeOf(x.type)[0]] };
    },
  },
];
