/** Skipped by `printBytes`. */
const unused = '"$&<\\`';
/** Bytes that have two characters are announced by one of so many. */
const prefixes = 2;

/** The bytes that `printBytes` of the code generator wrote as text. */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  const places = new Map<number, number>();
  for (let code = 33; code < 127; code++) {
    if (!unused.includes(String.fromCharCode(code))) places.set(code, places.size);
  }
  const commonest = places.size - prefixes;
  const order = Uint8Array.from({ length: 256 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 512; i < text.length; i++) {
    const place = places.get(text.charCodeAt(i)) ?? 0;
    const index =
      place < commonest
        ? place
        : commonest + (place - commonest) * places.size + (places.get(text.charCodeAt(++i)) ?? 0);
    bytes[length++] = order[index];
  }
  return bytes.slice(0, length);
}
