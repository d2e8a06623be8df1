import { cholesky, solveLower, symmetricEigen } from "../../numerics/dense.js";
import type { Block, BlockSource, EmMethods, StartMean, Tensors } from "../description.js";
import { zeros } from "../data/blocks.js";
import { posteriorWidths } from "../fit/evaluation.js";

/** With more sequences a covariance of their starts does not vanish. */
const MOST_SEQUENCES = 64;
/** Rows of a sequence that are asked what its first state was; what comes later hardly tells more. */
const MOST_ROWS = 1024;
/** Part of a direction's variance that the data must take away for them to say where its mean is. */
const LEAST_INFORMATION = 1e-10;

/**
 * Means of the first states that maximise the likelihood, all other parameters as they are.
 *
 * EM moves the mean m of N(m, V) to the mean of the posterior means E of the sequences' first states, which is a small
 * part of the way where V is small; and the V of a single sequence vanishes. As a function of m the log-likelihood is
 * quadratic, with gradient V⁻¹ Σ (E - m) and Hessian - V⁻¹ Σ (V - P) V⁻¹, where P are posterior covariances, so that its
 * maximum is
 *
 *     m + V (Σ (V - P))⁻¹ Σ (E - m).
 *
 * Directions that the data say nothing of are left to EM. Where discrete latents make the likelihood a mixture, and for
 * several first states at once, it is no more than a proposal.
 *
 * @returns undefined where there are many sequences, or nothing to move
 */
export async function raisedStartMeans(
  methods: EmMethods,
  source: BlockSource,
  parameters: Tensors,
  starts: readonly StartMean[],
): Promise<Tensors | undefined> {
  const { sizes } = source;
  const widths = posteriorWidths(methods.description, sizes);
  const sums = starts.map((start) => new StartSums(start, parameters));
  let sequences = 0;
  for await (const block of source.blocks()) {
    const bounds = block.starts ?? Int32Array.of(0, block.rows);
    for (let sequence = 0; sequence + 1 < bounds.length; sequence++) {
      if (++sequences > MOST_SEQUENCES) return undefined;
      const weight = source.weightColumn === undefined ? 1 : block.data[source.weightColumn][bounds[sequence]];
      const first = firstRows(block, bounds[sequence], bounds[sequence + 1]);
      const into = zeros(Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, width * first.rows])));
      await methods.posteriorOf(sizes, parameters, first, into);
      for (const sum of sums) sum.add(into, weight);
    }
  }
  const moved = sums.flatMap((sum) => sum.maximum());
  return moved.length === 0 ? undefined : { ...parameters, ...Object.fromEntries(moved) };
}

/** The first rows of a sequence as a block of their own. */
function firstRows(block: Block, begin: number, end: number): Block {
  const rows = Math.min(end - begin, MOST_ROWS);
  const data = Object.entries(block.data).map(([name, values]) => {
    const width = values.length / block.rows;
    return [name, values.slice(begin * width, (begin + rows) * width)] as const;
  });
  return { ...block, rows, data: Object.fromEntries(data), starts: Int32Array.of(0, rows) };
}

/** What the sequences say of one first state, in coordinates in which V is the identity. */
class StartSums {
  private readonly size: number;
  /** Cholesky factor of V; undefined where there is none. */
  private readonly factor: Float64Array | undefined;
  /** Σ L⁻¹ (E - m) */
  private readonly gradient: Float64Array;
  /** Σ (1 - L⁻¹ P L⁻ᵀ) */
  private readonly information: Float64Array;
  private weight = 0;

  constructor(
    private readonly start: StartMean,
    private readonly parameters: Tensors,
  ) {
    this.size = parameters[start.mean].length;
    this.gradient = new Float64Array(this.size);
    this.information = new Float64Array(this.size ** 2);
    const covariance = squareOf(parameters[start.covariance], this.size);
    this.factor = cholesky(covariance, this.size) ? covariance : undefined;
  }

  add(posterior: Tensors, weight: number): void {
    const { size, factor, start } = this;
    if (factor === undefined) return;
    const mean = posterior[start.latent].slice(0, size);
    for (let i = 0; i < size; i++) mean[i] -= this.parameters[start.mean][i];
    solveLower(factor, size, mean);
    const spread = posterior[`covariance.${start.latent}`].slice(0, size * size);
    solveLower(factor, size, spread, size);
    const turned = spread.map((_, at) => spread[(at % size) * size + Math.floor(at / size)]);
    solveLower(factor, size, turned, size);
    this.weight += weight;
    for (let i = 0; i < size; i++) {
      this.gradient[i] += weight * mean[i];
      for (let j = 0; j < size; j++) {
        this.information[i * size + j] += weight * ((i === j ? 1 : 0) - turned[i * size + j]);
      }
    }
  }

  /** Name and value of the mean, where it moves. */
  maximum(): readonly (readonly [name: string, mean: Float64Array])[] {
    const { size, factor, gradient, information, weight, start } = this;
    if (factor === undefined || !(weight > 0) || !information.every(Number.isFinite)) return [];
    const { values, vectors } = symmetricEigen(information, size);
    const step = new Float64Array(size);
    values.forEach((value, column) => {
      let along = 0;
      for (let i = 0; i < size; i++) along += vectors[i * size + column] * gradient[i];
      along /= value > LEAST_INFORMATION * weight ? value : weight;
      for (let i = 0; i < size; i++) step[i] += vectors[i * size + column] * along;
    });
    const mean = this.parameters[start.mean].slice();
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) mean[i] += factor[i * size + j] * step[j];
    return mean.every(Number.isFinite) ? [[start.mean, mean]] : [];
  }
}

/** A covariance, its diagonal, or the variance of every entry as a matrix [size, size]. */
function squareOf(values: Float64Array, size: number): Float64Array {
  if (values.length === size * size) return values.slice();
  const square = new Float64Array(size * size);
  for (let i = 0; i < size; i++) square[i * size + i] = values.length === 1 ? values[0] : values[i];
  return square;
}
