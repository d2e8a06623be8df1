import type { Block, DrawSource, ModelDescription, NamedTensor, Sizes, Tensors } from "../../../src/runtime/index.js";
import { EmTrainer } from "../../../src/runtime/index.js";

/**
 * y ~ Poisson(scale * exp(slope u)), slope ~ Normal(0, 1), written by hand with both parameters learned by gradient:
 * the way of models without closed forms.
 */
const description: ModelDescription = {
  name: "ExponentialRegression",
  source: "exponential-regression.gen",
  sourceHash: "89ab",
  compilerVersion: "0.0.0",
  sizes: [],
  parameters: [
    { name: "scale", domain: "positive", shape: [], axes: [], tableRank: 0, hasPrior: false },
    { name: "slope", domain: "real", shape: [], axes: [], tableRank: 0, hasPrior: true },
  ],
  variables: [
    { name: "u", role: "given", domain: "real", plates: [], plateNames: [], event: [], optional: false },
    { name: "y", role: "observed", domain: "count", plates: [], plateNames: [], event: [], optional: false },
  ],
  statistics: [],
  hasRidge: false,
  gradientBlocks: [{ parameters: ["scale", "slope"], reason: "exp of a parameter" }],
  options: {},
  needsSymmetryBreaking: false,
};

export interface ExponentialRegressionParameters {
  readonly scale: NamedTensor<[]>;
  readonly slope: NamedTensor<[]>;
}

function meanOf(parameters: Tensors, block: Block, row: number): number {
  return parameters["scale"][0] * Math.exp(parameters["slope"][0] * block.data["u"][row]);
}

function logDensity(parameters: Tensors, block: Block, row: number): number {
  const mean = meanOf(parameters, block, row);
  let density = -mean;
  for (let i = 1; i <= block.data["y"][row]; i++) density += Math.log(mean / i);
  return density;
}

export class ExponentialRegression extends EmTrainer<object, ExponentialRegressionParameters, unknown> {
  constructor(sizes: object = {}) {
    super(description, sizes);
  }

  override logDensityOf(_: Sizes, parameters: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) into["logDensity"][row] = logDensity(parameters, block, row);
  }

  override eStep(_: Sizes, parameters: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) into["logLikelihood"][0] += logDensity(parameters, block, row);
  }

  override startStatistics(): void {}

  override mStep(): Tensors {
    return {};
  }

  override ridgePenalty(): number {
    return 0;
  }

  override logPriorOf(_: Sizes, parameters: Tensors, into: Tensors): void {
    into["logPrior"][0] += -0.5 * parameters["slope"][0] ** 2 - 0.5 * Math.log(2 * Math.PI);
  }

  override posteriorOf(): void {}

  override drawRows(
    _: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): void {
    for (let row = 0; row < block.rows; row++) {
      into["y"][row] = streams("y", block.firstRow + row).poisson(meanOf(parameters, block, row));
    }
  }

  override expectedLogJoint(
    _: number,
    __: Sizes,
    parameters: Tensors,
    ___: Tensors,
    block: Block,
    into: Tensors,
  ): void {
    for (let row = 0; row < block.rows; row++) {
      into["objective"][0] += logDensity(parameters, block, row);
      const residual = block.data["y"][row] - meanOf(parameters, block, row);
      into["gradient.scale"][0] += residual / parameters["scale"][0];
      into["gradient.slope"][0] += residual * block.data["u"][row];
    }
  }

  override groupLogPrior(_: number, __: Sizes, parameters: Tensors, into: Tensors): void {
    into["logPrior"][0] += -0.5 * parameters["slope"][0] ** 2 - 0.5 * Math.log(2 * Math.PI);
    into["gradient.slope"][0] -= parameters["slope"][0];
  }
}
