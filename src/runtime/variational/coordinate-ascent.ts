import { zeros } from "../data/blocks.js";
import type { Block, EmMethods, Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";

/** Sweeps over the blocks in an E-step that goes on from the posterior of the one before. */
const SWEEPS = 3;
/** Sweeps at most where the posterior has to be found from a beginning. */
const MOST_SWEEPS = 200;
/** The same in the middle of a fit. */
const SWEEPS_OF_RENEWAL = 20;
/** Gain of the bound, relative to its size, at which it is found. */
const TOLERANCE = 1e-11;

/** What finds the posterior of some rows. */
export type VariationalMethods = Pick<EmMethods, "description" | "logDensityOf" | "updateBlockOf" | "beginPosteriorOf">;

/**
 * The rows of a block with the tables of their posterior, a product of blocks of latents, found by coordinate ascent:
 * each block in turn is brought up to date given what is expected of the others. The bound rises in every update, up to
 * a local maximum: of several beginnings each sequence (without a chain, each row) takes the best.
 *
 * @param earlier tables to go on from, for a few sweeps; absent: from the beginnings, until the bound no longer rises
 * @param renews are the beginnings tried beside `earlier`?
 * @returns the block itself where it has its tables, or where the posterior is no product
 */
export function withPosterior(
  methods: VariationalMethods,
  sizes: Sizes,
  parameters: Tensors,
  block: Block,
  earlier?: Tensors,
  renews = false,
): Block {
  const { variational } = methods.description;
  if (variational === undefined || variational.tables.some(({ name }) => block.tables[name] !== undefined)) {
    return block;
  }
  const ascent = new Ascent(methods, sizes, parameters, block);
  if (earlier === undefined) return ascent.block(ascent.found(MOST_SWEEPS).tables);
  const warm = ascent.goOn(earlier, SWEEPS);
  return ascent.block(renews ? ascent.better(warm, ascent.found(SWEEPS_OF_RENEWAL)).tables : warm.tables);
}

/** Tables, and what each row adds to the bound. */
interface Found {
  readonly tables: Tensors;
  readonly bounds: Float64Array;
}

/** Coordinate ascent for the rows of one block, at some parameters. */
class Ascent {
  private readonly shapes: Readonly<Record<string, number>>;
  private readonly blocks: number;
  private readonly beginnings: number;

  constructor(
    private readonly methods: VariationalMethods,
    private readonly sizes: Sizes,
    private readonly parameters: Tensors,
    private readonly rows: Block,
  ) {
    const { variational } = methods.description;
    this.shapes = Object.fromEntries(
      (variational?.tables ?? []).map(({ name, shape }) => [name, rows.rows * product(boundShape(shape, sizes))]),
    );
    this.blocks = variational?.blocks.length ?? 0;
    this.beginnings = variational?.beginnings ?? 0;
  }

  block(tables: Tensors): Block {
    return { ...this.rows, tables: { ...this.rows.tables, ...tables } };
  }

  /** The best of what is found from each beginning. */
  found(most: number): Found {
    let best: Found | undefined;
    for (let index = 0; index < this.beginnings; index++) {
      const tables = zeros(this.shapes);
      // Of products of Gaussian latents: 0 would be a saddle.
      for (const [name, table] of Object.entries(tables)) if (name.startsWith("q.mean.")) table.fill(1);
      this.methods.beginPosteriorOf?.(index, this.sizes, this.parameters, this.block(tables), tables);
      const next = this.settle(tables, most);
      best = best === undefined ? next : this.better(best, next);
    }
    if (best === undefined) throw new Error("variational: a posterior without a beginning");
    return best;
  }

  goOn(earlier: Tensors, sweeps: number): Found {
    const tables = zeros(this.shapes);
    for (const [name, table] of Object.entries(tables)) table.set(earlier[name]);
    for (let i = 0; i < sweeps; i++) this.sweep(tables);
    return { tables, bounds: this.bounds(tables) };
  }

  /** Of each sequence what has the higher bound; written into the first. */
  better(first: Found, second: Found): Found {
    const { rows, starts } = this.rows;
    const isChain = this.methods.description.sequences !== undefined;
    const ends = isChain ? [...(starts ?? [0, rows])] : Array.from({ length: rows + 1 }, (_, row) => row);
    for (let i = 0; i + 1 < ends.length; i++) {
      const [from, to] = [ends[i], ends[i + 1]];
      if (!(sum(second.bounds, from, to) > sum(first.bounds, from, to))) continue;
      first.bounds.set(second.bounds.subarray(from, to), from);
      for (const [name, table] of Object.entries(first.tables)) {
        const width = table.length / rows;
        table.set(second.tables[name].subarray(from * width, to * width), from * width);
      }
    }
    return first;
  }

  private settle(tables: Tensors, most: number): Found {
    let bounds = new Float64Array(0);
    let before = -Infinity;
    for (let i = 0; i < most; i++) {
      this.sweep(tables);
      bounds = this.bounds(tables);
      const bound = sum(bounds, 0, bounds.length);
      if (!(bound - before > TOLERANCE * (1 + Math.abs(bound)))) break;
      before = bound;
    }
    return { tables, bounds };
  }

  private sweep(tables: Tensors): void {
    const settled = this.block(tables);
    for (let index = 0; index < this.blocks; index++) {
      this.methods.updateBlockOf?.(index, this.sizes, this.parameters, settled, tables);
    }
  }

  private bounds(tables: Tensors): Float64Array<ArrayBuffer> {
    const logDensity = new Float64Array(this.rows.rows);
    void this.methods.logDensityOf(this.sizes, this.parameters, this.block(tables), { logDensity });
    return logDensity;
  }
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i];
  return total;
}
