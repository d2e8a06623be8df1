import type {
  Block,
  DrawSource,
  ModelDescription,
  MStepSettings,
  NamedTensor,
  Sizes,
  Tensors,
} from "../../../src/runtime/index.js";
import { EmTrainer } from "../../../src/runtime/index.js";

/**
 * A mixture of Poisson distributions, written by hand as the text book has it:
 * z ~ Categorical(weights), y ~ Poisson(rate[z]), rows weighted by w.
 */
const description: ModelDescription = {
  name: "PoissonMixture",
  source: "poisson-mixture.gen",
  sourceHash: "0123",
  compilerVersion: "0.0.0",
  sizes: [{ name: "K", default: 2 }],
  parameters: [
    { name: "weights", domain: "simplex", shape: ["K"], axes: ["K"], tableRank: 0, hasPrior: false },
    { name: "rate", domain: "positive", shape: ["K"], axes: ["K"], tableRank: 1, hasPrior: false },
  ],
  variables: [
    {
      name: "z",
      role: "latent",
      domain: "category",
      categories: "K",
      plates: [],
      plateNames: [],
      event: [],
      optional: false,
    },
    { name: "y", role: "observed", domain: "count", plates: [], plateNames: [], event: [], optional: false },
    { name: "w", role: "weight", domain: "positive", plates: [], plateNames: [], event: [], optional: false },
  ],
  statistics: [
    { name: "count", shape: ["K"] },
    { name: "sum", shape: ["K"] },
  ],
  hasRidge: false,
  gradientBlocks: [],
  options: {},
  needsSymmetryBreaking: true,
};

export interface PoissonMixtureParameters {
  readonly weights: NamedTensor<["K"]>;
  readonly rate: NamedTensor<["K"]>;
}

export interface PoissonMixturePosterior {
  readonly z: Int32Array;
  readonly probability: { readonly z: NamedTensor };
}

export class PoissonMixture extends EmTrainer<
  { K: number },
  PoissonMixtureParameters,
  unknown,
  PoissonMixturePosterior
> {
  constructor(sizes: { K?: number } = {}) {
    super(description, sizes);
  }

  override logDensityOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block.data["y"][row]);
      into["logDensity"][row] = logSum(joint);
    }
  }

  override eStep(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block.data["y"][row]);
      const total = logSum(joint);
      into["logLikelihood"][0] += block.data["w"][row] * total;
      accumulate(
        block,
        row,
        joint.map((value) => Math.exp(value - total)),
        into,
      );
    }
  }

  override startStatistics(sizes: Sizes, _: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) {
      accumulate(block, row, [...block.tables["start.z"].subarray(row * sizes["K"], (row + 1) * sizes["K"])], into);
    }
  }

  override mStep(sizes: Sizes, statistics: Tensors, previous: Tensors, settings: MStepSettings): Tensors {
    const { count, sum } = statistics;
    const total = count.reduce((a, b) => a + b, 0);
    const weights = settings.fixed.has("weights") ? previous["weights"] : count.map((n) => n / total);
    const rate = settings.fixed.has("rate")
      ? previous["rate"]
      : Float64Array.from({ length: sizes["K"] }, (_, k) => (count[k] > 0 ? sum[k] / count[k] : previous["rate"][k]));
    return { weights, rate };
  }

  override ridgePenalty(): number {
    return 0;
  }

  override logPriorOf(): void {}

  override posteriorOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void {
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block.data["y"][row]);
      const total = logSum(joint);
      joint.forEach((value, k) => (into["z"][row * sizes["K"] + k] = Math.exp(value - total)));
    }
  }

  override drawRows(
    _: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): void {
    for (let row = 0; row < block.rows; row++) {
      let left = streams("z", block.firstRow + row).uniform();
      let z = 0;
      while (z < parameters["weights"].length - 1 && left > parameters["weights"][z])
        left -= parameters["weights"][z++];
      into["z"][row] = z;
      into["y"][row] = streams("y", block.firstRow + row).poisson(parameters["rate"][z]);
    }
  }
}

function logJoint(sizes: Sizes, parameters: Tensors, y: number): number[] {
  let logFactorial = 0;
  for (let i = 2; i <= y; i++) logFactorial += Math.log(i);
  return Array.from({ length: sizes["K"] }, (_, k) => {
    const rate = parameters["rate"][k];
    const density = rate === 0 ? (y === 0 ? 0 : -Infinity) : y * Math.log(rate) - rate - logFactorial;
    return Math.log(parameters["weights"][k]) + density;
  });
}

function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most === -Infinity ? most : most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

function accumulate(block: Block, row: number, posterior: readonly number[], into: Tensors): void {
  posterior.forEach((p, k) => {
    into["count"][k] += block.data["w"][row] * p;
    into["sum"][k] += block.data["w"][row] * p * block.data["y"][row];
  });
}
