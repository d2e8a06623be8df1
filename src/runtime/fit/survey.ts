import type { ModelDescription, VariableDescription } from "../description.js";
import type { DistinctItems } from "../data/distinct-sample.js";
import { DistinctSample } from "../data/distinct-sample.js";
import type { RowBlock, RowLayout } from "../data/row-source.js";
import { weightOf } from "../data/row-source.js";
import type { EntryMoments } from "../data/variance.js";
import { MomentSums } from "../data/variance.js";
import { boundShape, extentText, extentValue, product } from "../extents.js";
import type { FeatureMap, ItemLayout } from "./features.js";
import { copyItem, featureMap, fingerprint, itemLayout } from "./features.js";
import type { StartFactor } from "./start-factors.js";
import type { StartLatent } from "./start-tables.js";

/** Rows and items that are kept of any number of them. */
const MOST_SAMPLED = 20_000;

/** What a fit knows of its data before it begins. */
export interface Survey {
  readonly rows: number;
  readonly totalWeight: number;
  /** Of each observed variable. */
  readonly moments: Readonly<Record<string, EntryMoments>>;
  /** Discrete latents. */
  readonly latents: readonly StartLatent[];
  /** Gaussian latents. */
  readonly factors: readonly StartFactor[];
}

interface SampledItems {
  readonly layout: ItemLayout;
  readonly sample: DistinctSample;
}

/** A latent variable and what its items are described by. */
interface DescribedLatent {
  readonly variable: VariableDescription;
  readonly items: SampledItems;
}

/** Sees every block once, in bounded memory. The order of the rows makes no difference but for rounding. */
export class Surveyor {
  private rows = 0;
  private totalWeight = 0;
  private readonly moments = new Map<string, { readonly variable: string; readonly sums: MomentSums }>();
  private readonly samples = new Map<string, SampledItems>();
  private readonly rowItems: SampledItems;
  private readonly latents: DescribedLatent[] = [];
  private readonly factors: DescribedLatent[] = [];

  constructor(
    private readonly description: ModelDescription,
    private readonly layout: RowLayout,
  ) {
    for (const variable of description.variables) {
      if (variable.role === "observed") this.momentsOf(variable.name, this.eventOf(variable), undefined);
      if (variable.role !== "latent") continue;
      const isDiscrete = variable.domain === "category" || variable.domain === "binary";
      if (!isDiscrete && variable.domain !== "real") continue;
      const items = this.itemsOf(itemLayout(description, variable, layout));
      for (const { variable: name, itemWidth, encoding } of items.layout.sources) {
        if (encoding.kind === "number") this.momentsOf(name, itemWidth, encoding.transform);
      }
      (isDiscrete ? this.latents : this.factors).push({ variable, items });
    }
    this.rowItems = this.itemsOf(itemLayout(description, { plates: [], plateNames: [] }, layout));
  }

  add(block: RowBlock): void {
    const { weightColumn } = this.layout;
    this.rows += block.rows;
    if (weightColumn === undefined) this.totalWeight += block.rows;
    else for (let row = 0; row < block.rows; row++) this.totalWeight += weightOf(this.layout, block, row);
    const weights = weightColumn === undefined ? undefined : block.data[weightColumn];
    for (const { variable, sums } of this.moments.values()) sums.add(block.data[variable], weights);
    for (const { layout, sample } of this.samples.values()) {
      // Without values all items are alike.
      if (layout.itemWidth === 0) continue;
      for (let row = 0; row < block.rows; row++) {
        const weight = weightOf(this.layout, block, row);
        for (let item = 0; item < layout.itemsPerRow; item++) {
          sample.add(fingerprint(layout, block.data, row, item), weight, (into, at) =>
            copyItem(layout, block.data, row, item, into, at),
          );
        }
      }
    }
  }

  finish(): Survey {
    const finished = new Map<SampledItems, DistinctItems>();
    for (const items of this.samples.values()) finished.set(items, items.sample.finish());
    const sampleOf = (items: SampledItems): DistinctItems => finished.get(items) ?? items.sample.finish();
    const rowSample = sampleOf(this.rowItems);
    const moments = new Map<string, EntryMoments>();
    const momentsOf = (key: string): EntryMoments => {
      const entry = this.moments.get(key);
      if (entry === undefined) throw new Error(`no moments of ${key}`);
      const known = moments.get(key) ?? entry.sums.finish(this.valuesOf(entry.variable, rowSample));
      moments.set(key, known);
      return known;
    };
    const observed: Record<string, EntryMoments> = {};
    for (const variable of this.description.variables) {
      if (variable.role !== "observed") continue;
      observed[variable.name] = momentsOf(momentsKey(variable.name, this.eventOf(variable), undefined));
    }
    const mapOf = ({ layout }: SampledItems): FeatureMap =>
      featureMap(layout, (source) => {
        const transform = source.encoding.kind === "number" ? source.encoding.transform : undefined;
        return momentsOf(momentsKey(source.variable, source.itemWidth, transform));
      });
    const latents = this.latents.map(({ variable, items }): StartLatent => ({
      variable,
      values: this.valuesOfLatent(variable),
      map: mapOf(items),
      ordered: this.isOrdered(variable),
      sample: sampleOf(items),
    }));
    const reals = this.description.variables.filter(({ role, domain }) => role === "observed" && domain === "real");
    const pooled = pooledDeviation(reals.map(({ name }) => observed[name]));
    const taken = new Map<string, number>();
    const factors = this.factors.map(({ variable, items }): StartFactor => {
      const width = this.eventOf(variable);
      const place = variable.plateNames.join("/");
      const firstAxis = taken.get(place) ?? 0;
      taken.set(place, firstAxis + width);
      const scale = variable.learnsScale === true ? pooled : 1;
      const { seenAs } = variable;
      return {
        variable,
        width,
        map: mapOf(items),
        firstAxis,
        scale,
        ...(seenAs === undefined ? {} : { seenAs: { variable: seenAs, moments: observed[seenAs] } }),
        sample: sampleOf(items),
      };
    });
    return { rows: this.rows, totalWeight: this.totalWeight, moments: observed, latents, factors };
  }

  private momentsOf(variable: string, event: number, transform: ((value: number) => number) | undefined): void {
    const key = momentsKey(variable, event, transform);
    if (this.moments.has(key)) return;
    this.moments.set(key, { variable, sums: new MomentSums(event, this.layout.widths[variable], transform) });
  }

  /** Latents that are described by the same values share a sample. */
  private itemsOf(layout: ItemLayout): SampledItems {
    const sources = layout.sources.map(({ variable, itemWidth, shared }) => `${variable} ${itemWidth} ${shared}`);
    const key = [layout.itemsPerRow, ...sources].join("\n");
    const items = this.samples.get(key) ?? { layout, sample: new DistinctSample(MOST_SAMPLED, layout.itemWidth) };
    this.samples.set(key, items);
    return items;
  }

  /** The values of one variable in sampled rows. */
  private valuesOf(variable: string, sample: DistinctItems): { values: Float64Array; weights: Float64Array } {
    const { layout } = this.rowItems;
    const source = layout.sources.find((each) => each.variable === variable);
    // A variable that no start can use (a category with very many values) has no spread worth telling.
    if (source === undefined) return { values: new Float64Array(0), weights: sample.weights };
    const { start, itemWidth } = source;
    const values = new Float64Array(sample.count * itemWidth);
    for (let i = 0; i < sample.count; i++) {
      const first = i * layout.itemWidth + start;
      values.set(sample.values.subarray(first, first + itemWidth), i * itemWidth);
    }
    return { values, weights: sample.weights };
  }

  private eventOf(variable: VariableDescription): number {
    return product(boundShape(variable.event, this.layout.sizes));
  }

  private valuesOfLatent({ domain, categories }: VariableDescription): number {
    return domain === "binary" ? 2 : (extentValue(categories ?? 1, this.layout.sizes) ?? 1);
  }

  /** Does a parameter list one increasing number for each value? */
  private isOrdered({ categories }: VariableDescription): boolean {
    if (categories === undefined) return false;
    return this.description.parameters.some(
      ({ domain, shape }) => domain === "ordered" && extentText(shape[shape.length - 1]) === extentText(categories),
    );
  }
}

function momentsKey(variable: string, event: number, transform: ((value: number) => number) | undefined): string {
  return `${variable} ${event}${transform === undefined ? "" : " transformed"}`;
}

/** Standard deviation of all entries together; 1 where there is none that varies. */
function pooledDeviation(moments: readonly EntryMoments[]): number {
  const variances = moments.flatMap(({ variance }) => [...variance]);
  const pooled = variances.reduce((sum, value) => sum + value, 0) / Math.max(1, variances.length);
  return pooled > 0 ? Math.sqrt(pooled) : 1;
}
