import { Option, type Command } from "commander";
import type { ExitCode } from "./exit-code.js";
import {
  columnMap,
  dimension,
  integerAtLeast,
  nonNegativeNumber,
  properFraction,
  repeated,
} from "./options/option-values.js";
import { addCheck, addCommand, addFormat, createProgram } from "./front-commands.js";
import type { Terminal } from "./terminal.js";

/**
 * What `genc` understands. Each command's work is a file of `commands/`, loaded only when it is called, so that
 * `genc check` starts without TensorFlow.js, ts-morph and the fit loops.
 *
 * @param settle receives the exit status
 */
export function buildCommandLine(terminal: Terminal, settle: (code: ExitCode) => void): Command {
  const program = createProgram(terminal);
  const command = (usage: string, description: string): Command => addCommand(program, usage, description);

  command("init [name]", "write a model, a small data file and a train script that run as they are")
    .addOption(
      new Option("--template <template>", "what to begin with")
        .choices(["mixture", "state-space", "vae", "gan", "blank"])
        .default("mixture"),
    )
    .action(async (name: string | undefined, options: { template: string }) => {
      const { init } = await import("./commands/init.js");
      settle(await init(terminal, name, options));
    });

  addCheck(program, terminal, settle, () => import("./commands/check.js"));

  command("compile <file>", "write a trainer as TypeScript")
    .option("-o, --output <file>", "where to (default: beside the source); JavaScript where it ends in .js or .mjs")
    .option("--model <name>", "which model, where the file holds several")
    .addOption(engineOption())
    .option("--standalone", "inline the run time")
    .option("--check", "write nothing; fail if the file is not what would be written")
    .addOption(new Option("--dump <phase>", "print a phase instead").choices(["ast", "model", "plan", "kernels"]))
    .action(async (file: string, options) => {
      const { compile } = await import("./commands/compile.js");
      settle(await compile(terminal, file, options));
    });

  addFitOptions(command("train <file>", "fit a model to data, print the verdict, save it")).action(
    async (file: string, options) => {
      const { train } = await import("./commands/train.js");
      settle(await train(terminal, file, options));
    },
  );

  addQueryOptions(command("predict <model>", "the posterior of the latent variables, row by row"))
    .option("--out <file>", "write CSV here instead of to standard output")
    .action(async (model: string, options) => {
      const { predict } = await import("./commands/predict.js");
      settle(await predict(terminal, model, options));
    });

  addQueryOptions(command("score <model>", "log-density of data under a model"))
    .option("--per-row", "with --json: the log-density of every row")
    .option("--samples <draws>", "importance weights per row where only a bound is known [32]", integerAtLeast(1))
    .option("--seed <seed>", "seed of those draws", integerAtLeast(0))
    .action(async (model: string, options) => {
      const { score } = await import("./commands/score.js");
      settle(await score(terminal, model, options));
    });

  addModelOptions(command("sample <model>", "draw from a model"))
    .requiredOption("-n <rows>", "how many rows; of a model with a chain, how many sequences", integerAtLeast(1))
    .option("--steps <steps>", "how many steps each sequence has, where the model has a chain", integerAtLeast(1))
    .option("--sequence <column>", "rows of --data with the same value form one sequence")
    .option("--seed <seed>", "seed of the random numbers", integerAtLeast(0), 0)
    .option("--data <file>", "given variables, where the model has any (repeatable)", repeated, [])
    .option("--map <variable=columns>", "which columns feed a variable (repeatable)", columnMap, {})
    .option("--latents", "write the latent variables as well")
    .option("--out <file>", "write CSV here instead of to standard output")
    .action(async (model: string, options) => {
      const { sample } = await import("./commands/sample.js");
      settle(await sample(terminal, model, options));
    });

  addQueryOptions(command("impute <model>", "fill missing entries with their conditional mean"))
    .option("--out <file>", "write CSV here instead of to standard output")
    .action(async (model: string, options) => {
      const { impute } = await import("./commands/impute.js");
      settle(await impute(terminal, model, options));
    });

  command("explain <subject>", "the derivation of a model as mathematics, or the long text of a diagnostic (GENxxxx)")
    .option("--model <name>", "which model, where the file holds several")
    .addOption(
      new Option("--format <format>", "form of the text")
        .choices(["text", "latex", "markdown", "html"])
        .default("text"),
    )
    .action(async (subject: string, options: { model?: string; format: "text" | "latex" | "markdown" | "html" }) => {
      const { explain } = await import("./commands/explain.js");
      settle(await explain(terminal, subject, options));
    });

  command("graph <file>", "the plate diagram of a model")
    .option(
      "-o, --output <file>",
      "where to: .svg, .png, .dot (Graphviz) or .mmd (Mermaid); default: SVG on standard output",
    )
    .option("--model <name>", "which model, where the file holds several")
    .action(async (file: string, options: { output?: string; model?: string }) => {
      const { graph } = await import("./commands/graph.js");
      settle(await graph(terminal, file, options));
    });

  addFormat(program, terminal, settle, () => import("./commands/fmt.js"));

  command("verify <file>", "check what the compiler derived: recovery, gradients, enumeration, monotone EM")
    .option("--model <name>", "which model, where the file holds several")
    .option("--dim <size=number>", "a size (repeatable)", dimension, {})
    .option("--data <file>", "data to check on besides drawn ones (repeatable)", repeated, [])
    .option("--map <variable=columns>", "which columns feed a variable (repeatable)", columnMap, {})
    .option("--seed <seed>", "seed of the random numbers", integerAtLeast(0), 0)
    .option("--json", "one JSON document on standard output")
    .action(async (file: string, options) => {
      const { verify } = await import("./commands/verify.js");
      settle(await verify(terminal, file, options));
    });

  command("bench <files...>", "seconds per iteration, on rows drawn from the model")
    .option("--model <name>", "which model, where a file holds several")
    .option("--dim <size=number>", "a size (repeatable)", dimension, {})
    .option("--rows <n>", "how many rows", integerAtLeast(1), 10_000)
    .option("--iterations <n>", "how many iterations are timed", integerAtLeast(1), 10)
    .option("--seed <seed>", "seed of the random numbers", integerAtLeast(0), 0)
    .addOption(engineOption())
    .option("--backend <name>", "TensorFlow.js backend, for --engine tfjs")
    .option("--threads <n>", "most threads that work on the rows (default: as many as cores)", integerAtLeast(1))
    .option("--json", "one JSON document on standard output")
    .action(async (files: string[], options) => {
      const { bench } = await import("./commands/bench.js");
      settle(await bench(terminal, files, options));
    });

  command("doctor", "what works on this machine, and how to mend what does not")
    .option("--json", "one JSON document on standard output")
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import("./commands/doctor.js");
      settle(await doctor(terminal, options.json === true));
    });

  addQueryOptions(
    command("forecast <model>", "what comes after the end of each sequence: mean, interval, probabilities"),
  )
    .requiredOption("--steps <steps>", "how many steps", integerAtLeast(1))
    .option("--draws <draws>", "futures that are drawn for what cannot be computed", integerAtLeast(1), 2000)
    .option("--level <portion>", "probability of the interval", properFraction, 0.9)
    .option("--seed <seed>", "seed of the random numbers", integerAtLeast(0), 0)
    .option("--out <file>", "write CSV here instead of to standard output")
    .action(async (model: string, options) => {
      const { forecast } = await import("./commands/forecast.js");
      settle(await forecast(terminal, model, options));
    });

  addQueryOptions(command("report <model>", "a fit, its parameters, the posterior and draws on one HTML page"))
    .requiredOption("-o, --output <file>", "where to: an .html file")
    .option("--seed <seed>", "seed of the draws", integerAtLeast(0), 0)
    .action(async (model: string, options) => {
      const { report } = await import("./commands/report.js");
      settle(await report(terminal, model, options));
    });

  command("watch <files...>", "check programs, and compile them again whenever they change")
    .addOption(engineOption())
    .option("--standalone", "inline the run time")
    .action(async (files: string[], options) => {
      const { watch } = await import("./commands/watch.js");
      settle(await watch(terminal, files, options));
    });
  return program;
}

function engineOption(): Option {
  return new Option("--engine <engine>", "what the loops run on").choices(["auto", "kernel", "tfjs"]).default("auto");
}

/** FILE or MODEL, and at which parameters. */
function addModelOptions(command: Command): Command {
  return command
    .option("--model <name>", "which model, where a .gen file holds several")
    .option("--parameters <file>", "for a .gen file: its parameters, as JSON")
    .option("--dim <size=number>", "a size that neither data nor parameters settle (repeatable)", dimension, {})
    .addOption(engineOption());
}

function addQueryOptions(command: Command): Command {
  return addModelOptions(command)
    .requiredOption(
      "--data <file>",
      "a path, a pattern, SQL for DuckDB, or - for CSV on standard input (repeatable)",
      repeated,
    )
    .option("--map <variable=columns>", "which columns feed a variable (repeatable)", columnMap, {})
    .option("--sequence <column>", "rows with the same value form one sequence")
    .addOption(binarizeOption())
    .option("--stream", "read the data in blocks, anew in every pass, whatever their size")
    .option("--no-stream", "hold the data in memory, whatever their size")
    .option("--json", "one JSON document on standard output")
    .option("--quiet", "no messages but errors");
}

function addFitOptions(command: Command): Command {
  return command
    .requiredOption(
      "--data <file>",
      "a path, a pattern, SQL for DuckDB, or - for CSV on standard input (repeatable)",
      repeated,
    )
    .option("--model <name>", "which model, where the file holds several")
    .option("--dim <size=number>", "a size (repeatable)", dimension, {})
    .option(
      "--map <variable=columns>",
      "which columns feed a variable: x=colA,colB or x=first..last (repeatable)",
      columnMap,
      {},
    )
    .option("--weights <column>", "how often each row counts")
    .option("--sequence <column>", "rows with the same value form one sequence, in order")
    .addOption(binarizeOption())
    .option("--stream", "read the data in blocks, anew in every pass, whatever their size")
    .option("--no-stream", "hold the data in memory, whatever their size")
    .option("--max-iterations <n>", "at most so many iterations for each start", integerAtLeast(1))
    .option("--tolerance <number>", "stop when the mean log-likelihood grows by less", nonNegativeNumber)
    .option("--no-acceleration", "plain EM in every iteration: no extrapolation between them")
    .option("--restarts <n>", "how many starts; the best is kept", integerAtLeast(1))
    .option("--ridge <number>", "penalty that keeps covariances regular; 0: none", nonNegativeNumber)
    .option("--seed <seed>", "seed of the random numbers (default: 0)", integerAtLeast(0))
    .option("--init <start>", "kmeans++, random, or a JSON file of parameters")
    .option("--fix <parameter>", "keep a parameter at its initial value (repeatable)", repeated, [])
    .option("--holdout <fraction>", "keep a fraction of the rows for a test", properFraction)
    .option("--batch-size <n>", "learn after every so many rows: stepwise EM, or gradients", integerAtLeast(1))
    .option("--epochs <n>", "passes over the data, for stepwise EM or gradients", integerAtLeast(1))
    .option("--learning-rate <number>", "step size, for models learned by gradients", nonNegativeNumber)
    .addOption(engineOption())
    .option("--backend <name>", "TensorFlow.js backend, for --engine tfjs")
    .option("--threads <n>", "most threads that work on the rows (default: as many as cores)", integerAtLeast(1))
    .option("--checkpoint <folder>", "save the state of the fit here")
    .option("--checkpoint-every <n>", "after every so many iterations", integerAtLeast(1))
    .option("--resume <folder>", "go on from a checkpoint")
    .option("--require-converged", "fail (status 1) if the fit has not converged")
    .option("--save <file>", "save the fitted model here (.safetensors)")
    .option("--json", "one JSON document on standard output")
    .option("--quiet", "no messages but errors");
}

function binarizeOption(): Option {
  return new Option("--binarize <how>", "grey levels for a Binary variable").choices([
    "resample",
    "threshold",
    "expected",
  ]);
}
