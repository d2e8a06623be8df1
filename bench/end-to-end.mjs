// From a CSV file to a saved mixture, the whole process, against pandas and scikit-learn:
//
//   node bench/end-to-end.mjs --rows 1000000 --d 16 --k 16 --python PATH [--peers FOLDER] [--node PATH] [--rounds 3]
//
// k-means++ (scikit-learn: k-means) start, 20 iterations, full covariance. The peer's clock starts at its imports; ours
// covers the process. Medians; the sides take turns.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Stream, gaussianRows } from "./recipe.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const text = { type: "string" };
const { values: options } = parseArgs({
  options: { rows: text, d: text, k: text, python: text, peers: text, node: text, rounds: text, threads: text },
});
const [rows, d, k] = [Number(options.rows ?? 1_000_000), Number(options.d ?? 16), Number(options.k ?? 16)];
const rounds = Number(options.rounds ?? 3);
const threads = options.threads ?? "2";
const peers = resolve(options.peers ?? join(here, "..", "..", "shared", "peers"));
const node = options.node ?? process.execPath;
const folder = mkdtempSync(join(tmpdir(), "genc-end-to-end-"));
const csv = join(folder, "rows.csv");

try {
  writeCsv();
  console.log(
    `${rows} rows, D=${d}, K=${k}, ${(statSync(csv).size / 2 ** 20).toFixed(0)} MiB of CSV; load ${loadavg()[0].toFixed(1)}`,
  );
  const sides = [
    ["genc", ours],
    ["pandas and scikit-learn", theirs],
  ];
  const measured = new Map(sides.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of sides) {
      const found = measure();
      if (found === undefined) continue;
      measured.get(name).push(found);
      console.log(
        `${name.padEnd(24)} ${found.seconds.toFixed(2).padStart(8)} s  ${found.peakMiB.toFixed(0)} MiB  mean log-likelihood ${found.check}`,
      );
    }
  }
  const median = (name) => {
    const seconds = measured.get(name).map((each) => each.seconds);
    return seconds.sort((a, b) => a - b)[seconds.length >> 1];
  };
  const [own, peer] = sides.map(([name]) => median(name));
  if (peer === undefined) console.log("No Python with pandas and scikit-learn (--python): genc alone.");
  else console.log(`medians ${own.toFixed(2)} s and ${peer.toFixed(2)} s: ${(peer / own).toFixed(1)} times as long`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function ours() {
  const begun = performance.now();
  const fit = [
    "--restarts",
    "1",
    "--init",
    "kmeans++",
    "--max-iterations",
    "20",
    "--tolerance",
    "0",
    "--threads",
    threads,
  ];
  const done = spawnSync(
    node,
    [
      ...["-r", join(here, "report-memory.cjs"), join(here, "..", "bin", "genc.js"), "train"],
      ...[join(here, "models", "gaussian-full.gen"), "--data", csv, "--dim", `K=${k}`, ...fit],
      ...["--save", join(folder, "model.safetensors"), "--json", "--quiet"],
    ],
    { encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  const seconds = (performance.now() - begun) / 1000;
  if (done.status !== 0) throw new Error(done.stderr);
  const { meanLogLikelihood, iterations } = JSON.parse(done.stdout);
  if (iterations !== 20) console.log(`genc made ${iterations} iterations`);
  return { seconds, check: meanLogLikelihood, peakMiB: JSON.parse(done.stderr.trim().split("\n").at(-1)).peakMiB };
}

function theirs() {
  if (options.python === undefined) return undefined;
  const script = join(peers, "gmm_end_to_end.py");
  const done = spawnSync(options.python, [script, "--csv", csv, "--k", String(k), "--threads", threads], {
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  if (done.status !== 0) return undefined;
  const { seconds, peakRssMiB, check } = JSON.parse(done.stdout.trim().split("\n").at(-1));
  return { seconds, peakMiB: peakRssMiB, check };
}

function writeCsv() {
  const values = gaussianRows(rows, d, k, 1);
  // Clusters that overlap: EM would otherwise arrive before its 20th iteration.
  const noise = new Stream(2);
  for (let from = 0; from < values.length; from += 2 ** 20) {
    const part = values.subarray(from, from + 2 ** 20);
    noise.normals(part.length).forEach((value, i) => (part[i] += 5 * value));
  }
  const handle = openSync(csv, "w");
  writeSync(handle, `${Array.from({ length: d }, (_, i) => `x${i}`).join(",")}\n`);
  for (let from = 0; from < rows; from += 10_000) {
    const lines = [];
    for (let row = from; row < Math.min(rows, from + 10_000); row++) {
      lines.push(Array.from(values.subarray(row * d, row * d + d), (value) => value.toPrecision(9)).join(","));
    }
    writeSync(handle, `${lines.join("\n")}\n`);
  }
  closeSync(handle);
}
