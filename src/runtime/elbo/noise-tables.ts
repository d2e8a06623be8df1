import type { Sizes } from "../description.js";
import { boundShape, product } from "../extents.js";
import { RandomStream } from "../../numerics/random.js";
import type { ElboDescription } from "./elbo-description.js";

/**
 * Fills the noise that a function reads. The draws depend on the seed, the table's name and the step alone, so that a
 * step can be repeated.
 */
export class NoiseTables {
  private readonly tables: readonly { name: string; family: "normal" | "uniform"; width: number; perRow: boolean }[];

  constructor(
    description: Pick<ElboDescription, "noise">,
    sizes: Sizes,
    /** Absent: all. */
    readBy: string | undefined,
    private readonly seed: number,
  ) {
    this.tables = description.noise
      .filter((table) => readBy === undefined || table.readBy.includes(readBy))
      .map(({ name, family, perRow, shape }) => ({ name, family, perRow, width: product(boundShape(shape, sizes)) }));
  }

  /** Lengths of the tables for a block of this many rows. */
  lengths(rows: number): Readonly<Record<string, number>> {
    return Object.fromEntries(this.tables.map(({ name, width, perRow }) => [name, perRow ? width * rows : width]));
  }

  fill(into: Readonly<Record<string, Float64Array | Float32Array>>, step: number): void {
    for (const { name, family } of this.tables) {
      const stream = new RandomStream({ seed: this.seed, site: name, step });
      const values = into[name];
      if (family === "normal") for (let i = 0; i < values.length; i++) values[i] = stream.normal();
      else for (let i = 0; i < values.length; i++) values[i] = stream.uniform();
    }
  }
}
