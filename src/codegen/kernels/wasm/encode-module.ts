import { ByteWriter } from "./byte-writer.js";
import type { Instruction, ValueType, WasmFunction, WasmModule } from "./instructions.js";
import { encodingOf, flattenFusable } from "./instructions.js";

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };
/** What the declared memory may grow to. */
const maximumPages = 65536;

export interface EncodedModule {
  readonly bytes: Uint8Array;
  /** Place of the byte that says whether the memory is shared: 1 where it is not, 3 where it is. */
  readonly memoryFlags: number;
  /**
   * Where multiply-adds are that can be fused in place, as LEB128 numbers: for each the distance of its product from that of
   * the one before, and of its sum from the product.
   */
  readonly fusions: Uint8Array;
}

/** Places of the instructions of multiply-adds. */
interface Places {
  readonly product: number;
  readonly sum: number;
}

/**
 * A module's bytes. It imports `env.memory` and functions of the host, `host.<name>`.
 *
 * @source WebAssembly Core Specification 2.0, chapter 5 (binary format)
 */
export function encodeModule(module: WasmModule): EncodedModule {
  const signatures = new Map<string, readonly [readonly ValueType[], readonly ValueType[]]>();
  const typeOf = (parameters: readonly ValueType[], results: readonly ValueType[]): number => {
    const key = `${parameters.join()} ${results.join()}`;
    if (!signatures.has(key)) signatures.set(key, [parameters, results]);
    return [...signatures.keys()].indexOf(key);
  };
  const importTypes = module.imports.map(({ parameters }) => typeOf(Array<ValueType>(parameters).fill("f64"), ["f64"]));
  const functionTypes = module.functions.map((fn) => typeOf(fn.parameters, fn.results));
  const indexOf = new Map([...module.imports, ...module.functions].map(({ name }, index) => [name, index]));
  const writer = new ByteWriter();
  const section = (id: number, write: (content: ByteWriter) => void): void => {
    const content = new ByteWriter();
    write(content);
    writer.byte(id);
    writer.sized(content.result());
  };
  writer.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  section(1, (content) =>
    content.vector([...signatures.values()], (signature) => {
      content.byte(0x60);
      for (const types of signature) content.vector(types, (type) => content.byte(typeCodes[type]));
    }),
  );
  let flagsFromEnd = 0;
  section(2, (content) => {
    content.unsigned(1 + module.imports.length);
    content.text("env");
    content.text("memory");
    content.byte(0x02);
    const flags = content.length;
    content.byte(0x01);
    content.unsigned(1);
    content.unsigned(maximumPages);
    module.imports.forEach(({ name }, i) => {
      content.text("host");
      content.text(name);
      content.byte(0x00);
      content.unsigned(importTypes[i]);
    });
    flagsFromEnd = content.length - flags;
  });
  const memoryFlags = writer.length - flagsFromEnd;
  section(3, (content) => content.vector(functionTypes, (type) => content.unsigned(type)));
  section(7, (content) =>
    content.vector(
      module.functions.filter(({ isExported }) => isExported),
      ({ name }) => {
        content.text(name);
        content.byte(0x00);
        content.unsigned(indexOf.get(name) ?? 0);
      },
    ),
  );
  const places: Places[] = [];
  let codeLength = 0;
  section(10, (content) => {
    content.vector(module.functions, (fn) => {
      const { bytes, fusions } = encodeFunction(fn, indexOf);
      content.unsigned(bytes.length);
      for (const { product, sum } of fusions) {
        places.push({ product: content.length + product, sum: content.length + sum });
      }
      content.bytes(bytes);
    });
    codeLength = content.length;
  });
  const codeStart = writer.length - codeLength;
  section(11, (content) => {
    const { address, values } = module.data;
    content.unsigned(1);
    content.bytes([0x00, 0x41]);
    content.signed(address);
    content.byte(0x0b);
    content.unsigned(8 * values.length);
    content.floats(values);
  });
  return { bytes: writer.result(), memoryFlags, fusions: encodePlaces(places, codeStart) };
}

function encodePlaces(places: readonly Places[], start: number): Uint8Array {
  const writer = new ByteWriter();
  let last = 0;
  for (const { product, sum } of [...places].sort((a, b) => a.product - b.product)) {
    writer.unsigned(start + product - last);
    writer.unsigned(sum - product);
    last = start + product;
  }
  return writer.result();
}

function encodeFunction(
  fn: WasmFunction,
  indexOf: ReadonlyMap<string, number>,
): { readonly bytes: Uint8Array; readonly fusions: readonly Places[] } {
  const instructions: Instruction[] = [];
  const temporaries = flattenFusable(fn.code, fn.locals.length, instructions);
  const own = [
    ...fn.locals.slice(fn.parameters.length),
    ...Array.from({ length: temporaries }, () => ({ name: "product", type: "v128" as const })),
  ];
  const groups: { count: number; type: ValueType }[] = [];
  for (const { type } of own) {
    const last = groups.at(-1);
    if (last?.type === type) last.count += 1;
    else groups.push({ count: 1, type });
  }
  const writer = new ByteWriter();
  writer.vector(groups, ({ count, type }) => {
    writer.unsigned(count);
    writer.byte(typeCodes[type]);
  });
  const fusions: Places[] = [];
  const open: number[] = [];
  for (const instruction of instructions) {
    if (instruction.opcode !== "comment") {
      if (instruction.part === "product") open.push(writer.length);
      if (instruction.part === "sum") fusions.push({ product: open.pop() ?? 0, sum: writer.length });
    }
    encodeInstruction(instruction, writer, indexOf);
  }
  writer.byte(0x0b);
  return { bytes: writer.result(), fusions };
}

function encodeInstruction(instruction: Instruction, writer: ByteWriter, indexOf: ReadonlyMap<string, number>): void {
  if (instruction.opcode === "comment") return;
  const { bytes, immediate } = encodingOf(instruction.opcode);
  writer.bytes(bytes);
  const [first = 0, second = 0] = instruction.numbers ?? [];
  switch (immediate) {
    case "none":
      return;
    case "block":
      return writer.byte(0x40);
    case "label":
    case "local":
      return writer.unsigned(first);
    case "call": {
      const index = indexOf.get(instruction.name ?? "");
      if (index === undefined) throw new Error(`encode wasm: no function ${instruction.name}`);
      return writer.unsigned(index);
    }
    case "memory":
    case "memoryLane":
      writer.byte(alignmentOf(instruction.opcode));
      writer.unsigned(first);
      if (immediate === "memoryLane") writer.byte(second);
      return;
    case "lane":
    case "fill":
      return writer.byte(first);
    case "i32":
      return writer.signed(first);
    case "f64":
      return writer.floats([first]);
    case "pair":
      return writer.floats([first, second]);
  }
}

/** As a power of two; what is stored is aligned to it. */
function alignmentOf(opcode: string): number {
  if (opcode === "i32.load") return 2;
  return opcode === "v128.load" || opcode === "v128.store" ? 4 : 3;
}
