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
 * A mixture of Gaussians with diagonal covariances whose entries may be missing, written by hand:
 * z ~ Categorical(weights), x_d ~ Normal(mean[z]_d, variance[z]_d). Its loops return promises, as those of a GPU would.
 */
const description: ModelDescription = {
  name: "DiagonalMixture",
  source: "diagonal-mixture.gen",
  sourceHash: "4567",
  compilerVersion: "0.0.0",
  sizes: [{ name: "K" }, { name: "D", boundBy: { variable: "x", dimension: 0 } }],
  parameters: [
    { name: "weights", domain: "simplex", shape: ["K"], axes: ["K"], tableRank: 0, hasPrior: false },
    { name: "mean", domain: "real", shape: ["K", "D"], axes: ["K", "D"], tableRank: 1, hasPrior: false },
    {
      name: "variance",
      domain: "covariance.diagonal",
      shape: ["K", "D"],
      axes: ["K", "D"],
      tableRank: 1,
      hasPrior: false,
    },
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
    { name: "x", role: "observed", domain: "real", plates: [], plateNames: [], event: ["D"], optional: true },
    { name: "w", role: "weight", domain: "positive", plates: [], plateNames: [], event: [], optional: false },
  ],
  statistics: [
    { name: "count", shape: ["K"] },
    { name: "entries", shape: ["K", "D"] },
    { name: "residual", shape: ["K", "D"] },
    { name: "square", shape: ["K", "D"] },
  ],
  hasRidge: true,
  gradientBlocks: [],
  options: {},
  needsSymmetryBreaking: true,
};

export interface DiagonalMixtureParameters {
  readonly weights: NamedTensor<["K"]>;
  readonly mean: NamedTensor<["K", "D"]>;
  readonly variance: NamedTensor<["K", "D"]>;
}

export interface DiagonalMixturePosterior {
  readonly z: Int32Array;
  readonly probability: { readonly z: NamedTensor };
}

export class DiagonalMixture extends EmTrainer<
  { K: number; D: number },
  DiagonalMixtureParameters,
  unknown,
  DiagonalMixturePosterior
> {
  constructor(sizes: { K?: number; D?: number } = {}) {
    super(description, sizes);
  }

  override async logDensityOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Promise<void> {
    for (let row = 0; row < block.rows; row++)
      into["logDensity"][row] = logSum(logJoint(sizes, parameters, block, row));
  }

  override async eStep(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Promise<void> {
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block, row);
      const total = logSum(joint);
      into["logLikelihood"][0] += block.data["w"][row] * total;
      accumulate(
        sizes,
        parameters,
        block,
        row,
        joint.map((value) => Math.exp(value - total)),
        into,
      );
    }
  }

  override async startStatistics(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Promise<void> {
    const { K } = sizes;
    for (let row = 0; row < block.rows; row++) {
      const posterior = [...block.tables["start.z"].subarray(row * K, (row + 1) * K)];
      accumulate(sizes, parameters, block, row, posterior, into);
    }
  }

  override async mStep(
    sizes: Sizes,
    statistics: Tensors,
    previous: Tensors,
    settings: MStepSettings,
  ): Promise<Tensors> {
    const { K, D } = sizes;
    const total = statistics["count"].reduce((a, b) => a + b, 0);
    const mean = Float64Array.from(previous["mean"]);
    const variance = Float64Array.from(previous["variance"]);
    for (let i = 0; i < K * D; i++) {
      const n = statistics["entries"][i];
      if (!(n > 0)) continue;
      const shift = settings.fixed.has("mean") ? 0 : statistics["residual"][i] / n;
      mean[i] += shift;
      const sum = statistics["square"][i] - 2 * shift * statistics["residual"][i] + n * shift * shift;
      const ridge = settings.ridge * (total / K) * settings.dataVariance["x"][i % D];
      const value = (sum + ridge) / n;
      if (settings.fixed.has("variance")) continue;
      if (value > 0) variance[i] = value;
      else settings.warn("singular-covariance", `cell ${i} of variance`);
    }
    const weights = settings.fixed.has("weights") ? previous["weights"] : statistics["count"].map((n) => n / total);
    return { weights, mean, variance };
  }

  override ridgePenalty(sizes: Sizes, parameters: Tensors, statistics: Tensors, settings: MStepSettings): number {
    const { K, D } = sizes;
    const total = statistics["count"].reduce((sum, n) => sum + n, 0);
    let penalty = 0;
    parameters["variance"].forEach((value, i) => (penalty -= settings.dataVariance["x"][i % D] / value));
    return (0.5 * settings.ridge * total * penalty) / K;
  }

  override logPriorOf(): void {}

  override async posteriorOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Promise<void> {
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block, row);
      const total = logSum(joint);
      joint.forEach((value, k) => (into["z"][row * sizes["K"] + k] = Math.exp(value - total)));
    }
  }

  override async imputeOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Promise<void> {
    const { K, D } = sizes;
    for (let row = 0; row < block.rows; row++) {
      const joint = logJoint(sizes, parameters, block, row);
      const total = logSum(joint);
      for (let k = 0; k < K; k++) {
        for (let d = 0; d < D; d++)
          into["x"][row * D + d] += Math.exp(joint[k] - total) * parameters["mean"][k * D + d];
      }
    }
  }

  override async drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Promise<void> {
    const { D } = sizes;
    for (let row = 0; row < block.rows; row++) {
      let left = streams("z", block.firstRow + row).uniform();
      let z = 0;
      while (z < parameters["weights"].length - 1 && left > parameters["weights"][z])
        left -= parameters["weights"][z++];
      into["z"][row] = z;
      const stream = streams("x", block.firstRow + row);
      for (let d = 0; d < D; d++) {
        const at = z * D + d;
        into["x"][row * D + d] = parameters["mean"][at] + Math.sqrt(parameters["variance"][at]) * stream.normal();
      }
    }
  }
}

function logJoint(sizes: Sizes, parameters: Tensors, block: Block, row: number): number[] {
  const { K, D } = sizes;
  return Array.from({ length: K }, (_, k) => {
    let joint = Math.log(parameters["weights"][k]);
    for (let d = 0; d < D; d++) {
      const x = block.data["x"][row * D + d];
      if (Number.isNaN(x)) continue;
      const variance = parameters["variance"][k * D + d];
      joint -= 0.5 * (Math.log(2 * Math.PI * variance) + (x - parameters["mean"][k * D + d]) ** 2 / variance);
    }
    return joint;
  });
}

function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

function accumulate(
  sizes: Sizes,
  parameters: Tensors,
  block: Block,
  row: number,
  posterior: readonly number[],
  into: Tensors,
): void {
  const { K, D } = sizes;
  for (let k = 0; k < K; k++) {
    const weight = block.data["w"][row] * posterior[k];
    into["count"][k] += weight;
    for (let d = 0; d < D; d++) {
      const x = block.data["x"][row * D + d];
      if (Number.isNaN(x)) continue;
      const residual = x - parameters["mean"][k * D + d];
      into["entries"][k * D + d] += weight;
      into["residual"][k * D + d] += weight * residual;
      into["square"][k * D + d] += weight * residual * residual;
    }
  }
}
