/** WebAssembly instructions as data: encoded to bytes and printed as text from the same list. */
export type Immediate =
  "none" | "block" | "label" | "local" | "call" | "memory" | "memoryLane" | "lane" | "i32" | "f64" | "pair" | "fill";

/** Opcodes (SIMD and extended ones with their prefix) and what follows them. */
const table = {
  block: [[0x02], "block"],
  loop: [[0x03], "block"],
  if: [[0x04], "block"],
  else: [[0x05], "none"],
  end: [[0x0b], "none"],
  br: [[0x0c], "label"],
  br_if: [[0x0d], "label"],
  call: [[0x10], "call"],
  select: [[0x1b], "none"],
  "local.get": [[0x20], "local"],
  "local.set": [[0x21], "local"],
  "local.tee": [[0x22], "local"],
  "i32.load": [[0x28], "memory"],
  "f64.load": [[0x2b], "memory"],
  "f64.store": [[0x39], "memory"],
  "memory.fill": [[0xfc, 0x0b], "fill"],
  "i32.const": [[0x41], "i32"],
  "f64.const": [[0x44], "f64"],
  "i32.eqz": [[0x45], "none"],
  "i32.lt_s": [[0x48], "none"],
  "i32.gt_s": [[0x4a], "none"],
  "i32.le_s": [[0x4c], "none"],
  "i32.ge_s": [[0x4e], "none"],
  "f64.eq": [[0x61], "none"],
  "f64.ne": [[0x62], "none"],
  "f64.lt": [[0x63], "none"],
  "f64.gt": [[0x64], "none"],
  "f64.le": [[0x65], "none"],
  "f64.ge": [[0x66], "none"],
  "i32.add": [[0x6a], "none"],
  "i32.sub": [[0x6b], "none"],
  "i32.mul": [[0x6c], "none"],
  "i32.and": [[0x71], "none"],
  "i32.shl": [[0x74], "none"],
  "f64.abs": [[0x99], "none"],
  "f64.neg": [[0x9a], "none"],
  "f64.sqrt": [[0x9f], "none"],
  "f64.add": [[0xa0], "none"],
  "f64.sub": [[0xa1], "none"],
  "f64.mul": [[0xa2], "none"],
  "f64.div": [[0xa3], "none"],
  "f64.min": [[0xa4], "none"],
  "f64.max": [[0xa5], "none"],
  "f64.convert_i32_s": [[0xb7], "none"],
  "i32.trunc_sat_f64_s": [[0xfc, 0x02], "none"],
  "v128.load": [[0xfd, 0x00], "memory"],
  "v128.load64_splat": [[0xfd, 0x0a], "memory"],
  "v128.store": [[0xfd, 0x0b], "memory"],
  "v128.const": [[0xfd, 0x0c], "pair"],
  "f64x2.splat": [[0xfd, 0x14], "none"],
  "i32x4.extract_lane": [[0xfd, 0x1b], "lane"],
  "f64x2.extract_lane": [[0xfd, 0x21], "lane"],
  "f64x2.replace_lane": [[0xfd, 0x22], "lane"],
  "f64x2.eq": [[0xfd, 0x47], "none"],
  "f64x2.ne": [[0xfd, 0x48], "none"],
  "f64x2.lt": [[0xfd, 0x49], "none"],
  "f64x2.gt": [[0xfd, 0x4a], "none"],
  "f64x2.le": [[0xfd, 0x4b], "none"],
  "f64x2.ge": [[0xfd, 0x4c], "none"],
  "v128.not": [[0xfd, 0x4d], "none"],
  "v128.and": [[0xfd, 0x4e], "none"],
  "v128.andnot": [[0xfd, 0x4f], "none"],
  "v128.or": [[0xfd, 0x50], "none"],
  "v128.xor": [[0xfd, 0x51], "none"],
  "v128.bitselect": [[0xfd, 0x52], "none"],
  "v128.any_true": [[0xfd, 0x53], "none"],
  "v128.load64_lane": [[0xfd, 0x57], "memoryLane"],
  "f64x2.nearest": [[0xfd, 0x94, 0x01], "none"],
  "i64x2.shl": [[0xfd, 0xcb, 0x01], "none"],
  "i64x2.shr_u": [[0xfd, 0xcd, 0x01], "none"],
  "i64x2.add": [[0xfd, 0xce, 0x01], "none"],
  "i64x2.sub": [[0xfd, 0xd1, 0x01], "none"],
  "f64x2.abs": [[0xfd, 0xec, 0x01], "none"],
  "f64x2.neg": [[0xfd, 0xed, 0x01], "none"],
  "f64x2.sqrt": [[0xfd, 0xef, 0x01], "none"],
  "f64x2.add": [[0xfd, 0xf0, 0x01], "none"],
  "f64x2.sub": [[0xfd, 0xf1, 0x01], "none"],
  "f64x2.mul": [[0xfd, 0xf2, 0x01], "none"],
  "f64x2.div": [[0xfd, 0xf3, 0x01], "none"],
  "f64x2.min": [[0xfd, 0xf4, 0x01], "none"],
  "f64x2.max": [[0xfd, 0xf5, 0x01], "none"],
  "f64x2.pmin": [[0xfd, 0xf6, 0x01], "none"],
  "f64x2.pmax": [[0xfd, 0xf7, 0x01], "none"],
  "i32x4.trunc_sat_f64x2_s_zero": [[0xfd, 0xfc, 0x01], "none"],
  "f64x2.relaxed_madd": [[0xfd, 0x87, 0x02], "none"],
  "f64x2.relaxed_nmadd": [[0xfd, 0x88, 0x02], "none"],
} as const satisfies Readonly<Record<string, readonly [readonly number[], Immediate]>>;

export type Opcode = keyof typeof table;

export function encodingOf(opcode: Opcode): { readonly bytes: readonly number[]; readonly immediate: Immediate } {
  const [bytes, immediate] = table[opcode];
  return { bytes, immediate };
}

/**
 * One instruction. Memory immediates: offset, then the lane; a block's: its label (for the text only); a call's: the
 * name of a function.
 */
export type Instruction =
  | {
      readonly opcode: Opcode;
      readonly numbers?: readonly number[];
      readonly name?: string;
      /** The product of a multiply-add, and the addition that ends it. */
      readonly part?: "product" | "sum";
    }
  | { readonly opcode: "comment"; readonly name: string };

/** c + a * b or c - a * b in each of two lanes: one instruction or two, as the target has it. */
export interface FusedMultiply {
  readonly fused: "add" | "subtract";
  readonly a: Code;
  readonly b: Code;
  readonly c: Code;
}

/** Instructions in order, nested as they were put together. */
export type Code = Instruction | FusedMultiply | readonly Code[];

/** Which instructions there are. */
export interface Target {
  /** Fused multiply-add: `f64x2.relaxed_madd`. */
  readonly relaxed: boolean;
}

const multiply: Instruction = { opcode: "f64x2.mul" };
const fusedInstructions: Readonly<Record<"add" | "subtract", Instruction>> = {
  add: { opcode: "f64x2.relaxed_madd" },
  subtract: { opcode: "f64x2.relaxed_nmadd" },
};
const separateInstructions: Readonly<Record<"add" | "subtract", Instruction>> = {
  add: { opcode: "f64x2.add" },
  subtract: { opcode: "f64x2.sub" },
};

export function flatten(code: Code, target: Target, into: Instruction[] = []): readonly Instruction[] {
  if ("opcode" in code) into.push(code);
  else if ("fused" in code) {
    const { fused, a, b, c } = code;
    const operands = target.relaxed
      ? [a, b, c, fusedInstructions[fused]]
      : [c, a, b, multiply, separateInstructions[fused]];
    flatten(operands, target, into);
  } else for (const part of code) flatten(part, target, into);
  return into;
}

const product: Instruction = { opcode: "f64x2.mul", part: "product" };
const sums: Readonly<Record<"add" | "subtract", Instruction>> = {
  add: { opcode: "f64x2.add", part: "sum" },
  subtract: { opcode: "f64x2.sub", part: "sum" },
};

/**
 * Instructions without fused multiply-adds that can be made into some in place: a and b, their product, c, the sum. The
 * product of a difference waits in a local meanwhile, as c comes first in it; `temporary` is the number of the first.
 *
 * @returns how many such locals there are
 */
export function flattenFusable(code: Code, temporary: number, into: Instruction[]): number {
  if ("opcode" in code) {
    into.push(code);
    return 0;
  }
  if (!("fused" in code)) return code.reduce((most, part) => Math.max(most, flattenFusable(part, temporary, into)), 0);
  const { fused, a, b, c } = code;
  const before = flattenFusable([a, b], temporary, into);
  into.push(product);
  if (fused === "add") {
    const after = flattenFusable(c, temporary, into);
    into.push(sums.add);
    return Math.max(before, after);
  }
  into.push({ opcode: "local.set", numbers: [temporary] });
  const after = flattenFusable(c, temporary + 1, into);
  into.push({ opcode: "local.get", numbers: [temporary] }, sums.subtract);
  return Math.max(before, after + 1);
}

export type ValueType = "i32" | "f64" | "v128";

export interface WasmFunction {
  readonly name: string;
  readonly isExported: boolean;
  readonly comment?: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Parameters, then the other locals. */
  readonly locals: readonly { readonly name: string; readonly type: ValueType }[];
  readonly code: Code;
}

/** A function of the host: float64 numbers to a float64 number. */
export interface WasmImport {
  readonly name: string;
  readonly parameters: number;
}

export interface WasmModule {
  readonly imports: readonly WasmImport[];
  readonly functions: readonly WasmFunction[];
  /** Written into memory when the module is instantiated. */
  readonly data: { readonly address: number; readonly values: readonly number[] };
}
