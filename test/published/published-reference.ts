import { readFileSync } from "node:fs";
import type { LoadedTrainerClass } from "../../src/compile/index.js";
import { trainerOf } from "../support/trainers.js";

/** One number of reference.json; README.md says where it comes from. */
export interface PublishedRecord {
  readonly id: string;
  readonly family: "gmm" | "poisson_mixture" | "latent_class" | "regression_mixture" | "ppca" | "factor_analysis";
  readonly quantity: "loglik" | "-loglik";
  /** As printed in the source, where it is a printed one. */
  readonly published: number | null;
  /** The maximum found for the record by other software, to full precision. */
  readonly computed_here: number;
  /** "1e-3 abs …", with what to do where a maximum is hard to find. */
  readonly tolerance: string;
  /** "22/30": how many starts found the maximum. */
  readonly hits?: string;
  /** What is reached from k-means starts, where the best known maximum is rarely found. */
  readonly first_pass_loglik?: number;
  readonly n_par?: number;
  readonly aic?: number;
  readonly bic?: number;
  /** Variance around the plane (ppca). */
  readonly sigma2?: number;
  readonly params?: unknown;
}

const { records } = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8")) as {
  readonly records: readonly PublishedRecord[];
};

export function recordsOf(family: PublishedRecord["family"]): readonly PublishedRecord[] {
  return records.filter((record) => record.family === family);
}

export function record(id: string): PublishedRecord {
  const found = records.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`reference.json has no record ${id}`);
  return found;
}

export function dataFile(name: string): URL {
  return new URL(`data/${name}.csv`, import.meta.url);
}

export function trainerOfModel(name: string): Promise<LoadedTrainerClass> {
  const file = new URL(`models/${name}.gen`, import.meta.url);
  return trainerOf(readFileSync(file, "utf8"), `${name}.gen`);
}

/** The number in front of "abs". */
export function absoluteTolerance({ tolerance, id }: PublishedRecord): number {
  const found = Number(/^([\d.e-]+) abs/.exec(tolerance)?.[1]);
  if (Number.isNaN(found)) throw new Error(`${id}: no absolute tolerance in "${tolerance}"`);
  return found;
}

/** The record's log-likelihood, from the printed number where there is one. */
export function logLikelihoodOf({ quantity, published, computed_here }: PublishedRecord): number {
  const value = published ?? computed_here;
  return quantity === "-loglik" ? -value : value;
}

/**
 * The records' rule: "1e-3 abs if hits/runs is high; otherwise accept >= this - 0.5", or >= first_pass_loglik - 1e-3
 * where one is given that differs. A better maximum is welcome where the best known one is rarely found.
 */
export function acceptedRange(record: PublishedRecord): readonly [lowest: number, highest: number] {
  const { computed_here: best, hits = "1/1", first_pass_loglik: firstPass = best } = record;
  const [found = 0, runs = 1] = hits.split(",")[0]!.split("/").map(Number);
  const tolerance = absoluteTolerance(record);
  if (found / runs >= 0.3) return [best - tolerance, best + tolerance];
  return [Math.min(firstPass, best) - tolerance, best + 30];
}

/**
 * Order in which `found` components correspond to `reference` ones: each to the nearest that is left.
 *
 * @param found, reference one vector per component
 */
export function matchComponents(
  found: readonly (readonly number[])[],
  reference: readonly (readonly number[])[],
): number[] {
  const left = new Set(found.keys());
  return reference.map((target) => {
    const distance = (k: number): number => target.reduce((sum, value, i) => sum + (value - found[k]![i]!) ** 2, 0);
    const nearest = [...left].reduce((best, k) => (distance(k) < distance(best) ? k : best));
    left.delete(nearest);
    return nearest;
  });
}
