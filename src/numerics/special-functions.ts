/** zeta(k) - 1 for k = 2, 3, …: coefficients of log Gamma around 2. */
const zetaExcess = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
  0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
  0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5,
  7.637197637899763e-6, 3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7,
  2.38450502727733e-7, 1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8,
  7.45071178983543e-9, 3.725334024788457e-9, 1.862659723513049e-9, 9.313274324196682e-10,
];
const eulerGamma = 0.5772156649015329;
const halfLogTwoPi = 0.9189385332046728;

/** Bernoulli numbers B(2k), k = 1, 2, …: the asymptotic series of log Gamma and its derivatives. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798];
/** From here on the asymptotic series reach full precision. */
const asymptoticFrom = 10;

/** log Gamma(2 + z) for |z| <= 1/2: (1 - gamma) z + sum over k of (-1)^k (zeta(k) - 1) z^k / k. */
function logGammaAroundTwo(z: number): number {
  let sum = 0;
  for (let k = zetaExcess.length + 1; k >= 2; k--) sum = -z * sum + zetaExcess[k - 2] / k;
  return z * (1 - eulerGamma + z * sum);
}

/**
 * log |Gamma(x)|; infinite at 0, -1, -2, … and for x = inf.
 *
 * Taylor series around 2 (so that the zeros at 1 and 2 keep their relative precision), the recurrence
 * Gamma(x + 1) = x Gamma(x) below 10, Stirling's series above, and reflection for negative x.
 *
 * @source Abramowitz and Stegun 1964, 6.1.15, 6.1.17, 6.1.33, 6.1.41
 */
export function logGamma(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x === Infinity || x === -Infinity) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    const sine = Math.abs(sineOfPi(x));
    return Math.log(Math.PI / (sine * -x)) - logGamma(-x);
  }
  if (x < 0.5) return logGammaAroundTwo(x) - Math.log1p(x) - Math.log(x);
  if (x <= 1.5) return logGammaAroundTwo(x - 1) - Math.log1p(x - 1);
  if (x < asymptoticFrom) {
    let product = 1;
    let reduced = x;
    while (reduced > 2.5) {
      reduced -= 1;
      product *= reduced;
    }
    return (product === 1 ? 0 : Math.log(product)) + logGammaAroundTwo(reduced - 2);
  }
  const inverse = 1 / x;
  const square = inverse * inverse;
  let series = 0;
  for (let k = bernoulli.length; k >= 1; k--) series = series * square + bernoulli[k - 1] / (2 * k * (2 * k - 1));
  return (x - 0.5) * Math.log(x) - x + halfLogTwoPi + series * inverse;
}

/**
 * Derivative of log Gamma; NaN at 0, -1, -2, ….
 *
 * @source Abramowitz and Stegun 1964, 6.3.5, 6.3.7, 6.3.18
 */
export function digamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    return digamma(1 - x) - Math.PI / tangentOfPi(x);
  }
  let shift = 0;
  let large = x;
  while (large < asymptoticFrom) {
    shift += 1 / large;
    large += 1;
  }
  return Math.log(large) - logMinusDigammaSeries(large) - shift;
}

/** log x - digamma(x), without the cancellation that large x would bring; positive, decreasing, near 1/(2x). */
export function logMinusDigamma(x: number): number {
  return x >= asymptoticFrom ? logMinusDigammaSeries(x) : Math.log(x) - digamma(x);
}

function logMinusDigammaSeries(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  let series = 0;
  for (let k = bernoulli.length; k >= 1; k--) series = series * square + bernoulli[k - 1] / (2 * k);
  return 0.5 * inverse + series * square;
}

/**
 * Second derivative of log Gamma; NaN at 0, -1, -2, ….
 *
 * @source Abramowitz and Stegun 1964, 6.4.6, 6.4.7, 6.4.12
 */
export function trigamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    return (Math.PI / sineOfPi(x)) ** 2 - trigamma(1 - x);
  }
  let shift = 0;
  let large = x;
  while (large < asymptoticFrom) {
    shift += 1 / (large * large);
    large += 1;
  }
  const inverse = 1 / large;
  const square = inverse * inverse;
  let series = 0;
  for (let k = bernoulli.length; k >= 1; k--) series = series * square + bernoulli[k - 1];
  return inverse + 0.5 * square + series * square * inverse + shift;
}

/** sin(pi x) with the argument reduced before it is multiplied by pi. */
function sineOfPi(x: number): number {
  const nearest = Math.round(x);
  const sine = Math.sin(Math.PI * (x - nearest));
  return nearest % 2 === 0 ? sine : -sine;
}

function tangentOfPi(x: number): number {
  return Math.tan(Math.PI * (x - Math.round(x)));
}

/** From here on the asymptotic series of the Bessel functions reach full precision. */
const besselAsymptoticFrom = 25;

/** sum over k >= 1 of (x/2)^(2k) / (k! (k + order)!) * order!: I_order(x) (2/x)^order order! - 1. */
function besselSeriesMinusOne(order: number, x: number): number {
  const quarterSquare = 0.25 * x * x;
  let term = 1;
  let sum = 0;
  for (let k = 1; k < 200; k++) {
    term *= quarterSquare / (k * (k + order));
    sum += term;
    if (term < 1e-18 * sum) break;
  }
  return sum;
}

/** I_order(x) exp(-x) sqrt(2 pi x) for large x. */
function besselAsymptotic(order: number, x: number): number {
  const mu = 4 * order * order;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 60; k++) {
    const next = (-term * (mu - (2 * k - 1) ** 2)) / (8 * k * x);
    if (Math.abs(next) < 1e-18 || Math.abs(next) > Math.abs(term)) break;
    term = next;
    sum += term;
  }
  return sum;
}

/**
 * log I0(x), the modified Bessel function of the first kind: power series, and its expansion for large |x|.
 *
 * @source Abramowitz and Stegun 1964, 9.6.12, 9.7.1
 */
export function logBesselI0(x: number): number {
  const size = Math.abs(x);
  if (!(size < besselAsymptoticFrom)) {
    if (size === Infinity) return Infinity;
    return size - 0.5 * Math.log(2 * Math.PI * size) + Math.log(besselAsymptotic(0, size));
  }
  return Math.log1p(besselSeriesMinusOne(0, size));
}

/** I1(x) / I0(x), the derivative of log I0; odd, between -1 and 1. */
export function besselRatio(x: number): number {
  const size = Math.abs(x);
  if (size === Infinity) return Math.sign(x);
  if (!(size < besselAsymptoticFrom)) return (Math.sign(x) * besselAsymptotic(1, size)) / besselAsymptotic(0, size);
  return (0.5 * x * (1 + besselSeriesMinusOne(1, size))) / (1 + besselSeriesMinusOne(0, size));
}

/**
 * Error function: its confluent series below 3, its continued fraction (Lentz) above.
 *
 * @source Abramowitz and Stegun 1964, 7.1.6, 7.1.14
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 3) {
    const square = x * x;
    let term = x;
    let sum = x;
    for (let n = 1; n < 100; n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
      if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
  }
  if (!(size < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  let fraction = size;
  for (let k = 60; k >= 1; k--) fraction = size + (0.5 * k) / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction));
}

/** log(1 + exp x) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** 1 / (1 + exp(-x)), with relative precision in both tails. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const growth = Math.exp(x);
  return growth / (1 + growth);
}

/**
 * log(1 - exp(-x)) for x > 0; -inf at 0, NaN below.
 *
 * @source Mächler 2012, "Accurately computing log(1 - exp(-|a|))"
 */
export function log1mexp(x: number): number {
  return x > Math.LN2 ? Math.log1p(-Math.exp(-x)) : Math.log(-Math.expm1(-x));
}
