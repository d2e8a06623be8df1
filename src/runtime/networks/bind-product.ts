import type { NetworkCall, Operand } from "./network-description.js";
import { type Binding, bytesPerFloat, type CallMemory, type Step, task } from "./binding.js";

type Product = Extract<NetworkCall, { kind: "product" }>;

/** A sum deeper than this is made in parts, so that a panel of either side stays in the nearest caches. */
const mostDepth = 1024;
/** Lines of a packed panel of the left side. */
const panelRows = 4;
/** A thread's own words, and a tile. */
const ownBytes = 320;
/** With so many rows for each thread packing the right side in each of them takes little of the time. */
const rowsPerThread = 128;
/** With at most so many columns, and so many rows for each thread. */
const mostNarrow = 32;
const leastRows = 16;
/** The same of columns and the left side. */
const columnsPerThread = 64;
/** What one thread multiplies, roughly. */
const productsPerNanosecond = 20;

/** Columns of a panel that lists are multiplied by, and lines that are listed at once. */
const sparseColumns = 32;
const listedLines = 4;
/** A thread's own words, and four rows of a panel. */
const sparseOwnBytes = 64 + 4 * bytesPerFloat * sparseColumns;
const entryBytes = 8;
const mostListed = 256;
/** Entries of bits: so many rows of the other side are summed, of so many in a table. */
const bitsOfEntry = 4;
const bitEntryBytes = 4;
const bitDepth = 64;
const panelBytes = bytesPerFloat * sparseColumns;
/** A packed side that every thread has whole, in a cache of its own. */
const mostPacked = 1 << 20;
const linesParts = 4;
/** With more numbers that are needed than this part of all, all are made. */
const mostNeeded = 0.65;
/** Shorter sums than this cost more to begin and to end. */
const leastDepth = 64;
/** Numbers of one side that stay in the cache of a thread. */
const nearest = 200_000;
/** Entries that are looked at before data are listed. */
const samples = 256;
/** Fewer products than this are not worth listing, nor is what is multiplied by fewer lines of the other side. */
const leastSparse = 400_000;
const leastAcross = 48;
/** With more entries that are not 0 than this part of all, lists are slower. */
const mostDense = 0.6;

/** One side of a product: strides in bytes across its lines and along the sum. */
interface Side {
  readonly address: number;
  readonly across: number;
  readonly along: number;
}

interface Term {
  readonly left: Side;
  readonly right: Side;
  readonly depth: number;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Address of C, and bytes of a row. */
  readonly c: number;
  readonly rowBytes: number;
  readonly isFirst: boolean;
}

/** Products as steps: dense ones, or by lists of what is not 0 where that is known when the operand is. */
export function bindProduct(call: Product, binding: Binding, memory: CallMemory): readonly Step[] {
  const { addresses, strides, sizes } = binding;
  const count = (axes: readonly number[]): number => axes.reduce((product, axis) => product * sizes[axis], 1);
  const [rows, columns, summed] = [count(call.rows), count(call.columns), count(call.summed)];
  const step = (operand: Operand, group: readonly number[]): number => {
    const last = group.at(-1);
    const position = last === undefined ? -1 : operand.axes.indexOf(last);
    return position < 0 ? bytesPerFloat : bytesPerFloat * strides[operand.buffer][position];
  };
  const side = (operand: Operand, own: readonly number[]): Side => ({
    address: addresses[operand.buffer],
    across: step(operand, own),
    along: step(operand, call.summed),
  });
  const [left, right] = [side(call.left, call.rows), side(call.right, call.columns)];
  const parts = Math.max(1, Math.ceil(summed / mostDepth));
  const block = Math.ceil(summed / parts);
  const c = addresses[call.result];
  const whole = { rows, columns, depth: summed, c, rowBytes: bytesPerFloat * columns, isFirst: true };
  const mask = call.needed;
  if (mask !== undefined && call.rows.length === 1 && call.columns.length === 1) {
    const along = { address: addresses[mask.buffer], across: step(mask, call.columns), along: step(mask, call.rows) };
    const needed = neededSteps(whole, { left, right, depth: summed }, along, memory);
    const otherwise = needed === undefined ? [] : bindProduct(without(call), binding, memory);
    if (needed !== undefined) return [{ ...needed, above: otherwise }];
  }
  return Array.from({ length: parts }, (_, part) => part * block).flatMap((begin, part): readonly Step[] => {
    const depth = Math.min(block, summed - begin);
    const from = (one: Side): Side => ({ ...one, address: one.address + begin * one.along });
    const terms = [{ left: from(left), right: from(right), depth }];
    const shape = { rows, columns, depth, c, rowBytes: bytesPerFloat * columns, isFirst: part === 0 };
    const dense = denseSteps(shape, terms, memory);
    const isLarge = rows * columns * depth >= leastSparse;
    if (!isLarge) return dense;
    const isData = (operand: Operand): boolean => binding.fn.buffers[operand.buffer].kind === "data";
    let steps = dense;
    if (call.right.isOftenZero === true && columns >= listedLines && rows >= leastAcross) {
      const turned = terms.map((term) => ({ left: term.right, right: term.left, depth: term.depth }));
      const turnedShape = { ...shape, rows: columns, columns: rows };
      steps = [sparseSteps(turnedShape, turned, { isTurned: true, isData: isData(call.right) }, dense, memory)];
    }
    if (call.left.isOftenZero !== true || rows < listedLines || columns < leastAcross) return steps;
    const ofData = isData(call.left);
    const lists = sparseSteps(shape, terms, { isTurned: false, isData: ofData }, ofData ? steps : dense, memory);
    return ofData ? [bitSteps(shape, terms, [lists], memory)] : [lists];
  });
}

const padded = (lines: number, width: number): number => Math.ceil(lines / width) * width;

/** The block of a product's arguments; see `product-writer.ts` among the kernels. */
function writeBlock(
  { rows, columns, depth, c, rowBytes, isFirst }: Shape,
  terms: readonly Term[],
  own: { readonly address: number; readonly bytes: number },
  more: { readonly packed?: number; readonly lists?: readonly [number, number, number, number, number] },
  memory: CallMemory,
): number {
  return memory.writeBlock([
    ...[rows, columns, depth, c, rowBytes, isFirst ? 1 : 0, own.address, own.bytes, 0, more.packed ?? 0],
    ...(more.lists ?? [0, 0, 0, 0, 1]),
    terms.length,
    ...terms.flatMap((term) => [
      ...[term.left.address, term.left.across, term.left.along],
      ...[term.right.address, term.right.across, term.right.along, term.depth],
    ]),
  ]);
}

/** Place of the number of the run among those words. */
const runWord = 8;

function denseSteps(shape: Shape, terms: readonly Term[], memory: CallMemory): readonly Step[] {
  const { rows, columns, depth } = shape;
  const { tile, threads } = memory;
  const panels = Math.ceil(rows / panelRows);
  // Of few columns the right side is soon packed.
  const isByRows = rows >= rowsPerThread * threads || (columns <= mostNarrow && rows >= leastRows * threads);
  const isPackedBefore = !isByRows && threads > 1 && columns < columnsPerThread * threads;
  const packed = isPackedBefore ? memory.leftPanels(panels * panelRows * depth * bytesPerFloat) : 0;
  // What every thread packs: one side whole, and a panel of the other.
  const whole = isByRows ? padded(columns, tile.columns) : isPackedBefore ? 0 : panels * panelRows;
  const own = memory.ofThreads(ownBytes + (whole + tile.columns) * depth * bytesPerFloat);
  const block = writeBlock(shape, terms, own, { packed }, memory);
  const run = { kind: "stamp", address: block + bytesPerFloat * runWord } as const;
  const perLine = depth / productsPerNanosecond;
  if (isByRows) return [run, task("productByRows", block, panels, 1, panelRows * columns * perLine)];
  const tiles = Math.ceil(columns / tile.columns);
  const multiply = task("productByColumns", block, tiles, 1, tile.columns * rows * perLine);
  return isPackedBefore ? [run, task("pack", block, panels, 1, depth), multiply] : [run, multiply];
}

/** Products of fewer rows of the right side, of which a panel lies in the nearest cache. */
function inParts({ left, right, depth }: Term, mostDeep = mostListed): readonly Term[] {
  const count = Math.ceil(depth / mostDeep);
  const most = padded(Math.ceil(depth / count), panelRows);
  return Array.from({ length: count }, (_, part) => {
    const begin = part * most;
    const from = (side: Side): Side => ({ ...side, address: side.address + begin * side.along });
    return { left: from(left), right: from(right), depth: Math.min(most, depth - begin) };
  });
}

function sparseSteps(
  shape: Shape,
  terms: readonly Term[],
  { isTurned, isData }: { readonly isTurned: boolean; readonly isData: boolean },
  otherwise: readonly Step[],
  memory: CallMemory,
): Step {
  const { rows, columns, depth } = shape;
  const lines = padded(rows, listedLines);
  const shallow = isTurned ? terms : terms.flatMap((term) => inParts(term));
  const ends = lines * bytesPerFloat * shallow.length;
  const lengths = memory.lists(ends + lines * depth * entryBytes);
  const deepest = Math.max(...shallow.map((term) => term.depth));
  const panels = Math.ceil(columns / sparseColumns);
  const bytesOfPanels = panels * sparseColumns * depth * bytesPerFloat;
  // Where the result is larger than what it is made of, threads share its rows.
  const isByLines = !isTurned && rows >= depth && bytesOfPanels <= mostPacked;
  const own = memory.ofThreads(sparseOwnBytes + (isByLines ? bytesOfPanels : sparseColumns * deepest * bytesPerFloat));
  // A thread packs a panel once for parts that follow each other, if it is packed at once: halves share work better.
  const wanted = Math.max(shallow.length === 1 ? 2 : 1, Math.ceil((4 * memory.threads) / panels));
  const rowParts = Math.min(lines / listedLines, wanted);
  const lists = [lengths + ends, depth * entryBytes, lengths, isTurned ? 1 : 0, rowParts] as const;
  const block = writeBlock(shape, shallow, own, { lists }, memory);
  const cost = (sparseColumns * rows * depth) / productsPerNanosecond / 2 / rowParts;
  const costOfLines = (listedLines * columns * depth) / productsPerNanosecond / 2;
  const multiply = isByLines
    ? task("linesOfLists", block, lines / listedLines, 1, costOfLines, linesParts)
    : task("productOfLists", block, panels * rowParts, 1, cost);
  return {
    kind: "choice",
    entries: "numbers",
    first: task("list", block, lines / listedLines, 1, listedLines * depth).task,
    lengths: { address: lengths + ends - lines * bytesPerFloat, count: rows },
    most: mostDense * rows * depth * entryBytes,
    below: [{ kind: "stamp", address: block + bytesPerFloat * runWord }, multiply],
    above: otherwise,
    ...(isData ? { sample: samplePlaces(shape, terms) } : {}),
  };
}

function without({ needed: _, ...call }: Product): Product {
  return call;
}

/**
 * A product of which many numbers are not needed: of each line of its longer side those that are, as sums of products along
 * both; undefined where these do not lie side by side.
 *
 * @param mask across lines of the right side, along those of the left one
 */
function neededSteps(
  { rows, columns, c, rowBytes }: Shape,
  { left, right, depth }: Term,
  mask: Side,
  memory: CallMemory,
): Omit<Extract<Step, { kind: "choice" }>, "above"> | undefined {
  const isSideBySide = [left, right].every(({ along }) => along === bytesPerFloat);
  if (!isSideBySide || rows * columns * depth < leastSparse || depth < leastDepth) return undefined;
  const isByColumns = columns >= rows;
  const [lines, others] = isByColumns ? [columns, rows] : [rows, columns];
  const [y, x] = isByColumns ? [right, left] : [left, right];
  const [cAcross, cLine] = isByColumns ? [rowBytes, bytesPerFloat] : [bytesPerFloat, rowBytes];
  const side = isByColumns ? mask : { address: mask.address, across: mask.along, along: mask.across };
  const groups = padded(lines, listedLines);
  const ends = groups * bytesPerFloat;
  const listBytes = others * entryBytes;
  const lengths = memory.lists(ends + groups * listBytes);
  const shape = { rows: lines, columns: others, depth: others, c, rowBytes, isFirst: true };
  const lists = writeBlock(
    shape,
    [{ left: side, right: side, depth: others }],
    { address: 0, bytes: 0 },
    { lists: [lengths + ends, listBytes, lengths, 0, 1] },
    memory,
  );
  const part = Math.max(leastDepth, Math.floor(nearest / others / panelRows ** 2) * panelRows ** 2);
  const block = memory.writeBlock([
    ...[lines, others, depth, part, y.address, y.across, x.address, x.across],
    ...[c, cAcross, cLine, lengths + ends, listBytes, lengths],
  ]);
  const [begin, end] = [c / bytesPerFloat, c / bytesPerFloat + rows * columns];
  const cost = (listedLines * others * depth) / productsPerNanosecond / 2;
  return {
    kind: "choice",
    entries: "numbers",
    first: task("list", lists, groups / listedLines, 1, listedLines * others).task,
    lengths: { address: lengths, count: lines },
    most: mostNeeded * lines * others * entryBytes,
    below: [
      { kind: "fill", begin, end, value: 0 },
      task("neededProduct", block, groups / listedLines, 1, cost, linesParts),
    ],
  };
}

/** Data that are 0 or 1, and not often 0: sums of four rows of the other side are made once, and picked. */
function bitSteps(shape: Shape, terms: readonly Term[], otherwise: readonly Step[], memory: CallMemory): Step {
  const { rows, columns, depth } = shape;
  const lines = padded(rows, listedLines);
  const shallow = terms.flatMap((term) => inParts(term, bitDepth));
  const ends = lines * bytesPerFloat * shallow.length;
  const listBytes = shallow.reduce((sum, term) => sum + Math.ceil(term.depth / bitsOfEntry), 0) * bitEntryBytes;
  const lengths = memory.lists(ends + lines * listBytes);
  const own = memory.ofThreads(sparseOwnBytes + (bitDepth + (bitDepth / bitsOfEntry) * 2 ** bitsOfEntry) * panelBytes);
  const panels = Math.ceil(columns / sparseColumns);
  const isByLines = rows >= depth;
  const rowParts = Math.min(lines / listedLines, Math.ceil((3 * memory.threads) / panels));
  const lists = [lengths + ends, listBytes, lengths, 0, rowParts] as const;
  const block = writeBlock(shape, shallow, own, { lists }, memory);
  const costOfLine = (columns * depth) / productsPerNanosecond / bitsOfEntry;
  const multiply = isByLines
    ? task("linesOfBits", block, lines / listedLines, 1, listedLines * costOfLine, linesParts)
    : task("productOfBits", block, panels * rowParts, 1, (costOfLine * rows) / panels / rowParts);
  return {
    kind: "choice",
    entries: "bits",
    first: task("bitList", block, lines / listedLines, 1, listedLines * depth).task,
    lengths: { address: lengths + ends - lines * bytesPerFloat, count: rows },
    most: Infinity,
    below: [{ kind: "stamp", address: block + bytesPerFloat * runWord }, multiply],
    above: otherwise,
    sample: samplePlaces(shape, terms),
  };
}

/** Places, in numbers, of entries that lie about a matrix. */
function samplePlaces({ rows }: Shape, [{ left, depth }]: readonly Term[]): readonly number[] {
  return Array.from({ length: samples }, (_, i) => {
    const [line, k] = [(i * 7919) % rows, (i * 104_729) % depth];
    return (left.address + line * left.across + k * left.along) / bytesPerFloat;
  });
}
