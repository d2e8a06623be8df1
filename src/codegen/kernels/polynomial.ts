/**
 * Whole numbers known only at run time, as polynomials over names (sizes, loop variables, addresses): places in arrays
 * are compared, stepped and bounded symbolically.
 *
 * Key of a monomial: its names, sorted and joined by `*`; the constant has the empty key. No coefficient is 0.
 */
export type Polynomial = ReadonlyMap<string, number>;

export function constant(value: number): Polynomial {
  return value === 0 ? new Map() : new Map([["", value]]);
}

export function named(name: string): Polynomial {
  return new Map([[name, 1]]);
}

export const zero: Polynomial = new Map();

export function add(left: Polynomial, right: Polynomial): Polynomial {
  const sum = new Map(left);
  for (const [monomial, coefficient] of right) addTerm(sum, monomial, coefficient);
  return sum;
}

export function subtract(left: Polynomial, right: Polynomial): Polynomial {
  return add(left, scale(right, -1));
}

export function scale(polynomial: Polynomial, factor: number): Polynomial {
  return factor === 0 ? zero : new Map([...polynomial].map(([monomial, value]) => [monomial, value * factor]));
}

export function multiply(left: Polynomial, right: Polynomial): Polynomial {
  const product = new Map<string, number>();
  for (const [a, x] of left)
    for (const [b, y] of right) addTerm(product, [...namesIn(a), ...namesIn(b)].sort().join("*"), x * y);
  return product;
}

function addTerm(sum: Map<string, number>, monomial: string, coefficient: number): void {
  const total = (sum.get(monomial) ?? 0) + coefficient;
  if (total === 0) sum.delete(monomial);
  else sum.set(monomial, total);
}

/** The names of a monomial's key. */
export function namesIn(monomial: string): readonly string[] {
  return monomial === "" ? [] : monomial.split("*");
}

export function namesOf(polynomial: Polynomial): ReadonlySet<string> {
  return new Set([...polynomial.keys()].flatMap(namesIn));
}

export function mentions(polynomial: Polynomial, name: string): boolean {
  for (const monomial of polynomial.keys()) if (namesIn(monomial).includes(name)) return true;
  return false;
}

/** Equal polynomials have equal keys. */
export function keyOf(polynomial: Polynomial): string {
  return [...polynomial]
    .map(([monomial, coefficient]) => `${coefficient}*${monomial}`)
    .sort()
    .join("+");
}

export function constantPart(polynomial: Polynomial): number {
  return polynomial.get("") ?? 0;
}

/** The value of a polynomial without names. */
export function knownValue(polynomial: Polynomial): number | undefined {
  if (polynomial.size === 0) return 0;
  return polynomial.size === 1 ? polynomial.get("") : undefined;
}

/** `slope` * name + `rest`, neither of which has the name; undefined where the name has a higher power. */
export function linearIn(
  polynomial: Polynomial,
  name: string,
): { readonly slope: Polynomial; readonly rest: Polynomial } | undefined {
  const slope = new Map<string, number>();
  const rest = new Map<string, number>();
  for (const [monomial, coefficient] of polynomial) {
    const names = namesIn(monomial);
    const others = names.filter((candidate) => candidate !== name);
    if (names.length === others.length) addTerm(rest, monomial, coefficient);
    else if (names.length === others.length + 1) addTerm(slope, others.join("*"), coefficient);
    else return undefined;
  }
  return { slope, rest };
}

export function substitute(polynomial: Polynomial, name: string, value: Polynomial): Polynomial {
  let result: Polynomial = zero;
  for (const [monomial, coefficient] of polynomial) {
    let product = constant(coefficient);
    for (const factor of namesIn(monomial)) product = multiply(product, factor === name ? value : named(factor));
    result = add(result, product);
  }
  return result;
}

/** The range of a loop variable: from ≤ variable < to. */
export interface VariableRange {
  readonly variable: string;
  readonly from: Polynomial;
  readonly to: Polynomial;
}

/**
 * Is it at least 1 wherever the variables are in their ranges? (False: not known.) Ranges are listed outermost first,
 * and a range is not empty; every other name is a size, at least 1.
 */
export function isAlwaysPositive(polynomial: Polynomial, ranges: readonly VariableRange[]): boolean {
  return hasPositiveMinimum(polynomial, ranges, [...ranges].reverse());
}

function hasPositiveMinimum(
  polynomial: Polynomial,
  ranges: readonly VariableRange[],
  innermostFirst: readonly VariableRange[],
): boolean {
  let least = polynomial;
  for (const { variable, from, to } of innermostFirst) {
    const parts = linearIn(least, variable);
    if (parts === undefined) return false;
    if (parts.slope.size === 0) continue;
    const atLeast = (value: Polynomial): Polynomial => add(parts.rest, multiply(parts.slope, value));
    if (isNeverNegative(parts.slope, ranges)) least = atLeast(from);
    else if (isNeverNegative(scale(parts.slope, -1), ranges)) least = atLeast(subtract(to, constant(1)));
    else return false;
  }
  return isNeverNegative(subtract(least, constant(1)), []);
}

function isNeverNegative(polynomial: Polynomial, ranges: readonly VariableRange[]): boolean {
  const variables = new Set(ranges.map(({ variable }) => variable));
  let shifted = polynomial;
  for (const name of namesOf(polynomial)) {
    if (!variables.has(name)) shifted = substitute(shifted, name, add(named(name), constant(1)));
  }
  return [...shifted.values()].every((coefficient) => coefficient >= 0);
}

/** Never 0, wherever the variables are. */
export function isNeverZero(polynomial: Polynomial, ranges: readonly VariableRange[]): boolean {
  return isAlwaysPositive(polynomial, ranges) || isAlwaysPositive(scale(polynomial, -1), ranges);
}
