// The data of the benchmarks: the recipe of the peers' README (splitmix64, Box-Muller), so that both sides work on the
// same numbers. Written as .npy, which both sides read.
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";

/** 64-bit splitmix64 in two halves of 32 bits. */
export class Stream {
  #high;
  #low;

  constructor(seed) {
    this.#high = Math.floor(seed / 2 ** 32) >>> 0;
    this.#low = seed >>> 0;
  }

  /** In [0, 1). */
  next() {
    const low = this.#low + 0x7f4a7c15;
    this.#high = (this.#high + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0)) >>> 0;
    this.#low = low >>> 0;
    let [high, z] = [this.#high, this.#low];
    // z ^= z >> 30; z *= 0xBF58476D1CE4E5B9
    z ^= (z >>> 30) | (high << 2);
    high ^= high >>> 30;
    [high, z] = product(high, z, 0xbf58476d, 0x1ce4e5b9);
    // z ^= z >> 27; z *= 0x94D049BB133111EB
    z ^= (z >>> 27) | (high << 5);
    high ^= high >>> 27;
    [high, z] = product(high, z, 0x94d049bb, 0x133111eb);
    // z ^= z >> 31
    z ^= (z >>> 31) | (high << 1);
    high ^= high >>> 31;
    return ((high >>> 0) * 2 ** 21 + (z >>> 11)) * 2 ** -53;
  }

  uniforms(count) {
    return Float64Array.from({ length: count }, () => this.next());
  }

  normals(count) {
    const values = new Float64Array(count + (count & 1));
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
      const angle = 2 * Math.PI * this.next();
      values[i] = radius * Math.cos(angle);
      values[i + 1] = radius * Math.sin(angle);
    }
    return values.subarray(0, count);
  }
}

/** The low 64 bits of a product. */
function product(aHigh, aLow, bHigh, bLow) {
  const [a0, a1] = [aLow & 0xffff, aLow >>> 16];
  const [b0, b1] = [bLow & 0xffff, bLow >>> 16];
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const cross = (middle & 0xffff) + a0 * b1;
  const carried = a1 * b1 + Math.floor(middle / 65536) + Math.floor(cross / 65536);
  const high = carried + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh);
  return [high | 0, (cross << 16) | (low & 0xffff) | 0];
}

/** n rows from k Gaussians in d dimensions. */
export function gaussianRows(n, d, k, seed) {
  const stream = new Stream(seed);
  const centres = stream.normals(k * d).map((value) => 3 * value);
  const factors = stream.normals(k * d * d).map((value) => (0.5 / Math.sqrt(d)) * value);
  for (let j = 0; j < k; j++) for (let i = 0; i < d; i++) factors[(j * d + i) * d + i] += 1;
  const groups = stream.uniforms(n).map((value) => Math.floor(value * k));
  const rows = stream.normals(n * d);
  const row = new Float64Array(d);
  for (let r = 0; r < n; r++) {
    const [from, group] = [r * d, groups[r]];
    row.set(rows.subarray(from, from + d));
    for (let i = 0; i < d; i++) {
      let sum = centres[group * d + i];
      const factor = (group * d + i) * d;
      for (let c = 0; c < d; c++) sum += factors[factor + c] * row[c];
      rows[from + i] = sum;
    }
  }
  return rows;
}

/** n rows of d counts from k groups: rates 1 + 9 U(k, d), then one uniform a row for its group, then the counts by inversion. */
export function countRows(n, d, k, seed) {
  const stream = new Stream(seed);
  const rates = stream.uniforms(k * d).map((value) => 1 + 9 * value);
  const rows = new Float64Array(n * d);
  for (let r = 0; r < n; r++) {
    const group = Math.floor(stream.next() * k);
    for (let i = 0; i < d; i++) rows[r * d + i] = poisson(stream.next(), rates[group * d + i]);
  }
  return rows;
}

function poisson(uniform, rate) {
  let count = 0;
  for (let term = Math.exp(-rate), sum = term; sum < uniform && count < 100; sum += term) term *= rate / ++count;
  return count;
}

/** n rows of d answers, each one of `choices`, from k classes: probabilities by normalised uniforms. */
export function answerRows(n, d, k, choices, seed) {
  const stream = new Stream(seed);
  const shares = stream.uniforms(k * d * choices).map((value) => value + 0.05);
  const rows = new Float64Array(n * d);
  for (let r = 0; r < n; r++) {
    const group = Math.floor(stream.next() * k);
    for (let i = 0; i < d; i++) {
      const from = (group * d + i) * choices;
      let total = 0;
      for (let c = 0; c < choices; c++) total += shares[from + c];
      let rest = stream.next() * total;
      let choice = 0;
      while (choice < choices - 1 && (rest -= shares[from + choice]) >= 0) choice++;
      rows[r * d + i] = choice;
    }
  }
  return rows;
}

/** n sequences of t rows in d dimensions from k states: stay with 0.9, else a uniform state; noise standard normal. */
export function hiddenMarkovRows(n, t, d, k, seed) {
  const stream = new Stream(seed);
  const centres = stream.normals(k * d).map((value) => 3 * value);
  const states = statesAlong(stream, n, t, k, 0.9);
  const rows = stream.normals(n * t * d);
  for (let r = 0; r < n * t; r++) for (let i = 0; i < d; i++) rows[r * d + i] += centres[states[r] * d + i];
  return rows;
}

function statesAlong(stream, n, t, k, stay) {
  const moves = stream.uniforms(n * t);
  const states = stream.uniforms(n * t).map((value) => Math.floor(value * k));
  for (let r = 0; r < n * t; r++) if (r % t > 0 && moves[r] < stay) states[r] = states[r - 1];
  return states;
}

/** What a linear state space is seen through, [p, d], and what it moves by, [d, d]: the first draws of its recipe. */
export function kalmanTruth(d, p, stream) {
  const moves = stream.normals(d * d).map((value, i) => (i % d > Math.floor(i / d) ? 0.1 * value : 0));
  for (let i = 0; i < d; i++) moves[i * d + i] += 0.95;
  return { moves, window: stream.normals(p * d) };
}

/** A sequence of t rows of p columns from a linear state space in d dimensions. */
export function kalmanRows(t, d, p, seed) {
  const stream = new Stream(seed);
  const { moves, window } = kalmanTruth(d, p, stream);
  const states = stream.normals(t * d);
  const rows = stream.normals(t * p).map((value) => Math.sqrt(0.5) * value);
  for (let r = 0; r < t; r++) {
    if (r > 0) move(states, r, d, moves, 0, Math.sqrt(0.1));
    look(rows, states, r, d, p, window);
  }
  return rows;
}

/** Regimes of a switching state space: what they move by, [k, d, d], their variances, and the window, [p, d]. */
export function switchingTruth(k, d, p, stream) {
  const moves = stream.normals(k * d * d).map((value) => 0.05 * value);
  for (let j = 0; j < k; j++) for (let i = 0; i < d; i++) moves[(j * d + i) * d + i] += 0.8 - (1.2 * j) / k;
  const variances = Float64Array.from({ length: k }, (_, j) => 0.1 + 0.3 * j);
  return { moves, variances, window: stream.normals(p * d) };
}

/** A sequence of t rows of p columns from a state space in d dimensions that switches between k regimes. */
export function switchingRows(t, k, d, p, seed) {
  const stream = new Stream(seed);
  const { moves, variances, window } = switchingTruth(k, d, p, stream);
  const regimes = statesAlong(stream, 1, t, k, 0.95);
  const states = stream.normals(t * d);
  const rows = stream.normals(t * p).map((value) => Math.sqrt(0.2) * value);
  for (let r = 0; r < t; r++) {
    if (r > 0) move(states, r, d, moves, regimes[r] * d * d, Math.sqrt(variances[regimes[r]]));
    look(rows, states, r, d, p, window);
  }
  return rows;
}

/** What is drawn for row r becomes a state: moves times the one before, plus `spread` times what is drawn. */
function move(states, r, d, moves, from, spread) {
  for (let i = 0; i < d; i++) {
    let sum = spread * states[r * d + i];
    for (let j = 0; j < d; j++) sum += moves[from + i * d + j] * states[(r - 1) * d + j];
    states[r * d + i] = sum;
  }
}

function look(rows, states, r, d, p, window) {
  for (let i = 0; i < p; i++) for (let j = 0; j < d; j++) rows[r * p + i] += window[i * d + j] * states[r * d + j];
}

/** Float64, C order, version 1 of the format. */
export function writeNpy(file, values, shape) {
  const described = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const header = `${described.padEnd(117)}\n`;
  const bytes = Buffer.from(`\x93NUMPY\x01\x00..${header}`, "latin1");
  bytes.writeUInt16LE(header.length, 8);
  const handle = openSync(file, "w");
  writeSync(handle, bytes);
  const body = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  for (let at = 0; at < body.length;) at += writeSync(handle, body, at, Math.min(2 ** 28, body.length - at));
  closeSync(handle);
}

export function readNpy(file) {
  const handle = openSync(file, "r");
  const head = Buffer.alloc(10);
  readSync(handle, head, 0, 10, 0);
  const start = 10 + head.readUInt16LE(8);
  const body = Buffer.from(new ArrayBuffer(statSync(file).size - start));
  for (let at = 0; at < body.length;) at += readSync(handle, body, at, Math.min(2 ** 28, body.length - at), start + at);
  closeSync(handle);
  return new Float64Array(body.buffer);
}
