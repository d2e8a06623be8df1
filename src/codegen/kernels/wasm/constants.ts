import type { Code } from "./instructions.js";
import { integer, load, pair } from "./code.js";

/** Where a module's constants lie in memory. */
const constantsAddress = 64;

/**
 * Numbers that vectors are computed with, kept in memory: a load that fills both entries costs one instruction of the
 * processor, a literal vector several.
 */
export class ConstantTable {
  private readonly addresses = new Map<string, number>();
  readonly values: number[] = [];
  readonly address = constantsAddress;

  /** A vector with the number in both entries. */
  splat(value: number): Code {
    return value === 0 && !Object.is(value, -0) ? pair(0, 0) : load("v128.load64_splat", integer(this.place([value])));
  }

  vector(first: number, second: number): Code {
    return load("v128.load", integer(this.place([first, second])));
  }

  private place(values: readonly number[]): number {
    const bits = new BigUint64Array(Float64Array.from(values).buffer);
    const key = bits.join();
    const known = this.addresses.get(key);
    if (known !== undefined) return known;
    // Vectors are aligned to 16 bytes.
    if (values.length === 2 && this.values.length % 2 === 1) this.values.push(0);
    const address = constantsAddress + 8 * this.values.length;
    this.values.push(...values);
    this.addresses.set(key, address);
    return address;
  }

  /** First byte behind the table. */
  get end(): number {
    return Math.ceil((constantsAddress + 8 * this.values.length) / 64) * 64;
  }
}
