import { RandomStream } from "../../numerics/random.js";
import type { Dataset } from "../data/dataset.js";
import { selectRows } from "../data/blocks.js";
import type { Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import { kMeansPlusPlus, nearestCentre } from "../fit/k-means-plus-plus.js";
import { drawnRows } from "../queries.js";
import { type FitWarning, warnings } from "../warnings.js";
import type { AdversarialDescription, AdversarialMethods } from "./adversarial-description.js";
import { mostCompared, type Rows } from "./mean-discrepancy.js";
import { type SampleQuality, sampleQuality } from "./sample-quality.js";

/** Most clusters that unlabelled data are sorted into; each has `rowsPerCluster` rows on average, or more. */
const mostClusters = 25;
const rowsPerCluster = 8;
/** Below this part of the groups, or of the data's spread, draws have collapsed. */
const leastCoverage = 1 / 2;
const leastSpread = 1 / 10;
/** A critic whose values on data and draws differ by less than this in every batch has no slope left to give. */
const leastGap = 1e-6;
/** A loss that is bounded by 0 is lost at equilibrium, and near 0 where the critic tells all draws apart. */
const certainty: Readonly<Record<string, number>> = { nonsaturating: 0.02, hinge: 0.02, lsgan: 0.004 };

/** What a critic did in an epoch, on average over its batches. */
export interface CriticOutcome {
  readonly objective: number;
  readonly gap: number;
  /** Mean of the gap's absolute value. */
  readonly distance: number;
}

/** Watches draws and critic while a game is played. The rows and the noise it compares with stay the same. */
export class Monitor {
  private readonly data: Dataset;
  private readonly rows: Rows;
  private readonly groups: Int32Array;
  /** Rows compared with. */
  readonly count: number;

  constructor(
    private readonly methods: Pick<AdversarialMethods, "description" | "drawRows">,
    data: Dataset,
    private readonly seed: number,
  ) {
    this.data = data.rows <= mostCompared ? data : selectRows(data, (row) => row < mostCompared);
    this.count = this.data.rows;
    const { description } = methods;
    this.rows = rowsOf(this.data.columns[description.implicit], description, this.data.sizes, this.count);
    this.groups = classesOf(description, this.data) ?? clustersOf(this.rows, seed);
  }

  async compare(parameters: Tensors): Promise<SampleQuality> {
    const { methods, data, seed } = this;
    const drawn = await drawnRows(methods, data.sizes, parameters, data, seed);
    const { data: values } = drawn[methods.description.implicit];
    return sampleQuality(this.rows, { ...this.rows, data: values }, this.groups);
  }

  /** What to be warned of, and what to try. */
  warningsOf(quality: SampleQuality, critic: CriticOutcome): readonly FitWarning[] {
    const { loss } = this.methods.description;
    const isDead = critic.distance < leastGap;
    const isCertain = critic.objective > -(certainty[loss] ?? 0) && certainty[loss] !== undefined;
    const isCollapsed = quality.covered < leastCoverage * quality.groups || quality.spread < leastSpread;
    return [
      ...(isDead ? [warnings.deadCritic()] : []),
      ...(isCertain && !isDead ? [warnings.certainCritic()] : []),
      ...(isCollapsed ? [warnings.collapsedDraws(quality.covered, quality.groups, quality.spread)] : []),
    ];
  }
}

function rowsOf(data: Float64Array, description: AdversarialDescription, sizes: Sizes, count: number): Rows {
  const variable = description.variables.find(({ name }) => name === description.implicit);
  const width =
    variable === undefined
      ? 1
      : product(boundShape(variable.plates, sizes)) * product(boundShape(variable.event, sizes));
  return { data, width, count };
}

/** Combinations of the given categories; undefined where none is given. */
function classesOf({ variables }: AdversarialDescription, { columns, widths, rows }: Dataset): Int32Array | undefined {
  const given = variables.filter(
    ({ role, domain }) => role === "given" && (domain === "category" || domain === "binary"),
  );
  if (given.length === 0) return undefined;
  const known = new Map<string, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    const key = given
      .map(({ name }) => columns[name].subarray(row * widths[name], (row + 1) * widths[name]).join(","))
      .join(";");
    const group = known.get(key) ?? known.size;
    known.set(key, group);
    return group;
  });
}

function clustersOf({ data, width, count }: Rows, seed: number): Int32Array {
  const centres = Math.max(1, Math.min(mostClusters, Math.floor(count / rowsPerCluster)));
  const features = Float64Array.from({ length: count * width }, (_, i) => data[i]);
  const stream = new RandomStream({ seed, site: "groups" });
  const found = kMeansPlusPlus({ width, features, weights: new Float64Array(count).fill(1) }, centres, stream);
  return Int32Array.from({ length: count }, (_, row) =>
    nearestCentre(features.subarray(row * width, (row + 1) * width), found, centres),
  );
}
