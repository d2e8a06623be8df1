/**
 * An interval of reals with open or closed ends: what is known of the values of an expression.
 *
 * Infinite ends count as open. `integer` says that every value is a whole number.
 */
export interface Interval {
  readonly least: number;
  readonly most: number;
  readonly leastOpen: boolean;
  readonly mostOpen: boolean;
  readonly integer: boolean;
}

export const reals = interval("(", -Infinity, Infinity, ")");
export const positives = interval("(", 0, Infinity, ")");
export const nonNegatives = interval("[", 0, Infinity, ")");
export const openUnit = interval("(", 0, 1, ")");
export const closedUnit = interval("[", 0, 1, "]");

export function interval(left: "(" | "[", least: number, most: number, right: ")" | "]", integer = false): Interval {
  return { least, most, leastOpen: left === "(", mostOpen: right === ")", integer };
}

export function point(value: number): Interval {
  return interval("[", value, value, "]", Number.isInteger(value));
}

export function isPositive(a: Interval): boolean {
  return a.least > 0 || (a.least === 0 && a.leastOpen);
}

export function isNonNegative(a: Interval): boolean {
  return a.least >= 0;
}

export function isWithinClosedUnit(a: Interval): boolean {
  return a.least >= 0 && a.most <= 1;
}

export function isZero(a: Interval): boolean {
  return a.least === 0 && a.most === 0;
}

export function add(a: Interval, b: Interval): Interval {
  return {
    least: a.least + b.least,
    most: a.most + b.most,
    leastOpen: a.leastOpen || b.leastOpen,
    mostOpen: a.mostOpen || b.mostOpen,
    integer: a.integer && b.integer,
  };
}

export function negate(a: Interval): Interval {
  return { least: -a.most, most: -a.least, leastOpen: a.mostOpen, mostOpen: a.leastOpen, integer: a.integer };
}

interface End {
  readonly value: number;
  readonly open: boolean;
}

function ends(a: Interval): readonly [End, End] {
  return [
    { value: a.least, open: a.leastOpen },
    { value: a.most, open: a.mostOpen },
  ];
}

/** The product of two ends; an attained zero annihilates even an open or infinite end. */
function endProduct(a: End, b: End): End {
  const attainedZero = (a.value === 0 && !a.open) || (b.value === 0 && !b.open);
  const value = a.value === 0 || b.value === 0 ? 0 : a.value * b.value;
  return { value, open: !attainedZero && (a.open || b.open) };
}

/** The hull of ends; where two coincide the closed one wins. */
function hull(candidates: readonly End[], integer: boolean): Interval {
  let least = candidates[0];
  let most = candidates[0];
  for (const end of candidates) {
    if (end.value < least.value || (end.value === least.value && !end.open)) least = end;
    if (end.value > most.value || (end.value === most.value && !end.open)) most = end;
  }
  return { least: least.value, most: most.value, leastOpen: least.open, mostOpen: most.open, integer };
}

export function multiply(a: Interval, b: Interval): Interval {
  const products = ends(a).flatMap((x) => ends(b).map((y) => endProduct(x, y)));
  return hull(products, a.integer && b.integer);
}

/** 1/a where `a` has one sign; all reals where it spans zero. */
export function reciprocal(a: Interval): Interval {
  const inverse = (end: End, sign: number): End =>
    end.value === 0 ? { value: sign * Infinity, open: true } : { value: 1 / end.value, open: end.open };
  if (a.least < 0 && a.most > 0) return reals;
  const sign = a.least >= 0 ? 1 : -1;
  const [least, most] = ends(a);
  return hull([inverse(most, sign), inverse(least, sign)], false);
}

export function divide(a: Interval, b: Interval): Interval {
  return multiply(a, reciprocal(b));
}

/** The image under an increasing function. */
export function increasing(a: Interval, f: (x: number) => number, integer = false): Interval {
  const least = f(a.least);
  const most = f(a.most);
  return {
    least: Number.isNaN(least) ? -Infinity : least,
    most: Number.isNaN(most) ? Infinity : most,
    leastOpen: a.leastOpen,
    mostOpen: a.mostOpen,
    integer,
  };
}

/** |a|; a value of exactly zero is counted as not happening where the interval is continuous about it. */
export function absolute(a: Interval): Interval {
  if (a.least >= 0) return a;
  if (a.most <= 0) return negate(a);
  const most = Math.max(-a.least, a.most);
  return { least: 0, most, leastOpen: !a.integer, mostOpen: most === Infinity, integer: a.integer };
}

export function power(base: Interval, exponent: Interval): Interval {
  const constant = exponent.least === exponent.most ? exponent.least : undefined;
  if (constant === 0) return point(1);
  if (constant !== undefined && Number.isInteger(constant)) {
    const magnitude = absolute(base);
    const size = Math.abs(constant);
    const image =
      size % 2 === 0
        ? increasing(magnitude, (x) => x ** size, base.integer)
        : increasing(base, (x) => x ** size, base.integer);
    return constant > 0 ? image : reciprocal(image);
  }
  if (!isNonNegative(base)) return reals;
  if (base.most <= 1 && isNonNegative(exponent)) return isPositive(base) ? openLeftUnit : closedUnit;
  return isPositive(base) ? positives : nonNegatives;
}

const openLeftUnit = interval("(", 0, 1, "]");

/** A sum of one or more values of the interval. */
export function sumOf(a: Interval): Interval {
  return {
    least: a.least >= 0 ? a.least : -Infinity,
    most: a.most <= 0 ? a.most : Infinity,
    leastOpen: a.least >= 0 ? a.leastOpen : true,
    mostOpen: a.most <= 0 ? a.mostOpen : true,
    integer: a.integer,
  };
}

export function union(intervals: readonly Interval[]): Interval {
  return hull(
    intervals.flatMap(ends),
    intervals.every((each) => each.integer),
  );
}
