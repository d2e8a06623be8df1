import { type Bytes, type FunctionWriter, get, integer, join, set, wasm } from "./assembler.js";
import { bytesPerFloat, countOn, countTo, lanes, least, panelRows, plus, tileOf, times } from "./matrix-tiles.js";
import { productTile } from "./product-tile.js";
import { type PanelPacking, ProductWriter } from "./product-writer.js";

/** A thread's memory: the number of the run whose matrix it holds, a panel, a tile at the edge, that matrix, packed. */
const panelOffset = 64;
const spareBytes = 256;

/**
 * productByColumns(block, begin, end): panels of columns `begin` to `end` of C (+)= A B. A is packed once by every thread,
 * or beforehand; a panel of B by the thread that multiplies by it, which has it in its nearest cache then.
 */
export function productByColumns(relaxed: boolean, packing: PanelPacking): FunctionWriter {
  const product = new DenseWriter("productByColumns", relaxed, packing);
  const { fn, words, whole, panel } = product;
  const { rows, packed } = words;
  const y = fn.local("i32");
  const { left, right, firstRow, firstColumn } = product.place;
  fn.add(
    product.begin(),
    get(packed),
    wasm.if,
    join(get(packed), set(whole)),
    wasm.else,
    product.once(
      countTo(firstRow, get(rows), panelRows, product.packLeft(plus(get(whole), product.panelBytes(get(firstRow))))),
    ),
    wasm.end,
    join(get(1), set(y)),
    countOn(
      y,
      get(2),
      1,
      times(get(y), integer(product.tileColumns)),
      set(firstColumn),
      product.packRight(product.tileColumns, get(panel)),
      countTo(
        firstRow,
        get(rows),
        product.tileRows,
        product.tileIn(get(whole), get(firstRow)),
        set(left),
        join(get(panel), set(right)),
        product.tile(),
      ),
    ),
  );
  return fn;
}

/**
 * productByRows(block, begin, end): panels of rows `begin` to `end` of C (+)= A B. B is packed once by every thread, a panel
 * of A by the thread that multiplies it.
 */
export function productByRows(relaxed: boolean, packing: PanelPacking): FunctionWriter {
  const product = new DenseWriter("productByRows", relaxed, packing);
  const { fn, words, whole, panel } = product;
  const { rows, columns } = words;
  const [x, lastRow] = [fn.local("i32"), fn.local("i32")];
  const { left, right, firstRow, firstColumn } = product.place;
  fn.add(
    product.begin(),
    product.once(
      countTo(
        firstColumn,
        get(columns),
        product.tileColumns,
        product.packRight(product.tileColumns, plus(get(whole), product.panelBytes(get(firstColumn)))),
      ),
    ),
    join(get(1), set(x)),
    countOn(
      x,
      get(2),
      1,
      times(get(x), integer(panelRows)),
      set(firstRow),
      product.packLeft(get(panel)),
      least(get(rows), plus(get(firstRow), integer(panelRows))),
      set(lastRow),
      countOn(
        firstRow,
        get(lastRow),
        product.tileRows,
        countTo(
          firstColumn,
          get(columns),
          product.tileColumns,
          product.tileIn(get(panel), join(get(firstRow), integer(panelRows - 1), wasm.i32And)),
          set(left),
          plus(get(whole), product.panelBytes(get(firstColumn))),
          set(right),
          product.tile(),
        ),
      ),
    ),
  );
  return fn;
}

/** pack(block, begin, end): panels `begin` to `end` of A, for all threads. */
export function packFunction(packing: PanelPacking): FunctionWriter {
  const product = new ProductWriter("pack", packing);
  const { fn, words, firstRow } = product;
  const panel = fn.local("i32");
  const panelBytes = times(get(words.depth), integer(bytesPerFloat));
  fn.add(
    product.begin(),
    join(get(1), set(panel)),
    countOn(
      panel,
      get(2),
      1,
      times(get(panel), integer(panelRows)),
      set(firstRow),
      product.packLeft(plus(get(words.packed), times(get(firstRow), panelBytes))),
    ),
  );
  return fn;
}

class DenseWriter extends ProductWriter {
  readonly place: Parameters<typeof productTile>[2];
  readonly panel: number;
  readonly whole: number;
  readonly tileRows: number;
  readonly tileColumns: number;

  constructor(
    name: string,
    private readonly relaxed: boolean,
    packing: PanelPacking,
  ) {
    super(name, packing);
    const tile = tileOf(relaxed);
    this.tileRows = tile.rows;
    this.tileColumns = lanes * tile.vectors;
    const local = (): number => this.fn.local("i32");
    [this.panel, this.whole] = [local(), local()];
    const { c, rowBytes, rows, columns, depth, isFirst } = this.words;
    const { firstRow, firstColumn } = this;
    this.place = {
      ...{ left: local(), right: local(), firstRow, firstColumn, spare: local() },
      ...{ c, rowBytes, rows, columns, depth, isFirst },
    };
  }

  override begin(): Bytes {
    const { depth } = this.words;
    return join(
      super.begin(),
      plus(get(this.own), integer(panelOffset)),
      set(this.panel),
      plus(get(this.panel), times(get(depth), integer(bytesPerFloat * this.tileColumns))),
      set(this.place.spare),
      plus(get(this.place.spare), integer(spareBytes)),
      set(this.whole),
    );
  }

  /** Bytes of packed panels before a line that begins one. */
  panelBytes(line: Bytes): Bytes {
    return times(line, times(get(this.words.depth), integer(bytesPerFloat)));
  }

  /** Where the left side of the tile that begins at a line is, in packed panels that begin at `packed`. */
  tileIn(packed: Bytes, line: Bytes): Bytes {
    const panel = join(line, integer(-panelRows), wasm.i32And);
    const within = join(line, integer(panelRows - 1), wasm.i32And);
    return plus(plus(packed, this.panelBytes(panel)), times(within, integer(bytesPerFloat)));
  }

  tile(): Bytes {
    return productTile(this.fn, this.relaxed, this.place);
  }
}
