import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A model of the standard library. */
export interface StandardModel {
  /** mixtures/gaussian-mixture */
  readonly name: string;
  readonly fileName: string;
  readonly text: string;
  readonly page: string | undefined;
}

/** Every `.gen` file below stdlib/models: what is added there is tested here. */
export function standardModels(): readonly StandardModel[] {
  const folder = join(root, "stdlib", "models");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".gen"))
    .sort()
    .map((path) => {
      const page = join(folder, path.replace(/\.gen$/, ".md"));
      return {
        name: path.replace(/\.gen$/, ""),
        fileName: basename(path),
        text: readFileSync(join(folder, path), "utf8"),
        page: existsSync(page) ? readFileSync(page, "utf8") : undefined,
      };
    });
}
