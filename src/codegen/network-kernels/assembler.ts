/** A small assembler of WebAssembly with float32 vectors: instructions are arrays of bytes, put one after the other. */
export type Bytes = readonly number[];

export function unsigned(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

function float32(value: number): Bytes {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

export function join(...parts: readonly Bytes[]): Bytes {
  return parts.flat();
}

const simd = (code: number): Bytes => [0xfd, ...unsigned(code)];
const memory = (opcode: Bytes, alignment: number, offset: number): Bytes => [...opcode, alignment, ...unsigned(offset)];

/** Opcodes without immediates. @source WebAssembly Core Specification 2.0, section 5.4; relaxed SIMD proposal */
export const wasm = {
  end: [0x0b],
  loop: [0x03, 0x40],
  block: [0x02, 0x40],
  select: [0x1b],
  if: [0x04, 0x40],
  else: [0x05],
  i32Eqz: [0x45],
  i32LessSigned: [0x48],
  i32GreaterSigned: [0x4a],
  i32LessEqualSigned: [0x4c],
  i32GreaterEqualSigned: [0x4e],
  i32Equal: [0x46],
  i32NotEqual: [0x47],
  i32Add: [0x6a],
  i32Subtract: [0x6b],
  i32Multiply: [0x6c],
  i32DivideUnsigned: [0x6e],
  i32And: [0x71],
  i32Or: [0x72],
  i32ShiftLeft: [0x74],
  i32ShiftRightUnsigned: [0x76],
  f32Add: [0x92],
  f32Max: [0x97],
  f32ConvertSigned: [0xb2],
  i32TruncateSaturated: [0xfc, 0x00],
  f32Splat: simd(0x13),
  i32Splat: simd(0x11),
  not: simd(0x4d),
  and: simd(0x4e),
  andNot: simd(0x4f),
  or: simd(0x50),
  xor: simd(0x51),
  bitSelect: simd(0x52),
  f32Equal: simd(0x41),
  f32NotEqual: simd(0x42),
  f32Less: simd(0x43),
  f32Greater: simd(0x44),
  f32LessEqual: simd(0x45),
  f32GreaterEqual: simd(0x46),
  f32Abs: simd(0xe0),
  f32Negate: simd(0xe1),
  f32Sqrt: simd(0xe3),
  add: simd(0xe4),
  subtract: simd(0xe5),
  multiply: simd(0xe6),
  divide: simd(0xe7),
  minimum: simd(0xe8),
  maximum: simd(0xe9),
  pseudoMinimum: simd(0xea),
  pseudoMaximum: simd(0xeb),
  nearest: simd(0x6a),
  i32VectorAdd: simd(0xae),
  i32VectorSubtract: simd(0xb1),
  i32VectorMultiply: simd(0xb5),
  i32VectorShiftLeft: simd(0xab),
  i32VectorShiftRight: simd(0xac),
  i32VectorShiftRightUnsigned: simd(0xad),
  truncate: simd(0xf8),
  convert: simd(0xfa),
  relaxedMultiplyAdd: simd(0x105),
  memoryFill: [0xfc, 0x0b, 0x00],
  memoryCopy: [0xfc, 0x0a, 0x00, 0x00],
} as const satisfies Readonly<Record<string, Bytes>>;

export const get = (local: number): Bytes => [0x20, ...unsigned(local)];
export const set = (local: number): Bytes => [0x21, ...unsigned(local)];
export const tee = (local: number): Bytes => [0x22, ...unsigned(local)];
export const call = (index: number): Bytes => [0x10, ...unsigned(index)];
/** Number of the thread that runs the instance: the one global, which is imported. */
export const threadNumber: Bytes = [0x23, 0];
export const integer = (value: number): Bytes => [0x41, ...signed(value)];
export const branch = (label: number): Bytes => [0x0c, ...unsigned(label)];
export const branchIf = (label: number): Bytes => [0x0d, ...unsigned(label)];
export const loadInteger = (offset = 0): Bytes => memory([0x28], 2, offset);
export const storeInteger = (offset = 0): Bytes => memory([0x36], 2, offset);
export const loadFloat = (offset = 0): Bytes => memory([0x2a], 2, offset);
export const storeFloat = (offset = 0): Bytes => memory([0x38], 2, offset);
export const loadVector = (offset = 0): Bytes => memory(simd(0x00), 2, offset);
export const storeVector = (offset = 0): Bytes => memory(simd(0x0b), 2, offset);
export const loadSplat = (offset = 0): Bytes => memory(simd(0x09), 2, offset);
export const loadSingle = (offset = 0): Bytes => memory(simd(0x5c), 2, offset);
export const loadLane = (lane: number, offset = 0): Bytes => [...memory(simd(0x56), 2, offset), lane];
export const storeLane = (lane: number, offset = 0): Bytes => [...memory(simd(0x5a), 2, offset), lane];
export const extractFloat = (lane: number): Bytes => [...simd(0x1f), lane];
export const extractInteger = (lane: number): Bytes => [...simd(0x1b), lane];
/** Bit i is the sign of lane i. */
export const extractLaneMask: Bytes = simd(0xa4);
export const shuffle = (lanes: readonly number[]): Bytes => [...simd(0x0d), ...lanes];
export const vector = (value: number): Bytes => [
  ...simd(0x0c),
  ...Array.from({ length: 4 }, () => float32(value)).flat(),
];
export const vectorOf = (values: readonly number[]): Bytes => [...simd(0x0c), ...values.flatMap(float32)];
/** Four equal 32-bit patterns. */
export const bits = (value: number): Bytes => [
  ...simd(0x0c),
  ...Array.from({ length: 4 }, () => [...new Uint8Array(Int32Array.of(value).buffer)]).flat(),
];

export type LocalType = "i32" | "f32" | "v128";
const typeCodes: Readonly<Record<LocalType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** A function being written. */
export class FunctionWriter {
  private readonly locals: LocalType[] = [];
  private readonly parts: Bytes[] = [];

  constructor(
    readonly name: string,
    readonly parameters: readonly LocalType[],
    readonly results: readonly LocalType[] = [],
  ) {}

  local(type: LocalType): number {
    return this.parameters.length + this.locals.push(type) - 1;
  }

  add(...parts: readonly Bytes[]): void {
    this.parts.push(...parts);
  }

  body(): Bytes {
    const groups = this.locals.flatMap((type) => [...unsigned(1), typeCodes[type]]);
    const code = join(unsigned(this.locals.length), groups, ...this.parts, wasm.end);
    return join(unsigned(code.length), code);
  }
}

/** A module, and the place of the byte that says whether its memory is shared: 1 no, 3 yes. */
export interface EncodedFunctions {
  readonly bytes: Uint8Array;
  readonly memoryFlags: number;
}

const mostPages = 65536;

/** A module whose functions are all exported by name; it imports `env.memory` and `env.thread`. */
export function encodeFunctions(functions: readonly FunctionWriter[]): EncodedFunctions {
  const section = (id: number, items: readonly Bytes[]): Bytes => {
    const content = join(unsigned(items.length), ...items);
    return join([id], unsigned(content.length), content);
  };
  const text = (value: string): Bytes => {
    const encoded = [...new TextEncoder().encode(value)];
    return join(unsigned(encoded.length), encoded);
  };
  const types = functions.map(({ parameters, results }) =>
    join(
      [0x60],
      unsigned(parameters.length),
      parameters.map((type) => typeCodes[type]),
      unsigned(results.length),
      results.map((type) => typeCodes[type]),
    ),
  );
  const start: Bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const typeSection = section(1, types);
  const thread = join(text("env"), text("thread"), [0x03, typeCodes.i32, 0x00]);
  const memoryName = join(text("env"), text("memory"), [0x02]);
  const importSection = section(2, [thread, join(memoryName, [0x01, 0x01], unsigned(mostPages))]);
  const bytes = join(
    start,
    typeSection,
    importSection,
    section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    section(
      7,
      functions.map(({ name }, i) => join(text(name), [0x00], unsigned(i))),
    ),
    section(
      10,
      functions.map((fn) => fn.body()),
    ),
  );
  const afterFlags = 1 + unsigned(mostPages).length;
  const memoryFlags = start.length + typeSection.length + importSection.length - afterFlags - 1;
  return { bytes: Uint8Array.from(bytes), memoryFlags };
}
