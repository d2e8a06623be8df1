import type { Distribution } from "./distribution.js";
import {
  bartlettFactor,
  fullMatrix,
  logDeterminantOfFactor,
  logMultivariateGamma,
  matrixAxes,
  traceOfRatio,
} from "./matrix-variate.js";

export const invWishart: Distribution = {
  name: "InvWishart",
  summary:
    "Inverse Wishart distribution of a covariance matrix, by degrees of freedom and scale: mean scale/(degreesOfFreedom - D - 1), mode scale/(degreesOfFreedom + D + 1).",
  formula: {
    text: "det(scale)^(v/2) det(x)^(-(v + D + 1)/2) exp(-trace(scale x^-1)/2) / (2^(v D/2) Gamma_D(v/2)), v = degreesOfFreedom",
    latex:
      "\\frac{|\\Psi|^{\\nu/2}}{2^{\\nu D/2}\\,\\Gamma_D(\\nu/2)}\\,|X|^{-(\\nu+D+1)/2}\\exp(-\\tfrac12\\operatorname{tr}(\\Psi X^{-1}))",
  },
  slots: [
    {
      name: "degreesOfFreedom",
      position: 0,
      support: "positive",
      shape: "scalar",
      documentation: "above D - 1; large: narrow",
    },
    {
      name: "scale",
      position: 1,
      support: "covariance",
      shape: "covariance",
      documentation: "scale matrix, in units of x",
    },
  ],
  values: ["covariance"],
  covarianceStructures: ["full"],
  support: "symmetric positive definite matrices",
  logDensity(context) {
    const { builder } = context;
    const { row, column } = matrixAxes(context);
    const freedom = context.argument("degreesOfFreedom");
    const size = builder.size(row);
    const child = builder.cholesky(context.child, row, column);
    const scale = builder.cholesky(fullMatrix(context, "scale"), row, column);
    const exponent = builder.plus(freedom, builder.plus(size, builder.constant(1)));
    const kernel = builder.plus(
      builder.times(exponent, logDeterminantOfFactor(context, child)),
      traceOfRatio(context, scale, child),
    );
    const normaliser = builder.minus(
      builder.times(freedom, logDeterminantOfFactor(context, scale)),
      builder.scale(Math.LN2, builder.times(freedom, size)),
    );
    return builder.minus(
      builder.scale(0.5, builder.minus(normaliser, kernel)),
      logMultivariateGamma(context, builder.scale(0.5, freedom)),
    );
  },
  mean(context) {
    const { builder } = context;
    const { row } = matrixAxes(context);
    const excess = builder.minus(
      context.argument("degreesOfFreedom"),
      builder.plus(builder.size(row), builder.constant(1)),
    );
    return builder.over(fullMatrix(context, "scale"), excess);
  },
  sample(context) {
    const { builder } = context;
    const { row, column } = matrixAxes(context);
    // With scale = L L' and W = A A' ~ Wishart(v, I), the draw L W^-1 L' is B' B for B = A^-1 L'.
    const scale = builder.cholesky(fullMatrix(context, "scale"), row, column);
    const inner = builder.freshAxis(column);
    const transposed = builder.rename(builder.rename(scale, row, inner), column, row);
    const solved = builder.triangularSolve(bartlettFactor(context), transposed, row, column);
    const other = builder.freshAxis(row);
    const left = builder.rename(builder.rename(solved, column, other), inner, row);
    return builder.contract([left, builder.rename(left, row, column)], [other]);
  },
};
