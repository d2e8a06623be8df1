import { selectRows } from "../data/blocks.js";
import { BatchWriter } from "./batches.js";
import type { ElboMethods } from "./elbo-description.js";
import { encodeRows } from "./encode-rows.js";
import { evaluateBound } from "./evaluate-bound.js";
import { DeviceLearner, deviceOf } from "./device-learner.js";
import { type Learner, LoopLearner, type StepFunction } from "./learner.js";
import { NetworkLearner } from "./network-learner.js";
import { NoiseTables } from "./noise-tables.js";
import type { StepTask } from "./step-task.js";

/** Batches of rows. */
export function rowTask(methods: ElboMethods): StepTask {
  const { description } = methods;
  return {
    description,
    unitsOf: ({ rows }) => rows,
    select: selectRows,
    async begin(data, { learned, start, options, floors }) {
      const { sizes } = data;
      const noise = new NoiseTables(description, sizes, "step", options.seed);
      const instance = methods.networks?.create(sizes, options.threads);
      const device = await deviceOf(description, sizes, start);
      const makeLearner = (): Learner => {
        if (instance !== undefined)
          return new NetworkLearner(instance, description, learned, sizes, start, options, true, learned.owns, floors);
        const loops = { ...learned, run: (...given: Parameters<StepFunction>) => methods.stepOf(...given) };
        const shapes = { widths: data.widths, noise: (rows: number) => noise.lengths(rows) };
        return device === undefined
          ? new LoopLearner(description, loops, sizes, start, options, shapes, floors)
          : new DeviceLearner(device.tf, device.weights, description, loops, sizes, start, options, shapes, floors);
      };
      const learner = makeLearner();
      const batches = new BatchWriter(data, description.variables, options);
      return {
        learner,
        write(rows, { step, epoch, beta }) {
          const buffers = learner.batch(rows.length);
          batches.write(rows, epoch, buffers);
          noise.fill(buffers.tables, step);
          buffers.tables["step.beta"][0] = beta;
          buffers.tables["step.rows"][0] = data.totalWeight;
        },
      };
    },
    encode: (data, parameters, options) => encodeRows(methods, data, parameters, options),
    evaluate: (data, parameters, options) => evaluateBound(methods, data, parameters, options),
  };
}
