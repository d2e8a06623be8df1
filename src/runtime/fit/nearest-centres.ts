import { bytesOfText } from "../kernels/bytes-of-text.js";
import { tileRows } from "../kernels/tile-rows.js";
import { nearestCentresModule } from "./nearest-centres-module.js";

/** For each of some points [point, width]: the first of the centres nearest to it, and the squared distance. */
export interface NearestCentres {
  readonly places: Float64Array;
  readonly distances: Float64Array;
}

/** Points for which the nearest centres are looked for, again and again. What is found is good until the next call. */
export interface SearchedPoints {
  /** Goes on with other points, at most as many as there were at first. */
  take(points: Float64Array, count: number): void;
  nearest(centres: Float64Array, count: number): NearestCentres;
}

/** Rows that the kernel works on at once. */
const lanes = 8;
/** Larger sets of points are gone over by loops: the kernel has a copy. */
const mostBytes = 2 ** 27;
const pageBytes = 65536;

/** Distances are added up feature by feature in either case: the results have the same bits. */
export function searchPoints(points: Float64Array, width: number, count: number): SearchedPoints {
  const module = 8 * points.length <= mostBytes ? compiledModule() : undefined;
  return module === undefined ? loopsOver(points, width, count) : kernelOver(module, points, width, count);
}

/** Where there is no WebAssembly with SIMD. */
export function loopsOver(firstPoints: Float64Array, width: number, firstCount: number): SearchedPoints {
  const [places, distances] = [new Float64Array(firstCount), new Float64Array(firstCount)];
  let [points, count] = [firstPoints, firstCount];
  return {
    take(otherPoints, otherCount) {
      [points, count] = [otherPoints, otherCount];
    },
    nearest(centres, centreCount) {
      for (let i = 0; i < count; i++) {
        let [place, least] = [0, Infinity];
        for (let centre = 0; centre < centreCount; centre++) {
          const from = i * width;
          const to = centre * width;
          let sum = 0;
          for (let k = 0; k < width && sum < least; k++) {
            const difference = points[from + k] - centres[to + k];
            sum += difference * difference;
          }
          if (sum < least) [place, least] = [centre, sum];
        }
        places[i] = place;
        distances[i] = least;
      }
      return { places: places.subarray(0, count), distances: distances.subarray(0, count) };
    },
  };
}

type Nearest = (
  points: number,
  groups: number,
  width: number,
  centres: number,
  count: number,
  places: number,
  distances: number,
) => void;

function kernelOver(
  module: WebAssembly.Module,
  points: Float64Array,
  width: number,
  firstCount: number,
): SearchedPoints {
  const most = lanes * Math.ceil(firstCount / lanes);
  const start = nearestCentresModule.firstFreeByte;
  const places = start + 8 * width * most;
  const distances = places + 8 * most;
  const end = distances + 8 * most;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / pageBytes) + 1, maximum: 65536 });
  const { nearest } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  let [floats, count] = [new Float64Array(memory.buffer), firstCount];
  tileRows(points, count, width, lanes, floats, start / 8);
  return {
    take(otherPoints, otherCount) {
      if (otherCount > most) throw new Error("nearest centres: more points than there is room for");
      count = otherCount;
      tileRows(otherPoints, count, width, lanes, floats, start / 8);
    },
    nearest(centres, centreCount) {
      const missing = end + 8 * centres.length - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / pageBytes));
        floats = new Float64Array(memory.buffer);
      }
      floats.set(centres, end / 8);
      const groups = Math.ceil(count / lanes);
      (nearest as Nearest)(start, groups, width, end, centreCount, places, distances);
      return {
        places: floats.subarray(places / 8, places / 8 + count),
        distances: floats.subarray(distances / 8, distances / 8 + count),
      };
    },
  };
}

let compiled: WebAssembly.Module | "refused" | undefined;

function compiledModule(): WebAssembly.Module | undefined {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(bytesOfText(nearestCentresModule.bytes));
    } catch {
      // No WebAssembly, no SIMD, or a page that forbids compiling.
      compiled = "refused";
    }
  }
  return compiled === "refused" ? undefined : compiled;
}
