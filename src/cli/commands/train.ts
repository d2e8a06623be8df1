import { bindData, trainerData } from "../bind-data.js";
import { bindBlocks, needsMemory, openData, trainerBatches } from "../data-blocks.js";
import { type Checkpoint, openCheckpoint } from "../checkpoint.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { unavailableFailure, usageFailure } from "../failure.js";
import { inCommandLineWords } from "../failure-from-error.js";
import { fitOptions, refuseUnsupported, startFrom, type TrainOptions } from "../fit-options.js";
import { completeSizes, knownSizes, requireGivenSizes } from "../known-sizes.js";
import { loadSource } from "../load-source.js";
import { prepareTrainer, type PreparedTrainer } from "../prepare-trainer.js";
import { createProgress } from "../progress.js";
import { attachProgram } from "../saved-model.js";
import type {
  AdversarialFitResult,
  AdversarialState,
  BoundFitResult,
  FitEvent,
  SampleQuality,
  StepState,
} from "../../runtime/index.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import type { Terminal } from "../terminal.js";
import { fitDocument, trainDocument, type FitReport } from "../train-document.js";
import { gameFitOptions, stepFitOptions } from "../step-fit-options.js";
import { learnsByBound, learnsByGame, type Trainer } from "../trainer.js";
import { verdict } from "../verdict.js";
import { requireFolderOf, writeFileOrFail } from "../write-result.js";

/** `genc train`: compiles in memory, fits, prints the verdict, saves. */
export async function train(terminal: Terminal, file: string, options: TrainOptions): Promise<ExitCode> {
  requireFolderOf(options.save);
  const prepared = await prepareWithWeights(terminal, file, options);
  const { Trainer: Model, engine, backend, instead } = prepared;
  refuseUnsupported(options, prepared.algorithm);
  if (engine === "tfjs" && (options.threads ?? 1) > 1) {
    throw unavailableFailure("--threads is for the engine kernel; TensorFlow.js has threads of its own.");
  }
  const { description } = new Model({});
  const known = knownSizes(description.sizes, options.dim);
  const start = startFrom(options, description, known);
  const sizes = { ...known, settled: start.sizes };
  requireGivenSizes(description.sizes, sizes);

  const opened = await openData(terminal, options, passesOf(options), needsMemory(description, prepared.algorithm));
  const bound =
    opened.kind === "table"
      ? bindData(terminal, opened.table, description, sizes, options)
      : await bindBlocks(terminal, opened, description, sizes, options);
  const data = "open" in bound ? trainerBatches(bound, description) : trainerData(bound, description);
  const model = new Model(completeSizes(description.sizes, bound.sizes));
  model.columns = bound.mapping.columns;
  const result = await fit(terminal, model, data, options, start.init);

  const { labels } = bound.mapping;
  const ran = { engine, backend, ...(instead === undefined ? {} : { instead }) };
  const report: FitReport = { description, result, parameters: model.parameters, labels, ...ran };
  if (options.save !== undefined) {
    const fit = fitDocument(report);
    const saved = { source: prepared.source, model: prepared.model, mapping: bound.mapping, fit };
    writeFileOrFail(options.save, attachProgram(await model.save(), saved));
  }
  terminal.out(options.json === true ? `${JSON.stringify(trainDocument(report))}\n` : verdict(report));
  if (options.save !== undefined && options.quiet !== true) terminal.message(`saved: ${options.save}\n`);
  model.dispose();
  if (result.stopped === "aborted") return exitCode.interrupted;
  return options.requireConverged === true && !result.converged ? exitCode.diagnostics : exitCode.fine;
}

/** Stepwise EM learns in one pass, unless more are asked for. */
function passesOf({ batchSize, epochs = 1, holdout = 0 }: TrainOptions): "one" | "many" {
  return batchSize !== undefined && epochs === 1 && holdout === 0 ? "one" : "many";
}

/** `--weights` needs a declared weight; where the program has none, it is declared on the fly. */
async function prepareWithWeights(terminal: Terminal, file: string, options: TrainOptions): Promise<PreparedTrainer> {
  const prepared = await prepareTrainer(terminal, loadSource(file), options);
  if (options.weights === undefined || prepared.weighted) return prepared;
  const { declareWeight } = await import("../declare-weight.js");
  const weighted = declareWeight(prepared.source, prepared.model);
  return await prepareTrainer(terminal, weighted, { ...options, quiet: true, model: prepared.model });
}

type Parameters = Readonly<Record<string, NamedTensor>>;
type AnyEvent =
  | FitEvent<Parameters>
  | FitEvent<Parameters, BoundFitResult<Parameters>, StepState>
  | FitEvent<Parameters, AdversarialFitResult<Parameters>, AdversarialState>;

function inCommandLine(result: FitReport["result"]): FitReport["result"] {
  const warnings = result.warnings.map(({ code, message }) => ({ code, message: inCommandLineWords(message) }));
  return { ...result, warnings };
}

async function fit(
  terminal: Terminal,
  model: Trainer,
  data: ReturnType<typeof trainerData> | ReturnType<typeof trainerBatches>,
  options: TrainOptions,
  init: ReturnType<typeof startFrom>["init"],
): Promise<FitReport["result"]> {
  const checkpoint = openCheckpoint(options);
  const progress = createProgress(terminal, options.quiet === true);
  let compared = "";
  const run = startFit(terminal, model, data, options, init, checkpoint);
  try {
    for await (const event of run) {
      switch (event.kind) {
        case "iteration":
          if (event.quality !== undefined) compared = comparisonText(event.quality);
          progress.update(
            learnsByGame(model)
              ? `epoch ${event.iteration}: critic ${event.objective.toPrecision(5)}, gap ${event.meanLogLikelihood.toPrecision(5)}${compared}`
              : learnsByBound(model)
                ? `epoch ${event.iteration}: mean bound ${event.meanLogLikelihood.toPrecision(8)}`
                : `start ${event.restart + 1}, iteration ${event.iteration}: mean log-likelihood ${event.meanLogLikelihood.toPrecision(8)}`,
          );
          break;
        case "checkpoint":
          checkpoint.write(event.state);
          break;
        case "start":
        case "restart":
        case "warning":
        case "end":
          break;
      }
    }
  } finally {
    progress.end();
  }
  const result = inCommandLine(await run);
  if (result.stopped === "aborted") terminal.message(`interrupted${checkpoint.text}\n`);
  return result;
}

function comparisonText({ discrepancy, precision, recall, covered, groups }: SampleQuality): string {
  return (
    `; discrepancy ${discrepancy.toPrecision(3)}, precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}, ` +
    `groups ${covered}/${groups}`
  );
}

function startFit(
  terminal: Terminal,
  model: Trainer,
  data: ReturnType<typeof trainerData> | ReturnType<typeof trainerBatches>,
  options: TrainOptions,
  init: ReturnType<typeof startFrom>["init"],
  checkpoint: Checkpoint,
): AsyncIterable<AnyEvent> & PromiseLike<FitReport["result"]> {
  const { signal } = terminal;
  if (learnsByBound(model)) {
    if (init === "kmeans++" || init === "random")
      throw usageFailure(`--init ${init} is for models learned by EM; weights of networks begin at random.`);
    if (typeof data === "function") throw new Error("train: minibatches are drawn from rows in memory");
    return model.fit(data, {
      ...stepFitOptions(options),
      ...(init === undefined ? {} : { init }),
      ...checkpoint.stepOptions(),
      signal,
    });
  }
  if (learnsByGame(model)) {
    if (init === "kmeans++" || init === "random")
      throw usageFailure(`--init ${init} is for models learned by EM; weights of networks begin at random.`);
    return model.fit(data, {
      ...gameFitOptions(options),
      ...(init === undefined ? {} : { init }),
      ...checkpoint.gameOptions(),
      signal,
    });
  }
  return model.fit(data, {
    ...fitOptions(options),
    ...(init === undefined ? {} : { init }),
    ...checkpoint.emOptions(),
    signal,
  });
}
