import { RandomStream } from "../../../src/numerics/random.js";

/** Counts from two Poisson distributions. */
export function twoPoissons(rows: number, seed: number, rates: readonly [number, number] = [2, 9]): number[] {
  const stream = new RandomStream({ seed, site: "simulated" });
  return Array.from({ length: rows }, () => stream.poisson(stream.uniform() < 0.4 ? rates[0] : rates[1]));
}

/** Rows around `centres`, each with unit variance; an entry is missing with probability `missing`. */
export function clusters(rows: number, seed: number, centres: readonly (readonly number[])[], missing = 0): number[][] {
  const stream = new RandomStream({ seed, site: "simulated" });
  return Array.from({ length: rows }, () => {
    const centre = centres[Math.floor(stream.uniform() * centres.length)];
    return centre.map((value) => {
      const entry = value + stream.normal();
      return stream.uniform() < missing ? NaN : entry;
    });
  });
}
