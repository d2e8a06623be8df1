import type { KernelLoop, KernelStatement } from "../kernel-ir.js";
import type { Polynomial } from "../polynomial.js";
import { add, constant, linearIn, multiply, named, namesOf, subtract, zero } from "../polynomial.js";

/** Loops around an expression that it depends on, and a place for each of its values. */
export interface LoopNest {
  readonly loops: readonly KernelLoop[];
  /** Row-major over the loops, each as long as it ever gets. */
  readonly index: Polynomial;
  readonly length: Polynomial;
}

/** Of the loops around, those that the names (and the bounds of those loops) mention; undefined where no length is known. */
export function nestOver(names: ReadonlySet<string>, around: readonly KernelLoop[]): LoopNest | undefined {
  const needed = new Set(names);
  for (const loop of [...around].reverse()) {
    if (needed.has(loop.variable)) for (const name of [...namesOf(loop.from), ...namesOf(loop.to)]) needed.add(name);
  }
  const loops = around.filter((loop) => needed.has(loop.variable));
  let [index, length] = [zero, constant(1)];
  for (const loop of loops) {
    const extent = largest(loop.to, loops);
    if (extent === undefined) return undefined;
    index = add(multiply(index, extent), named(loop.variable));
    length = multiply(length, extent);
  }
  return { loops, index, length };
}

/** A statement inside loops of its own. */
export function inNest({ loops }: LoopNest, statement: KernelStatement): KernelStatement {
  return [...loops]
    .reverse()
    .reduce<KernelStatement>(
      (body, { variable, from, to }) => ({ kind: "for", variable, from, to, descending: false, body: [body] }),
      statement,
    );
}

/** The largest value of a bound over the loops around it. */
function largest(bound: Polynomial, loops: readonly KernelLoop[]): Polynomial | undefined {
  let result = bound;
  for (const loop of [...loops].reverse()) {
    const parts = linearIn(result, loop.variable);
    if (parts === undefined) return undefined;
    if (parts.slope.size === 0) continue;
    if ([...parts.slope.values()].some((coefficient) => coefficient < 0)) return undefined;
    result = add(parts.rest, multiply(parts.slope, subtract(loop.to, constant(1))));
  }
  return result;
}
