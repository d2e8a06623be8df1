import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheContents, cacheKey, openCache } from "../../src/cli/cache-entries.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-cache-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a cache", () => {
  it("gives back what was written, and nothing for another key", () => {
    const cache = openCache(join(folder, "made", "when needed"));
    expect(cache.read("a")).toBeUndefined();
    cache.write("a", "one\ntwo");
    expect(openCache(join(folder, "made", "when needed")).read("a")).toBe("one\ntwo");
    expect(cache.read("b")).toBeUndefined();
  });

  it("gives nothing for an entry that is damaged, cut off or empty, and takes a new one in its place", () => {
    const cache = openCache(folder);
    cache.write("a", "some text");
    const whole = readFileSync(join(folder, "a"), "utf8");
    for (const damaged of [whole.replace("some", "same"), whole.slice(0, -1), "", "some text"]) {
      writeFileSync(join(folder, "a"), damaged);
      expect(cache.read("a")).toBeUndefined();
    }
    cache.write("a", "some text");
    expect(cache.read("a")).toBe("some text");
  });

  it("fails at nothing: where it cannot write, it keeps nothing", () => {
    writeFileSync(join(folder, "file"), "");
    const cache = openCache(join(folder, "file"));
    cache.write("a", "text");
    expect(cache.read("a")).toBeUndefined();
  });

  it("keeps the entries last used within its size", () => {
    const cache = openCache(folder, 400);
    const longAgo = (key: string, days: number): void => {
      const time = Date.now() / 1000 - days * 86_400;
      utimesSync(join(folder, key), time, time);
    };
    // Each entry is its text, 64 digits and a line break.
    cache.write("a", "x".repeat(100));
    cache.write("b", "x".repeat(100));
    longAgo("a", 3);
    longAgo("b", 2);
    expect(cache.read("a")).toBeDefined();
    cache.write("c", "x".repeat(100));
    expect(readdirSync(folder).sort()).toEqual(["a", "c"]);
    expect(cacheContents(folder)).toEqual({ entries: 2, bytes: 2 * 165 });
  });

  it("clears away what a killed process left, but not what another is writing", () => {
    const cache = openCache(folder);
    writeFileSync(join(folder, "a.1.partial"), "half");
    utimesSync(join(folder, "a.1.partial"), 1, 1);
    writeFileSync(join(folder, "a.2.partial"), "half");
    cache.write("b", "text");
    expect(readdirSync(folder).sort()).toEqual(["a.2.partial", "b"]);
  });

  it.runIf(process.platform !== "win32")("lets nobody else write into it", () => {
    openCache(join(folder, "new")).write("a", "text");
    expect(statSync(join(folder, "new")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "new", "a")).mode & 0o777).toBe(0o600);
  });

  it("tells apart keys whose parts differ only in where they end", () => {
    expect(cacheKey("ab", "c")).not.toBe(cacheKey("a", "bc"));
    expect(cacheKey("a", undefined)).not.toBe(cacheKey("a", "null"));
    expect(cacheKey("a", 1)).toBe(cacheKey("a", 1));
  });
});
