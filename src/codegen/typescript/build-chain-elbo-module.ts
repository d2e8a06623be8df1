import type { PlanFunction } from "../../ir/plan.js";
import type { ChainElboProgram } from "../../ir/program.js";
import type { ChainElboDescription, PartDescription } from "../../runtime/elbo/chain/chain-elbo-description.js";
import { emitNetwork } from "../network-kernels/emit-network.js";
import { describeByGradient, describeNoise, describeStarts } from "./build-elbo-module.js";
import { extentOfSize, type SourceIdentity } from "./describe.js";
import { type Engine, LoopFunctions, method, realVariables } from "./loop-functions.js";
import type { EmittedModule } from "./module-tree.js";
import { trainerModule } from "./trainer-module.js";

/** The module of a program that learns by a bound along a chain: its parts, and one method that runs the one asked for. */
export function buildChainElboModule(
  program: ChainElboProgram,
  source: SourceIdentity,
  engine: Engine = "kernel",
): EmittedModule {
  const description = describeChainElbo(program, source);
  const networks = engine === "kernel" ? emitNetwork(program.parts) : undefined;
  const loops = new LoopFunctions(engine, realVariables(program), false);
  const cases = program.parts.flatMap((part) => [
    `case ${JSON.stringify(part.name)}:`,
    ...loops.call(identifier(part.name), part).map((line) => `  ${line}`),
    "  return;",
  ]);
  const drawn = ["sizes", "parameters", "block", "streams", "into"] as const;
  const methods = [
    method(
      "partOf",
      ["part", "sizes", "parameters", "block", "into"],
      ["switch (part) {", ...cases.map((line) => `  ${line}`), "}", "throw new Error(`There is no part ${part}.`);"],
    ),
    method("logPriorOf", ["sizes", "parameters", "into"], loops.call("logPrior", program.logPrior)),
    method("drawRows", drawn, loops.call("drawRows", program.sample)),
    method("drawNextRows", drawn, loops.call("drawNextRows", program.sampleNext)),
  ];
  return trainerModule({
    source,
    description,
    descriptionType: "ChainElboDescription",
    base: "ChainElboTrainer",
    answers: true,
    methods,
    loops,
    types: [],
    ...(networks === undefined ? {} : { embedded: { name: "networkModule", type: "NetworkModule", value: networks } }),
  });
}

function describeChainElbo(program: ChainElboProgram, source: SourceIdentity): ChainElboDescription {
  const { sequences, latents, memories, past, parts, noise, starts, held } = program;
  return {
    ...describeByGradient(program, source),
    sequences,
    algorithm: "chainElbo",
    gradientBlocks: [],
    noise: describeNoise(noise),
    starts: describeStarts(starts),
    carried: [],
    held,
    chain: {
      depth: sequences.state.depth,
      latents: latents.map((one) => ({ ...one, shape: one.shape.map(extentOfSize) })),
      memories: memories.map((one) => ({ ...one, shape: one.shape.map(extentOfSize) })),
      past,
      parts: parts.map(describePart),
    },
  };
}

function describePart({ name, nodes, outputs, axes }: PlanFunction): PartDescription {
  const isPerRow = (output: PlanFunction["outputs"][number]): boolean =>
    output.axes.some((axis) => axes.find((one) => one.name === axis)?.size.kind === "rows");
  const reads = nodes.flatMap(({ operation }) =>
    operation.kind === "input" && operation.source === "table" ? [operation.name] : [],
  );
  return {
    name,
    reads: [...new Set(reads)],
    writes: outputs.filter(isPerRow).map((output) => output.name),
    adds: outputs.filter((output) => !isPerRow(output)).map((output) => output.name),
  };
}

/** `back.draw.1` as a name of a function. */
function identifier(part: string): string {
  return part
    .split(/[^A-Za-z0-9_]+/)
    .map((word, i) => (i === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join("");
}
