import type { Code, Instruction, Opcode } from "./instructions.js";

/** An instruction without immediates. */
export function plain(opcode: Opcode): Instruction {
  const known = instructions.get(opcode);
  if (known !== undefined) return known;
  const made = { opcode };
  instructions.set(opcode, made);
  return made;
}

const instructions = new Map<Opcode, Instruction>();

/** Instructions as expressions: operands first, then the operation. */
export function op(opcode: Opcode, ...operands: readonly Code[]): Code {
  return [...operands, plain(opcode)];
}

export function get(local: number): Code {
  return { opcode: "local.get", numbers: [local] };
}

export function set(local: number, value: Code): Code {
  return [value, { opcode: "local.set", numbers: [local] }];
}

export function tee(local: number, value: Code): Code {
  return [value, { opcode: "local.tee", numbers: [local] }];
}

export function integer(value: number): Code {
  return { opcode: "i32.const", numbers: [value] };
}

export function float(value: number): Code {
  return { opcode: "f64.const", numbers: [value] };
}

/** Two float64 entries. */
export function pair(first: number, second: number): Code {
  return { opcode: "v128.const", numbers: [first, second] };
}

export function call(name: string, ...operands: readonly Code[]): Code {
  return [...operands, { opcode: "call", name }];
}

export function load(
  opcode: "i32.load" | "f64.load" | "v128.load" | "v128.load64_splat",
  address: Code,
  offset = 0,
): Code {
  return [address, { opcode, numbers: [offset] }];
}

export function store(opcode: "f64.store" | "v128.store", address: Code, value: Code, offset = 0): Code {
  return [address, value, { opcode, numbers: [offset] }];
}

export function lane(opcode: "f64x2.extract_lane" | "i32x4.extract_lane", value: Code, position: number): Code {
  return [value, { opcode, numbers: [position] }];
}

export function replaceLane(vector: Code, position: number, value: Code): Code {
  return [vector, value, { opcode: "f64x2.replace_lane", numbers: [position] }];
}

/** The lane of `vector` at `position` replaced by the float64 at an address. */
export function loadLane(vector: Code, position: number, address: Code, offset = 0): Code {
  return [address, vector, { opcode: "v128.load64_lane", numbers: [offset, position] }];
}

/** Code that runs where a condition holds. */
export function when(condition: Code, ...body: readonly Code[]): Code {
  return [condition, plain("if"), ...body, plain("end")];
}

/** Code that runs once, and again as long as a condition holds. */
export function plainLoop(body: readonly Code[], isDue: Code): Code {
  return [plain("loop"), ...body, isDue, { opcode: "br_if", numbers: [0] }, plain("end")];
}

/** 64 bits, given as the float64 that has them. */
export function bits(value: bigint): number {
  return new Float64Array(BigUint64Array.of(value).buffer)[0];
}

/** c + a * b */
export function multiplyAdd(a: Code, b: Code, c: Code): Code {
  return { fused: "add", a, b, c };
}

/** c - a * b */
export function subtractProduct(a: Code, b: Code, c: Code): Code {
  return { fused: "subtract", a, b, c };
}
