/** The bytes that `encodeDelta` described as pieces of `from` with new bytes between them. */
export function applyDelta(from: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let at = 0;
  const unsigned = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  let end = 0;
  while (at < delta.length) {
    for (let count = unsigned(); count > 0; count--) bytes.push(delta[at++]);
    const length = unsigned();
    const zigzag = unsigned();
    const begin = end + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    end = begin + length;
    for (let i = begin; i < end; i++) bytes.push(from[i]);
  }
  return Uint8Array.from(bytes);
}
