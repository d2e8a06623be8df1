// Trains standalone modules in headless Chromium:  npm run test:browser
//
// Each standard mixture named below is compiled by `genc compile --standalone`, served to a page with and without
// cross-origin isolation and under a policy that forbids WebAssembly, trained there on real data, and compared with the
// same module in Node. CHROMIUM names the browser; without one there is nothing to test, and that is said.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium, openPage } from "./chromium.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SIZE_LIMIT = 100_000;
const SECONDS_FOR_A_PAGE = 120;

if (chromium === undefined) {
  console.log("test:browser: skipped, there is no Chromium here (set CHROMIUM, or install one)");
  process.exit(0);
}

/** A row for each line after the first, its columns picked. */
function columns(file, picked) {
  const lines = readFileSync(join(root, file), "utf8").trim().split("\n").slice(1);
  return lines.map((line) => picked.map((column) => Number(line.split(",")[column])));
}

const faithful = columns("stdlib/data/faithful.csv", [0, 1]);
/**
 * Quantiles of the t distribution with two degrees of freedom around two centres. With lighter tails, as in the eruptions,
 * degrees of freedom grow without end, and fits stop anywhere along the way.
 */
const quantile = (u) => (2 * u - 1) / Math.sqrt(2 * u * (1 - u));
const heavy = Array.from({ length: 300 }, (_, i) =>
  [Math.SQRT2, (1 + Math.sqrt(5)) / 2].map((step) => (i % 2) * 12 + quantile(((i + 1) * step) % 1)),
);
const models = [
  { name: "gaussian-mixture", exported: "GaussianMixture", sizes: { K: 2, D: 2 }, data: faithful },
  { name: "student-t-mixture", exported: "StudentTMixture", sizes: { K: 2, D: 2 }, data: heavy },
  {
    name: "poisson-mixture",
    exported: "PoissonMixture",
    sizes: { K: 2 },
    data: faithful.map(([, waiting]) => waiting),
  },
];
/** Enough rows for several threads, which a page has only where it is isolated. */
const threaded = {
  name: "gaussian-mixture",
  exported: "GaussianMixture",
  sizes: { K: 2, D: 2 },
  data: Array.from({ length: 300 }, () => faithful).flat(),
  restarts: 4,
};
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const pages = [
  { name: "plain", headers: {}, isolated: false },
  { name: "isolated", headers: isolation, isolated: true },
  { name: "no WebAssembly", headers: { "Content-Security-Policy": "script-src 'self'" }, isolated: false },
];

const train = `
export async function train(Model, { sizes, data, restarts }) {
  const model = new Model(sizes);
  const { logLikelihood, iterations, converged } = await model.fit(data, { seed: 1, restarts, threads: 2, maxIterations: 2000 });
  const { threads } = model.kernels;
  const predicted = Array.from((await model.predict(data.slice(0, 5))).z);
  const again = new Model(sizes);
  again.restore(await model.save());
  const { total } = await again.score(data).then((score) => ({ total: score.logLikelihood }));
  model.dispose();
  return { logLikelihood, iterations, converged, predicted, total, threads, isolated: globalThis.crossOriginIsolated === true };
}
`;

const folder = mkdtempSync(join(tmpdir(), "genc-browser-"));
let failures = 0;
const check = (what, holds, detail) => {
  if (!holds) failures++;
  console.log(`${holds ? "ok    " : "FAILED"}  ${what}: ${detail}`);
};

try {
  testSizes();
  for (const model of models) await testModel(model);
  await testModel(threaded);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? "test:browser: all hold" : `test:browser: ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

/** A standard mixture as one JavaScript file. */
function standalone(name) {
  const file = join(folder, `${name}.mjs`);
  const arguments_ = [join(root, "bin", "genc.js"), "compile", `std:mixtures/${name}`, "--standalone", "-o", file];
  const compiled = spawnSync(process.execPath, arguments_, { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return { file, module: readFileSync(file, "utf8") };
}

/** Every standard mixture is small, and imports nothing. */
function testSizes() {
  for (const entry of readdirSync(join(root, "stdlib", "models", "mixtures"))) {
    if (!entry.endsWith(".gen")) continue;
    const name = entry.slice(0, -".gen".length);
    const { module } = standalone(name);
    const size = gzipSync(module).length;
    const imports = module.match(/^\s*import\b.*|\bimport\s*\(.{0,40}|\bfrom\s*"[^"]*"/gm) ?? [];
    check(
      `${name}, size`,
      size < SIZE_LIMIT && imports.length === 0,
      `${(size / 1000).toFixed(1)} kB gzipped, ${imports.length === 0 ? "imports nothing" : imports.join("; ")}`,
    );
  }
}

async function testModel({ name, exported, sizes, data, restarts = 2 }) {
  const { file, module } = standalone(name);
  const script = `import { ${exported} as Model } from "./model.mjs";
${train.replace("export ", "")}
const job = ${JSON.stringify({ sizes, data, restarts })};
const report = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
train(Model, job).then(report, (error) => report({ error: String(error?.stack ?? error) }));`;
  const { train: trainHere } = await import(`data:text/javascript,${encodeURIComponent(train)}`);
  const expected = await trainHere((await import(pathToFileURL(file).href))[exported], {
    sizes,
    data,
    restarts,
  });
  for (const page of pages) {
    const started = performance.now();
    const files = { "/model.mjs": module, "/page.mjs": script };
    const { headers } = page;
    const found = await openPage({ files, headers, flags: ["--disable-gpu"], folder, seconds: SECONDS_FOR_A_PAGE });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (found.error !== undefined) {
      check(`${name}, ${page.name} page`, false, found.error);
      continue;
    }
    const close = (a, b, tolerance) => Math.abs(a - b) <= tolerance * Math.abs(b);
    const expectations = {
      "log-likelihood": close(found.logLikelihood, expected.logLikelihood, 1e-8),
      "score after restore": close(found.total, found.logLikelihood, 1e-9),
      predictions: String(found.predicted) === String(expected.predicted),
      convergence: found.converged,
      isolation: found.isolated === page.isolated,
      threads: found.threads === (page.isolated ? expected.threads : 1),
    };
    const broken = Object.keys(expectations).filter((name) => !expectations[name]);
    check(
      `${name}, ${page.name} page`,
      broken.length === 0,
      (broken.length === 0 ? "" : `not as it should be: ${broken.join(", ")}; `) +
        `log-likelihood ${found.logLikelihood} after ${found.iterations} iterations (Node: ${expected.logLikelihood}), ` +
        `cross-origin isolated: ${found.isolated}, threads: ${found.threads}, ${seconds} s with the start of the browser`,
    );
  }
}
