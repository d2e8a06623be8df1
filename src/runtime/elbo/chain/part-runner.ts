import type { Awaitable, Sizes, Tensors } from "../../description.js";
import type { NetworkInstance } from "../../networks/network-instance.js";
import type { ChainElboMethods, PartDescription } from "./chain-elbo-description.js";

export type Numbers = Float32Array | Float64Array;

/** Arrays of a block: of each row, or (tables of a step) as they are. */
export interface PartBlock {
  readonly rows: number;
  readonly data: Readonly<Record<string, Numbers>>;
  readonly tables: Readonly<Record<string, Numbers>>;
}

/** Runs the functions that a bound along a chain is made of. */
export interface PartRunner {
  make(length: number): Numbers;
  /** Most rows of a block. */
  readonly mostRows: number;
  /** Writes outputs of each row, and adds the others to `into`. */
  run(part: PartDescription, block: PartBlock, into: Readonly<Record<string, Numbers>>): Awaitable<void>;
}

/** The generated loops, in float64 (or what an engine has in their place). */
export class LoopRunner implements PartRunner {
  readonly mostRows = 4096;

  constructor(
    private readonly methods: Pick<ChainElboMethods, "partOf">,
    private readonly sizes: Sizes,
    private readonly parameters: Tensors,
  ) {}

  make(length: number): Float64Array {
    return new Float64Array(length);
  }

  run(
    part: PartDescription,
    { rows, data, tables }: PartBlock,
    into: Readonly<Record<string, Numbers>>,
  ): Awaitable<void> {
    const block = { rows, firstRow: 0, data: data as Tensors, tables: tables as Tensors, complete: false };
    return this.methods.partOf(part.name, this.sizes, this.parameters, block, into as Tensors);
  }
}

/**
 * Float32 WebAssembly, whose functions are bound to a number of rows: blocks are filled up to one of few numbers with
 * copies of their last row.
 */
export class NetworkRunner implements PartRunner {
  readonly mostRows = 1024;

  constructor(private readonly instance: NetworkInstance) {}

  make(length: number): Float32Array {
    return new Float32Array(length);
  }

  run(part: PartDescription, { rows, data, tables }: PartBlock, into: Readonly<Record<string, Numbers>>): void {
    const filled = filledRows(rows);
    const { views, run } = this.instance.prepare(part.name, filled);
    for (const [key, view] of views) {
      const space = key.indexOf(" ");
      const kind = key.slice(0, space);
      if (kind !== "data" && kind !== "table") continue;
      const values = (kind === "data" ? data : tables)[key.slice(space + 1)];
      view.set(values);
      if (filled === rows || view.length === values.length) continue;
      const width = values.length / rows;
      // What fills up counts nothing, and hands nothing back.
      if (key === "table step.counted" || key.startsWith("table adjoint.")) {
        view.fill(0, rows * width);
        continue;
      }
      for (let row = rows; row < filled; row++) view.copyWithin(row * width, (rows - 1) * width, rows * width);
    }
    run();
    for (const name of part.writes) {
      const values = into[name];
      const view = views.get(`output ${name}`);
      if (view !== undefined) values.set(view.subarray(0, values.length));
    }
    for (const name of part.adds) {
      const values = into[name];
      const view = views.get(`output ${name}`);
      if (view !== undefined) for (let i = 0; i < values.length; i++) values[i] += view[i];
    }
  }
}

/** 1, 2, 3, 4, 6, 8, 12, 16, …: at most half as many again. */
function filledRows(rows: number): number {
  const power = 2 ** Math.ceil(Math.log2(rows));
  return power >= 4 && rows <= (power * 3) / 4 ? (power * 3) / 4 : power;
}
