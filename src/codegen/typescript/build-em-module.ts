import type { EmProgram } from "../../ir/program.js";
import { emitKernels } from "../kernels/emit-kernel.js";
import type { Tiling } from "../loops/tiling.js";
import { describe, type SourceIdentity } from "./describe.js";
import { type Engine, LoopFunctions, method, realVariables } from "./loop-functions.js";
import type { EmittedMethod, EmittedModule } from "./module-tree.js";
import type { UpdateRuntime } from "./runtime-names.js";
import { startMeans } from "./start-means.js";
import { trainerModule } from "./trainer-module.js";
import { emitUpdates } from "./update-calls.js";

/** For what runs in every iteration: from loops over pairs of entries on, four rows together take half the time. */
const inIterations: Tiling = { lanes: 4, fromDepth: 3 };

const raising: UpdateRuntime = "raisedStartMeans";

/** Is there no latent that a sequence has once, and that its first steps say as much about as its last? */
function forgets({ model, sequences }: EmProgram): boolean {
  const once = new Set(sequences?.perSequence);
  return model.variables.every(({ name, role }) => role !== "latent" || !once.has(name));
}

/** The module of a derived program: loops as functions, and a class of thin methods that call them. */
export function buildEmModule(
  program: EmProgram,
  source: SourceIdentity,
  engine: Engine = "kernel",
  { compact = false }: { readonly compact?: boolean } = {},
): EmittedModule {
  const description = describe(program, source);
  const { variational } = program;
  // Blocks of a posterior are brought up to date by loops.
  const loops = new LoopFunctions(variational === undefined ? engine : "kernel", realVariables(program), true, compact);
  const updates = emitUpdates(program, source);
  const settle = variational === undefined ? [] : settled("parameters");
  const methods: EmittedMethod[] = [
    method(
      "logDensityOf",
      ["sizes", "parameters", "block", "into"],
      [...settle, ...loops.variants("logDensity", program.logDensity)],
    ),
    method(
      "eStep",
      ["sizes", "parameters", "block", "into"],
      [...settle, ...loops.variants("eStep", program.eStep, inIterations)],
    ),
    method(
      "startStatistics",
      ["sizes", "parameters", "block", "into"],
      loops.variants("startStatistics", program.start),
    ),
    method("mStep", ["sizes", "statistics", "previous", "settings"], updates.mStep, "Tensors"),
    method("ridgePenalty", ["sizes", "parameters", "statistics", "settings"], updates.ridgePenalty, "number"),
    method("logPriorOf", ["sizes", "parameters", "into"], loops.call("logPrior", program.logPrior)),
    method(
      "posteriorOf",
      ["sizes", "parameters", "block", "into"],
      [...settle, ...loops.variants("posterior", program.posterior)],
    ),
  ];
  if (variational !== undefined) methods.push(...blockMethods(variational, loops));
  if (updates.recentre.length > 0) {
    const recentred = ["sizes", "statistics", "parameters", "previous"] as const;
    methods.push(method("recentreStatistics", recentred, updates.recentre));
  }
  const starts = startMeans(program);
  if (starts.length > 0) {
    const body = [`return ${raising}(this, source, parameters, ${JSON.stringify(starts)});`];
    methods.push(method("raisedStartOf", ["source", "parameters"], body, "Promise<Tensors | undefined>"));
  }
  if (program.filter !== undefined && program.filterNext !== undefined) {
    const wanted = ["sizes", "parameters", "block", "into"] as const;
    methods.push(
      method("filterOf", wanted, loops.variants("filter", program.filter)),
      method("filterNextOf", wanted, loops.variants("filterNext", program.filterNext)),
    );
  }
  if (program.mostProbable !== undefined) {
    const body = loops.variants("mostProbable", program.mostProbable);
    methods.push(method("mostProbableOf", ["sizes", "parameters", "block", "into"], body));
  }
  if (program.impute !== undefined) {
    methods.push(
      method(
        "imputeOf",
        ["sizes", "parameters", "block", "into"],
        [...settle, ...loops.call("impute", program.impute)],
      ),
    );
  }
  methods.push(
    method("drawRows", ["sizes", "parameters", "block", "streams", "into"], loops.call("drawRows", program.sample)),
  );
  if (program.sampleNext !== undefined) {
    const body = loops.call("drawNextRows", program.sampleNext);
    methods.push(method("drawNextRows", ["sizes", "parameters", "block", "streams", "into"], body));
  }
  if (program.forecast !== undefined) {
    const body = loops.call("forecast", program.forecast.fn);
    methods.push(method("forecastOf", ["sizes", "parameters", "block", "into"], body));
  }
  const gradients = program.updates.flatMap((update) => (update.kind === "gradient" ? [update] : []));
  if (gradients.length > 0) {
    const perGroup = (bodies: readonly (readonly string[])[]): readonly string[] => switchOn("group", bodies);
    methods.push(
      method(
        "expectedLogJoint",
        ["group", "sizes", "parameters", "previous", "block", "into"],
        [
          ...(variational === undefined ? [] : settled("previous")),
          ...perGroup(
            gradients.map((update, group) => loops.variants(`objective${group + 1}`, update.objective, inIterations)),
          ),
        ],
      ),
      method(
        "startLogJoint",
        ["group", "sizes", "parameters", "block", "into"],
        perGroup(gradients.map((update, group) => loops.variants(`startObjective${group + 1}`, update.startObjective))),
      ),
      method(
        "groupLogPrior",
        ["group", "sizes", "parameters", "into"],
        perGroup(gradients.map((update, group) => loops.call(`groupLogPrior${group + 1}`, update.prior))),
      ),
    );
  }
  const kernels =
    loops.kernels.length === 0 ? undefined : emitKernels(loops.kernels, { mayCut: forgets(program) }).module;
  return trainerModule({
    source,
    description,
    descriptionType: "ModelDescription",
    base: "EmTrainer",
    answers: true,
    methods,
    loops,
    values: [...updates.calls, ...(starts.length > 0 ? ([raising] as const) : [])],
    types: ["MStepSettings", ...updates.types, ...(starts.length > 0 ? ["BlockSource"] : [])],
    functions: updates.functions,
    ...(kernels === undefined ? {} : { embedded: { name: "kernelModule", type: "KernelModule", value: kernels } }),
  });
}

function switchOn(name: string, bodies: readonly (readonly string[])[]): readonly string[] {
  return [
    `switch (${name}) {`,
    ...bodies.flatMap((body, i) => [`  case ${i}: {`, ...body.map((line) => `    ${line}`), "    break;", "  }"]),
    "}",
  ];
}

/** Statements that give a block the tables of its posterior, where it does not have them. */
function settled(parameters: "parameters" | "previous"): readonly string[] {
  return [`block = this.settled(sizes, ${parameters}, block);`];
}

/** Methods that bring the blocks of a product posterior up to date. */
function blockMethods(
  { blocks, begin }: NonNullable<EmProgram["variational"]>,
  loops: LoopFunctions,
): readonly EmittedMethod[] {
  const updates = blocks.map(({ update }, i) => loops.variants(`update${i + 1}`, update, inIterations));
  return [
    method("updateBlockOf", ["index", "sizes", "parameters", "block", "into"], switchOn("index", updates)),
    method(
      "beginPosteriorOf",
      ["index", "sizes", "parameters", "block", "into"],
      switchOn(
        "index",
        begin.map((all, i) =>
          all.flatMap((variants, j) => inBraces(loops.variants(`begin${i + 1}Part${j + 1}`, variants))),
        ),
      ),
    ),
  ];
}

/** Each part keeps memory of its own under the same name. */
function inBraces(statements: readonly string[]): readonly string[] {
  return ["{", ...statements.map((line) => `  ${line}`), "}"];
}
