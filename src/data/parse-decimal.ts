/** Where the last number of `parseDecimal` ended: the first byte after it. */
let end = 0;

export function decimalEnd(): number {
  return end;
}

const ten = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** 2^27 + 1: splits a number into two halves whose products are exact. */
const SPLITTER = 134217729;
/** Above the relative error of the quotient and product below. */
const UNCERTAINTY = 2 ** -98;

/**
 * The decimal number that begins at a byte of ASCII text: to the last bit what `Number` makes of the same characters.
 *
 * Up to 15 digits are exact in one float64, and so is a power of ten up to 22: one operation, rounded once, is right. Up to
 * 30 digits are exact in two; their product or quotient has 98 bits, which settle the rounding unless they lie within
 * their error of the middle between two numbers.
 *
 * @returns NaN, with `decimalEnd()` at `from`, if no plain decimal number begins here, or if it takes `Number` to read it
 * @source Clinger 1990, "How to read floating point numbers accurately"; Dekker 1971, "A floating-point technique for
 *   extending the available precision"; Ziv 1991 for the test of the rounding
 */
export function parseDecimal(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let byte = at < to ? bytes[at] : 0;
  const isNegative = byte === 45;
  if (byte === 45 || byte === 43) byte = ++at < to ? bytes[at] : 0;
  const first = at;
  let high = 0;
  let low = 0;
  let digits = 0;
  let point = -1;
  end = from;
  for (; at < to; at++) {
    byte = bytes[at];
    const digit = byte - 48;
    if (digit >= 0 && digit <= 9) {
      if (digits < 15) high = high * 10 + digit;
      else low = low * 10 + digit;
      // Zeros in front do not count.
      if (digits > 0 || digit > 0) digits++;
    } else if (byte === 46 && point === -1) point = at;
    else break;
  }
  if (at - first - (point === -1 ? 0 : 1) === 0 || digits > 30) return NaN;
  let exponent = point === -1 ? 0 : point + 1 - at;
  if (at < to && (byte === 69 || byte === 101)) {
    at++;
    byte = at < to ? bytes[at] : 0;
    const isBelow = byte === 45;
    if (byte === 45 || byte === 43) at++;
    const begin = at;
    let power = 0;
    for (; at < to; at++) {
      const digit = bytes[at] - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      if (power < 10_000) power = power * 10 + digit;
    }
    if (at === begin) return NaN;
    exponent += isBelow ? -power : power;
  }
  const value = digits === 0 ? 0 : scaled(high, low, digits, exponent);
  if (value !== value) return NaN;
  end = at;
  return isNegative ? -value : value;
}

/** (high 10^n + low) 10^exponent, rounded once, where low has n = digits - 15 digits; NaN where that is not certain. */
function scaled(high: number, low: number, digits: number, exponent: number): number {
  if (exponent < -22 || exponent > 22) return NaN;
  if (digits <= 15) return exponent < 0 ? high / ten[-exponent] : high * ten[exponent];
  // The whole number as head + tail, without error.
  const factor = ten[digits - 15];
  const product = high * factor;
  const sum = product + low;
  const tail = productError(high, factor, product) + sumError(product, low, sum);
  const head = sum + tail;
  const rest = tail - (head - sum);
  if (exponent === 0 && rest === 0) return head;
  const power = ten[exponent < 0 ? -exponent : exponent];
  let main: number;
  let correction: number;
  if (exponent < 0) {
    main = head / power;
    const back = main * power;
    correction = (head - back - productError(main, power, back) + rest) / power;
  } else {
    main = head * power;
    correction = productError(head, power, main) + rest * power;
  }
  const value = main + correction;
  const left = correction - (value - main);
  const error = value * UNCERTAINTY;
  return value + (left + error) === value && value + (left - error) === value ? value : NaN;
}

/** a b - fl(a b), exactly. */
function productError(a: number, b: number, product: number): number {
  const aScaled = a * SPLITTER;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * SPLITTER;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** a + b - fl(a + b), exactly. */
function sumError(a: number, b: number, sum: number): number {
  const bVirtual = sum - a;
  return a - (sum - bVirtual) + (b - bVirtual);
}
