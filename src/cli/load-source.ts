import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFailure } from "../data/read-failure.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { SourceText } from "../diagnostics/span.js";
import { usageFailure } from "./failure.js";
import { packageFolder } from "./package-folder.js";

const standardPrefix = "std:";

/** Reads FILE: a path, or `std:family/model` for a model of the standard library. */
export function loadSource(file: string): SourceText {
  if (file.startsWith(standardPrefix)) return loadStandardModel(file);
  try {
    return { name: file, text: readFileSync(file, "utf8") };
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    throw usageFailure(`${file} cannot be read: ${reason}.`);
  }
}

function loadStandardModel(file: string): SourceText {
  const name = file.slice(standardPrefix.length);
  const folder = join(packageFolder, "stdlib", "models");
  const path = join(folder, `${name}.gen`);
  const known = standardModels();
  if (known.includes(name)) return { name: file, text: readFileSync(path, "utf8") };
  const suggestion = didYouMean(name, known) ?? known.find((each) => each.endsWith(`/${name}`));
  throw usageFailure(
    `The standard library has no \`${name}\`; it has ${known.join(", ")}.`,
    suggestion === undefined ? undefined : `Did you mean std:${suggestion}?`,
  );
}

/** `family/model` of every model of the standard library. */
export function standardModels(): readonly string[] {
  const folder = join(packageFolder, "stdlib", "models");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((family) =>
      readdirSync(join(folder, family.name))
        .filter((name) => name.endsWith(".gen"))
        .map((name) => `${family.name}/${name.slice(0, -".gen".length)}`),
    )
    .sort();
}
