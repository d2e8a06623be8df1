import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package, whether this file runs from `src/` or from a bundle in `dist/`. */
export const packageFolder: string = findPackage(dirname(fileURLToPath(import.meta.url)));

function findPackage(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("genc is not inside a package");
  return findPackage(parent);
}
