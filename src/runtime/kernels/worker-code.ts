/** Words of the memory that threads agree by. */
export const words = {
  /** Incremented when there is work; negative: leave. */
  generation: 0,
  /** Number of the generation times 1024, plus the next shard that nobody has taken. */
  claim: 1,
  /** Shards that are finished. */
  done: 2,
  /** Workers that wait for work. */
  ready: 3,
  /** Not 0: a worker could not do a shard. */
  failed: 4,
  /** What the work is: its function, address and stride of its frames, first shard, shards, groups in a shard and in all. */
  job: 5,
  frames: 6,
  stride: 7,
  first: 8,
  count: 9,
  groupsPerShard: 10,
  groups: 11,
} as const;

export const controlBytes = 64;

/** More shards than one job may have: nothing to take. */
export const closed = 1023;

/** How often a thread looks for work, or for the end of it, before it sleeps. */
export const patience = 3000;

/**
 * What a worker runs, as text: a file of its own would be lost by a bundler, and a function's text by a minifier.
 *
 * It has the compiled module and the memory in common with the thread that does the fit, and takes shards until none is
 * left. What it is to do is read before a shard is taken: that succeeds only if no other work was begun meanwhile.
 */
export const workerCode = `"use strict";
function work({ module, memory, control, jobs }) {
  const host = { sin: Math.sin, cos: Math.cos, power: Math.pow };
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, host });
  const functions = jobs.map(({ clear, rows }) => ({ clear: exports[clear], rows: exports[rows] }));
  const words = new Int32Array(memory.buffer, control, ${controlBytes / 4});
  const read = (word) => Atomics.load(words, word);
  Atomics.add(words, ${words.ready}, 1);
  let seen = 0;
  for (;;) {
    for (let i = 0; i < ${patience} && read(${words.generation}) === seen; i++);
    Atomics.wait(words, ${words.generation}, seen);
    seen = read(${words.generation});
    if (seen < 0) return;
    for (;;) {
      const claim = read(${words.claim});
      const shard = claim & 1023;
      const count = read(${words.count});
      if (shard >= count) break;
      const { clear, rows } = functions[read(${words.job})] ?? {};
      const frame = read(${words.frames}) + shard * read(${words.stride});
      const size = read(${words.groupsPerShard});
      const begin = (read(${words.first}) + shard) * size;
      const end = Math.min(begin + size, read(${words.groups}));
      if (Atomics.compareExchange(words, ${words.claim}, claim, claim + 1) !== claim) continue;
      try {
        if (clear !== undefined) clear(frame);
        rows(frame, begin, end);
      } catch {
        Atomics.store(words, ${words.failed}, 1);
      }
      if (Atomics.add(words, ${words.done}, 1) + 1 === count) Atomics.notify(words, ${words.done});
    }
  }
}
if (typeof require === "function") work(require("node:worker_threads").workerData);
else self.onmessage = ({ data }) => work(data);
`;
