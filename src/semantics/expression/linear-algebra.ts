import { sameDimension, shapeOf } from "../../ir/domain.js";
import { printDomain } from "../../ir/print-domain.js";
import { isVector, refuseShape, type FunctionSignature } from "./function-signature.js";
import { isPositive } from "./interval.js";
import { intervalOf } from "./value-interval.js";

/** Products and rearrangements of vectors and matrices, besides `*`. */
export const linearAlgebra: readonly FunctionSignature[] = [
  {
    name: "dot",
    usage: "dot(a, b)",
    summary: "inner product of two vectors of one length",
    least: 2,
    most: 2,
    needs: "real",
    result: (operands, call) => {
      const [a, b] = operands;
      if (!isVector(a))
        return refuseShape(call, 0, a, "two vectors", "write `*` for the product with a number or of a matrix");
      if (!isVector(b) || !sameDimension(shapeOf(a.type)[0], shapeOf(b.type)[0])) {
        return refuseShape(
          call,
          1,
          b,
          `a \`${printDomain(a.type)}\` like the first`,
          "declare both vectors with the same size",
        );
      }
      return { kind: "real", shape: [] };
    },
  },
  {
    name: "transpose",
    usage: "transpose(A)",
    summary: "a matrix with rows and columns exchanged",
    least: 1,
    most: 1,
    needs: "real",
    result: (operands, call) => {
      const [matrix] = operands;
      const shape = shapeOf(matrix.type);
      if (shape.length !== 2)
        return refuseShape(call, 0, matrix, "a matrix", "write `dot(a, b)` for the inner product of two vectors");
      return matrix.type.kind === "covariance" ? matrix.type : { kind: "real", shape: [shape[1], shape[0]] };
    },
  },
  {
    name: "diag",
    usage: "diag(v)",
    summary: "the matrix with a vector on its diagonal: a diagonal covariance where the vector is positive",
    least: 1,
    most: 1,
    needs: "real",
    result: (operands, call) => {
      const [v] = operands;
      if (!isVector(v)) return refuseShape(call, 0, v, "a vector", "write the vector of the diagonal entries");
      const [size] = shapeOf(v.type);
      return isPositive(intervalOf(v))
        ? { kind: "covariance", structure: "diagonal", size }
        : { kind: "real", shape: [size, size] };
    },
  },
];
