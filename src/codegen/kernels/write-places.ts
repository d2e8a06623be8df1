import type { Emission, Scope } from "./emission.js";
import { cellBytes, newLocal } from "./emission.js";
import { groupName } from "./kernel-ir.js";
import type { Polynomial, VariableRange } from "./polynomial.js";
import {
  add,
  constant,
  constantPart,
  keyOf,
  knownValue,
  linearIn,
  mentions,
  multiply,
  named,
  namesIn,
  namesOf,
  scale,
  substitute,
} from "./polynomial.js";
import type { Code } from "./wasm/instructions.js";
import { get, integer, load, op, plain, set } from "./wasm/code.js";

/** An address in memory: code and a constant to add. */
export interface Address {
  readonly code: Code;
  readonly offset: number;
}

/**
 * Whole numbers as code. A place inside a loop is a local that is stepped from turn to turn, starting from a place
 * outside the loop: no multiplication is left in any loop.
 */
export class PlaceWriter {
  private readonly frameLocals = new Map<string, number>();

  constructor(private readonly emission: Emission) {}

  /** The local of a name that the frame, a parameter or an open scope has. */
  private localOf(name: string): number {
    const { scopes, fn } = this.emission;
    for (let depth = scopes.length - 1; depth >= 0; depth--) {
      const { variable, local } = scopes[depth];
      if (variable === name && local !== undefined) return local;
    }
    const known = this.frameLocals.get(name);
    if (known !== undefined) return known;
    const local = newLocal(this.emission, name, "i32");
    this.frameLocals.set(name, local);
    if (!name.startsWith("&") && name !== fn.rows && !fn.sizes.has(name)) {
      throw new Error(`kernel ${fn.name}: nothing is called ${name} here`);
    }
    scopes[0].before.push(set(local, load("i32.load", get(0), this.emission.frame(name))));
    return local;
  }

  /** Code that leaves the number on the stack. */
  write(place: Polynomial): Code {
    const known = knownValue(place);
    if (known !== undefined) return integer(known);
    const [only] = place;
    if (place.size === 1 && only[1] === 1 && only[0] !== "" && !only[0].includes("*"))
      return get(this.localOf(only[0]));
    return get(this.placed(place));
  }

  private placed(place: Polynomial): number {
    const { scopes } = this.emission;
    let depth = scopes.length - 1;
    while (depth > 0 && (scopes[depth].variable === undefined || !mentions(place, scopes[depth].variable as string)))
      depth--;
    const scope = scopes[depth];
    const key = keyOf(place);
    const known = scope.places.get(key);
    if (known !== undefined) return known;
    const local = newLocal(this.emission, "place", "i32");
    scope.places.set(key, local);
    this.define(scope, local, place);
    return local;
  }

  private define(scope: Scope, local: number, place: Polynomial): void {
    const { variable, loop } = scope;
    const parts = variable === undefined ? undefined : linearIn(place, variable);
    if (loop === undefined || variable === undefined) {
      scope.before.push(set(local, this.computed(place)));
    } else if (parts === undefined) {
      scope.atStart.push(set(local, this.computed(place)));
    } else {
      scope.before.push(set(local, this.write(substitute(place, variable, loop.start))));
      scope.atEnd.push(set(local, op("i32.add", get(local), this.write(scale(parts.slope, loop.step)))));
    }
  }

  private computed(place: Polynomial): Code {
    const terms = [...place].map(([monomial, coefficient]) => {
      const factors = namesIn(monomial).map((name) => get(this.localOf(name)));
      if (factors.length === 0 || coefficient !== 1) factors.push(integer(coefficient));
      return factors.reduce((product, factor) => op("i32.mul", product, factor));
    });
    return terms.reduce((sum, term) => op("i32.add", sum, term));
  }

  /** Address of a cell, in the group at hand for what there is per row. Positions that are picked are left out. */
  address(arrayName: string, index: Polynomial): Address {
    const array = this.emission.fn.arrays.get(arrayName);
    if (array === undefined) throw new Error(`kernel ${this.emission.fn.name}: no array ${arrayName}`);
    const isByRow = array.kind === "rowInput" || array.kind === "rowOutput" || array.kind === "kept";
    const cell = isByRow ? add(index, multiply(array.width, named(groupName))) : index;
    const bytes = add(named(`&${arrayName}`), scale(cell, cellBytes(array)));
    const offset = Math.max(0, constantPart(bytes));
    return { code: this.write(add(bytes, constant(-offset))), offset };
  }

  /** Bytes from one picked position to the next. */
  stride(arrayName: string, slope: Polynomial): Code {
    return this.write(this.strideBytes(arrayName, slope));
  }

  /** Equal for strides of as many bytes. */
  strideKey(arrayName: string, slope: Polynomial): string {
    return keyOf(this.strideBytes(arrayName, slope));
  }

  private strideBytes(arrayName: string, slope: Polynomial): Polynomial {
    const array = this.emission.fn.arrays.get(arrayName);
    if (array === undefined) throw new Error(`kernel ${this.emission.fn.name}: no array ${arrayName}`);
    return scale(slope, cellBytes(array));
  }

  /** Ranges of the open loops, outermost first. */
  ranges(): readonly VariableRange[] {
    return this.emission.scopes.flatMap(({ variable, loop }) =>
      variable === undefined || loop === undefined ? [] : [{ variable, from: loop.from, to: loop.to }],
    );
  }

  isPicked(index: Polynomial): boolean {
    return [...namesOf(index)].some((name) => this.emission.fn.positions.has(name));
  }
}

/** A counted loop around code that is already written. */
export function loopCode(
  scope: Scope,
  parts: {
    readonly start: Code;
    readonly step: number;
    /** Leaves on the stack whether another turn is due. */
    readonly isDue: Code;
    readonly body: Code;
  },
): Code {
  const local = scope.local as number;
  return [
    set(local, parts.start),
    scope.before,
    parts.isDue,
    plain("if"),
    plain("loop"),
    scope.atStart,
    parts.body,
    scope.atEnd,
    set(local, op("i32.add", get(local), integer(parts.step))),
    parts.isDue,
    { opcode: "br_if", numbers: [0] },
    plain("end"),
    plain("end"),
  ];
}
