import type { Tensors } from "../description.js";

/** Turns statistics about the means at some parameters into those about the means at others, in place. */
export type Recentre = (statistics: Tensors, from: Tensors, to: Tensors) => void;

/** Statistics per unit of weight that follow those of the batches, always about the parameters of the last batch. */
export class MovingStatistics {
  private values: Tensors | undefined;
  private centre: Tensors = {};

  constructor(private readonly recentre: Recentre) {}

  /** @param rate how far they move; all the way at first */
  move(batch: Tensors, centre: Tensors, rate: number): void {
    if (this.values === undefined) this.values = copyOf(batch);
    else {
      this.recentre(this.values, this.centre, centre);
      mix(this.values, batch, rate);
    }
    this.centre = centre;
  }

  get statistics(): Tensors {
    if (this.values === undefined) throw new Error("stepwise EM: there was no batch yet");
    return this.values;
  }
}

/**
 * The average over the last half of a sequence whose length is not known beforehand, or up to three quarters of it:
 * averages are begun at every power of 2, and the last but one is taken.
 */
export class TailAverage {
  private count = 0;
  private current: RunningAverage | undefined;
  private before: RunningAverage | undefined;

  constructor(private readonly recentre: Recentre) {}

  add(statistics: Tensors, centre: Tensors): void {
    this.count++;
    if (Number.isInteger(Math.log2(this.count))) {
      this.before = this.current;
      this.current = new RunningAverage(this.recentre);
    }
    this.before?.add(statistics, centre);
    this.current?.add(statistics, centre);
  }

  /** Statistics and the parameters that they are about; undefined where there were none. */
  finish(): { readonly statistics: Tensors; readonly centre: Tensors } | undefined {
    return (this.before ?? this.current)?.finish();
  }
}

class RunningAverage {
  private count = 0;
  private values: Tensors = {};
  private centre: Tensors = {};

  constructor(private readonly recentre: Recentre) {}

  add(statistics: Tensors, centre: Tensors): void {
    this.count++;
    if (this.count === 1) this.values = copyOf(statistics);
    else {
      this.recentre(this.values, this.centre, centre);
      mix(this.values, statistics, 1 / this.count);
    }
    this.centre = centre;
  }

  finish(): { readonly statistics: Tensors; readonly centre: Tensors } {
    return { statistics: this.values, centre: this.centre };
  }
}

export function copyOf(statistics: Tensors): Tensors {
  return Object.fromEntries(Object.entries(statistics).map(([name, values]) => [name, values.slice()]));
}

/** Moves statistics part of the way to others, in place. */
export function mix(into: Tensors, other: Tensors, rate: number): void {
  for (const [name, values] of Object.entries(into)) {
    const towards = other[name];
    for (let i = 0; i < values.length; i++) values[i] += rate * (towards[i] - values[i]);
  }
}
