import type { Instruction, Target, WasmFunction, WasmModule } from "./instructions.js";
import { encodingOf, flatten } from "./instructions.js";

/** The module in the manner of the WebAssembly text format, for people. */
export function printModuleText(module: WasmModule, target: Target): string {
  const lines = ["(module", '  (import "env" "memory" (memory 1))'];
  for (const { name, parameters } of module.imports) {
    lines.push(`  (import "host" "${name}" (func $${name} (param${" f64".repeat(parameters)}) (result f64)))`);
  }
  for (const fn of module.functions) lines.push(...printFunction(fn, target).map((line) => `  ${line}`));
  const { address, values } = module.data;
  values.forEach((value, i) => lines.push(`  ;; f64 at ${address + 8 * i}: ${value}`));
  return `${[...lines, ")"].join("\n")}\n`;
}

function printFunction(fn: WasmFunction, target: Target): readonly string[] {
  const local = (i: number): string => `$${identifier(fn.locals[i].name)}.${i}`;
  const parameters = fn.parameters.map((type, i) => ` (param ${local(i)} ${type})`).join("");
  const results = fn.results.map((type) => ` (result ${type})`).join("");
  const head = `(func $${identifier(fn.name)}${fn.isExported ? ` (export "${fn.name}")` : ""}${parameters}${results}`;
  const own = fn.locals
    .slice(fn.parameters.length)
    .map(({ type }, i) => `  (local ${local(i + fn.parameters.length)} ${type})`);
  return [
    ...(fn.comment === undefined ? [] : [`;; ${fn.comment}`]),
    head,
    ...own,
    ...printCode(flatten(fn.code, target), local),
    ")",
  ];
}

function printCode(code: readonly Instruction[], local: (i: number) => string): readonly string[] {
  const lines: string[] = [];
  let indent = "  ";
  for (const instruction of code) {
    if (instruction.opcode === "comment") {
      lines.push(`${indent};; ${instruction.name}`);
      continue;
    }
    const { opcode, name, numbers = [] } = instruction;
    if (opcode === "end" || opcode === "else") indent = indent.slice(2);
    const { immediate } = encodingOf(opcode);
    const suffix = {
      none: "",
      fill: "",
      block: "",
      label: ` ${numbers[0]}`,
      local: immediate === "local" ? ` ${local(numbers[0])}` : "",
      call: ` $${identifier(name ?? "")}`,
      memory: numbers[0] === 0 || numbers[0] === undefined ? "" : ` offset=${numbers[0]}`,
      memoryLane: ` offset=${numbers[0]} ${numbers[1]}`,
      lane: ` ${numbers[0]}`,
      i32: ` ${numbers[0]}`,
      f64: ` ${numbers[0]}`,
      pair: ` f64x2 ${numbers[0]} ${numbers[1]}`,
    }[immediate];
    lines.push(`${indent}${opcode}${suffix}`);
    if (opcode === "block" || opcode === "loop" || opcode === "if" || opcode === "else") indent += "  ";
  }
  return lines;
}

function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]+/g, "_");
}
