import { compileSource } from "../../src/compile/index.js";
import { buildChainElboModule } from "../../src/codegen/typescript/build-chain-elbo-module.js";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import type { ChainElboProgram } from "../../src/ir/program.js";
import type { Dataset } from "../../src/runtime/data/dataset.js";
import { takeIn } from "../../src/runtime/data/dataset.js";
import type { Sizes, Tensors } from "../../src/runtime/description.js";
import type { ChainElboDescription } from "../../src/runtime/elbo/chain/chain-elbo-description.js";
import type { Numbers, PartRunner } from "../../src/runtime/elbo/chain/part-runner.js";
import { runAll, runBackward, runForward } from "../../src/runtime/elbo/chain/run-bound.js";
import { tapeOf } from "../../src/runtime/elbo/chain/tape-of.js";

export interface ChainBoundModel {
  readonly program: ChainElboProgram;
  readonly description: ChainElboDescription;
}

/** A model that learns by a bound along a chain, which must compile without any diagnostic. */
export function chainBoundOf(text: string): ChainBoundModel {
  const { program, diagnostics } = compileSource({ name: "model.gen", text });
  if (program?.algorithm !== "chainElbo" || diagnostics.length > 0)
    throw new Error(`${diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n")}\n${text}`);
  const source = { fileName: "model.gen", text, hash: "0", compilerVersion: "0" };
  const module = buildChainElboModule(program, source);
  const found = module.declarations.find((one) => one.kind === "constant" && one.name === "modelDescription");
  if (found?.kind !== "constant") throw new Error("there is no description");
  return { program, description: new Function(`return ${found.value}`)() as ChainElboDescription };
}

/** Parts as the interpreter of plans runs them, in float64. */
export class InterpretedRunner implements PartRunner {
  readonly mostRows = 1000;

  constructor(
    private readonly program: ChainElboProgram,
    private readonly sizes: Sizes,
    private readonly parameters: Tensors,
  ) {}

  make(length: number): Float64Array {
    return new Float64Array(length);
  }

  run(
    { name, writes, adds }: Parameters<PartRunner["run"]>[0],
    block: Parameters<PartRunner["run"]>[1],
    into: Readonly<Record<string, Numbers>>,
  ): void {
    const fn = this.program.parts.find((part) => part.name === name);
    if (fn === undefined) throw new Error(`there is no part ${name}`);
    const found = interpretPlan(fn, {
      sizes: this.sizes,
      rows: block.rows,
      inputs: { parameter: this.parameters, data: block.data as Tensors, table: block.tables as Tensors },
    });
    for (const output of writes) into[output]!.set(found[output]!);
    for (const output of adds) found[output]!.forEach((value, i) => (into[output]![i]! += value));
  }
}

/** Random data of a model: standard normals, bits, labels; some entries missing where they may be. */
export async function randomSequences(
  { description }: ChainBoundModel,
  sizes: Sizes,
  lengths: readonly number[],
  random: () => number,
): Promise<Dataset> {
  const rows = lengths.reduce((a, b) => a + b, 0);
  const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const extent = (size: unknown): number => (typeof size === "number" ? size : sizes[String(size)]!);
  const columns: Record<string, unknown> = {};
  for (const variable of description.variables) {
    if (variable.role !== "observed" && variable.role !== "given" && variable.role !== "weight") continue;
    const shape = [...variable.plates, ...variable.event].map(extent);
    const width = shape.reduce((a, b) => a * b, 1);
    const once = variable.role === "weight" || description.sequences!.perSequence.includes(variable.name);
    const value = (): number => {
      switch (variable.domain) {
        case "binary":
          return random() < 0.5 ? 0 : 1;
        case "category":
          return Math.floor(random() * extent(variable.categories));
        case "count":
          return Math.floor(random() * 4);
        case "positive":
          return Math.exp(normal());
        default:
          return normal();
      }
    };
    const count = once ? lengths.length : rows;
    const data = Float64Array.from({ length: count * width }, () => {
      const drawn = variable.role === "weight" ? 0.5 + random() : value();
      return variable.optional && random() < 0.2 ? NaN : drawn;
    });
    columns[variable.name] = { shape: [count, ...shape], data };
  }
  const { plate } = description.sequences!;
  if (plate !== undefined) columns[plate] = lengths.flatMap((length, s) => Array.from({ length }, () => s));
  return takeIn(description, columns, { sizes, sizesOrigin: "in the test", labels: {}, needs: "all" });
}

/** The objective of one batch of all sequences, with its derivatives. */
export async function chainObjective(
  { description, program }: ChainBoundModel,
  data: Dataset,
  runner: PartRunner,
  lengthsOf: Tensors,
  beta = 1,
): Promise<Readonly<Record<string, Float64Array>>> {
  const totals: Record<string, Numbers> = {};
  for (const name of ["objective", "bound", "divergence"]) totals[name] = runner.make(1);
  for (const { name } of program.model.parameters) totals[`gradient.${name}`] = runner.make(lengthsOf[name]!.length);
  const count = data.sequences!.starts.length - 1;
  const chosen = Uint32Array.from({ length: count }, (_, i) => i);
  const scalar = (value: number): Numbers => runner.make(1).fill(value);
  const tape = tapeOf(
    description,
    data,
    chosen,
    runner,
    totals,
    { seed: 5, step: 3 },
    {
      "step.beta": scalar(beta),
      "step.scale": scalar(1 / data.totalWeight),
      "step.rows": scalar(data.totalWeight),
    },
  );
  await runForward(description.chain, tape, "draw");
  await runBackward(description.chain, tape);
  if (tape.has("prior")) await tape.run("prior", 0, 1);
  await runAll(description.chain, tape, "bound");
  totals["rows"] = tape.result("bound");
  return Object.fromEntries(Object.entries(totals).map(([name, values]) => [name, Float64Array.from(values)]));
}

/** Uniform numbers from a seed. @source Numerical Recipes' linear congruential generator */
export function uniforms(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Random values of all parameters, in their domains. */
export function randomParameters(
  { description }: ChainBoundModel,
  sizes: Sizes,
  random: () => number,
): Record<string, Float64Array> {
  const extent = (size: unknown): number =>
    typeof size === "number"
      ? size
      : Array.isArray(size)
        ? size.map(extent).reduce((a: number, b: number) => a + b, 0)
        : sizes[String(size)]!;
  return Object.fromEntries(
    description.parameters.map(({ name, domain, shape, fixed }) => {
      const length = shape.map(extent).reduce((a, b) => a * b, 1);
      if (fixed !== undefined) return [name, Float64Array.from(fixed)];
      const values = Float64Array.from({ length }, () => {
        const u = random();
        return domain === "real" ? 1.2 * (u - 0.5) : 0.5 + u;
      });
      if (domain === "simplex") {
        const width = extent(shape.at(-1));
        for (let begin = 0; begin < length; begin += width) {
          const total = values.subarray(begin, begin + width).reduce((a, b) => a + b, 0);
          for (let i = 0; i < width; i++) values[begin + i]! /= total;
        }
      }
      return [name, values];
    }),
  );
}
