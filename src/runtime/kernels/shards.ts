/** Rows whose sums are added up together, where there are few sums; a multiple of any kernel's lanes. */
export const SHARD_ROWS = 1024;
/**
 * Rows of a block: the sums of its shards are added up in their order, and then those of the blocks. As both are cut by
 * the numbers of rows and of sums alone, the result has the same bits for any number of threads.
 */
export const BLOCK_ROWS = 64 * SHARD_ROWS;

/** Rows of sequences for which more than one thread may pay. */
export const SCAN_ROWS = 4 * SHARD_ROWS;
/** Rows of a block of sequences, which are worked on side by side. */
export const SCAN_BLOCK_ROWS = 128 * SHARD_ROWS;

/**
 * Clearing and collecting sums takes time too: the more of them, the more rows they are to serve, unless a block would be
 * in too few pieces for threads to share evenly.
 */
export function shardRows(totalBytes: number, rows: number): number {
  const worth = totalBytes <= 2 ** 19 ? 1 : totalBytes <= 2 ** 20 ? 2 : 4;
  const even = Math.floor(rows / (leastShards * SHARD_ROWS));
  return Math.max(1, Math.min(worth, even)) * SHARD_ROWS;
}

/** Pieces of a block, if it has enough rows. */
const leastShards = 8;

/** Memory that the sums of shards in work at the same time may take. */
const MOST_TOTAL_BYTES = 32 * 2 ** 20;

/** How many shards have sums of their own at the same time. */
export function shardsAtOnce(shards: number, threads: number, totalBytes: number): number {
  if (threads === 1) return 1;
  const room = Math.floor(MOST_TOTAL_BYTES / Math.max(totalBytes, 1));
  return Math.max(1, Math.min(shards, Math.max(threads, room)));
}

/** Kernel time in one thread after which more are started, in milliseconds: as much as starting them takes. */
const WORTH_STARTING = 60;

/**
 * How many threads to use from now on: as many as are wanted, but one while there is a single shard, or while all work so
 * far took less time than starting threads would.
 */
export function threadsFor(shards: number, wanted: number, milliseconds: number): number {
  return shards > 1 && milliseconds > WORTH_STARTING ? Math.max(1, wanted) : 1;
}

/** The number of cores this process may use, as far as the host says. */
export function availableThreads(): number {
  const fromNode = builtin("node:os");
  const count = fromNode?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.floor(count));
}

/** Pages have shared memory only where they are isolated from other origins. */
export function sharedMemoryIsAllowed(): boolean {
  const { crossOriginIsolated } = globalThis as { readonly crossOriginIsolated?: boolean };
  return typeof SharedArrayBuffer !== "undefined" && crossOriginIsolated !== false;
}

/** Loads a package, or says where it is. */
export type NodeRequire = ((name: string) => unknown) & { readonly resolve: (name: string) => string };

interface Builtins {
  readonly "node:module": { readonly createRequire: (file: string) => NodeRequire };
  readonly "node:process": { readonly cwd: () => string; readonly platform: string; readonly arch: string };
  readonly "node:os": { readonly availableParallelism?: () => number };
  readonly "node:worker_threads": {
    readonly Worker: new (
      code: string,
      options: Readonly<Record<string, unknown>>,
    ) => { unref(): void; terminate(): unknown; on(event: "error", listener: (error: unknown) => void): unknown };
  };
}

/** A module of Node's own; undefined elsewhere, and in Node before 20.16. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}
