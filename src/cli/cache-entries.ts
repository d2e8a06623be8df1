import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Texts under the hash of what they were made from, in a folder that several processes use at once. */
export interface CacheEntries {
  /** undefined: not there, or not whole */
  read(key: string): string | undefined;
  /** Never fails: what cannot be kept is made again. */
  write(key: string, text: string): void;
}

/** Bytes that are kept at most; past that the entries longest unused go. */
const BYTES_KEPT = 64 * 2 ** 20;
/** Files that a process left behind when it was killed are removed after an hour. */
const MILLISECONDS_TO_WRITE = 3_600_000;

export function cacheKey(...parts: readonly unknown[]): string {
  return sha256(JSON.stringify(parts)).slice(0, 40);
}

export function openCache(folder: string, bytesKept = BYTES_KEPT): CacheEntries {
  return {
    read(key) {
      const file = join(folder, key);
      try {
        const stored = readFileSync(file, "utf8");
        const end = stored.indexOf("\n");
        const text = stored.slice(end + 1);
        if (stored.slice(0, end) !== sha256(text)) return undefined;
        const now = new Date();
        utimesSync(file, now, now);
        return text;
      } catch {
        return undefined;
      }
    },
    write(key, text) {
      const partial = join(folder, `${key}.${randomUUID()}.partial`);
      try {
        // Entries are programs: nobody else shall write here.
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(partial, `${sha256(text)}\n${text}`, { mode: 0o600 });
        renameSync(partial, join(folder, key));
        prune(folder, bytesKept);
      } catch {
        remove(partial);
      }
    },
  };
}

/** How many bytes and entries a cache holds. */
export function cacheContents(folder: string): { readonly entries: number; readonly bytes: number } {
  const files = filesOf(folder);
  return { entries: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

function prune(folder: string, bytesKept: number): void {
  let bytes = 0;
  for (const { path, size, time } of filesOf(folder).sort((a, b) => b.time - a.time)) {
    bytes += size;
    const abandoned = path.endsWith(".partial") && Date.now() - time > MILLISECONDS_TO_WRITE;
    if (bytes > bytesKept || abandoned) remove(path);
  }
}

function filesOf(folder: string): { readonly path: string; readonly size: number; readonly time: number }[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? [{ path, size: found.size, time: found.mtimeMs }] : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where it can be: another process may have been faster, or own the file. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What stays is counted again the next time.
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
