import {
  type Bytes,
  call,
  FunctionWriter,
  get,
  integer,
  join,
  loadInteger,
  set,
  storeInteger,
  threadNumber,
  wasm,
} from "./assembler.js";
import {
  bytesPerFloat,
  countOn,
  countTo,
  lanes,
  least,
  loadWords,
  minus,
  panelRows,
  plus,
  tileOf,
  times,
} from "./matrix-tiles.js";
import { productTile } from "./product-tile.js";

/** Functions that pack one panel of either side. */
export interface PanelPacking {
  readonly left: number;
  readonly right: number;
}

/**
 * Words of a product's block of arguments, in this order: of either side the address and the bytes across and along the
 * sum; of C the address, bytes of a row, rows, columns; depth; is this the first part of the sum; memory of the threads,
 * bytes of it for each; a number that no other run of a product has; packed panels of A, where somebody has made them.
 */
const wordNames = [
  ...(["a", "aAcross", "aAlong", "b", "bAcross", "bAlong", "c", "rowBytes", "rows", "columns", "depth"] as const),
  ...(["isFirst", "memory", "memoryBytes", "run", "packed"] as const),
] as const;

/** A thread's memory: the number of the run whose matrix it holds, a panel, a tile at the edge, that matrix, packed. */
const panelOffset = 64;
const spareBytes = 256;

/**
 * productByColumns(block, begin, end): panels of columns `begin` to `end` of C (+)= A B. A is packed once by every thread,
 * or beforehand; a panel of B by the thread that multiplies by it, which has it in its nearest cache then.
 */
export function productByColumns(relaxed: boolean, packing: PanelPacking): FunctionWriter {
  const product = new ProductWriter("productByColumns", relaxed, packing);
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
      countTo(firstRow, get(rows), panelRows, product.packLeft(plus(get(whole), product.leftBytes(get(firstRow))))),
    ),
    wasm.end,
    join(get(1), set(y)),
    countOn(
      y,
      get(2),
      1,
      times(get(y), integer(product.tileColumns)),
      set(firstColumn),
      product.packRight(get(panel)),
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
  const product = new ProductWriter("productByRows", relaxed, packing);
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
        product.packRight(plus(get(whole), product.rightBytes(get(firstColumn)))),
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
          plus(get(whole), product.rightBytes(get(firstColumn))),
          set(right),
          product.tile(),
        ),
      ),
    ),
  );
  return fn;
}

class ProductWriter {
  readonly fn: FunctionWriter;
  readonly words: Readonly<Record<(typeof wordNames)[number], number>>;
  readonly place: Parameters<typeof productTile>[2];
  readonly own: number;
  readonly panel: number;
  readonly whole: number;
  readonly tileRows: number;
  readonly tileColumns: number;
  private readonly locals: readonly number[];

  constructor(
    name: string,
    private readonly relaxed: boolean,
    private readonly packing: PanelPacking,
  ) {
    const fn = new FunctionWriter(name, ["i32", "i32", "i32"]);
    this.fn = fn;
    this.locals = wordNames.map(() => fn.local("i32"));
    const entries = wordNames.map((word, i) => [word, this.locals[i]!] as const);
    this.words = Object.fromEntries(entries) as ProductWriter["words"];
    const tile = tileOf(relaxed);
    this.tileRows = tile.rows;
    this.tileColumns = lanes * tile.vectors;
    const local = (): number => fn.local("i32");
    [this.own, this.panel, this.whole] = [local(), local(), local()];
    const { c, rowBytes, rows, columns, depth, isFirst } = this.words;
    this.place = {
      ...{ left: local(), right: local(), firstRow: local(), firstColumn: local(), spare: local() },
      ...{ c, rowBytes, rows, columns, depth, isFirst },
    };
  }

  /** Reads the arguments; finds this thread's memory. */
  begin(): Bytes {
    const { memory, memoryBytes, depth } = this.words;
    return join(
      loadWords(this.locals),
      plus(get(memory), times(threadNumber, get(memoryBytes))),
      set(this.own),
      plus(get(this.own), integer(panelOffset)),
      set(this.panel),
      plus(get(this.panel), times(get(depth), integer(bytesPerFloat * this.tileColumns))),
      set(this.place.spare),
      plus(get(this.place.spare), integer(spareBytes)),
      set(this.whole),
    );
  }

  /** What a thread does only once in a run. */
  once(...body: readonly Bytes[]): Bytes {
    const { run } = this.words;
    return join(
      join(get(this.own), loadInteger(), get(run), wasm.i32NotEqual),
      wasm.if,
      ...body,
      join(get(this.own), get(run), storeInteger()),
      wasm.end,
    );
  }

  packLeft(destination: Bytes): Bytes {
    const { a, aAcross, aAlong, rows, depth } = this.words;
    const { firstRow } = this.place;
    return join(
      join(plus(get(a), times(get(firstRow), get(aAcross))), get(aAcross), get(aAlong)),
      join(least(minus(get(rows), get(firstRow)), integer(panelRows)), get(depth), destination),
      call(this.packing.left),
    );
  }

  packRight(destination: Bytes): Bytes {
    const { b, bAcross, bAlong, columns, depth } = this.words;
    const { firstColumn } = this.place;
    return join(
      join(plus(get(b), times(get(firstColumn), get(bAcross))), get(bAcross), get(bAlong)),
      join(least(minus(get(columns), get(firstColumn)), integer(this.tileColumns)), get(depth), destination),
      call(this.packing.right),
    );
  }

  /** Bytes of packed panels before a line of the left side that begins one. */
  leftBytes(line: Bytes): Bytes {
    return times(line, times(get(this.words.depth), integer(bytesPerFloat)));
  }

  rightBytes(line: Bytes): Bytes {
    return this.leftBytes(line);
  }

  /** Where the left side of the tile that begins at a line is, in packed panels that begin at `packed`. */
  tileIn(packed: Bytes, line: Bytes): Bytes {
    const panel = join(line, integer(-panelRows), wasm.i32And);
    const within = join(line, integer(panelRows - 1), wasm.i32And);
    return plus(plus(packed, this.leftBytes(panel)), times(within, integer(bytesPerFloat)));
  }

  tile(): Bytes {
    return productTile(this.fn, this.relaxed, this.place);
  }
}
