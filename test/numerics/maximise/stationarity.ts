import { expect } from "vitest";

/**
 * Expects a maximum: no small change of one coordinate, by a factor or by a step, raises the objective, and the slope
 * in logarithms vanishes relative to the curvature.
 */
export function expectMaximum(
  objective: (point: readonly number[]) => number,
  point: readonly number[],
  tolerance = 1e-6,
): void {
  const best = objective(point);
  expect(Number.isFinite(best)).toBe(true);
  point.forEach((x, i) => {
    const at = (value: number): number => objective(point.map((other, j) => (j === i ? value : other)));
    for (const step of [1e-3, 1e-2]) {
      const scale = Math.max(Math.abs(x), 1e-3) * step;
      const up = at(x + scale);
      const down = at(x - scale);
      const slack = 1e-9 * (1 + Math.abs(best));
      expect(up).toBeLessThanOrEqual(best + slack);
      expect(down).toBeLessThanOrEqual(best + slack);
      // Newton's estimate of how far the maximum still is, in units of the step.
      const curvature = up + down - 2 * best;
      if (-curvature > 1e-6 * (1 + Math.abs(best)) * step) {
        expect(Math.abs((0.5 * (up - down)) / curvature)).toBeLessThan(tolerance / step + 0.02);
      }
    }
  });
}
