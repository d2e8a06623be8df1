/** Characters that need no escape in a string literal and mean nothing in HTML or a template. */
const characters = [...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))].filter(
  (character) => !'"$&<\\`'.includes(character),
);
/** The last characters say that the next one is needed too. */
const prefixes = 2;
const commonest = characters.length - prefixes;

/**
 * Bytes as printable text: the commonest bytes are one character each, the others two. The text begins with which those
 * are, in hexadecimal. A sixth shorter than base64 for a WebAssembly module, and a quarter once compressed, because equal
 * stretches of bytes stay equal. `bytesOfText` of the run time is the other half.
 */
export function printBytes(bytes: Uint8Array): string {
  const counts = Array.from({ length: 256 }, () => 0);
  for (const byte of bytes) counts[byte]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
  const codes = Array.from({ length: 256 }, () => "");
  order.forEach((byte, i) => {
    const rest = i - commonest;
    codes[byte] =
      rest < 0
        ? characters[i]
        : characters[commonest + Math.floor(rest / characters.length)] + characters[rest % characters.length];
  });
  const listed = order.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let text = listed;
  for (const byte of bytes) text += codes[byte];
  return text;
}
