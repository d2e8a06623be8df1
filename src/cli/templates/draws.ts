/** A small stream of random numbers, so that a template's data is the same for everyone. */
export interface Draws {
  uniform(): number;
  normal(): number;
}

/** @source mulberry32 (Tommy Ettinger, 2017, public domain); Box and Muller 1958 */
export function draws(seed: number): Draws {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

export function csvOf(header: readonly string[], rows: readonly (readonly number[])[]): string {
  const lines = rows.map((row) => row.map((value) => String(Number(value.toFixed(4)))).join(","));
  return `${[header.join(","), ...lines].join("\n")}\n`;
}
