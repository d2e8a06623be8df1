import { rootOfDecreasing } from "../root.js";
import { besselRatio } from "../special-functions.js";
import type { Maximiser } from "./maximiser.js";
import { largestShape, previousOf, smallestShape, statistic } from "./maximiser.js";

/**
 * location = atan2(sum(w sin y), sum(w cos y)); concentration = the root of I1/I0 = |sum(w exp(i y))| / sum(w), kept
 * between 1e-8 and 1e8. Where the directions cancel, the location is free and stays as it was.
 *
 * @source Mardia and Jupp 2000, section 5.3.1
 */
export const maximiseVonMises: Maximiser = (input) => {
  const count = statistic(input, "count");
  const cosine = statistic(input, "cosineTotal");
  const sine = statistic(input, "sineTotal");
  const location = Float64Array.from(previousOf(input, "location"));
  const concentration = Float64Array.from(previousOf(input, "concentration"));
  for (let cell = 0; cell < input.cells; cell++) {
    if (!(count[cell] > 0)) continue;
    const length = Math.hypot(cosine[cell], sine[cell]);
    if (length > 0) location[cell] = Math.atan2(sine[cell], cosine[cell]);
    concentration[cell] = concentrationOf(length / count[cell]);
  }
  return { location, concentration };
};

function concentrationOf(meanLength: number): number {
  if (meanLength >= 1) return largestShape;
  const guess = (meanLength * (2 - meanLength * meanLength)) / (1 - meanLength * meanLength);
  return rootOfDecreasing(
    (concentration) => {
      const ratio = besselRatio(concentration);
      return { value: meanLength - ratio, derivative: -(1 - ratio / concentration - ratio * ratio) };
    },
    smallestShape,
    largestShape,
    guess,
  );
}
