/** Words of the memory that threads agree by. */
export const words = {
  /** Incremented when there is work; negative: leave. */
  generation: 0,
  /** Ranges of shards, each of which one thread begins with. */
  homes: 1,
  /** Shards that are finished. */
  done: 2,
  /** Workers that wait for work. */
  ready: 3,
  /** Not 0: a shard has failed. */
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

/** Ranges that shards are divided into at most. */
export const mostHomes = 16;

/**
 * Where a range's claim is, in a cache line of its own: the number of the generation times 1024, plus the next shard of it
 * that nobody has taken.
 */
export const claimWord = (home: number): number => 16 * (1 + home);

export const controlBytes = 64 * (1 + mostHomes);

/** More shards than one job may have: nothing to take. */
export const closed = 1023;

/** How often a thread looks for work, or for the end of it, before it sleeps. */
export const patience = 3000;

/**
 * What a worker runs, as text: a file of its own would be lost by a bundler, and a function's text by a minifier.
 *
 * It has the compiled module and the memory in common with the thread that does the fit, and takes shards until none is
 * left: first those of its own range, which it had before and may have in its cache, then what others left. What it is to
 * do is read before a shard is taken: that succeeds only if no other work was begun meanwhile.
 */
export const workerCode = `"use strict";
function work({ module, memory, control, jobs, patience, thread }) {
  const host = { sin: Math.sin, cos: Math.cos, power: Math.pow };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, thread }, host });
  const functions = jobs.map(({ clear, rows }) => ({ clear: exports[clear], rows: exports[rows] }));
  const words = new Int32Array(memory.buffer, control, ${controlBytes / 4});
  const read = (word) => Atomics.load(words, word);
  Atomics.add(words, ${words.ready}, 1);
  let seen = 0;
  for (;;) {
    for (let i = 0; i < patience && read(${words.generation}) === seen; i++);
    Atomics.wait(words, ${words.generation}, seen);
    seen = read(${words.generation});
    if (seen < 0) return;
    const homes = read(${words.homes});
    for (let turn = 0; turn < homes; turn++) {
      const home = (thread + turn) % homes;
      const place = 16 * (1 + home);
      for (;;) {
        const claim = read(place);
        const shard = claim & ${closed};
        const count = read(${words.count});
        if (shard >= Math.floor((count * (home + 1)) / homes)) break;
        const { clear, rows } = functions[read(${words.job})] ?? {};
        const frame = read(${words.frames}) + shard * read(${words.stride});
        const size = read(${words.groupsPerShard});
        const begin = (read(${words.first}) + shard) * size;
        const end = Math.min(begin + size, read(${words.groups}));
        if (Atomics.compareExchange(words, place, claim, claim + 1) !== claim) continue;
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
}
if (typeof require === "function") work(require("node:worker_threads").workerData);
else self.onmessage = ({ data }) => work(data);
`;
