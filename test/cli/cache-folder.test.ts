import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { cacheFolder } from "../../src/cli/cache-folder.js";

describe("the folder for what can be made again", () => {
  it("is GENC_CACHE where that is set, and none for off", () => {
    expect(cacheFolder({ GENC_CACHE: "somewhere", XDG_CACHE_HOME: "/x" })).toBe(resolve("somewhere"));
    expect(cacheFolder({ GENC_CACHE: "off", XDG_CACHE_HOME: "/x" })).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("is the one of the XDG specification, which ignores relative paths", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/genc");
    expect(cacheFolder({ XDG_CACHE_HOME: "x", HOME: "/home/a" })).toBe("/home/a/.cache/genc");
    expect(cacheFolder({})).toBe(join(homedir(), ".cache", "genc"));
  });
});
