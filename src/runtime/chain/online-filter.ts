import type { Block, EmMethods, Sizes, Tensors } from "../description.js";
import { DataError, OptionError } from "../errors.js";
import { boundShape, product } from "../extents.js";
import { ChainLayout, type FilteredState } from "./chain-state.js";

/** One step as it comes in: a number, or the entries of a vector; `null` where missing. */
export type Observation = Readonly<Record<string, number | null | ArrayLike<number | null>>>;

/** What is known of the latents after a step, from this step and all before it. */
export interface Filtered extends FilteredState {
  /** log density of the step given the earlier ones. */
  readonly logDensity: number;
}

/**
 * Follows a sequence as it comes in, one observation at a time. Memory and time of a step do not depend on how many
 * there have been.
 */
export class OnlineFilter {
  private readonly layout: ChainLayout;
  private readonly inputs: readonly { readonly name: string; readonly width: number; readonly optional: boolean }[];
  /** Rows of the window: as many as a step looks back, and the step itself. */
  private readonly window: number;
  private readonly data: Tensors;
  private readonly into: Tensors;
  private readonly arrays: readonly Float64Array[];
  /** Of a row, what it has told. */
  private readonly views: ReadonlyMap<string, Float64Array>[] = [];
  private readonly blocks: Omit<Block, "complete">[] = [];
  private seen = 0;

  constructor(
    private readonly methods: EmMethods,
    private readonly sizes: Sizes,
    private readonly parameters: Tensors,
  ) {
    const { description } = methods;
    this.layout = new ChainLayout(description, sizes);
    this.window = this.layout.state.depth + 1;
    this.inputs = description.variables
      .filter(({ role }) => role === "observed" || role === "given" || role === "weight")
      .map(({ name, plates, event, optional }) => ({
        name,
        optional,
        width: product(boundShape(plates, sizes)) * product(boundShape(event, sizes)),
      }));
    const rows = (width: number): Float64Array => new Float64Array(this.window * width);
    this.data = Object.fromEntries(this.inputs.map(({ name, width }) => [name, rows(width)]));
    this.into = {
      ...Object.fromEntries(Object.entries(this.layout.widths).map(([name, width]) => [name, rows(width)])),
      logDensity: rows(1),
    };
    this.arrays = [...Object.values(this.data), ...Object.values(this.into)];
  }

  /** Number of steps so far. */
  get steps(): number {
    return this.seen;
  }

  /** Forgets the sequence: the next observation is the first of another. */
  reset(): void {
    this.seen = 0;
  }

  /** Takes in the next observation. */
  async next(observation: Observation): Promise<Filtered> {
    const { depth } = this.layout.state;
    if (this.seen >= this.window) for (const array of this.arrays) shift(array, this.window);
    const row = Math.min(this.seen, depth);
    for (const { name, width, optional } of this.inputs) this.read(name, width, optional, observation[name], row);
    const block = { ...this.blockOf(row), complete: this.isComplete(row) };
    const run = row < depth ? this.methods.filterOf : this.methods.filterNextOf;
    if (run === undefined) throw new OptionError("filter", "a model with a chain", this.methods.description.name);
    await run.call(this.methods, this.sizes, this.parameters, block, this.into);
    this.seen++;
    return this.answer(row);
  }

  /** The rows up to this one, as a block: the same views for every step from the look-back on. */
  private blockOf(row: number): Omit<Block, "complete"> {
    return (this.blocks[row] ??= {
      rows: row + 1,
      firstRow: 0,
      data: Object.fromEntries(
        this.inputs.map(({ name, width }) => [name, this.data[name].subarray(0, (row + 1) * width)]),
      ),
      tables: {},
      starts: Int32Array.of(0, row + 1),
    });
  }

  private isComplete(row: number): boolean {
    for (const { name, width } of this.inputs) {
      const values = this.data[name];
      for (let i = 0; i < (row + 1) * width; i++) if (Number.isNaN(values[i])) return false;
    }
    return true;
  }

  private read(
    name: string,
    width: number,
    optional: boolean,
    value: Observation[string] | undefined,
    row: number,
  ): void {
    const into = this.data[name].subarray(row * width, (row + 1) * width);
    if (typeof value === "number" && width === 1 && !Number.isNaN(value)) {
      into[0] = value;
      return;
    }
    const isWeight = this.layout.variable(name).role === "weight";
    const given = value === undefined && (optional || isWeight) ? (isWeight ? 1 : null) : value;
    const entries = typeof given === "object" && given !== null ? Array.from(given) : [given];
    if (given === null) into.fill(NaN);
    else if (entries.length !== width || entries.some((entry) => entry === undefined)) {
      const found = value === undefined ? "nothing" : `${entries.length} numbers`;
      throw new DataError("shape", `\`${name}\`: expected ${width} numbers, found ${found}.`, { variable: name });
    } else entries.forEach((entry, i) => (into[i] = entry ?? NaN));
    if (!optional && into.some(Number.isNaN))
      throw new DataError("missing-value", `\`${name}\` may not be missing; declare it with \`?\`.`, {
        variable: name,
      });
  }

  /** At early steps only what has a table of its own by then. */
  private answer(row: number): Filtered {
    const { layout } = this;
    const logDensity = this.into["logDensity"][row];
    if (row < layout.state.depth - 1) return { logDensity, probability: {}, mean: {}, covariance: {} };
    const views = (this.views[row] ??= new Map(
      Object.entries(layout.widths).map(([name, width]) => [
        name,
        this.into[name].subarray(row * width, (row + 1) * width),
      ]),
    ));
    return { logDensity, ...layout.filtered((array) => views.get(array) ?? new Float64Array(0)) };
  }
}

/** Drops the first of so many rows. */
function shift(values: Float64Array, rows: number): void {
  const width = values.length / rows;
  values.copyWithin(0, width);
}
