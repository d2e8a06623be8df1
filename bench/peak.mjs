// The multiply-add peak of this machine in WebAssembly SIMD: node peak.mjs THREADS [float64|float32] prints one JSON object.
// Independent chains of multiply-adds in registers, nothing in memory; on each thread at once.
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const ACCUMULATORS = 12;
const ROUNDS = 1_000_000;
const REPETITIONS = 15;

const unsigned = (value) => {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
};
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const section = (id, bytes) => [id, ...sized(bytes)];

/** Bytes of instructions and types; lanes of a vector. */
const kinds = {
  float64: { lanes: 2, type: 0x7c, fused: [0x87, 0x02], multiply: [0xf2, 0x01], add: [0xf0, 0x01], extract: 0x21 },
  float32: { lanes: 4, type: 0x7d, fused: [0x85, 0x02], multiply: [0xe6, 0x01], add: [0xe4, 0x01], extract: 0x1f },
};

/** (func (export "run") (param rounds i32) (result number)), fused or as a product and a sum. */
function module(fused, precision) {
  const kind = kinds[precision];
  const Numbers = precision === "float64" ? Float64Array : Float32Array;
  const get = (local) => [0x20, local];
  const set = (local) => [0x21, local];
  const constant = (value) => [0xfd, 0x0c, ...new Uint8Array(new Numbers(kind.lanes).fill(value).buffer)];
  const [factor, term] = [ACCUMULATORS + 1, ACCUMULATORS + 2];
  const step = (local) => [
    ...(fused
      ? [...get(local), ...get(factor), ...get(term), 0xfd, ...kind.fused]
      : [...get(local), ...get(factor), 0xfd, ...kind.multiply, ...get(term), 0xfd, ...kind.add]),
    ...set(local),
  ];
  const locals = Array.from({ length: ACCUMULATORS }, (_, i) => i + 1);
  const body = [
    ...unsigned(1),
    ...[...unsigned(ACCUMULATORS + 2), 0x7b],
    ...[...constant(0.999999), ...set(factor), ...constant(1e-6), ...set(term)],
    ...locals.flatMap((local) => [...constant(1 + local / 16), ...set(local)]),
    ...[0x03, 0x40],
    ...locals.flatMap(step),
    ...locals.flatMap(step),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
    ...locals.slice(1).reduce((code, local) => [...code, ...get(local), 0xfd, ...kind.add], get(1)),
    ...[0xfd, kind.extract, 0, 0x0b],
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, kind.type]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...sized([...Buffer.from("run")]), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
}

function measure(fused, precision) {
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module(fused, precision))).exports;
  // Compiled by the optimising tier by the end of these.
  for (let i = 0; i < 5; i++) run(ROUNDS / 10);
  let best = Infinity;
  for (let i = 0; i < REPETITIONS; i++) {
    const start = performance.now();
    run(ROUNDS);
    best = Math.min(best, performance.now() - start);
  }
  const operations = 2 * 2 * kinds[precision].lanes * ACCUMULATORS * ROUNDS;
  return operations / best / 1e6;
}

if (isMainThread) {
  const threads = Number(process.argv[2] ?? 1);
  const precision = process.argv[3] ?? "float64";
  const fused = WebAssembly.validate(module(true, precision));
  const each = await Promise.all(
    Array.from(
      { length: threads },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: { fused, precision } });
          worker.on("message", resolve).on("error", reject);
        }),
    ),
  );
  const gigaflops = each.reduce((sum, one) => sum + one, 0);
  console.log(JSON.stringify({ version: process.version, threads, precision, fused, gigaflops }));
} else {
  // A port of worker_threads, which has no origins.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(measure(workerData.fused, workerData.precision));
}
