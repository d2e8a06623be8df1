import { zeros } from "../data/blocks.js";
import type { Block, EmMethods, Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";

/** Sweeps over the blocks in an E-step that goes on from the posterior of the one before. */
const SWEEPS = 3;
/** Sweeps at most where the posterior has to be found from its beginning. */
const MOST_SWEEPS = 200;
/** Gain of the bound, relative to its size, at which it is found. */
const TOLERANCE = 1e-11;

/** What finds the posterior of some rows. */
export type VariationalMethods = Pick<EmMethods, "description" | "logDensityOf" | "updateBlockOf" | "beginPosteriorOf">;

/**
 * The rows of a block with the tables of their posterior, a product of blocks of latents, found by coordinate ascent:
 * each block in turn is brought up to date given what is expected of the others. The bound rises in every update.
 *
 * @param earlier tables to go on from, for a few sweeps; absent: from the beginning, until the bound no longer rises
 * @returns the block itself where it has its tables, or where the posterior is no product
 */
export function withPosterior(
  methods: VariationalMethods,
  sizes: Sizes,
  parameters: Tensors,
  block: Block,
  earlier?: Tensors,
): Block {
  const { variational } = methods.description;
  if (variational === undefined || variational.tables.some(({ name }) => block.tables[name] !== undefined)) {
    return block;
  }
  const tables = zeros(
    Object.fromEntries(
      variational.tables.map(({ name, shape }) => [name, block.rows * product(boundShape(shape, sizes))]),
    ),
  );
  const settled: Block = { ...block, tables: { ...block.tables, ...tables } };
  const sweep = (): void => {
    for (let index = 0; index < variational.blocks.length; index++) {
      methods.updateBlockOf?.(index, sizes, parameters, settled, tables);
    }
  };
  if (earlier !== undefined) {
    for (const [name, table] of Object.entries(tables)) table.set(earlier[name]);
    for (let i = 0; i < SWEEPS; i++) sweep();
    return settled;
  }
  // Of products of Gaussian latents: 0 would be a saddle.
  for (const [name, table] of Object.entries(tables)) if (name.startsWith("q.mean.")) table.fill(1);
  methods.beginPosteriorOf?.(sizes, parameters, settled, tables);
  let bound = -Infinity;
  for (let i = 0; i < MOST_SWEEPS; i++) {
    sweep();
    const next = boundOf(methods, sizes, parameters, settled);
    if (!(next - bound > TOLERANCE * (1 + Math.abs(next)))) break;
    bound = next;
  }
  return settled;
}

function boundOf(methods: VariationalMethods, sizes: Sizes, parameters: Tensors, block: Block): number {
  const logDensity = new Float64Array(block.rows);
  void methods.logDensityOf(sizes, parameters, block, { logDensity });
  return logDensity.reduce((sum, value) => sum + value, 0);
}
