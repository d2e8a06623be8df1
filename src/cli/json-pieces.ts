/** Numbers of a piece of text: some hundred kilobytes. */
const NUMBERS_OF_PIECE = 16_384;

/**
 * A JSON document on a line of its own, as pieces of text one after the other: never all of it at once. Typed arrays are arrays of numbers, of
 * which those that are not finite are `null`.
 */
export function* jsonPieces(document: object): Generator<string, void, undefined> {
  yield* piecesOf(document);
  yield "\n";
}

function* piecesOf(value: unknown): Generator<string, void, undefined> {
  if (value instanceof Float64Array || value instanceof Int32Array) {
    yield* numberPieces(value);
    return;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    yield JSON.stringify(value) ?? "null";
    return;
  }
  yield "{";
  let isFirst = true;
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${isFirst ? "" : ","}${JSON.stringify(name)}:`;
    yield* piecesOf(member);
    isFirst = false;
  }
  yield "}";
}

function* numberPieces(numbers: Float64Array | Int32Array): Generator<string, void, undefined> {
  yield "[";
  for (let first = 0; first < numbers.length; first += NUMBERS_OF_PIECE) {
    const end = Math.min(numbers.length, first + NUMBERS_OF_PIECE);
    let piece = "";
    for (let i = first; i < end; i++)
      piece += `${i === 0 ? "" : ","}${Number.isFinite(numbers[i]) ? numbers[i] : "null"}`;
    yield piece;
  }
  yield "]";
}
