import type { KernelArray, KernelExpression, KernelFunction, KernelLoop, KernelStatement } from "../kernel-ir.js";
import type { Polynomial } from "../polynomial.js";
import { mentions, named, namesOf } from "../polynomial.js";
import { forEachExpression, mapBodies } from "../walk-kernel.js";
import { nestOver } from "./loop-nest.js";

/**
 * A sum of picked entries is made with the loop of what is picked outside, where the loop around it picks the same:
 *
 *     for z { t = 0; for j { t += table[z, j, x[j]] }; … }  ->  for j { for z { t[z] += table[z, j, x[j]] } }; for z { … }
 *
 * A number is then made a place once for all z: that takes longer than what is done there.
 */
export function turnLoops(fn: KernelFunction): KernelFunction {
  const turning = new Turning(fn);
  const segments = fn.segments.map((segment) =>
    segment.kind === "rows" ? { ...segment, body: turning.list(segment.body, []) } : segment,
  );
  return { ...fn, arrays: turning.arrays, segments };
}

/** State of one function's pass. */
class Turning {
  readonly arrays: Map<string, KernelArray>;

  constructor(private readonly fn: KernelFunction) {
    this.arrays = new Map(fn.arrays);
  }

  list(statements: readonly KernelStatement[], around: readonly KernelLoop[]): readonly KernelStatement[] {
    return statements.flatMap((statement): readonly KernelStatement[] => {
      const turned = statement.kind === "for" ? this.turned(statement, around) : undefined;
      if (turned !== undefined) return turned;
      const inside = statement.kind === "for" ? [...around, statement] : around;
      return [mapBodies(statement, (body) => this.list(body, inside))];
    });
  }

  private turned(loop: KernelLoop, around: readonly KernelLoop[]): readonly KernelStatement[] | undefined {
    const [sum, inner, ...rest] = loop.body.filter(({ kind }) => kind !== "comment");
    if (sum?.kind !== "declare" || sum.value.kind !== "number" || inner?.kind !== "for") return undefined;
    const [addition, ...more] = inner.body.filter(({ kind }) => kind !== "comment");
    if (addition?.kind !== "update" || addition.name !== sum.name || more.length > 0) return undefined;
    const isNested = [inner.from, inner.to].some((bound) => mentions(bound, loop.variable));
    if (isNested || inner.alone !== undefined || !this.picksSame(addition.value, loop)) return undefined;
    const nest = nestOver(new Set([loop.variable]), [...around, loop]);
    if (nest === undefined || nest.loops.length > 1) return undefined;

    const array = `${sum.name} of ${loop.variable}`;
    this.arrays.set(array, { name: array, kind: "varying", length: nest.length });
    const over = (suffix: string, body: (index: Polynomial) => readonly KernelStatement[]): KernelLoop => {
      const { variable, from, to, descending } = loop;
      const own = `${variable}${suffix}`;
      return { kind: "for", variable: own, from, to, descending, body: body(named(own)) };
    };
    const start = over(" start", (index) => [{ kind: "store", array, index, value: sum.value }]);
    const all = over("", (index) => [{ ...addition, kind: "updateStore", array, index }]);
    const total: KernelExpression = { kind: "load", array, index: named(loop.variable) };
    return [start, { ...inner, body: [all] }, { ...loop, body: [{ ...sum, value: total }, ...rest] }];
  }

  /** Is something picked, always at places that the loop does not change, with nothing that it computes? */
  private picksSame(value: KernelExpression, loop: KernelLoop): boolean {
    let [hasPick, isSame] = [false, true];
    forEachExpression(value, (part) => {
      if (part.kind === "scalar" && this.isComputedIn(part.name, loop)) isSame = false;
      if (part.kind !== "pick") return;
      hasPick = true;
      forEachExpression(part.position, (inner) => {
        if (inner.kind === "scalar") isSame = false;
        if ((inner.kind === "load" || inner.kind === "fromIndex") && mentions(inner.index, loop.variable))
          isSame = false;
        const names = inner.kind === "load" || inner.kind === "fromIndex" ? [...namesOf(inner.index)] : [];
        if (names.some((name) => this.fn.positions.has(name))) isSame = false;
      });
    });
    return hasPick && isSame;
  }

  private isComputedIn(name: string, loop: KernelLoop): boolean {
    return loop.body.some((statement) => statement.kind === "declare" && statement.name === name);
  }
}
