/** A module that multiplies and adds in one step: (func (result v128) three zeros, f64x2.relaxed_madd). */
const probe = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00,
  0x0a, 0x13, 0x01, 0x11, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x87,
  0x02, 0x0b,
]);

let isSupported: boolean | undefined;

/** Node 22 and newer, Chromium 114 and newer. */
export function relaxedSimdIsSupported(): boolean {
  isSupported ??= WebAssembly.validate(probe);
  return isSupported;
}

const nop = 0x01;
const localSet = 0x21;
/** Second byte of f64x2.sub. */
const subtraction = 0xf1;

/**
 * Makes multiply-adds of a module into one instruction each, in as many bytes: the product (and the local in which it
 * waits, where it is subtracted) becomes nothing, the sum f64x2.relaxed_madd or relaxed_nmadd, which take a, b and c from
 * the stack.
 *
 * @param places as `EncodedModule.fusions` has them
 */
export function fuseMultiplyAdds(bytes: Uint8Array, places: Uint8Array): void {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = places[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  for (let product = 0; at < places.length;) {
    product += next();
    const sum = product + next();
    const isSubtracted = bytes[sum + 1] === subtraction;
    let end = product + 3;
    if (isSubtracted) {
      if (bytes[end] !== localSet) throw new Error("kernel: no product waits here");
      do end++;
      while (bytes[end] >= 0x80);
      end++;
      bytes.fill(nop, sum - (end - product - 3), sum);
    }
    bytes.fill(nop, product, end);
    bytes.set([0xfd, isSubtracted ? 0x88 : 0x87, 0x02], sum);
  }
}
