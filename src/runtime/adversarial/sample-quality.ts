import { meanDiscrepancy, type Rows } from "./mean-discrepancy.js";

/** Draws against data: how near, how lifelike, how varied. */
export interface SampleQuality {
  /** Squared maximum mean discrepancy, unbiased: near 0 is good. */
  readonly discrepancy: number;
  /** Part of the draws that lie among the data. */
  readonly precision: number;
  /** Part of the data that lie among the draws. */
  readonly recall: number;
  /** Groups of the data (classes, where there are any given, else clusters), and those of which draws are made. */
  readonly groups: number;
  readonly covered: number;
  /** Median distance of a draw to its neighbours, by that of the data: 0 where all draws are one. */
  readonly spread: number;
}

/** Neighbours whose distance makes a point's ball, as in the source. */
const neighbours = 3;
/** A group counts as drawn from at this part of its share among the data. */
const enough = 1 / 4;

/**
 * Compares draws with as many rows of data.
 *
 *     precision   part of the draws inside some datum's ball, whose radius is the distance to its third neighbour
 *     recall      part of the data inside some draw's ball
 *     coverage    a draw belongs to the group of its nearest datum; a group is covered where its share of the draws is
 *                 at least a quarter of its share of the data
 *
 * @param groupOf group of each row of the data, from 0
 * @source Kynkäänniemi, Karras, Laine, Lehtinen and Aila 2019, eq. 1-2
 */
export function sampleQuality(data: Rows, draws: Rows, groupOf: ArrayLike<number>): SampleQuality {
  const discrepancy = meanDiscrepancy(data, draws);
  const dataRadii = radii(data);
  const drawRadii = radii(draws);
  const reached = new Uint8Array(data.count);
  let among = 0;
  const drawnOf = new Map<number, number>();
  for (let i = 0; i < draws.count; i++) {
    let inside = false;
    let nearest = 0;
    let least = Infinity;
    for (let j = 0; j < data.count; j++) {
      const distance = squaredDistance(draws, i, data, j);
      inside ||= distance <= dataRadii[j];
      if (distance <= drawRadii[i]) reached[j] = 1;
      if (distance < least) {
        least = distance;
        nearest = j;
      }
    }
    if (inside) among++;
    drawnOf.set(groupOf[nearest], (drawnOf.get(groupOf[nearest]) ?? 0) + 1);
  }
  const heldOf = new Map<number, number>();
  for (let j = 0; j < data.count; j++) heldOf.set(groupOf[j], (heldOf.get(groupOf[j]) ?? 0) + 1);
  const isCovered = ([group, held]: readonly [number, number]): boolean =>
    (drawnOf.get(group) ?? 0) / draws.count >= (enough * held) / data.count;
  const scale = Math.sqrt(median(dataRadii));
  return {
    discrepancy,
    precision: among / draws.count,
    recall: reached.reduce((sum, one) => sum + one, 0) / data.count,
    groups: heldOf.size,
    covered: [...heldOf].filter(isCovered).length,
    spread: scale > 0 ? Math.sqrt(median(drawRadii)) / scale : 1,
  };
}

/** Squared distance of each row to its third neighbour among the others. */
function radii(rows: Rows): Float64Array {
  return Float64Array.from({ length: rows.count }, (_, i) => {
    const least = new Float64Array(neighbours).fill(Infinity);
    for (let j = 0; j < rows.count; j++) {
      if (j === i) continue;
      let distance = squaredDistance(rows, i, rows, j);
      for (let k = 0; k < neighbours; k++) if (distance < least[k]) [least[k], distance] = [distance, least[k]];
    }
    const [last] = least.filter(Number.isFinite).slice(-1);
    return last ?? 0;
  });
}

function squaredDistance(a: Rows, i: number, b: Rows, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.width; k++) sum += (a.data[i * a.width + k] - b.data[j * b.width + k]) ** 2;
  return sum;
}

function median(values: Float64Array): number {
  return values.length === 0 ? 0 : Float64Array.from(values).sort()[Math.floor(values.length / 2)];
}
