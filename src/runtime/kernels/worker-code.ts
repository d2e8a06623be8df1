/** Words of the memory that threads agree by. */
export const words = {
  /** Incremented when there is work; negative: leave. What sleeping workers wait for, and nobody else reads. */
  generation: 0,
  /** Workers that wait for work. */
  ready: 16,
  /** Not 0: a worker could not do a shard. */
  failed: 17,
  /** Incremented by workers that find nothing more to do while the thread that asked for the work sleeps. */
  ended: 18,
  /** Does it? */
  waiting: 19,
} as const;

/** Ranges that shards are divided into at most. */
export const mostHomes = 16;

/** First word of a range's cache line: all that the thread at home in it reads, so that one line has to travel. */
export const homeLine = (home: number): number => 16 * (2 + home);

/** Places in a home's line. */
export const ofHome = {
  /** Number of the generation times 1024, plus the next shard of the range that nobody has taken. */
  claim: 0,
  /** Shards that threads of this home have finished. */
  done: 1,
  /** Where the range ends. */
  end: 2,
  homes: 3,
  /** What the work is: its function, address and stride of its frames, first shard, groups in a shard and in all. */
  job: 4,
  frames: 5,
  stride: 6,
  first: 7,
  groupsPerShard: 8,
  groups: 9,
} as const;

export const controlBytes = 64 * (2 + mostHomes);

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
  const line = (home) => 16 * (2 + home);
  const own = line(thread % ${mostHomes});
  Atomics.add(words, ${words.ready}, 1);
  let seen = read(own) >>> 10;
  for (;;) {
    for (let i = 0; i < patience && read(own) >>> 10 === seen; i++);
    const generation = read(${words.generation});
    if (generation < 0) return;
    if (read(own) >>> 10 === seen) {
      Atomics.wait(words, ${words.generation}, generation);
      continue;
    }
    seen = read(own) >>> 10;
    const homes = read(own + ${ofHome.homes});
    for (let turn = 0; turn < homes; turn++) {
      const home = line((thread + turn) % homes);
      for (;;) {
        const claim = read(home);
        const shard = claim & ${closed};
        if (shard >= read(home + ${ofHome.end})) break;
        const { clear, rows } = functions[read(home + ${ofHome.job})] ?? {};
        const frame = read(home + ${ofHome.frames}) + shard * read(home + ${ofHome.stride});
        const size = read(home + ${ofHome.groupsPerShard});
        const begin = (read(home + ${ofHome.first}) + shard) * size;
        const end = Math.min(begin + size, read(home + ${ofHome.groups}));
        if (Atomics.compareExchange(words, home, claim, claim + 1) !== claim) continue;
        try {
          if (clear !== undefined) clear(frame);
          rows(frame, begin, end);
        } catch {
          Atomics.store(words, ${words.failed}, 1);
        }
        Atomics.add(words, own + ${ofHome.done}, 1);
      }
    }
    if (read(${words.waiting}) !== 0) {
      Atomics.add(words, ${words.ended}, 1);
      Atomics.notify(words, ${words.ended});
    }
  }
}
if (typeof require === "function") work(require("node:worker_threads").workerData);
else self.onmessage = ({ data }) => work(data);
`;
