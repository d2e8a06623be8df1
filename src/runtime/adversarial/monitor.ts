import { RandomStream } from "../../numerics/random.js";
import type { Dataset } from "../data/dataset.js";
import { selectRows } from "../data/blocks.js";
import type { Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import { kMeansPlusPlus, nearestCentre } from "../fit/k-means-plus-plus.js";
import { dataMoments } from "../elbo/batches.js";
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
const leastPrecision = 1 / 5;
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
  /** Deviations of the entries of the variables that the game is about in units of the data. */
  private readonly units: Tensors;
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
    this.units = unitsOf(description, this.data);
    this.rows = rowsOf(this.data.columns, description, this.data.sizes, this.count, this.units);
    this.groups = classesOf(description, this.data) ?? clustersOf(this.rows, seed);
  }

  async compare(parameters: Tensors): Promise<SampleQuality> {
    const { methods, data, seed } = this;
    const drawn = await drawnRows(methods, data.sizes, parameters, data, seed);
    const columns = Object.fromEntries(Object.entries(drawn).map(([name, tensor]) => [name, tensor.data]));
    return sampleQuality(
      this.rows,
      rowsOf(columns, methods.description, data.sizes, this.count, this.units),
      this.groups,
    );
  }

  /** What to be warned of, and what to try. */
  warningsOf(quality: SampleQuality, critic: CriticOutcome): readonly FitWarning[] {
    const { loss } = this.methods.description;
    const isDead = critic.distance < leastGap;
    const isCertain = critic.objective > -(certainty[loss] ?? 0) && certainty[loss] !== undefined;
    // Draws that lie nowhere near the data have not learned yet, which is another thing.
    const isNear = quality.precision >= leastPrecision;
    const isCollapsed = (isNear && quality.covered < leastCoverage * quality.groups) || quality.spread < leastSpread;
    return [
      ...(isDead ? [warnings.deadCritic()] : []),
      ...(isCertain && !isDead ? [warnings.certainCritic()] : []),
      ...(isCollapsed ? [warnings.collapsedDraws(quality.covered, quality.groups, quality.spread)] : []),
    ];
  }
}

function unitsOf({ variables, starts }: AdversarialDescription, data: Dataset): Tensors {
  const named = new Set(Object.values(starts).flatMap((start) => (start.kind === "moments" ? [start.variable] : [])));
  const moments = dataMoments(
    variables.filter(({ name }) => named.has(name)),
    data,
  );
  return Object.fromEntries(
    Object.entries(moments).map(([name, { variance }]) => [
      name,
      variance.map((one) => (one > 0 ? Math.sqrt(one) : 1)),
    ]),
  );
}

/** Entries of the implicit variables side by side, in units of their own, a category as its one-hot vector. */
function rowsOf(
  columns: Tensors,
  { implicit, variables }: AdversarialDescription,
  sizes: Sizes,
  count: number,
  units: Tensors,
): Rows {
  const parts = variables
    .filter(({ name }) => implicit.includes(name))
    .map(({ name, plates, event, categories }) => {
      const entries = product(boundShape([...plates, ...event], sizes));
      const values = categories === undefined ? undefined : product(boundShape([categories], sizes));
      return { column: columns[name], entries, values, unit: units[name] };
    });
  const width = parts.reduce((sum, { entries, values = 1 }) => sum + entries * values, 0);
  const data = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    let at = row * width;
    for (const { column, entries, values, unit } of parts)
      for (let i = row * entries; i < (row + 1) * entries; i++) {
        if (values === undefined) data[at] = unit === undefined ? column[i] : column[i] / unit[i % unit.length];
        else data[at + column[i]] = 1;
        at += values ?? 1;
      }
  }
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
  return Int32Array.from({ length: count }, (_, row) => nearestCentre(features, row, width, found, centres));
}
