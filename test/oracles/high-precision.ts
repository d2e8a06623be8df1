/** Elementary functions in whole-number arithmetic with 160 bits behind the point: nothing of float64 in them. */
const bits = 160n;
const one = 1n << bits;

/** A finite float64 as mantissa * 2^exponent, exactly. */
function exact(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent: Math.max(biased, 1) - 1075 };
}

function shift(value: bigint, by: number): bigint {
  return by >= 0 ? value << BigInt(by) : value >> BigInt(-by);
}

/** A number as whole / 2^160 * 2^power. */
export interface HighPrecision {
  readonly whole: bigint;
  readonly power: number;
}

/** sum over k of z^(2k + 1) / (2k + 1), for |z| < 1: half of log((1 + z) / (1 - z)). */
function inverseTangentSeries(z: bigint): bigint {
  const square = (z * z) >> bits;
  let [term, sum] = [z, z];
  for (let k = 3n; term !== 0n && term !== -1n; k += 2n) {
    term = (term * square) >> bits;
    sum += term / k;
  }
  return sum;
}

const logTwo = 2n * inverseTangentSeries(one / 3n);

/** exp x = 2^n exp r, and exp r by its series. */
export function exponentialOf(x: number): HighPrecision {
  const { mantissa, exponent } = exact(x);
  const whole = shift(mantissa, Number(bits) + exponent);
  const power = Math.round(x / Math.LN2);
  const remainder = whole - BigInt(power) * logTwo;
  let [term, sum] = [one, one];
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = ((term * remainder) >> bits) / k;
    sum += term;
  }
  return { whole: sum, power };
}

/** log(m 2^e) = e log 2 + log m, with m from 1/2 to 1. */
export function logarithmOf(x: number): HighPrecision {
  const { mantissa, exponent } = exact(x);
  const length = mantissa.toString(2).length;
  const m = shift(mantissa, Number(bits) - length);
  const z = ((m - one) << bits) / (m + one);
  return { whole: BigInt(exponent + length) * logTwo + 2n * inverseTangentSeries(z), power: 0 };
}

/** How far a float64 is from a number, in units of the float64's last place. */
export function ulpDistance(found: number, expected: HighPrecision): number {
  const { mantissa, exponent } = exact(found);
  // Both in units of the last place of `found`, with 40 bits behind the point.
  const places = 40;
  const target = shift(expected.whole, expected.power - Number(bits) - exponent + places);
  return Math.abs(Number((mantissa << BigInt(places)) - target)) / 2 ** places;
}
