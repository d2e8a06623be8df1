import type { Dimension } from "../../ir/model.js";
import type { ElboProgram, WeightStart } from "../../ir/program.js";
import type { ElboDescription, NoiseDescription, StartDescription } from "../../runtime/elbo/elbo-description.js";
import type { Extent, ModelDescription } from "../../runtime/description.js";
import type { PlanFunction } from "../../ir/plan.js";
import { deviceKernels } from "../tfjs/device-kernels.js";
import { residentsOf } from "../tfjs/emit-device.js";
import { emitNetwork } from "../network-kernels/emit-network.js";
import { type Engine, LoopFunctions, method, realVariables } from "./loop-functions.js";
import { describe, extentOfSize, type SourceIdentity } from "./describe.js";
import type { EmittedMethod, EmittedModule } from "./module-tree.js";
import { trainerModule } from "./trainer-module.js";

/** The module of a program that learns by a bound: functions, and a class of thin methods that call them. */
export function buildElboModule(
  program: ElboProgram,
  source: SourceIdentity,
  engine: Engine = "kernel",
): EmittedModule {
  const described = describeElbo(program, source);
  const residents =
    engine === "tfjs"
      ? residentsOf([program.step], realVariables(program), residentCandidates(described))
      : new Set<string>();
  const description = { ...described, ...residentsIn(residents) };
  const { step, bound, logWeight, encode, reconstruct } = program;
  const networks = engine === "kernel" ? emitNetwork([step, bound, logWeight, encode, reconstruct]) : undefined;
  // Kernels of EM keep data laid out; batches change under them.
  const loops = new LoopFunctions(engine, realVariables(program), false);
  const given = ["sizes", "parameters", "block", "into"] as const;
  const query = (name: string, fn: PlanFunction): EmittedMethod => {
    const body = loops.call(fn.name, fn);
    if (networks === undefined) return method(name, given, body);
    return method(name, given, [
      `if (!this.networks.run(${JSON.stringify(fn.name)}, sizes, parameters, block, into)) {`,
      ...body.map((line) => `  ${line}`),
      "}",
    ]);
  };
  const methods: EmittedMethod[] = [
    method("stepOf", given, loops.call("step", step, undefined, residents)),
    query("boundOf", bound),
    query("logWeightOf", logWeight),
    query("encodeOf", encode),
    query("reconstructOf", reconstruct),
    method("logPriorOf", ["sizes", "parameters", "into"], loops.call("logPrior", program.logPrior)),
    method("drawRows", ["sizes", "parameters", "block", "streams", "into"], loops.call("drawRows", program.sample)),
  ];
  return trainerModule({
    source,
    description,
    descriptionType: "ElboDescription",
    base: "ElboTrainer",
    answers: true,
    methods,
    loops,
    types: [],
    ...(networks === undefined ? {} : { embedded: { name: "networkModule", type: "NetworkModule", value: networks } }),
  });
}

/** Parameters that are learned as they are: their values may stay with the engine. */
export function residentCandidates({
  parameters,
  carried,
}: ModelDescription & { readonly carried: readonly string[] }): ReadonlySet<string> {
  const isLearned = ({ name, fixed, domain }: ModelDescription["parameters"][number]): boolean =>
    fixed === undefined && (domain === "real" || domain === "angle") && !carried.includes(name);
  return new Set(parameters.filter(isLearned).map(({ name }) => name));
}

export function residentsIn(residents: ReadonlySet<string>): Pick<ElboDescription, "residents" | "deviceKernels"> {
  return residents.size === 0 ? {} : { residents: [...residents], deviceKernels: deviceKernels() };
}

function describeElbo(program: ElboProgram, source: SourceIdentity): ElboDescription {
  const { model, rowsAxis, noise, starts } = program;
  const described = describeByGradient({ model, rowsAxis }, source);
  return {
    ...described,
    algorithm: "elbo",
    gradientBlocks: [],
    noise: describeNoise(noise),
    starts: describeStarts(starts),
    carried: program.carried,
    held: program.held,
    ...(program.codeGroups.length === 0 ? {} : { codeGroups: program.codeGroups }),
    answers: {
      encode: program.encode.outputs.map(({ name }) => name),
      reconstruct: program.reconstruct.outputs.map(({ name }) => name),
    },
  };
}

function describeStart(start: WeightStart): StartDescription {
  if (start.kind === "constant" || start.kind === "moments") return start;
  if (start.kind === "orthogonal") {
    const { rows, columns, ...rest } = start;
    return { ...rest, rows: rows.map((shape) => shape.map(extentOf)), columns: columns.map(extentOf) };
  }
  return {
    kind: start.kind,
    fanIn: start.fanIn.map((shape) => shape.map(extentOf)),
    fanOut: start.fanOut.map(extentOf),
  };
}

function extentOf(dimension: Dimension): Extent {
  return dimension.kind === "symbol" ? dimension.name : dimension.value;
}

/** All parameters are learned by gradient: a spread or a location of the data begins at the data's own. */
export function describeByGradient(
  { model, rowsAxis }: Pick<ElboProgram, "model" | "rowsAxis">,
  source: SourceIdentity,
): ModelDescription {
  const parameters = model.parameters.filter(({ fixed }) => fixed === undefined).map(({ name }) => name);
  const byGradient = { kind: "gradient", parameters, reason: "" } as const;
  return describe({ model, rowsAxis, statistics: [], updates: [byGradient] }, source);
}

export function describeNoise(noise: ElboProgram["noise"]): readonly NoiseDescription[] {
  return noise.map(({ name, family, perRow, shape, readBy }) => ({
    name,
    family,
    perRow,
    shape: shape.map(extentOfSize),
    readBy,
  }));
}

export function describeStarts(starts: ElboProgram["starts"]): Readonly<Record<string, StartDescription>> {
  return Object.fromEntries(Object.entries(starts).map(([name, start]) => [name, describeStart(start)]));
}
