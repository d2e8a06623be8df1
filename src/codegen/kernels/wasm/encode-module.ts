import type { Code, ValueType, WasmFunction, WasmModule } from "./instructions.js";
import { encodingOf } from "./instructions.js";

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };
/** What the declared memory may grow to. */
const maximumPages = 65536;

export interface EncodedModule {
  readonly bytes: Uint8Array;
  /** Place of the byte that says whether the memory is shared: 1 where it is not, 3 where it is. */
  readonly memoryFlags: number;
}

/**
 * A module's bytes. It imports `env.memory` and functions of the host, `host.<name>`.
 *
 * @source WebAssembly Core Specification 2.0, chapter 5 (binary format)
 */
export function encodeModule(module: WasmModule): EncodedModule {
  const signatures: string[] = [];
  const typeOf = (parameters: readonly ValueType[], results: readonly ValueType[]): number => {
    const key = JSON.stringify([parameters, results]);
    const known = signatures.indexOf(key);
    return known >= 0 ? known : signatures.push(key) - 1;
  };
  const importTypes = module.imports.map(({ parameters }) => typeOf(Array<ValueType>(parameters).fill("f64"), ["f64"]));
  const functionTypes = module.functions.map((fn) => typeOf(fn.parameters, fn.results));
  const indexOf = new Map([...module.imports, ...module.functions].map(({ name }, index) => [name, index]));

  const types = vector(
    signatures.map((signature) => {
      const [parameters, results] = JSON.parse(signature) as [ValueType[], ValueType[]];
      return [0x60, ...vector(parameters.map((type) => [typeCodes[type]])), ...vector(results.map((type) => [typeCodes[type]]))];
    }),
  );
  const memoryImport = [...text("env"), ...text("memory"), 0x02, 0x01, ...unsigned(1), ...unsigned(maximumPages)];
  const imports = vector([
    memoryImport,
    ...module.imports.map(({ name }, i) => [...text("host"), ...text(name), 0x00, ...unsigned(importTypes[i])]),
  ]);
  const exports = vector(
    module.functions.flatMap((fn) =>
      fn.isExported ? [[...text(fn.name), 0x00, ...unsigned(indexOf.get(fn.name) ?? 0)]] : [],
    ),
  );
  const codes = vector(module.functions.map((fn) => encodeFunction(fn, indexOf)));
  const values = new Uint8Array(Float64Array.from(module.data.values).buffer);
  const data = vector([[0x00, 0x41, ...signed(module.data.address), 0x0b, ...unsigned(values.length), ...values]]);
  const head = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...section(1, types)];
  const importSection = section(2, imports);
  const beforeMemory = importSection.length - imports.length + unsigned(1 + module.imports.length).length;
  const bytes = [
    ...head,
    ...importSection,
    ...section(3, vector(functionTypes.map((type) => unsigned(type)))),
    ...section(7, exports),
    ...section(10, codes),
    ...section(11, data),
  ];
  return {
    bytes: Uint8Array.from(bytes),
    memoryFlags: head.length + beforeMemory + text("env").length + text("memory").length + 1,
  };
}

function encodeFunction(fn: WasmFunction, indexOf: ReadonlyMap<string, number>): number[] {
  const own = fn.locals.slice(fn.parameters.length);
  const groups: { count: number; type: ValueType }[] = [];
  for (const { type } of own) {
    const last = groups.at(-1);
    if (last?.type === type) last.count += 1;
    else groups.push({ count: 1, type });
  }
  const locals = vector(groups.map(({ count, type }) => [...unsigned(count), typeCodes[type]]));
  const body = [...locals, ...encodeCode(fn.code, indexOf), 0x0b];
  return [...unsigned(body.length), ...body];
}

function encodeCode(code: Code, indexOf: ReadonlyMap<string, number>): number[] {
  const bytes: number[] = [];
  const append = (more: readonly number[]): void => {
    for (const byte of more) bytes.push(byte);
  };
  for (const instruction of code) {
    if (instruction.opcode === "comment") continue;
    const { bytes: opcode, immediate } = encodingOf(instruction.opcode);
    append(opcode);
    const [first = 0, second = 0] = instruction.numbers ?? [];
    switch (immediate) {
      case "none":
        break;
      case "block":
        bytes.push(0x40);
        break;
      case "label":
      case "local":
        append(unsigned(first));
        break;
      case "call": {
        const index = indexOf.get(instruction.name ?? "");
        if (index === undefined) throw new Error(`encode wasm: no function ${instruction.name}`);
        append(unsigned(index));
        break;
      }
      case "memory":
      case "memoryLane":
        bytes.push(alignmentOf(instruction.opcode));
        append(unsigned(first));
        if (immediate === "memoryLane") bytes.push(second);
        break;
      case "lane":
        bytes.push(first);
        break;
      case "i32":
        append(signed(first));
        break;
      case "f64":
        append(new Uint8Array(Float64Array.of(first).buffer) as unknown as number[]);
        break;
      case "pair":
        append(new Uint8Array(Float64Array.of(first, second).buffer) as unknown as number[]);
        break;
      case "fill":
        bytes.push(0x00);
        break;
    }
  }
  return bytes;
}

/** As a power of two; what is stored is aligned to it. */
function alignmentOf(opcode: string): number {
  if (opcode === "i32.load") return 2;
  return opcode === "v128.load" || opcode === "v128.store" ? 4 : 3;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128 */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}
