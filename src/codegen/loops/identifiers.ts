import { runtimeFunctions } from "../runtime-functions.js";

/** Words that no generated name may be: keywords of TypeScript and AssemblyScript, and what printed functions refer to. */
const reserved = new Set<string>([
  ...runtimeFunctions,
  ...(
    "abstract any as async await boolean break case catch class const continue debugger declare default delete do else " +
    "enum export extends false finally for function if implements import in instanceof interface let module namespace " +
    "new null of package private protected public return static super switch this throw true try type typeof undefined " +
    "var void while with yield i32 i64 u32 f32 f64 v128 bool string usize number " +
    "sizes parameters previous block into streams rows Math Number Float64Array Infinity NaN Object Array arguments eval"
  ).split(" "),
]);

/** Hands out identifiers, each once. */
export class Identifiers {
  private readonly taken: Set<string>;
  /** By wanted name, the least number that may be free. */
  private readonly counts = new Map<string, number>();

  constructor(also: Iterable<string> = []) {
    this.taken = new Set(also);
  }

  /** The wanted name in camel case, or with a number where it is taken. */
  unique(wanted: string): string {
    const base = identifier(wanted);
    let name = base;
    let count = this.counts.get(base) ?? 2;
    for (; this.taken.has(name) || reserved.has(name); count++) name = `${base}${count}`;
    this.counts.set(base, count);
    this.taken.add(name);
    return name;
  }
}

/** Any text as an identifier: `x.0` is `x0`, `eliminate z` is `eliminateZ`. */
export function identifier(text: string): string {
  const parts = text.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  const joined = parts.map((part, i) => (i === 0 ? part : part[0].toUpperCase() + part.slice(1))).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `v${joined}`;
}
