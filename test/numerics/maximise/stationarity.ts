import { expect } from "vitest";

/**
 * Expects a maximum in each coordinate: a step of 1% does not raise the objective, and Newton's estimate from
 * differences of a step of 1e-4 puts the maximum within 5% of that step.
 */
export function expectMaximum(objective: (point: readonly number[]) => number, point: readonly number[]): void {
  const best = objective(point);
  const size = 1 + Math.abs(best);
  expect(Number.isFinite(best)).toBe(true);
  point.forEach((x, i) => {
    const at = (step: number): number =>
      objective(point.map((other, j) => (j === i ? other + step * Math.max(Math.abs(x), 1e-2) : other)));
    for (const step of [-1e-2, 1e-2]) {
      const moved = at(step);
      // Outside the support the objective is NaN, which is no better.
      if (!Number.isNaN(moved)) expect(moved).toBeLessThanOrEqual(best + 1e-10 * size);
    }
    const [down, up] = [at(-1e-4), at(1e-4)];
    const curvature = up + down - 2 * best;
    // Flatter than this, differences are rounding errors.
    if (-curvature > 1e-13 * size) expect(Math.abs((0.5 * (up - down)) / curvature)).toBeLessThan(0.05);
  });
}
