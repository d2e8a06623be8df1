/** Choices are read one by one from a list of random numbers, so that shrinking makes models smaller. */
export class Choices {
  private next = 0;
  constructor(private readonly numbers: readonly number[]) {}
  /** 0 … count-1; 0 is the simplest. */
  below(count: number): number {
    return (this.numbers[this.next++] ?? 0) % count;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === oneIn - 1;
  }
  subset<T>(items: readonly T[]): readonly T[] {
    return items.filter(() => this.below(2) === 1);
  }
}
