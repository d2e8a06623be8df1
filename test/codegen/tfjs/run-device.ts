import { emitDevice } from "../../../src/codegen/tfjs/emit-device.js";
import type { PlanEnvironment } from "../../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import * as dense from "../../../src/numerics/dense.js";
import * as specialFunctions from "../../../src/numerics/special-functions.js";
import * as support from "../../../src/runtime/tensor-flow.js";
import { compileLoops, emptyOutputs } from "../loops/run-loops.js";

type Tensors = Record<string, Float64Array>;

/** Runs a function on TensorFlow.js in the environment of the interpreter; undefined where it is left to the loops. */
export async function runOnDevice(
  tf: support.TensorFlow,
  fn: PlanFunction,
  environment: PlanEnvironment,
): Promise<Tensors | undefined> {
  const device = emitDevice(fn, new Set(["x"]));
  if (device === undefined) return undefined;
  const [before, after] = [compileLoops(device.before), compileLoops(device.after)];
  const lines = device.body({ before: "before(tables, host);", after: "after(totals, into);" });
  const runtime = { ...dense, ...specialFunctions, ...support };
  const names = [...device.support, ...device.functions];
  const make = new Function(
    ...["runtime", "before", "after"],
    `"use strict"; const { ${names.join(", ")} } = runtime;
    return async function (tf, sizes, block, into) {\n${lines.join("\n")}\n};`,
  ) as (
    runtime: object,
    before: (tables: Tensors, host: Tensors) => void,
    after: (tables: Tensors, into: Tensors) => void,
  ) => (tf: support.TensorFlow, sizes: object, block: object, into: Tensors) => Promise<void>;
  const { inputs } = environment;
  const { parameter = {}, previous = {}, data = {}, table = {} } = inputs;
  const block = (tables: Tensors) => ({ rows: environment.rows, firstRow: 0, data: { ...data }, tables });
  const noDraws = (): never => {
    throw new Error("no draws on the device");
  };
  const run = make(
    runtime,
    (tables, host) => before(environment.sizes, { ...parameter }, { ...previous }, block(tables), host, noDraws),
    (tables, into) => after(environment.sizes, { ...parameter }, { ...previous }, block(tables), into, noDraws),
  );
  const into = emptyOutputs(fn, environment);
  await run(tf, environment.sizes, block({ ...table }), into);
  return into;
}
