// Bundles the compiler, the command line and the run time into dist/, and (with --types) writes their declarations.
//
//   node scripts/build.mjs            bundles only: a second
//   node scripts/build.mjs --types    and declarations
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is loaded by `import()` when it is needed, and never bundled. */
const external = ["@tensorflow/*", "ts-morph"];

/** Parts of packages that cost every start some 10 ms and that genc has no use for: replaced while bundling. */
const quickerPackages = [
  {
    // For commands that are programs of their own.
    file: /commander[/\\]lib[/\\]command\.js$/,
    replace: [
      ["const childProcess = require('node:child_process');", ""],
      ["childProcess.spawn(", "require('node:child_process').spawn("],
    ],
  },
  {
    // A table of 65,536 entries in place of a division.
    file: /chevrotain[/\\]lib[/\\]src[/\\]scan[/\\]lexer\.js$/,
    replace: [
      ["        initCharCodeToOptimizedIndexMap();\n", ""],
      [": charCodeToOptimizedIdxMap[charCode];", ": 255 + ~~(charCode / 255);"],
    ],
  },
];

const quickStart = {
  name: "quick-start",
  setup({ onLoad }) {
    for (const { file, replace } of quickerPackages) {
      onLoad({ filter: file }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const missing = replace.filter(([from]) => !text.includes(from));
        if (missing.length > 0) throw new Error(`build: ${path} has changed; look at quickerPackages again`);
        return { contents: replace.reduce((changed, [from, to]) => changed.replaceAll(from, to), text) };
      });
    }
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

/**
 * For modules that run on kernels alone and import nothing: TensorFlow.js is the global `tf`, where a page has loaded
 * it, and needed by `toTensor()` only.
 */
const withoutTensorFlow = {
  name: "without-tensorflow",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@tensorflow\// }, ({ path }) => ({ path, namespace: "global-tf" }));
    onLoad({ filter: /./, namespace: "global-tf" }, () => ({
      contents: `if (globalThis.tf === undefined) throw new Error("This needs TensorFlow.js, as the global tf.");
        module.exports = globalThis.tf;`,
    }));
    onLoad({ filter: /[/\\]runtime[/\\]tensor-flow\.ts$/ }, () => ({
      contents: `const absent = () => { throw new Error("This module was compiled for the engine kernel."); };
        export { ${["columnMeans", "downloadTensor", "mapOnHost", "tensorFlow", "uploadTensor", "useBackend"]
          .map((name) => `absent as ${name}`)
          .join(", ")} };`,
    }));
  },
};

const browser = { ...common, platform: "neutral", target: "es2022" };

/** Tells one state of the compiler from another, for what it leaves in caches. */
function buildHash() {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of [...sources, join(root, "package.json"), fileURLToPath(import.meta.url)]) {
    hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

export async function build() {
  const { build: bundle } = await import("esbuild");
  // Put in place at once: another process may be using the old bundles, or building as well.
  const outdir = join(root, ".genc-cache", `dist-${process.pid}`);
  mkdirSync(outdir, { recursive: true });
  await Promise.all([
    // Whole, as CommonJS: V8 keeps compiled code for scripts, not for modules (src/cli/start.ts).
    bundle({
      ...common,
      format: "cjs",
      outdir,
      entryPoints: { "cli/start": "src/cli/start.ts", "cli/front": "src/cli/front.ts", "cli/main": "src/cli/main.ts" },
      outExtension: { ".js": ".cjs" },
      platform: "node",
      plugins: [quickStart],
      // Scripts that V8 has compiled before cannot import(), before Node 22.
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "$moduleUrl", GENC_BUILD: JSON.stringify(buildHash()) },
      banner: { js: 'const $moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    }),
    bundle({
      ...common,
      outdir,
      entryPoints: { "compile/index": "src/compile/index.ts" },
      platform: "node",
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      // Bundled CommonJS packages ask for Node's modules by require().
      banner: {
        js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
      },
    }),
    // Each in one file, and free of Node: emitted trainers run in browsers.
    bundle({ ...browser, outdir, entryPoints: { "runtime/index": "src/runtime/index.ts" } }),
    runtimeParts(outdir),
  ]);
  await keepCompiledCode(outdir);
  rmSync(join(root, "dist"), { recursive: true, force: true });
  try {
    renameSync(outdir, join(root, "dist"));
  } catch (error) {
    // Someone else was faster; theirs is as good.
    rmSync(outdir, { recursive: true, force: true });
    if (!existsSync(join(root, "dist"))) throw error;
  }
}

/** What --standalone inlines for modules that run on kernels; others need most of the run time as it is. */
async function runtimeParts(outdir) {
  const [{ build: bundle }, { splitRuntime }] = await Promise.all([import("esbuild"), import("./split-runtime.mjs")]);
  const { outputFiles } = await bundle({
    ...browser,
    minifySyntax: false,
    minifyWhitespace: false,
    legalComments: "none",
    entryPoints: ["src/runtime/index.ts"],
    plugins: [withoutTensorFlow],
    write: false,
  });
  writeFileSync(join(outdir, "runtime-parts.json"), JSON.stringify(await splitRuntime(outputFiles[0].text)));
}

/** Runs commands once, each in a process of its own, and keeps what V8 compiled. Without it they only start slower. */
async function keepCompiledCode(outdir) {
  const model = join(root, "stdlib", "models", "mixtures", "gaussian-mixture.gen");
  const data = join(root, "stdlib", "data", "faithful.csv");
  const runs = [
    ["check", model],
    ["train", model, "--data", data, "--dim", "K=2", "--quiet"],
  ];
  await Promise.all(
    runs.map(
      (arguments_) =>
        new Promise((done) => {
          const script = join(root, "scripts", "keep-compiled-code.cjs");
          const options = {
            env: { ...process.env, NODE_OPTIONS: "", GENC_CACHE: "off" },
            stdio: ["ignore", "ignore", "inherit"],
          };
          spawn(process.execPath, [script, join(outdir, "cli"), ...arguments_], options).on("close", done);
        }),
    ),
  );
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
