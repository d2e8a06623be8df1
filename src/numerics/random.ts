import { philox4x32 } from "./philox.js";
import { logGamma, sigmoid } from "./special-functions.js";

/** What a stream of random numbers depends on; equal keys give equal numbers. */
export interface RandomKey {
  /** A non-negative integer below 2^53. */
  readonly seed: number;
  /** The variable that is drawn. */
  readonly site: string;
  /** The row of the data set, below 2^32. */
  readonly item?: number;
  /** The iteration, below 2^32. */
  readonly step?: number;
}

/** Random numbers of one key, made by a counter: no state is shared between streams. */
export class RandomStream {
  private readonly words = new Uint32Array(4);
  private used = 4;
  private block = 0;
  // A number apart from whether it is there: a field that may be undefined is allocated anew for every number.
  private spareNormal = 0.5;
  private hasSpare = false;
  private readonly seedLow: number;
  private readonly seedHigh: number;
  private readonly site: number;
  private readonly item: number;
  private readonly step: number;

  constructor(key: RandomKey) {
    this.seedLow = key.seed >>> 0;
    this.seedHigh = Math.floor(key.seed / 2 ** 32) >>> 0;
    this.site = hashOfName(key.site);
    this.item = (key.item ?? 0) >>> 0;
    this.step = (key.step ?? 0) >>> 0;
  }

  /** The next unsigned 32-bit word. */
  word(): number {
    if (this.used === 4) {
      this.words[0] = this.block++;
      this.words[1] = this.item;
      this.words[2] = this.step;
      this.words[3] = this.seedHigh;
      philox4x32(this.words, this.seedLow, this.site);
      this.used = 0;
    }
    return this.words[this.used++];
  }

  /** Uniform on (0, 1): the midpoints of 2^52 equal cells, so that neither 0 nor 1 comes up. */
  uniform(): number {
    const high = this.word() >>> 6;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low + 0.5) / 2 ** 52;
  }

  /** Normal with mean 0 and variance 1. @source Box and Muller 1958 */
  normal(): number {
    if (this.hasSpare) {
      this.hasSpare = false;
      return this.spareNormal;
    }
    this.hasSpare = true;
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Gamma with this shape and rate 1; the smallest positive number where it would underflow. */
  gamma(shape: number): number {
    return Math.max(Number.MIN_VALUE, Math.exp(this.logGammaDraw(shape)));
  }

  /** Beta; kept inside (0, 1). */
  beta(a: number, b: number): number {
    const logit = this.logGammaDraw(a) - this.logGammaDraw(b);
    return Math.min(1 - 2 ** -53, Math.max(Number.MIN_VALUE, sigmoid(logit)));
  }

  /**
   * Poisson with this mean: products of uniforms below 10, transformed rejection above; both exact.
   *
   * @source Hörmann 1993, "The transformed rejection method for generating Poisson random variables", PTRS
   */
  poisson(mean: number): number {
    if (!(mean >= 0) || mean === Infinity) return NaN;
    if (mean < 10) {
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
      return count;
    }
    const root = Math.sqrt(mean);
    const logMean = Math.log(mean);
    const b = 0.931 + 2.53 * root;
    const a = -0.059 + 0.02483 * b;
    const logInverseAlpha = Math.log(1.1239 + 1.1328 / (b - 3.4));
    const squeeze = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= squeeze) return count;
      if (count < 0 || (us < 0.013 && v > us)) continue;
      const proposal = Math.log(v) + logInverseAlpha - Math.log(a / (us * us) + b);
      if (proposal <= count * logMean - mean - logGamma(count + 1)) return count;
    }
  }

  /**
   * Binomial: inversion where few successes are expected, transformed rejection otherwise; both exact.
   *
   * @source Hörmann 1993, "The generation of binomial random variates", BTRS
   */
  binomial(trials: number, probability: number): number {
    if (!(trials >= 0) || !(probability >= 0 && probability <= 1)) return NaN;
    if (probability > 0.5) return trials - this.binomial(trials, 1 - probability);
    if (trials === 0 || probability === 0) return 0;
    return trials * probability < 10
      ? this.binomialByInversion(trials, probability)
      : this.binomialByRejection(trials, probability);
  }

  /**
   * Von Mises around `location`, in (-pi, pi].
   *
   * @source Best and Fisher 1979, "Efficient simulation of the von Mises distribution"
   */
  vonMises(location: number, concentration: number): number {
    return wrapAngle(location + this.centredVonMises(concentration));
  }

  private centredVonMises(concentration: number): number {
    if (Number.isNaN(concentration) || concentration < 0) return NaN;
    if (concentration < 1e-8) return Math.PI * (2 * this.uniform() - 1);
    // Beyond this the wrapped normal is the same to rounding, and the rejection constants are not.
    if (concentration > 1e6) return this.normal() / Math.sqrt(concentration);
    const tau = 1 + Math.sqrt(1 + 4 * concentration * concentration);
    const rho = (tau - Math.sqrt(2 * tau)) / (2 * concentration);
    const r = concentration < 1e-5 ? 1 / concentration + concentration : (1 + rho * rho) / (2 * rho);
    for (;;) {
      const z = Math.cos(Math.PI * this.uniform());
      const f = (1 + r * z) / (r + z);
      const c = concentration * (r - f);
      const u = this.uniform();
      if (c * (2 - c) - u > 0 || Math.log(c / u) + 1 - c >= 0) {
        const angle = Math.acos(Math.min(1, Math.max(-1, f)));
        return this.uniform() < 0.5 ? -angle : angle;
      }
    }
  }

  /** log of a Gamma(shape, 1) draw. @source Marsaglia and Tsang 2000, "A simple method for generating gamma variables" */
  private logGammaDraw(shape: number): number {
    if (!(shape > 0)) return NaN;
    // Gamma(a) = Gamma(a + 1) U^(1/a), in logarithms because U^(1/a) underflows for small a.
    if (shape < 1) return this.logGammaDraw(shape + 1) + Math.log(this.uniform()) / shape;
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = this.uniform();
      if (Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return Math.log(d * v);
    }
  }

  private binomialByInversion(trials: number, probability: number): number {
    const odds = probability / (1 - probability);
    const none = Math.exp(trials * Math.log1p(-probability));
    for (;;) {
      let u = this.uniform();
      let mass = none;
      for (let count = 0; count <= trials; count++) {
        if (u < mass) return count;
        u -= mass;
        mass *= (odds * (trials - count)) / (count + 1);
      }
      // Rounding left a sliver of probability beyond the last count: draw again.
    }
  }

  private binomialByRejection(trials: number, probability: number): number {
    const spread = Math.sqrt(trials * probability * (1 - probability));
    const b = 1.15 + 2.53 * spread;
    const a = -0.0873 + 0.0248 * b + 0.01 * probability;
    const centre = trials * probability + 0.5;
    const squeeze = 0.92 - 4.2 / b;
    const alpha = (2.83 + 5.1 / b) * spread;
    const logOdds = Math.log(probability / (1 - probability));
    const mode = Math.floor((trials + 1) * probability);
    const atMode = logGamma(mode + 1) + logGamma(trials - mode + 1);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / us + b) * u + centre);
      if (us >= 0.07 && v <= squeeze) return count;
      if (count < 0 || count > trials) continue;
      const proposal = Math.log((v * alpha) / (a / (us * us) + b));
      const target = atMode - logGamma(count + 1) - logGamma(trials - count + 1) + (count - mode) * logOdds;
      if (proposal <= target) return count;
    }
  }
}

/** 32-bit FNV-1a of a name's UTF-16 units. */
function hashOfName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** The same direction in (-pi, pi]. */
function wrapAngle(angle: number): number {
  const turn = 2 * Math.PI;
  const wrapped = angle - turn * Math.round(angle / turn);
  return wrapped <= -Math.PI ? wrapped + turn : wrapped;
}
