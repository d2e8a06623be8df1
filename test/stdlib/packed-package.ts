import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./standard-models.js";

/** Runs a program of Node to its end. */
export function node(
  folder: string,
  ...commandLine: readonly string[]
): { readonly status: number | null; readonly output: string } {
  const done = spawnSync(process.execPath, commandLine, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status: done.status, output: done.stdout + done.stderr };
}

function succeed(folder: string, command: string, ...rest: readonly string[]): string {
  const done = spawnSync(command, rest, { cwd: folder, encoding: "utf8" });
  if (done.status !== 0)
    throw new Error(`${command} ${rest.join(" ")}: ${done.error?.message ?? done.stdout + done.stderr}`);
  return done.stdout;
}

const compilers = { "5.9": "typescript-5.9", "6": "typescript", "7": "typescript-7" } as const;
export type CompilerVersion = keyof typeof compilers;
export const compilerVersions = Object.keys(compilers) as readonly CompilerVersion[];

export function compilerOf(version: CompilerVersion): string {
  return join(root, "node_modules", compilers[version], "bin", "tsc");
}

/** What the package is made of; it is built from a copy, so that nobody's dist/ is touched. */
const sources = [
  "bin",
  "src",
  "scripts",
  "stdlib",
  "grammar",
  "docs",
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "package.json",
  "tsconfig.json",
];

/**
 * A folder `app` with the packed package in its node_modules, as an installation without a network leaves it.
 *
 * @param prepack with the package's own prepack script; else its two steps by themselves, declarations by the fastest
 *   compiler
 */
export function installPacked(folder: string, prepack: boolean): string {
  const stage = join(folder, "stage");
  mkdirSync(stage);
  for (const name of sources) cpSync(join(root, name), join(stage, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));
  if (!prepack) {
    succeed(stage, process.execPath, join("scripts", "build.mjs"));
    succeed(stage, process.execPath, compilerOf("7"), "-p", ".", "--emitDeclarationOnly", "--outDir", "dist");
  }
  succeed(stage, "npm", "pack", "--pack-destination", folder, ...(prepack ? [] : ["--ignore-scripts"]));
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error("npm pack wrote no archive");
  const app = join(folder, "app");
  const modules = join(app, "node_modules");
  mkdirSync(join(modules, "genc"), { recursive: true });
  succeed(folder, "tar", "xf", archive, "--strip-components", "1", "-C", join(modules, "genc"));
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(modules, name, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  return app;
}
