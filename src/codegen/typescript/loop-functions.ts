import type { AxisSize, PlanFunction } from "../../ir/plan.js";
import type { EmProgram, Variants } from "../../ir/program.js";
import type { LoopFunction } from "../loops/loop-ir.js";
import { lowerFunction } from "../loops/lower-function.js";
import type { Tiling } from "../loops/tiling.js";
import { member, printLoops } from "../loops/print-typescript.js";
import { emitDevice } from "../tfjs/emit-device.js";
import type { EmittedFunction, EmittedMethod, EmittedParameter } from "./module-tree.js";

/** kernel: loops in float64 · tfjs: what varies over rows as TensorFlow.js operations, the rest as loops. */
export type Engine = "kernel" | "tfjs";

/** Everything a generated method or function may be given, in order. */
const given = {
  tf: "TensorFlow",
  group: "number",
  index: "number",
  part: "string",
  source: "BlockSource",
  sizes: "Sizes",
  statistics: "Tensors",
  parameters: "Tensors",
  previous: "Tensors",
  rows: "number",
  block: "Block",
  settings: "MStepSettings",
  streams: "(site: string, row: number) => DrawSource",
  into: "Tensors",
} as const;
type Given = keyof typeof given;

/** A method that overrides one of `EmTrainer`; what it does not use is named with an underscore. */
export function method(
  name: string,
  wanted: readonly Given[],
  body: readonly string[],
  returnType = "void",
): EmittedMethod {
  const parameters = wanted.map((parameter): EmittedParameter => {
    const isUsed = body.some((line) => new RegExp(`\\b${parameter}\\b(?!:)`).test(line));
    return { name: isUsed ? parameter : `_${parameter}`, type: given[parameter] };
  });
  if (!body.some((line) => line.includes("await "))) return { name, parameters, returnType, body };
  return {
    name,
    parameters,
    returnType: `Promise<${returnType}>`,
    body: ["const tf = await tensorFlow();", ...body],
    isAsync: true,
  };
}

export function realVariables({ model }: Pick<EmProgram, "model">): ReadonlySet<string> {
  const real = model.variables.filter(({ domain }) => domain.kind === "real" || domain.kind === "positive");
  return new Set(real.map(({ name }) => name));
}

/** Does it run over rows, without draws? */
function overRows(fn: PlanFunction): boolean {
  const hasRows = fn.axes.some(({ size }) => size.kind === "rows");
  return hasRows && fn.nodes.every(({ operation }) => operation.kind !== "draw");
}

/** Plan functions as functions of the module, and calls of them. */
export class LoopFunctions {
  readonly functions: EmittedFunction[] = [];
  /** Functions that run as kernels where they can. */
  readonly kernels: PlanFunction[] = [];
  private readonly calls = new Set<string>();

  constructor(
    private readonly engine: Engine,
    private readonly realVariables: ReadonlySet<string>,
    private readonly withKernels = true,
    /** Where size matters more: what no fit runs on rows with missing entries has loops only. */
    private readonly compact = false,
  ) {}

  get runtimeCalls(): readonly string[] {
    return [...this.calls];
  }

  /** Statements that run the variant a block needs. */
  variants(name: string, variants: Variants, tiling?: Tiling): readonly string[] {
    if (variants.incomplete === undefined) return this.call(name, variants.complete, tiling);
    return [
      "if (block.complete) {",
      ...this.call(`${name}OfComplete`, variants.complete, tiling).map((line) => `  ${line}`),
      "} else {",
      ...this.call(`${name}OfIncomplete`, variants.incomplete, tiling).map((line) => `  ${line}`),
      "}",
    ];
  }

  /** @param residents parameters that stay on the device while the function is run again and again */
  call(name: string, fn: PlanFunction, tiling?: Tiling, residents?: ReadonlySet<string>): readonly string[] {
    if (fn.sweep !== undefined) {
      const scan = this.scan(name, fn);
      return this.engine === "kernel" && this.withKernels && isLongWork(name) ? this.kernel(name, fn, scan) : scan;
    }
    const device = this.engine === "tfjs" ? emitDevice(fn, this.realVariables, residents) : undefined;
    if (device === undefined) {
      const statement = this.loops(name, fn, {}, tiling);
      return this.engine === "kernel" && this.withKernels && overRows(fn)
        ? this.kernel(name, fn, statement)
        : statement;
    }
    const before = this.loops(`${name}Before`, device.before, { block: "{ ...block, tables }", into: "host" });
    const after = this.loops(`${name}After`, device.after, { block: "{ ...block, tables: totals }" });
    const body = device.body({ before: before.join(" "), after: after.join(" ") });
    for (const name of ["tensorFlow", ...device.support, ...device.functions]) this.calls.add(name);
    const uses = (parameter: Given): boolean => body.some((line) => new RegExp(`\\b${parameter}\\b(?!:)`).test(line));
    const parameters = (["tf", "sizes", "parameters", "previous", "block", "into"] as const).filter(uses);
    this.functions.push({
      kind: "function",
      name,
      ...(fn.documentation === undefined ? {} : { documentation: fn.documentation }),
      parameters: parameters.map((parameter) => ({ name: parameter, type: given[parameter] })),
      returnType: "Promise<void>",
      body,
      isAsync: true,
    });
    return [`await ${name}(${parameters.join(", ")});`];
  }

  /** Functions that run along the sequences one after the other, and the memory for what they leave each other. */
  private scan(name: string, fn: PlanFunction): readonly string[] {
    const functions = [...(fn.before ?? []), fn];
    const memory = new Map<string, string>();
    for (const one of functions) {
      for (const output of one.outputs)
        if (output.internal === true) memory.set(output.name, lengthText(one, output.axes));
    }
    const into = memory.size === 0 ? {} : { into: "kept" };
    const statements = functions.flatMap((one) => {
      const suffix = one === fn ? "" : one.name.slice(one.name.indexOf(".") + 1);
      return this.loops(`${name}${suffix.slice(0, 1).toUpperCase()}${suffix.slice(1)}`, one, into);
    });
    if (memory.size === 0) return statements;
    return [
      "// What is kept of every row between the passes.",
      "const kept = {",
      "  ...into,",
      ...[...memory].map(([key, length]) => `  ${JSON.stringify(key)}: new Float64Array(${length}),`),
      "};",
      ...statements,
    ];
  }

  /** Runs the kernel of this name, and the loops where there is none. */
  private kernel(name: string, fn: PlanFunction, loops: readonly string[]): readonly string[] {
    // What is run once, a start or an imputation, is quick enough in loops where a kernel would be large: with gaps.
    if (loops.length === 0 || /^start.*OfIncomplete$/.test(name)) return loops;
    if (name === "impute" && (fn.sweep === undefined || this.compact)) return loops;
    if (this.compact && /^(?:logDensity|posterior|mostProbable)OfIncomplete$/.test(name)) return loops;
    this.kernels.push({ ...fn, name });
    const previous = [...(fn.before ?? []), fn].some(({ nodes }) =>
      nodes.some(({ operation }) => operation.kind === "input" && operation.source === "previous"),
    );
    const given = ["sizes", "parameters", "block", "into", ...(previous ? ["previous"] : [])];
    return [
      `if (!this.kernels.run(${JSON.stringify(name)}, ${given.join(", ")})) {`,
      ...loops.map((line) => `  ${line}`),
      "}",
    ];
  }

  /** A function of loops, and the statement that calls it, some arguments replaced. */
  private loops(
    name: string,
    fn: PlanFunction,
    instead: Partial<Record<Given, string>> = {},
    tiling?: Tiling,
  ): readonly string[] {
    const loops = lowerFunction({ ...fn, name }, tiling);
    if (loops.body.length === 0) return [];
    const printed = printLoops(loops);
    for (const call of printed.calls) this.calls.add(call);
    const parameters = argumentsOf(loops);
    this.functions.push({
      kind: "function",
      name,
      ...(fn.documentation === undefined ? {} : { documentation: fn.documentation }),
      parameters: parameters.map((parameter) => ({ name: parameter, type: given[parameter] })),
      returnType: "void",
      body: printed.lines,
    });
    return [`${name}(${parameters.map((parameter) => instead[parameter] ?? parameter).join(", ")});`];
  }
}

/** Of functions that go through sequences: what runs in every iteration, and what is asked of all rows. */
function isLongWork(name: string): boolean {
  return /^(?:eStep|logDensity|objective\d+|update\d+|posterior|mostProbable|impute|start\w+)(?:Of|$)/.test(name);
}

function argumentsOf(loops: LoopFunction): readonly Given[] {
  const { reads } = loops;
  return [
    ...(reads.sizes ? (["sizes"] as const) : []),
    ...(reads.parameters ? (["parameters"] as const) : []),
    ...(reads.previous ? (["previous"] as const) : []),
    ...(reads.block ? (["block"] as const) : []),
    ...(reads.streams ? (["streams"] as const) : []),
    ...(reads.outputs ? (["into"] as const) : []),
  ];
}

/** Cells along the axes of a function, as an expression of the generated method. */
function lengthText(fn: PlanFunction, axes: readonly string[]): string {
  const text = (size: AxisSize): string => {
    switch (size.kind) {
      case "rows":
        return "block.rows";
      case "symbol":
        return `sizes${member(size.name)}`;
      case "literal":
        return String(size.value);
      case "sum":
        return `(${size.terms.map(text).join(" + ")})`;
    }
  };
  const sizes = axes.map(
    (name) => fn.axes.find((axis) => axis.name === name)?.size ?? ({ kind: "literal", value: 1 } as const),
  );
  return sizes.length === 0 ? "1" : sizes.map(text).join(" * ");
}
