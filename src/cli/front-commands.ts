import { Command, Option } from "commander";
import type { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";
import { compilerVersion } from "../compile/version.js";

/** `genc` before any command is added. */
export function createProgram(terminal: Terminal): Command {
  return new Command("genc")
    .description("Compile latent-variable models into TypeScript trainers, and train and query them.")
    .version(compilerVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .option("--no-color", "no colours (also: NO_COLOR=1)")
    .showHelpAfterError("(genc --help lists commands and options)")
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.message });
}

export function addCommand(program: Command, usage: string, description: string): Command {
  return program.command(usage).description(description).allowExcessArguments(false).option("--no-color", "no colours");
}

type Settle = (code: ExitCode) => void;
type Check = typeof import("./commands/check.js");
type Format = typeof import("./commands/fmt.js");

export function addCheck(program: Command, terminal: Terminal, settle: Settle, load: () => Promise<Check>): void {
  addCommand(program, "check <files...>", "report what is wrong with programs")
    .addOption(new Option("--format <format>", "form of the report").choices(["pretty", "json", "github", "sarif"]))
    .option("--json", "the same as --format json")
    .action(async (files: string[], options: { format?: "pretty" | "json" | "github" | "sarif"; json?: boolean }) => {
      const { check } = await load();
      settle(await check(terminal, files, options.format ?? (options.json === true ? "json" : "pretty")));
    });
}

export function addFormat(program: Command, terminal: Terminal, settle: Settle, load: () => Promise<Format>): void {
  addCommand(program, "fmt <files...>", "put programs into the one canonical layout")
    .option("--check", "write nothing; fail if a file is not in it")
    .action(async (files: string[], options: { check?: boolean }) => {
      const { formatFiles } = await load();
      settle(await formatFiles(terminal, files, options.check === true));
    });
}
