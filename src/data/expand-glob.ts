import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Whether a path is a pattern: has `*`, `?` or `[…]`, and no file of that very name exists. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path) && !existsSync(path);
}

/**
 * The files that a pattern matches, sorted by name: `*` and `?` within one part of a path, `**` for any number of
 * folders, `[a-z]` for one character of a set. Names that begin with a dot match only a pattern that does.
 */
export function expandGlob(pattern: string): readonly string[] {
  const parts = pattern.split("/").filter((part, i) => part !== "" || i === 0);
  const found = new Set<string>();
  const walk = (folder: string, rest: readonly string[]): void => {
    const [part, ...others] = rest;
    if (part === "**") {
      walk(folder, others);
      for (const name of foldersIn(folder)) walk(join(folder, name), rest);
      return;
    }
    const names = /[*?[]/.test(part) ? namesIn(folder).filter(matcher(part)) : [part];
    for (const name of names) {
      const path = folder === "" ? name || "/" : join(folder, name);
      const stats = existsSync(path) ? statSync(path) : undefined;
      if (others.length === 0 && stats?.isFile() === true) found.add(path);
      if (others.length > 0 && stats?.isDirectory() === true) walk(path, others);
    }
  };
  walk("", parts);
  return [...found].sort();
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder === "" ? "." : folder);
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder === "" ? "." : folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name);
}

function matcher(part: string): (name: string) => boolean {
  const source = part
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\[!/g, "[^")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name) && (part.startsWith(".") || !name.startsWith("."));
}
