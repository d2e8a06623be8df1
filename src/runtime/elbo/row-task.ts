import { selectRows } from "../data/blocks.js";
import { BatchWriter } from "./batches.js";
import type { ElboMethods } from "./elbo-description.js";
import { evaluateBound } from "./evaluate-bound.js";
import { type Learner, LoopLearner } from "./learner.js";
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
    begin(data, { learned, start, options, floors }) {
      const { sizes } = data;
      const noise = new NoiseTables(description, sizes, "step", options.seed);
      const instance = methods.networks?.create(sizes, options.threads);
      const learner: Learner =
        instance === undefined
          ? new LoopLearner(
              description,
              { ...learned, run: (...given) => methods.stepOf(...given) },
              sizes,
              start,
              options,
              { widths: data.widths, noise: (rows) => noise.lengths(rows) },
              floors,
            )
          : new NetworkLearner(instance, description, learned, sizes, start, options, true, learned.owns, floors);
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
    evaluate: (data, parameters, options) => evaluateBound(methods, data, parameters, options),
  };
}
