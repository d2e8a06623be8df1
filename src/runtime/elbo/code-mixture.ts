import { cholesky, logDeterminantOfFactor, solveLower } from "../../numerics/dense.js";
import { RandomStream } from "../../numerics/random.js";
import { kMeansPlusPlus, nearestCentre } from "../fit/k-means-plus-plus.js";

/** A mixture of Gaussians of points: weights [K], means [K, width], covariances [K, width, width]. */
export interface CodeMixture {
  readonly weights: Float64Array;
  readonly means: Float64Array;
  readonly covariances: Float64Array;
  /** Mean log density of the points. */
  readonly logDensity: number;
}

export interface CodePoints {
  readonly width: number;
  /** [count, width] */
  readonly values: Float64Array;
}

const starts = 4;
const mostIterations = 100;
const tolerance = 1e-4;
/** Part of the points' own variance that is added to every group's: a group of a few points has some spread. */
const ridge = 1e-3;

/** Groups of points by EM from several k-means++ starts, of which the one of the greatest likelihood is kept. */
export function mixtureOfCodes({ width, values }: CodePoints, groups: number, seed: number): CodeMixture {
  const count = values.length / width;
  const scales = deviations(values, width);
  const features = values.map((value, i) => value / scales[i % width]);
  let best: CodeMixture | undefined;
  for (let start = 0; start < starts; start++) {
    const stream = new RandomStream({ seed, site: "start.codes", item: start });
    const weights = new Float64Array(count).fill(1);
    const centres = kMeansPlusPlus({ width, features, weights }, groups, stream);
    const responsibilities = new Float64Array(count * groups);
    for (let i = 0; i < count; i++)
      responsibilities[i * groups + nearestCentre(features, i, width, centres, groups)] = 1;
    const found = ascend({ width, values: features }, groups, responsibilities);
    if (best === undefined || found.logDensity > best.logDensity) best = found;
  }
  if (best === undefined) throw new Error("no start was made");
  return {
    ...best,
    means: best.means.map((value, i) => value * scales[i % width]),
    covariances: best.covariances.map(
      (value, i) => value * scales[Math.floor((i % (width * width)) / width)] * scales[i % width],
    ),
  };
}

function ascend(points: CodePoints, groups: number, responsibilities: Float64Array): CodeMixture {
  let mixture = maximise(points, groups, responsibilities);
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const logDensity = expect(points, mixture, responsibilities);
    if (iteration > 0 && logDensity - mixture.logDensity < tolerance) return { ...mixture, logDensity };
    mixture = { ...maximise(points, groups, responsibilities), logDensity };
  }
  return mixture;
}

function maximise({ width, values }: CodePoints, groups: number, responsibilities: Float64Array): CodeMixture {
  const count = values.length / width;
  const totals = new Float64Array(groups);
  const means = new Float64Array(groups * width);
  const covariances = new Float64Array(groups * width * width);
  const deviation = new Float64Array(width);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < groups; k++) {
      const share = responsibilities[i * groups + k];
      if (share === 0) continue;
      totals[k] += share;
      for (let j = 0; j < width; j++) means[k * width + j] += share * values[i * width + j];
    }
  for (let k = 0; k < groups; k++)
    for (let j = 0; j < width; j++) means[k * width + j] /= Math.max(totals[k], Number.MIN_VALUE);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < groups; k++) {
      const share = responsibilities[i * groups + k];
      if (share < 1e-8) continue;
      for (let j = 0; j < width; j++) deviation[j] = values[i * width + j] - means[k * width + j];
      for (let a = 0; a < width; a++) {
        const scaled = share * deviation[a];
        const row = (k * width + a) * width;
        for (let b = 0; b <= a; b++) covariances[row + b] += scaled * deviation[b];
      }
    }
  for (let k = 0; k < groups; k++)
    for (let a = 0; a < width; a++)
      for (let b = 0; b <= a; b++) {
        // Points have the variance 1, entry by entry: a prior of one point at that spread, and a ridge.
        const own = covariances[(k * width + a) * width + b] / (totals[k] + 1);
        const value = own + (a === b ? 1 / (totals[k] + 1) + ridge : 0);
        covariances[(k * width + a) * width + b] = value;
        covariances[(k * width + b) * width + a] = value;
      }
  return {
    weights: totals.map((total) => (total + 1) / (count + groups)),
    means,
    covariances,
    logDensity: -Infinity,
  };
}

/** Responsibilities at a mixture; the mean log density. */
function expect({ width, values }: CodePoints, mixture: CodeMixture, responsibilities: Float64Array): number {
  const count = values.length / width;
  const groups = mixture.weights.length;
  const factors = Float64Array.from(mixture.covariances);
  const constants = mixture.weights.map((weight, k) => {
    cholesky(factors, width, k * width * width);
    const logDeterminant = logDeterminantOfFactor(factors, width, k * width * width);
    return Math.log(weight) - 0.5 * (logDeterminant + width * Math.log(2 * Math.PI));
  });
  const residual = new Float64Array(width);
  let total = 0;
  for (let i = 0; i < count; i++) {
    let largest = -Infinity;
    for (let k = 0; k < groups; k++) {
      for (let j = 0; j < width; j++) residual[j] = values[i * width + j] - mixture.means[k * width + j];
      solveLower(factors, width, residual, 1, k * width * width);
      let square = 0;
      for (let j = 0; j < width; j++) square += residual[j] * residual[j];
      const logJoint = constants[k] - 0.5 * square;
      responsibilities[i * groups + k] = logJoint;
      if (logJoint > largest) largest = logJoint;
    }
    let sum = 0;
    for (let k = 0; k < groups; k++) {
      const share = Math.exp(responsibilities[i * groups + k] - largest);
      responsibilities[i * groups + k] = share;
      sum += share;
    }
    for (let k = 0; k < groups; k++) responsibilities[i * groups + k] /= sum;
    total += largest + Math.log(sum);
  }
  return total / count;
}

function deviations(values: Float64Array, width: number): Float64Array {
  const count = values.length / width;
  return Float64Array.from({ length: width }, (_, j) => {
    let mean = 0;
    let square = 0;
    for (let i = 0; i < count; i++) mean += values[i * width + j] / count;
    for (let i = 0; i < count; i++) square += (values[i * width + j] - mean) ** 2 / count;
    return square > 0 ? Math.sqrt(square) : 1;
  });
}
