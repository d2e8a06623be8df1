import type { ModelDescription, Sizes } from "../description.js";
import { DataError } from "../errors.js";
import type { OpenBatches } from "./batches.js";
import { layoutOf } from "./blocks.js";
import type { Dataset } from "./dataset.js";
import { takeIn } from "./dataset.js";
import type { LabelDictionary } from "./labels.js";
import type { RowBlock, RowLayout, RowSource } from "./row-source.js";

export interface StreamOptions {
  readonly sizes: Sizes;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
  readonly blockRows: number;
  /** By a row's place among those that have weight. */
  readonly isHeldOut: (row: number) => boolean;
}

/** Which rows a pass is over. */
export type Side = "learned" | "heldOut";

/** Rows and weights that a pass went by. */
export interface SideCount {
  readonly rows: number;
  readonly totalWeight: number;
}

/**
 * Rows that are read anew in every pass, in memory that is bounded by a batch and two blocks: one that rows without
 * missing entries are gathered in, one for the others. Where no entry is missing the blocks are those of the same data
 * in memory, however the rows were cut into batches.
 */
export class RowStream {
  private layout: RowLayout | undefined;
  private bound: Dataset | undefined;
  private counted: Readonly<Record<Side, SideCount>> | undefined;

  constructor(
    private readonly description: ModelDescription,
    private readonly open: OpenBatches,
    private readonly options: StreamOptions,
  ) {}

  /** Known once the first block has come. */
  get labels(): Readonly<Record<string, LabelDictionary>> {
    return this.bound?.labels ?? this.options.labels;
  }

  /** @param begin is told the layout before the first block */
  async *pass(side: Side, begin?: (layout: RowLayout) => void): AsyncGenerator<RowBlock, void, undefined> {
    const counts = { learned: { rows: 0, totalWeight: 0 }, heldOut: { rows: 0, totalWeight: 0 } };
    let buffers: Readonly<Record<"complete" | "incomplete", BlockBuffer>> | undefined;
    let row = 0;
    let batch = 0;
    for await (const values of this.open()) {
      const dataset = await this.read(values, batch++, row);
      if (dataset.rows === 0) continue;
      const layout = this.checkLayout(dataset, batch);
      if (buffers === undefined) {
        begin?.(layout);
        const { blockRows } = this.options;
        buffers = {
          complete: new BlockBuffer(layout, blockRows, true),
          incomplete: new BlockBuffer(layout, blockRows, false),
        };
      }
      for (const run of this.runsOf(dataset, side, counts)) {
        const buffer = run.complete ? buffers.complete : buffers.incomplete;
        yield* buffer.append(dataset, run, row);
      }
      row += dataset.rows;
    }
    this.checkCounts(counts);
    if (buffers === undefined) return;
    yield* buffers.complete.flush();
    yield* buffers.incomplete.flush();
  }

  /** One side as a source; after a first pass, which counted its rows. */
  source(side: Side): RowSource {
    if (this.counted === undefined || this.layout === undefined)
      throw new Error("a stream is counted in its first pass");
    return { ...this.layout, ...this.counted[side], blocks: () => this.pass(side) };
  }

  count(side: Side): SideCount {
    return this.counted?.[side] ?? { rows: 0, totalWeight: 0 };
  }

  private async read(values: unknown, batch: number, firstRow: number): Promise<Dataset> {
    const { sizes, labels } = this.bound ?? this.options;
    try {
      return await takeIn(this.description, values, {
        sizes,
        sizesOrigin: this.bound === undefined ? "as given to the constructor" : "as in the first batch",
        labels,
        needs: "all",
      });
    } catch (error) {
      if (!(error instanceof DataError) || batch === 0) throw error;
      throw inBatch(error, batch, firstRow);
    }
  }

  private checkLayout(dataset: Dataset, batch: number): RowLayout {
    this.bound ??= dataset;
    const layout = layoutOf(dataset);
    this.layout ??= layout;
    if (layout.weightColumn !== this.layout.weightColumn) {
      throw new DataError("weight", `Batch ${batch - 1}: either all batches have weights, or none.`);
    }
    return this.layout;
  }

  /** Stretches of rows that go to the same buffer. */
  private *runsOf(
    dataset: Dataset,
    side: Side,
    counts: Record<Side, { rows: number; totalWeight: number }>,
  ): Generator<Run> {
    const { weights, incomplete } = dataset;
    const { isHeldOut } = this.options;
    let run: { begin: number; end: number; complete: boolean; position: number } | undefined;
    for (let row = 0; row < dataset.rows; row++) {
      const weight = weights === undefined ? 1 : weights[row];
      if (!(weight > 0)) continue;
      const own: Side = isHeldOut(counts.learned.rows + counts.heldOut.rows) ? "heldOut" : "learned";
      const position = counts[own].rows++;
      counts[own].totalWeight += weight;
      if (own !== side) continue;
      const complete = incomplete[row] === 0;
      if (run?.end === row && run.complete === complete) {
        run.end++;
        continue;
      }
      if (run !== undefined) yield run;
      run = { begin: row, end: row + 1, complete, position };
    }
    if (run !== undefined) yield run;
  }

  /** Another pass must find the same rows. */
  private checkCounts(counts: Readonly<Record<Side, SideCount>>): void {
    const before = this.counted;
    this.counted ??= counts;
    if (before === undefined) return;
    const found = counts.learned.rows + counts.heldOut.rows;
    const expected = before.learned.rows + before.heldOut.rows;
    if (found !== expected) {
      throw new DataError(
        "rows",
        `The batches held ${expected} rows in the first pass and ${found} in a later one; every pass must find the same.`,
      );
    }
  }
}

interface Run {
  readonly begin: number;
  readonly end: number;
  readonly complete: boolean;
  /** Of its first row, among all rows of its side. */
  readonly position: number;
}

/** Gathers rows until a block is full. Its memory is used again for the next block, as another view. */
class BlockBuffer {
  private readonly columns: Readonly<Record<string, Float64Array>>;
  private readonly positions: Uint32Array;
  private readonly numbers: Uint32Array;
  private rows = 0;

  constructor(
    private readonly layout: RowLayout,
    private readonly blockRows: number,
    private readonly complete: boolean,
  ) {
    this.columns = Object.fromEntries(
      Object.entries(layout.widths).map(([name, width]) => [name, new Float64Array(blockRows * width)]),
    );
    this.positions = new Uint32Array(blockRows);
    this.numbers = new Uint32Array(blockRows);
  }

  *append(dataset: Dataset, { begin, end, position }: Run, firstRow: number): Generator<RowBlock> {
    let from = begin;
    while (from < end) {
      const count = Math.min(end - from, this.blockRows - this.rows);
      for (const [name, values] of Object.entries(this.columns)) {
        const width = this.layout.widths[name];
        values.set(dataset.columns[name].subarray(from * width, (from + count) * width), this.rows * width);
      }
      for (let i = 0; i < count; i++) {
        this.positions[this.rows + i] = position + (from - begin) + i;
        this.numbers[this.rows + i] = firstRow + from + i;
      }
      this.rows += count;
      from += count;
      if (this.rows === this.blockRows) yield* this.flush();
    }
  }

  *flush(): Generator<RowBlock> {
    const { rows } = this;
    if (rows === 0) return;
    this.rows = 0;
    const data = Object.fromEntries(
      Object.entries(this.columns).map(([name, values]) => [name, values.subarray(0, rows * this.layout.widths[name])]),
    );
    yield {
      rows,
      firstRow: this.numbers[0],
      data,
      tables: {},
      complete: this.complete,
      positions: this.positions.subarray(0, rows),
      numbers: this.numbers.subarray(0, rows),
    };
  }
}

function inBatch(error: DataError, batch: number, firstRow: number): DataError {
  const place = { ...(error.variable === undefined ? {} : { variable: error.variable }) };
  const row = error.row === undefined ? {} : { row: error.row + firstRow };
  const column = error.column === undefined ? {} : { column: error.column };
  return new DataError(error.code, `Batch ${batch}, which begins at row ${firstRow}: ${error.message}`, {
    ...place,
    ...row,
    ...column,
  });
}
