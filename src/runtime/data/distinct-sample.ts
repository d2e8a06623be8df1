/** Items that differ, with the weight of all that are alike, in an order that depends on their values only. */
export interface DistinctItems {
  readonly count: number;
  /** Row-major values of the items, `width` each. */
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** So many more than wanted are kept before the surplus is sorted out. */
const SURPLUS = 1.75;

/**
 * A sample of distinct items out of any number of them, in bounded memory: those with the smallest fingerprints, which are
 * as good as random. It is the same whatever the order of the items, and however often one is repeated.
 */
export class DistinctSample {
  private readonly slots = new Map<number, number>();
  private readonly free: number[] = [];
  private values: Float64Array;
  private weights = new Float64Array(64);
  private limit = Infinity;
  private used = 0;

  constructor(
    private readonly most: number,
    private readonly width: number,
  ) {
    this.values = new Float64Array(64 * width);
  }

  /** @param write puts the item's values at a place of an array; called only if it is kept */
  add(fingerprint: number, weight: number, write: (into: Float64Array, at: number) => void): void {
    if (fingerprint > this.limit) return;
    const known = this.slots.get(fingerprint);
    if (known !== undefined) {
      this.weights[known] += weight;
      return;
    }
    const slot = this.free.pop() ?? this.used++;
    if (slot >= this.weights.length) this.grow();
    this.slots.set(fingerprint, slot);
    this.weights[slot] = weight;
    write(this.values, slot * this.width);
    if (this.slots.size > SURPLUS * this.most) this.prune();
  }

  finish(): DistinctItems {
    const chosen = this.smallest();
    const values = new Float64Array(chosen.length * this.width);
    const weights = new Float64Array(chosen.length);
    chosen.forEach((fingerprint, i) => {
      const slot = this.slots.get(fingerprint) ?? 0;
      values.set(this.values.subarray(slot * this.width, (slot + 1) * this.width), i * this.width);
      weights[i] = this.weights[slot];
    });
    return { count: chosen.length, values, weights };
  }

  /** In ascending order. */
  private smallest(): Float64Array {
    const fingerprints = new Float64Array(this.slots.size);
    let count = 0;
    for (const fingerprint of this.slots.keys()) fingerprints[count++] = fingerprint;
    return fingerprints.sort().subarray(0, this.most);
  }

  /** Whatever is kept now was kept from its first occurrence on, so that its weight is whole. */
  private prune(): void {
    this.limit = this.smallest()[this.most - 1];
    for (const [fingerprint, slot] of this.slots) {
      if (fingerprint <= this.limit) continue;
      this.slots.delete(fingerprint);
      this.free.push(slot);
    }
  }

  private grow(): void {
    const capacity = Math.min(2 * this.weights.length, Math.ceil(SURPLUS * this.most) + 1);
    const values = new Float64Array(capacity * this.width);
    values.set(this.values);
    this.values = values;
    const weights = new Float64Array(capacity);
    weights.set(this.weights);
    this.weights = weights;
  }
}
