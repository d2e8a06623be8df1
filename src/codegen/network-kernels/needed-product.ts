import {
  branch,
  branchIf,
  type Bytes,
  extractFloat,
  FunctionWriter,
  get,
  integer,
  join,
  loadFloat,
  loadInteger,
  loadSingle,
  loadVector,
  set,
  shuffle,
  storeFloat,
  tee,
  vector,
  wasm,
} from "./assembler.js";
import { bytesPerFloat, countOn, lanes, least, loadWords, minus, plus, times } from "./matrix-tiles.js";
import { multiplyAdd } from "./vector-functions.js";

/** Numbers that are made at once, of one line. */
const together = 8;
/** Vectors of each that are multiplied before places are moved on. */
const unrolled = 8;

/** Shuffles that add up the lanes of four vectors. */
const firstHalves = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const secondHalves = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const evenPairs = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const oddPairs = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/**
 * neededProduct(block, begin, end): numbers of C += X Y^T where they are listed, for groups of four lines of Y; the others stay
 * as they are. Sums are made in parts of the depth, of which those of X lie in the nearest cache.
 *
 * Words of the block: lines of Y, and of X; depth and how much of it is made at once; Y, bytes across it; X, bytes across it; C, bytes of it
 * along lines of X and of Y; lists (`sparse-product.ts`), bytes from one to the next, their lengths.
 *
 * @param entryBytes of a list
 * @param unitBytes what entries of lists count lines of X in
 */
export function neededProduct(relaxed: boolean, entryBytes: number, unitBytes: number): FunctionWriter {
  const fn = new FunctionWriter("neededProduct", ["i32", "i32", "i32"]);
  const locals = (count: number): number[] => Array.from({ length: count }, () => fn.local("i32"));
  const words = locals(14) as [...Twelve, number, number];
  const [lines, , depth, part, y, yAcross, x, xAcross, c, cAcross, cLine, lists, listBytes, lengths] = words;
  const [from, depthHere, line, lastLine, at, end, last] = locals(7) as [...Six, number];
  const [to, q, k, target] = locals(4) as [number, number, number, number];
  const places = locals(together);
  const vectors = (count: number): number[] => Array.from({ length: count }, () => fn.local("v128"));
  const accumulators = vectors(together);
  const [factor] = vectors(1) as [number];
  const sums = vectors(together / lanes);
  const [a, b] = vectors(2) as [number, number];
  const entryShift = Math.log2(unitBytes);

  /** Entry i of the group, or the last. */
  const entry = (i: number): Bytes => least(plus(get(at), integer(i * entryBytes)), get(last));
  const lineOfX = (address: Bytes): Bytes =>
    join(address, loadInteger(), integer(entryShift), wasm.i32ShiftRightUnsigned);
  const step = (load: (offset: number) => Bytes, offset: number): Bytes =>
    join(
      join(get(q), load(offset), set(factor)),
      ...accumulators.map((accumulator, i) =>
        join(
          multiplyAdd(get(factor), join(get(places[i]!), load(offset)), get(accumulator), relaxed),
          set(accumulator),
          // Never taken, as places are multiples of four: they keep V8 from loading all vectors first, for which there are not
          // enough registers. Each condition is another, or only the first would stay.
          i % (together / 2) === together / 2 - 1
            ? join(
                get(places[((offset / 16) * 2 + (i < together / 2 ? 0 : 1)) % together]!),
                integer(1 + 4 * Math.floor(offset / 64)),
                wasm.i32Equal,
                branchIf(1),
              )
            : [],
        ),
      ),
    );
  const moveOn = (bytes: number): Bytes =>
    join(...[q, ...places].map((place) => join(plus(get(place), integer(bytes)), set(place))));
  const upTo = (multiple: number, body: Bytes, moved: number): Bytes =>
    countOn(k, join(get(depthHere), integer(-multiple), wasm.i32And), multiple, body, moveOn(moved));
  const multiply = join(
    join(integer(0), set(k)),
    upTo(
      lanes * unrolled,
      join(...Array.from({ length: unrolled }, (_, v) => step(loadVector, 16 * v))),
      16 * unrolled,
    ),
    upTo(lanes, step(loadVector, 0), 16),
    upTo(1, step(loadSingle, 0), bytesPerFloat),
  );
  const addUp = join(
    ...sums.map((sum, group) => {
      const [first, second, third, fourth] = accumulators.slice(lanes * group) as [number, number, number, number];
      const pairs = (one: number, other: number): Bytes =>
        join(
          join(get(one), get(other), shuffle(firstHalves)),
          join(get(one), get(other), shuffle(secondHalves), wasm.add),
        );
      return join(
        join(pairs(first, second), set(a), pairs(third, fourth), set(b)),
        join(get(a), get(b), shuffle(evenPairs), get(a), get(b), shuffle(oddPairs), wasm.add, set(sum)),
      );
    }),
  );
  const put = join(
    ...accumulators.map((_, i) => {
      const address = plus(get(at), integer(i * entryBytes));
      return join(
        join(address, get(end), wasm.i32LessSigned, wasm.if),
        plus(get(to), times(lineOfX(address), get(cAcross))),
        join(tee(target), get(target), loadFloat()),
        join(get(sums[Math.floor(i / lanes)]!), extractFloat(i % lanes), wasm.f32Add, storeFloat(), wasm.end),
      );
    }),
  );
  fn.add(
    loadWords(words),
    join(least(get(lines), times(get(2), integer(lanes))), set(lastLine)),
    join(integer(0), set(from), wasm.block, wasm.loop, get(from), get(depth), wasm.i32GreaterEqualSigned, branchIf(1)),
    join(least(get(part), minus(get(depth), get(from))), set(depthHere)),
    join(times(get(1), integer(lanes)), set(line)),
    countOn(
      line,
      get(lastLine),
      1,
      join(plus(get(lists), times(get(line), get(listBytes))), tee(at), set(end)),
      join(plus(get(lengths), times(get(line), integer(bytesPerFloat))), loadInteger()),
      join(get(end), wasm.i32Add, tee(end), integer(entryBytes), wasm.i32Subtract, set(last)),
      join(plus(get(c), times(get(line), get(cLine))), set(to)),
      countOn(
        at,
        get(end),
        together * entryBytes,
        plus(plus(get(y), times(get(line), get(yAcross))), times(get(from), integer(bytesPerFloat))),
        set(q),
        ...places.map((place, i) =>
          join(
            plus(plus(get(x), times(lineOfX(entry(i)), get(xAcross))), times(get(from), integer(bytesPerFloat))),
            set(place),
          ),
        ),
        ...accumulators.map((accumulator) => join(vector(0), set(accumulator))),
        multiply,
        addUp,
        put,
      ),
    ),
    join(plus(get(from), get(depthHere)), set(from)),
    join(branch(0), wasm.end, wasm.end),
  );
  return fn;
}

type Six = [number, number, number, number, number, number];
type Twelve = [...Six, ...Six];
