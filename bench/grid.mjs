// Every size of the table against scikit-learn, in short pieces:  node bench/grid.mjs --python PATH --out FILE.jsonl
//
// Measures what FILE does not have yet, one size with all covariances after another, and stops after --seconds. Sizes
// whose iteration takes scikit-learn long are measured once; `run.mjs` measures single cases more carefully.
//   --n --d --k --covariance LIST   what to measure            --seconds N   begin no size after so long [40]
//   --side LIST                     genc, scikit-learn, JAX    --node PATH   the Node.js of our side
//   --peers FOLDER                  the peers' scripts         --threads N   for all sides [2]
//   --data FOLDER                   where rows are kept        --print       only the table of what FILE has
//   --limit SECONDS                 sides are left out whose iteration is likely to take longer [20]
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { casesOf, covariances, guessSeconds, tables } from "./cases.mjs";
import { gaussianRows, writeNpy } from "./recipe.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const text = { type: "string" };
const { values: options } = parseArgs({
  options: {
    ...{ n: text, d: text, k: text, covariance: text, seconds: text, side: text, node: text, peers: text },
    ...{ python: text, threads: text, data: text, out: text, limit: text, print: { type: "boolean" } },
  },
});
const list = (given, usual) => given?.split(",") ?? usual;
const numbers = (given, usual) => given?.split(",").map(Number) ?? usual;
const { full } = tables;
const sizes = { n: numbers(options.n, full.n), d: numbers(options.d, full.d), k: numbers(options.k, full.k) };
const wanted = list(options.covariance, covariances);
const sides = list(options.side, ["genc", "scikit-learn"]);
const node = options.node ?? process.execPath;
const peers = resolve(options.peers ?? join(here, "..", "..", "shared", "peers"));
const threads = Number(options.threads ?? 2);
const folder = options.data ?? join(tmpdir(), "genc-grid");
const out = options.out ?? join(here, "results", "grid.jsonl");
const limit = Number(options.limit ?? 20);
mkdirSync(folder, { recursive: true });
mkdirSync(dirname(out), { recursive: true });

const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
const cases = casesOf(sizes, ["gmm"], wanted);
const known = existsSync(out)
  ? readFileSync(out, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
  : [];
const keyOf = (side, { n, d, k, covariance }) => [side, n, d, k, covariance].join(" ");
const has = new Set(known.map((each) => keyOf(each.key, each)));
const begun = performance.now();
const elapsed = () => (performance.now() - begun) / 1000;

if (options.print) print();
else for (const [, group] of bySize(cases)) if (!measure(group)) break;

/** @returns whether there is time for another size */
function measure(group) {
  for (const side of sides) {
    const key = side === "genc" ? `genc ${version}` : side;
    const left = group.filter((each) => !has.has(keyOf(key, each)) && (side === "genc" || guessSeconds(each) <= limit));
    if (left.length === 0) continue;
    const [{ n, d, k }] = left;
    const file = join(folder, `gmm-${n}-${d}-${k}.npy`);
    if (!existsSync(file)) writeNpy(file, gaussianRows(n, d, k, 1), [n, d]);
    const found = { genc: ours, "scikit-learn": scikitLearn, JAX: jax }[side](left, file);
    for (const [i, each] of left.entries()) {
      if (found[i] === undefined) continue;
      const { covariance } = each;
      appendFileSync(out, `${JSON.stringify({ key, n, d, k, covariance, ...found[i] })}\n`);
      const ms = (1000 * found[i].secondsPerIteration).toPrecision(3);
      console.log(`${each.name.padEnd(32)} ${key.padEnd(14)} ${ms.padStart(8)} ms  ${found[i].check}`);
    }
    if (elapsed() > Number(options.seconds ?? 40)) return false;
  }
  return true;
}

function bySize(all) {
  const groups = new Map();
  for (const each of all) {
    // What takes long is measured by itself.
    const name = `${each.n}-${each.d}-${each.k}${guessSeconds(each) > 1 ? `-${each.covariance}` : ""}`;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups].sort(([, [a]], [, [b]]) => guessSeconds(a) - guessSeconds(b));
}

/** How many iterations are made in one go, and for how long. */
function effort(each) {
  const guess = guessSeconds(each);
  return { iterations: guess < 0.3 ? 8 : guess < 3 ? 3 : 1, seconds: guess < 3 ? 0.6 : 0.01 };
}

function ours(left, data) {
  return left.map((each) => {
    const { iterations, seconds } = effort(each);
    const own = { iterations: Math.max(2, iterations), checkedIteration: iterations, repetitions: 100 };
    const settings = { ...each, ...own, data, threads, seconds };
    const warmSeconds = guessSeconds(each) < 3 ? 0.5 : 0.01;
    return run(node, [join(here, "ours.mjs"), JSON.stringify({ ...settings, warmSeconds })], {})[0];
  });
}

function scikitLearn(left, data) {
  const { iterations, seconds } = effort(left[0]);
  const covs = left.map(({ covariance }) => covariance).join(",");
  const own = ["--covs", covs, "--iters", iterations, "--seconds", seconds];
  return peer(join(here, "peers", "gmm_sklearn_steps.py"), left[0], data, own);
}

function jax(left, data) {
  const { iterations } = effort(left[0]);
  const own = ["--iters", iterations, "--reps", 1, "--dtype", "float64"];
  return left.map(
    (each) => peer(join(here, "peers", "gmm_jax_within.py"), each, data, ["--cov", each.covariance, ...own])[0],
  );
}

function peer(script, { k }, data, more) {
  const arguments_ = [script, "--data", data, "--k", k, "--threads", threads, ...more];
  return run(options.python, arguments_.map(String), { PYTHONPATH: peers, PYTHONDONTWRITEBYTECODE: "1" });
}

function run(program, arguments_, environment) {
  const done = spawnSync(program, arguments_, { encoding: "utf8", env: { ...process.env, ...environment } });
  if (done.status !== 0) console.log(done.stderr.trim().split("\n").at(-1)?.slice(0, 300));
  const lines = done.stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => {
    const { secondsPerIteration, min, check, variant, ridge } = JSON.parse(line);
    return { secondsPerIteration, min, check, variant, ridge };
  });
}

/** A table: milliseconds of our side, and how many times as long scikit-learn and JAX take. */
function print() {
  const latest = new Map(known.map((each) => [keyOf(each.key, each), each]));
  const secondsOf = (side, each) => latest.get(keyOf(side, each))?.secondsPerIteration;
  const rows = new Map();
  for (const each of cases) {
    const own = secondsOf(`genc ${version}`, each);
    if (own === undefined) continue;
    const times = ["scikit-learn", "JAX"].map((side) => ratioText(secondsOf(side, each), own));
    const size = `${each.n} | ${each.d} | ${each.k}`;
    rows.set(size, { ...rows.get(size), [each.covariance]: `${millisecondsText(own)}: ${times.join(", ")}` });
  }
  console.log(`| N | D | K | ${covariances.join(" | ")} |\n| ${"--: | ".repeat(3 + covariances.length)}`);
  const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  for (const [size, cells] of sorted) {
    console.log(`| ${size} | ${covariances.map((covariance) => cells[covariance] ?? "-").join(" | ")} |`);
  }
}

function ratioText(seconds, own) {
  if (seconds === undefined) return "-";
  const ratio = seconds / own;
  return ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0);
}

function millisecondsText(seconds) {
  return Number((1000 * seconds).toPrecision(seconds < 0.1 ? 2 : 3)).toString();
}
