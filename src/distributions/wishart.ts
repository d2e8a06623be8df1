import type { Distribution } from "./distribution.js";
import {
  bartlettFactor,
  fullMatrix,
  logDeterminantOfFactor,
  logMultivariateGamma,
  matrixAxes,
  traceOfRatio,
} from "./matrix-variate.js";

export const wishart: Distribution = {
  name: "Wishart",
  summary:
    "Wishart distribution of a covariance matrix, by degrees of freedom and scale: mean degreesOfFreedom * scale.",
  formula: {
    text: "det(x)^((v - D - 1)/2) exp(-trace(scale^-1 x)/2) / (2^(v D/2) det(scale)^(v/2) Gamma_D(v/2)), v = degreesOfFreedom",
    latex:
      "\\frac{|X|^{(\\nu-D-1)/2}\\exp(-\\tfrac12\\operatorname{tr}(V^{-1}X))}{2^{\\nu D/2}\\,|V|^{\\nu/2}\\,\\Gamma_D(\\nu/2)}",
  },
  slots: [
    {
      name: "degreesOfFreedom",
      position: 0,
      support: "positive",
      shape: "scalar",
      documentation: "above D - 1; large: narrow",
    },
    { name: "scale", position: 1, support: "covariance", shape: "covariance", documentation: "scale matrix" },
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
    const exponent = builder.minus(freedom, builder.plus(size, builder.constant(1)));
    const kernel = builder.minus(
      builder.times(exponent, logDeterminantOfFactor(context, child)),
      traceOfRatio(context, child, scale),
    );
    const normaliser = builder.plus(
      builder.times(freedom, logDeterminantOfFactor(context, scale)),
      builder.scale(Math.LN2, builder.times(freedom, size)),
    );
    return builder.minus(
      builder.scale(0.5, builder.minus(kernel, normaliser)),
      logMultivariateGamma(context, builder.scale(0.5, freedom)),
    );
  },
  mean: (context) => context.builder.times(context.argument("degreesOfFreedom"), fullMatrix(context, "scale")),
  sample(context) {
    const { builder } = context;
    const { row, column } = matrixAxes(context);
    const scale = builder.cholesky(fullMatrix(context, "scale"), row, column);
    const inner = builder.freshAxis(column);
    const factor = builder.contract(
      [builder.rename(scale, column, inner), builder.rename(bartlettFactor(context), row, inner)],
      [inner],
    );
    const left = builder.rename(factor, column, inner);
    return builder.contract([left, builder.rename(left, row, column)], [inner]);
  },
};
