import type { PlanFunction, Sweep } from "../../ir/plan.js";
import type { KernelArrayDescription, KernelDescription } from "../../runtime/kernels/kernel-description.js";
import { lanes } from "./emission.js";
import type { KernelArray, KernelFunction } from "./kernel-ir.js";
import { NotAKernelError } from "./kernel-ir.js";
import type { KernelPart, LoweredKernel } from "./lower-kernel.js";
import { describeArray, nameSegments, toKernelIr } from "./lower-kernel.js";
import type { Polynomial } from "./polynomial.js";
import { namesIn } from "./polynomial.js";
import { call, get, integer, load, op, set, when } from "./wasm/code.js";
import { FunctionBuilder } from "./wasm/function-builder.js";
import type { Code, WasmFunction } from "./wasm/instructions.js";

export interface ScanOptions {
  /** May long sequences be cut where that proves to change nothing? Not where something is the same all along one. */
  readonly mayCut?: boolean;
}

/**
 * Functions that run along sequences one after the other, as one kernel: each lane is a sequence, a group is a step of
 * all of them, and what the steps leave each other lies in memory of the shard. All functions go through the steps of
 * one shard before the next shard begins.
 *
 * @throws NotAKernelError
 */
export function lowerScan(given: PlanFunction, { mayCut = false }: ScanOptions = {}): LoweredKernel {
  const functions = [...(given.before ?? []), given];
  const { name } = given;
  const parts = functions.map((one, i) => {
    const { before: _, ...alone } = one;
    return { plan: one, fn: toKernelIr({ ...alone, name: `${name}.${i}` }) };
  });
  const frame = new Frame();
  const [rowsOffset, begin, end] = ["rows", "begin", "end"].map((key) => frame.place(key));
  const arrays = new Map<number, KernelArrayDescription>();
  const sizes = new Map<string, number>();
  const counts = new Map<number, Sweep>();
  const lowered: KernelPart[] = parts.map(({ fn }) => {
    if (fn.segments.filter(({ kind }) => kind === "rows").length > 1) {
      throw new NotAKernelError(name, "its rows are gone through more than once");
    }
    const rowsOffset = frame.place(`rows ${JSON.stringify(fn.sweep)}`);
    if (fn.sweep !== undefined) counts.set(rowsOffset, fn.sweep);
    const own = new Map<string, number>([[fn.rows, rowsOffset]]);
    for (const [inPlaces, symbol] of fn.sizes) {
      const offset = frame.place(`size ${symbol}`);
      sizes.set(symbol, offset);
      own.set(inPlaces, offset);
    }
    for (const array of fn.arrays.values()) {
      const offset = frame.place(sharedKey(fn, array));
      own.set(`&${array.name}`, offset);
      arrays.set(offset, describeArray(fn, array, offset));
    }
    return { fn, frame: own, segments: nameSegments(fn) };
  });
  const ofPlan = parts.map(({ plan }, i) => ({ plan, part: lowered[i] }));
  const rows = ofPlan.flatMap(({ plan, part }) => {
    const found = part.segments.find(({ kind }) => kind === "rows");
    return found === undefined ? [] : [{ plan, part, segment: found }];
  });
  const told = (internal: (plan: PlanFunction) => PlanFunction["outputs"]): ReadonlySet<string> =>
    new Set(parts.flatMap(({ plan }) => internal(plan)).flatMap((one) => (one.internal === true ? [one.name] : [])));
  const lagged = told(({ outputs }) => outputs.filter(({ lag }) => lag !== undefined && lag > 0));
  const state = told(({ outputs, sweep }) =>
    sweep?.to === undefined && sweep?.last !== true ? outputs.filter(({ axes }) => axes.length > 0) : [],
  );
  const kept = [...arrays.values()].filter(({ role }) => role === "kept");
  const once = (isBefore: boolean): KernelDescription["segments"] =>
    lowered.flatMap(({ segments }) => {
      const at = segments.findIndex(({ kind }) => kind === "rows");
      return segments.filter(({ kind }, i) => kind === "once" && i < at === isBefore);
    });
  const names = { rows: `${name}.steps`, clear: `${name}.clear`, collect: `${name}.collect` };
  const cleared = rows.flatMap(({ segment }) => (segment.clear === undefined ? [] : [segment.clear]));
  const collected = rows.flatMap(({ segment }) => (segment.collect === undefined ? [] : [segment.collect]));
  return {
    description: {
      name,
      segments: [
        ...once(true),
        { export: names.rows, kind: "rows", clear: names.clear, collect: names.collect },
        ...once(false),
      ],
      frameBytes: frame.bytes,
      rowsOffset,
      sizes: [...sizes].map(([symbol, offset]) => ({ name: symbol, offset })),
      arrays: [...arrays.values()],
      scan: {
        counts: [...counts].map(([offset, { from, to, last }]) => ({
          offset,
          from,
          ...(to === undefined ? {} : { to }),
          ...(last === undefined ? {} : { last }),
        })),
        begin,
        end,
        state: kept.flatMap(({ key }) => (state.has(key) ? [key] : [])),
        mayCut,
      },
    },
    parts: lowered,
    joined: [
      callAll(names.clear, cleared),
      callAll(names.collect, collected),
      goThrough(
        names.rows,
        { begin, end },
        kept.flatMap((array) => {
          if (!lagged.has(array.key)) return [];
          const part = lowered.find(({ fn }) =>
            [...fn.arrays.values()].some((own) => own.kind === "kept" && own.key === array.key),
          );
          const own =
            part === undefined
              ? undefined
              : [...part.fn.arrays.values()].find((one) => one.kind === "kept" && one.key === array.key);
          return part === undefined || own?.kind !== "kept"
            ? []
            : [{ offset: array.offset, width: own.width, frame: part.frame }];
        }),
        rows.map(({ plan, segment }) => ({ name: segment.export, from: plan.sweep?.from ?? 0, to: plan.sweep?.to })),
      ),
    ],
  };
}

/** Where things lie in the frame that all functions have in common. */
class Frame {
  private readonly offsets = new Map<string, number>();

  place(key: string): number {
    const known = this.offsets.get(key);
    if (known !== undefined) return known;
    const offset = this.bytes;
    this.offsets.set(key, offset);
    return offset;
  }

  get bytes(): number {
    return 4 * this.offsets.size;
  }
}

/** What functions have in common has one place; memory of their own has one each. */
function sharedKey(fn: KernelFunction, array: KernelArray): string {
  switch (array.kind) {
    case "input":
    case "rowInput":
      return `${array.source} ${array.key}`;
    case "output":
    case "rowOutput":
      return `output ${array.key}`;
    case "kept":
      return `kept ${array.key}`;
    case "uniform":
    case "varying":
    case "total":
      return `${fn.name} ${array.name}`;
  }
}

function callAll(name: string, called: readonly string[]): WasmFunction {
  const parameters = [{ name: "frame", type: "i32" as const }];
  const builder = new FunctionBuilder(name, { parameters, results: [], isExported: true });
  for (const one of called) builder.append(call(one, get(0)));
  return builder.build();
}

/** Goes through the steps of a shard, first and end of which are in its frame. What a later step leaves begins as 0. */
function goThrough(
  name: string,
  offsets: { readonly begin: number; readonly end: number },
  cleared: readonly {
    readonly offset: number;
    readonly width: Polynomial;
    readonly frame: ReadonlyMap<string, number>;
  }[],
  called: readonly { readonly name: string; readonly from: number; readonly to: number | undefined }[],
): WasmFunction {
  const parameters = ["frame", "first", "last"].map((parameter) => ({ name: parameter, type: "i32" as const }));
  const builder = new FunctionBuilder(name, { parameters, results: [], isExported: true });
  const [begin, end] = [builder.local("begin", "i32"), builder.local("end", "i32")];
  const fromFrame = (offset: number): Code => load("i32.load", get(0), offset);
  builder.append(set(begin, fromFrame(offsets.begin)), set(end, fromFrame(offsets.end)));
  for (const { offset, width, frame } of cleared) {
    const stepBytes = op(
      "i32.mul",
      valueOf(width, (symbol) => fromFrame(frame.get(symbol) ?? 0)),
      integer(8 * lanes),
    );
    const bytes = builder.local("bytes", "i32");
    const address = op("i32.add", fromFrame(offset), op("i32.mul", get(begin), get(bytes)));
    builder.append(set(bytes, stepBytes));
    builder.append(
      op("memory.fill", address, integer(0), op("i32.mul", op("i32.sub", get(end), get(begin)), get(bytes))),
    );
  }
  for (const one of called) {
    const first = op("i32.add", get(begin), integer(one.from));
    if (one.to === undefined) builder.append(call(one.name, get(0), first, get(end)));
    else {
      const last = op("i32.add", get(begin), integer(one.to));
      builder.append(when(op("i32.le_s", last, get(end)), call(one.name, get(0), first, last)));
    }
  }
  return builder.build();
}

function valueOf(polynomial: Polynomial, read: (name: string) => Code): Code {
  const terms = [...polynomial].map(([monomial, coefficient]) =>
    namesIn(monomial).reduce<Code>((product, symbol) => op("i32.mul", product, read(symbol)), integer(coefficient)),
  );
  return terms.reduce<Code>((sum, term) => op("i32.add", sum, term), integer(0));
}
