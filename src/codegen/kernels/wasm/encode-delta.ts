import { ByteWriter } from "./byte-writer.js";

/** A shorter match costs more to describe than to write out. */
const shortest = 4;
/** How far from where the last match ended the next one is looked for. */
const reach = 300;

/**
 * What turns one text of bytes into another that is much like it: pieces, each the count of new bytes, those bytes, the
 * length of a stretch of the old text and how far it begins from the end of the last such stretch (zigzag). All numbers
 * are LEB128. `applyDelta` of the run time is the other half.
 */
export function encodeDelta(from: Uint8Array, to: Uint8Array): Uint8Array {
  const places = placesOf(from);
  const writer = new ByteWriter();
  let expected = 0;
  let unwritten = 0;
  for (let i = 0; i < to.length;) {
    const { length, at } = longestMatch(from, to, i, expected, places);
    if (length === 0) {
      i++;
      continue;
    }
    writer.sized(to.subarray(unwritten, i));
    writer.unsigned(length);
    const distance = at - expected;
    writer.unsigned(distance < 0 ? -2 * distance - 1 : 2 * distance);
    expected = at + length;
    i += length;
    unwritten = i;
  }
  writer.sized(to.subarray(unwritten));
  writer.unsigned(0);
  writer.unsigned(0);
  return writer.result();
}

interface Match {
  readonly length: number;
  readonly at: number;
}

function longestMatch(
  from: Uint8Array,
  to: Uint8Array,
  i: number,
  expected: number,
  places: ReadonlyMap<number, readonly number[]>,
): Match {
  let best: Match = { length: 0, at: expected };
  if (i + shortest > to.length) return best;
  const candidates = places.get(keyAt(to, i)) ?? [];
  for (let k = firstAtLeast(candidates, expected - reach); k < candidates.length; k++) {
    const at = candidates[k];
    if (at > expected + reach) break;
    let length = shortest;
    while (i + length < to.length && at + length < from.length && from[at + length] === to[i + length]) length++;
    if (length > best.length) best = { length, at };
  }
  return best;
}

/** Where each sequence of the shortest length begins, in ascending order. */
function placesOf(bytes: Uint8Array): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  for (let i = 0; i + shortest <= bytes.length; i++) {
    const key = keyAt(bytes, i);
    const known = places.get(key);
    if (known === undefined) places.set(key, [i]);
    else known.push(i);
  }
  return places;
}

/** The four bytes from a place on as one number. */
function keyAt(bytes: Uint8Array, i: number): number {
  return bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
}

function firstAtLeast(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
