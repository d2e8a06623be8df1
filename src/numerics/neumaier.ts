/** A running sum whose rounding errors are carried along. */
export interface CompensatedSum {
  add(value: number): void;
  value(): number;
}

/**
 * Sum with compensation for rounding: the error does not grow with the number of terms.
 *
 * @source Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen"
 */
export function compensatedSum(): CompensatedSum {
  let sum = 0;
  let compensation = 0;
  return {
    add(value) {
      const next = sum + value;
      compensation += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    },
    // Infinite sums have a NaN compensation.
    value: () => (Number.isFinite(sum) ? sum + compensation : sum),
  };
}

/** Compensated sum of all values. */
export function neumaierSum(values: Iterable<number>): number {
  const total = compensatedSum();
  for (const value of values) total.add(value);
  return total.value();
}
