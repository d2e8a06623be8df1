import type { RandomStream } from "../../numerics/random.js";
import type { SearchedPoints } from "./nearest-centres.js";
import { searchPoints } from "./nearest-centres.js";

/** Weighted points, row-major [count, width]. */
export interface WeightedPoints {
  readonly width: number;
  readonly features: Float64Array;
  readonly weights: Float64Array;
}

const LLOYD_ITERATIONS = 10;

/**
 * Centres [K, width] by greedy k-means++ and a few Lloyd iterations.
 *
 * Each new centre is drawn with probability proportional to weight times squared distance to the nearest centre so far;
 * of 2 + log K candidates the one that lowers the total most is kept. With fewer distinct points than centres, points
 * repeat.
 *
 * @source Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding", sections 2 and 6
 */
export function kMeansPlusPlus(points: WeightedPoints, centres: number, stream: RandomStream): Float64Array {
  const { width, features, weights } = points;
  const count = weights.length;
  const found = new Float64Array(centres * width);
  const nearest = new Float64Array(count).fill(Infinity);
  const candidates = 2 + Math.floor(Math.log(centres));
  const search = searchPoints(features, width, count);
  const distancesTo = (point: number): Float64Array =>
    search.nearest(features.subarray(point * width, (point + 1) * width), 1).distances;
  for (let centre = 0; centre < centres; centre++) {
    let best = -1;
    let bestTotal = Infinity;
    for (let trial = 0; trial < (centre === 0 ? 1 : candidates); trial++) {
      const chosen = centre === 0 ? draw(weights, undefined, stream) : draw(weights, nearest, stream);
      const distances = distancesTo(chosen);
      let total = 0;
      for (let i = 0; i < count; i++) total += weights[i] * Math.min(nearest[i], distances[i]);
      if (best === -1 || total < bestTotal) {
        best = chosen;
        bestTotal = total;
      }
    }
    found.set(features.subarray(best * width, (best + 1) * width), centre * width);
    const distances = distancesTo(best);
    for (let i = 0; i < count; i++) nearest[i] = Math.min(nearest[i], distances[i]);
  }
  for (let iteration = 0; iteration < LLOYD_ITERATIONS; iteration++) if (!lloyd(points, search, found, centres)) break;
  return found;
}

/** Centres drawn among the points, by weight; the partition around them is a rough random one. */
export function randomCentres(points: WeightedPoints, centres: number, stream: RandomStream): Float64Array {
  const { width, features, weights } = points;
  const found = new Float64Array(centres * width);
  const left = Float64Array.from(weights);
  for (let centre = 0; centre < centres; centre++) {
    const chosen = draw(left.some((weight) => weight > 0) ? left : weights, undefined, stream);
    left[chosen] = 0;
    found.set(features.subarray(chosen * width, (chosen + 1) * width), centre * width);
  }
  return found;
}

/** The centre nearest to the point numbered `at` (of `width` features each); the first of equals. */
export function nearestCentre(
  points: Float64Array,
  at: number,
  width: number,
  centres: Float64Array,
  count: number,
): number {
  let best = 0;
  let least = Infinity;
  for (let centre = 0; centre < count; centre++) {
    const distance = distanceUpTo(least, points, at, centres, centre, width);
    if (distance < least) {
      least = distance;
      best = centre;
    }
  }
  return best;
}

/** One assignment and update; says whether a centre moved. */
function lloyd(points: WeightedPoints, search: SearchedPoints, centres: Float64Array, count: number): boolean {
  const { width, features, weights } = points;
  const sums = new Float64Array(centres.length);
  const totals = new Float64Array(count);
  const { places } = search.nearest(centres, count);
  for (let i = 0; i < weights.length; i++) {
    const centre = places[i];
    totals[centre] += weights[i];
    for (let j = 0; j < width; j++) sums[centre * width + j] += weights[i] * features[i * width + j];
  }
  let moved = false;
  for (let centre = 0; centre < count; centre++) {
    if (totals[centre] === 0) continue;
    for (let j = 0; j < width; j++) {
      const value = sums[centre * width + j] / totals[centre];
      moved ||= value !== centres[centre * width + j];
      centres[centre * width + j] = value;
    }
  }
  return moved;
}

/** An index with probability proportional to weight (times distance); by weight alone where all distances are 0. */
function draw(weights: Float64Array, distances: Float64Array | undefined, stream: RandomStream): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i] * (distances === undefined ? 1 : distances[i]);
  if (!(total > 0)) return distances === undefined ? 0 : draw(weights, undefined, stream);
  const target = stream.uniform() * total;
  let reached = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const share = weights[i] * (distances === undefined ? 1 : distances[i]);
    if (share === 0) continue;
    reached += share;
    last = i;
    if (reached > target) return i;
  }
  return last;
}

/** The squared distance of two points, or the bound where that is less: most distances need not be added up to their end. */
function distanceUpTo(bound: number, a: Float64Array, i: number, b: Float64Array, j: number, width: number): number {
  const from = i * width;
  const to = j * width;
  let sum = 0;
  for (let k = 0; k < width; k++) {
    const difference = a[from + k] - b[to + k];
    sum += difference * difference;
    if (sum >= bound) return bound;
  }
  return sum;
}
