import { selectRows } from "../../data/blocks.js";
import type { Dataset } from "../../data/dataset.js";
import { sequenceCount } from "../../data/sequences.js";
import { LoopLearner } from "../learner.js";
import type { BatchPlace, StepTask } from "../step-task.js";
import type { ChainElboMethods } from "./chain-elbo-description.js";
import { ChainNetworkLearner, type EvaluateBatch } from "./chain-network-learner.js";
import { evaluateChainBound } from "./chain-answers.js";
import { LoopRunner, type Numbers, type PartRunner } from "./part-runner.js";
import { runBackward, runForward } from "./run-bound.js";
import { sequencesOf, tapeOf } from "./tape-of.js";

/** Batches of whole sequences. */
export function sequenceTask(methods: ChainElboMethods): StepTask {
  const { description } = methods;
  return {
    description,
    unitsOf: (data) => sequenceCount(sequencesOf(data)),
    select: selectSequences,
    begin(data, { learned, start, options, floors }) {
      const { sizes } = data;
      let evaluate: EvaluateBatch = () => Promise.resolve();
      const instance = methods.networks.create(sizes, options.threads);
      const networkLearner =
        instance === undefined
          ? undefined
          : new ChainNetworkLearner(instance, description, learned, sizes, start, options, true, learned.owns, floors);
      const learner =
        networkLearner ??
        new LoopLearner(
          description,
          {
            ...learned,
            run: (known, parameters, _, into) => evaluate(new LoopRunner(methods, known, parameters), into),
          },
          sizes,
          start,
          options,
          { widths: {}, noise: () => ({}) },
          floors,
        );
      return {
        learner,
        write(chosen, place) {
          evaluate = (runner, totals) => runBatch(methods, data, chosen.slice(), place, options.seed, runner, totals);
          if (networkLearner !== undefined) networkLearner.evaluateBatch = evaluate;
        },
      };
    },
    evaluate: (data, parameters, options) => evaluateChainBound(methods, data, parameters, options),
  };
}

/** The mean over rows of the bound of a batch, as it stands for all sequences, with its derivatives: added to `totals`. */
async function runBatch(
  { description }: ChainElboMethods,
  data: Dataset,
  chosen: Uint32Array,
  { step, beta }: BatchPlace,
  seed: number,
  runner: PartRunner,
  totals: Readonly<Record<string, Numbers>>,
): Promise<void> {
  const { chain } = description;
  const scalar = (value: number): Numbers => runner.make(1).fill(value);
  const tape = tapeOf(
    description,
    data,
    chosen,
    runner,
    totals,
    { seed, step },
    {
      "step.beta": scalar(beta),
      // A batch stands for all sequences, of which it has a part.
      "step.scale": scalar(sequenceCount(sequencesOf(data)) / (chosen.length * data.totalWeight)),
      "step.rows": scalar(data.totalWeight),
    },
  );
  await runForward(chain, tape, "draw");
  await runBackward(chain, tape);
  if (tape.has("prior")) await tape.run("prior", 0, 1);
}

/** The sequences that are wanted, in order. */
function selectSequences(data: Dataset, isWanted: (sequence: number) => boolean): Dataset {
  const { order, starts } = sequencesOf(data);
  const kept = new Uint8Array(data.rows);
  for (let sequence = 0; sequence + 1 < starts.length; sequence++)
    if (isWanted(sequence)) for (let at = starts[sequence]; at < starts[sequence + 1]; at++) kept[order[at]] = 1;
  return selectRows(data, (row) => kept[row] === 1);
}
