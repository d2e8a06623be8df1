import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Where genc keeps what it can make again: `GENC_CACHE`, else the place the platform has for that.
 *
 * @returns undefined for `GENC_CACHE=off`, and where there is no home
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const chosen = environment["GENC_CACHE"];
  if (chosen === "off") return undefined;
  if (chosen) return resolve(chosen);
  const base = platformFolder(environment);
  return base === undefined ? undefined : join(base, "genc");
}

function platformFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  // The specification of XDG wants relative paths ignored.
  const xdg = environment["XDG_CACHE_HOME"];
  if (xdg && resolve(xdg) === xdg) return xdg;
  if (process.platform === "win32") return environment["LOCALAPPDATA"] || undefined;
  const home = environment["HOME"] || homedir();
  if (home === "") return undefined;
  return process.platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}
