import type { Awaitable, Sizes } from "../../description.js";
import { boundShape, product } from "../../extents.js";
import type { ChainElboDescription, PartDescription } from "./chain-elbo-description.js";
import type { PackedSequences } from "./packed-sequences.js";
import type { Numbers, PartRunner } from "./part-runner.js";

/** What is known of the steps of some sequences while a bound is worked out: a row of every table for each step. */
export class Tape {
  readonly rows: number;
  readonly tables: Record<string, Numbers> = {};
  private readonly written: Record<string, Numbers> = {};
  private readonly widths: ReadonlyMap<string, number>;
  private readonly parts: ReadonlyMap<string, PartDescription>;

  constructor(
    private readonly description: ChainElboDescription,
    sizes: Sizes,
    readonly packed: PackedSequences,
    readonly data: Readonly<Record<string, Numbers>>,
    dataWidths: Readonly<Record<string, number>>,
    /** Of the step, and noise. */
    given: Readonly<Record<string, Numbers>>,
    private readonly runner: PartRunner,
    /** What parts add to. */
    private readonly totals: Readonly<Record<string, Numbers>>,
  ) {
    this.rows = packed.sources.length;
    this.widths = tableWidths(description, sizes, dataWidths);
    this.parts = new Map(description.chain.parts.map((part) => [part.name, part]));
    Object.assign(this.tables, given);
    for (const { name, lag } of description.chain.past) this.look(`${name}[t-${lag}]`, data[name], lag);
  }

  has(part: string): boolean {
    return this.parts.has(part);
  }

  /** A table of zeros, made when first asked for. */
  table(name: string): Numbers {
    return (this.tables[name] ??= this.runner.make(this.rows * this.width(name)));
  }

  /** A per-row output as it was written last. */
  result(name: string): Numbers {
    return (this.written[name] ??= this.runner.make(this.rows * this.width(name)));
  }

  /** What each row's row some steps before has, 0 where there is none. */
  look(name: string, values: Numbers, lag: number, begin = 0, end = this.rows): void {
    const width = this.width(name);
    const into = this.table(name);
    for (let row = begin; row < end; row++) {
      const from = this.earlier(row, lag);
      if (from >= 0) for (let i = 0; i < width; i++) into[row * width + i] = values[from * width + i];
    }
  }

  /** Runs a part on rows `begin` to `end` - 1, if there is such a part: its outputs of each row are in `result`. */
  async run(name: string, begin: number, end: number): Promise<void> {
    const part = this.parts.get(name);
    if (part === undefined) return;
    const { mostRows } = this.runner;
    for (let from = begin; from < end; from += mostRows) {
      const pending = this.runBlock(part, from, Math.min(end, from + mostRows));
      if (pending !== undefined) await pending;
    }
  }

  private runBlock(part: PartDescription, begin: number, end: number): Awaitable<void> {
    const slice = (values: Numbers, width: number): Numbers => values.subarray(begin * width, end * width);
    const tables: Record<string, Numbers> = {};
    for (const name of part.reads)
      tables[name] = this.widths.has(name) ? slice(this.table(name), this.width(name)) : this.tables[name];
    const data: Record<string, Numbers> = {};
    for (const [name, values] of Object.entries(this.data)) data[name] = slice(values, values.length / this.rows);
    const into: Record<string, Numbers> = {};
    for (const name of part.writes) into[name] = slice(this.result(name), this.width(name));
    for (const name of part.adds) into[name] = this.totals[name];
    return this.runner.run(part, { rows: end - begin, data, tables }, into);
  }

  /** The outputs of a part become tables. */
  keep(name: string, begin: number, end: number): void {
    for (const output of this.parts.get(name)?.writes ?? []) {
      const width = this.width(output);
      this.table(output).set(this.result(output).subarray(begin * width, end * width), begin * width);
    }
  }

  /** Derivatives that a part has written are added to those of the rows that they are of. */
  absorb(name: string, begin: number, end: number): void {
    for (const output of this.parts.get(name)?.writes ?? []) {
      const width = this.width(output);
      const values = this.result(output);
      const { target, rowOf } = this.derivativeOf(output);
      const into = this.table(target);
      for (let row = begin; row < end; row++) {
        const to = rowOf(row);
        if (to >= 0) for (let i = 0; i < width; i++) into[to * width + i] += values[row * width + i];
      }
    }
  }

  /** Of which table an output is the derivative, and of which row. */
  private derivativeOf(output: string): { readonly target: string; readonly rowOf: (row: number) => number } {
    const name = output.slice("adjoint.".length);
    const { latents, memories } = this.description.chain;
    for (const latent of latents)
      for (let lag = 1; lag <= latent.reach; lag++)
        if (name === `${latent.name}[t-${lag}]`)
          return { target: `adjoint.${latent.name}`, rowOf: (row) => this.earlier(row, lag) };
    const memory = memories.find((one) => name === `before.${one.name}`);
    if (memory === undefined) return { target: output, rowOf: (row) => row };
    const { before, after } = this.packed;
    return {
      target: `adjoint.${memory.name}`,
      rowOf: memory.isBackward ? (row) => after[row] : (row) => before[row],
    };
  }

  private earlier(row: number, lag: number): number {
    let from = row;
    for (let step = 0; step < lag && from >= 0; step++) from = this.packed.before[from];
    return from;
  }

  private width(name: string): number {
    const width = this.widths.get(name);
    if (width === undefined) throw new Error(`chain bound: there is no table ${name}`);
    return width;
  }
}

/** Entries of a row, by table. */
function tableWidths(
  { chain, noise, variables }: ChainElboDescription,
  sizes: Sizes,
  dataWidths: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const widths = new Map<string, number>([["step.counted", 1]]);
  const both = (name: string, width: number): void => {
    widths.set(name, width);
    widths.set(`adjoint.${name}`, width);
  };
  for (const { name, shape, reach } of chain.latents) {
    const width = product(boundShape(shape, sizes));
    both(name, width);
    for (let lag = 1; lag <= reach; lag++) both(`${name}[t-${lag}]`, width);
  }
  for (const { name, shape } of chain.memories) {
    both(name, product(boundShape(shape, sizes)));
    both(`before.${name}`, product(boundShape(shape, sizes)));
  }
  for (const { name, lag } of chain.past) widths.set(`${name}[t-${lag}]`, dataWidths[name]);
  for (const { name, perRow, shape } of noise) if (perRow) widths.set(name, product(boundShape(shape, sizes)));
  for (const name of ["bound", "divergence", "logWeight"]) widths.set(name, 1);
  for (const variable of variables) {
    if (widths.has(variable.name)) continue;
    const values = valuesOf(variable, sizes);
    widths.set(variable.name, product([...boundShape([...variable.plates, ...variable.event], sizes), ...values]));
  }
  return widths;
}

/** A category, and a discrete latent, is answered by the probabilities of its values. */
export function valuesOf(
  { domain, role, categories }: ChainElboDescription["variables"][number],
  sizes: Sizes,
): readonly number[] {
  if (domain === "category") return boundShape([categories ?? 1], sizes);
  return domain === "binary" && role === "latent" ? [2] : [];
}
