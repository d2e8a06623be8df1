// Bundles the compiler, the command line and the run time into dist/, and (with --types) writes their declarations.
//
//   node scripts/build.mjs            bundles only: a second
//   node scripts/build.mjs --types    and declarations
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is loaded by `import()` when it is needed, and never bundled. */
const external = ["@tensorflow/*", "ts-morph"];

/** Commander loads `node:child_process` (10 ms of every start) for a feature that genc does not use. */
const lazyChildProcess = {
  name: "lazy-child-process",
  setup({ onLoad }) {
    onLoad({ filter: /commander[/\\]lib[/\\]command\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replace("const childProcess = require('node:child_process');", "")
        .replaceAll("childProcess.spawn(", "require('node:child_process').spawn("),
    }));
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "node20",
  external,
  sourcemap: false,
  // Less to read at every start; names stay, for stack traces and error classes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "external",
  logLevel: "warning",
  write: true,
};

export async function build() {
  const { build: bundle } = await import("esbuild");
  // Put in place at once: another process may be using the old bundles, or building as well.
  const outdir = join(root, ".genc-cache", `dist-${process.pid}`);
  await Promise.all([
    // Shared chunks, so that a command loads what it needs and no more.
    bundle({
      ...common,
      outdir,
      entryPoints: { "cli/main": "src/cli/main.ts", "compile/index": "src/compile/index.ts" },
      platform: "node",
      plugins: [lazyChildProcess],
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      // Bundled CommonJS packages ask for Node's modules by require().
      banner: {
        js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
      },
    }),
    // In one file, and free of Node: emitted trainers run in browsers, and --standalone inlines it.
    bundle({
      ...common,
      outdir,
      entryPoints: { "runtime/index": "src/runtime/index.ts" },
      platform: "neutral",
      target: "es2022",
    }),
  ]);
  rmSync(join(root, "dist"), { recursive: true, force: true });
  try {
    renameSync(outdir, join(root, "dist"));
  } catch (error) {
    // Someone else was faster; theirs is as good.
    rmSync(outdir, { recursive: true, force: true });
    if (!existsSync(join(root, "dist"))) throw error;
  }
}

function declarations() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const done = spawnSync(process.execPath, [tsc, "-p", root, "--emitDeclarationOnly", "--outDir", join(root, "dist")], {
    stdio: "inherit",
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build();
  if (process.argv.includes("--types")) declarations();
}
