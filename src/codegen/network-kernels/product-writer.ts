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
import { bytesPerFloat, least, loadWords, minus, panelRows, plus, times, whileBelow } from "./matrix-tiles.js";

/** Functions that pack one panel of either side. */
export interface PanelPacking {
  readonly left: number;
  readonly right: number;
}

/**
 * Words of a product's block of arguments, in this order: rows, columns and depth of the sum; address of C and bytes of a
 * row of it; is this the first part of the sum, or is it added; memory of the threads, bytes of it for each; a number that
 * no other run of a product has; packed panels of A, where somebody has made them; the lists of A (`sparse-product.ts`),
 * bytes from one to the next, their lengths; is C stored column by column; parts that its rows are shared in; how many
 * terms there are. C is the sum of products A B, whose depths follow each other; each has seven words more.
 */
const wordNames = [
  ...(["rows", "columns", "depth", "c", "rowBytes", "isFirst", "memory", "memoryBytes", "run", "packed"] as const),
  ...(["lists", "listBytes", "lengths", "isTurned", "rowParts", "terms"] as const),
] as const;

/** Of either side the address and the bytes across and along the sum; depth. */
const termNames = ["a", "aAcross", "aAlong", "b", "bAcross", "bAlong", "termDepth"] as const;

const termBytes = 4 * termNames.length;

/** What the kernels of a product have in common: arguments, and the memory of each thread. */
export class ProductWriter {
  readonly fn: FunctionWriter;
  readonly words: Readonly<Record<(typeof wordNames)[number], number>>;
  readonly term: Readonly<Record<(typeof termNames)[number], number>>;
  /** This thread's memory. */
  readonly own: number;
  readonly firstRow: number;
  readonly firstColumn: number;
  private readonly locals: readonly number[];
  private readonly termLocals: readonly number[];
  private readonly termAt: number;
  private readonly to: number;

  constructor(
    name: string,
    private readonly packing: PanelPacking,
  ) {
    const fn = new FunctionWriter(name, ["i32", "i32", "i32"]);
    this.fn = fn;
    this.locals = wordNames.map(() => fn.local("i32"));
    this.termLocals = termNames.map(() => fn.local("i32"));
    const entries = wordNames.map((word, i) => [word, this.locals[i]!] as const);
    this.words = Object.fromEntries(entries) as ProductWriter["words"];
    const parts = termNames.map((word, i) => [word, this.termLocals[i]!] as const);
    this.term = Object.fromEntries(parts) as ProductWriter["term"];
    const local = (): number => fn.local("i32");
    [this.own, this.firstRow, this.firstColumn, this.termAt, this.to] = [local(), local(), local(), local(), local()];
  }

  /** Reads the arguments; finds this thread's memory. */
  begin(): Bytes {
    const { memory, memoryBytes } = this.words;
    return join(loadWords(this.locals), plus(get(memory), times(threadNumber, get(memoryBytes))), set(this.own));
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

  /** Something for each product of the sum, whose words are locals then. */
  eachTerm(...body: readonly Bytes[]): Bytes {
    const end = join(plus(get(0), integer(4 * wordNames.length)), times(get(this.words.terms), integer(termBytes)));
    return join(
      plus(get(0), integer(4 * wordNames.length)),
      set(this.termAt),
      whileBelow(
        this.termAt,
        join(end, wasm.i32Add),
        ...this.termLocals.map((local, i) => join(get(this.termAt), loadInteger(4 * i), set(local))),
        ...body,
        plus(get(this.termAt), integer(termBytes)),
        set(this.termAt),
      ),
    );
  }

  /** A panel of A, which begins at `firstRow`. */
  packLeft(destination: Bytes): Bytes {
    const { a, aAcross, aAlong } = this.term;
    const lines = least(minus(get(this.words.rows), get(this.firstRow)), integer(panelRows));
    return this.pack(a, aAcross, aAlong, this.firstRow, lines, panelRows, this.packing.left, destination);
  }

  /** A panel of so many columns of B, which begins at `firstColumn`. */
  packRight(width: number, destination: Bytes): Bytes {
    const { b, bAcross, bAlong } = this.term;
    const lines = this.columnsLeft(width);
    return this.pack(b, bAcross, bAlong, this.firstColumn, lines, width, this.packing.right, destination);
  }

  /** Such a panel of the present product alone. */
  packTerm(width: number, destination: Bytes): Bytes {
    const { b, bAcross, bAlong, termDepth } = this.term;
    return join(
      join(plus(get(b), times(get(this.firstColumn), get(bAcross))), get(bAcross), get(bAlong)),
      join(this.columnsLeft(width), get(termDepth), destination, call(this.packing.right)),
    );
  }

  private columnsLeft(width: number): Bytes {
    return least(minus(get(this.words.columns), get(this.firstColumn)), integer(width));
  }

  private pack(
    address: number,
    across: number,
    along: number,
    first: number,
    lines: Bytes,
    width: number,
    packing: number,
    destination: Bytes,
  ): Bytes {
    const depth = get(this.term.termDepth);
    return join(
      join(destination, set(this.to)),
      this.eachTerm(
        join(plus(get(address), times(get(first), get(across))), get(across), get(along)),
        join(lines, depth, get(this.to), call(packing)),
        join(get(this.to), times(depth, integer(bytesPerFloat * width)), wasm.i32Add, set(this.to)),
      ),
    );
  }
}
