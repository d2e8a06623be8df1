import type { AdversarialProgram } from "../../ir/program.js";
import type { AdversarialDescription } from "../../runtime/adversarial/adversarial-description.js";
import { emitNetwork } from "../network-kernels/emit-network.js";
import { residentsOf } from "../tfjs/emit-device.js";
import {
  describeByGradient,
  describeNoise,
  describeStarts,
  residentCandidates,
  residentsIn,
} from "./build-elbo-module.js";
import { type Engine, LoopFunctions, method, realVariables } from "./loop-functions.js";
import type { SourceIdentity } from "./describe.js";
import type { EmittedMethod, EmittedModule } from "./module-tree.js";
import { trainerModule } from "./trainer-module.js";

/** The module of a game: two steps and the draws, and a class of thin methods that call them. */
export function buildAdversarialModule(
  program: AdversarialProgram,
  source: SourceIdentity,
  engine: Engine = "kernel",
): EmittedModule {
  const described = describeAdversarial(program, source);
  const { criticStep, generatorStep, sample } = program;
  const candidates = residentCandidates(described);
  const residents =
    engine === "tfjs"
      ? residentsOf([criticStep, generatorStep], realVariables(program), candidates)
      : new Set<string>();
  const description = { ...described, ...residentsIn(residents) };
  const networks = engine === "kernel" ? emitNetwork([criticStep, generatorStep]) : undefined;
  const loops = new LoopFunctions(engine, realVariables(program), false);
  const given = ["sizes", "parameters", "block", "into"] as const;
  const methods: EmittedMethod[] = [
    method("criticStepOf", given, loops.call("criticStep", criticStep, undefined, residents)),
    method("generatorStepOf", given, loops.call("generatorStep", generatorStep, undefined, residents)),
    method("drawRows", ["sizes", "parameters", "block", "streams", "into"], loops.call("drawRows", sample)),
  ];
  return trainerModule({
    source,
    description,
    descriptionType: "AdversarialDescription",
    base: "AdversarialTrainer",
    answers: false,
    methods,
    loops,
    types: [],
    ...(networks === undefined ? {} : { embedded: { name: "networkModule", type: "NetworkModule", value: networks } }),
  });
}

function describeAdversarial(program: AdversarialProgram, source: SourceIdentity): AdversarialDescription {
  const { model, critic, generator, carried, noise, starts } = program;
  const loss = model.learn?.options["loss"];
  return {
    ...describeByGradient(program, source),
    gradientBlocks: [],
    algorithm: "adversarial",
    implicit: model.factors.flatMap((factor) => (factor.kind === "implicit" ? [factor.child] : [])),
    critic,
    generator,
    carried,
    noise: describeNoise(noise),
    starts: describeStarts(starts),
    loss: loss?.kind === "name" ? loss.name : "nonsaturating",
  };
}
