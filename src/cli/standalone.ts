import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../compile/index.js";
import { packageFolder } from "./package-folder.js";

/** The run time as its top-level statements, in order (`scripts/split-runtime.mjs`). */
export interface RuntimeParts {
  /** By the name under which it is exported, the name of the declaration. */
  readonly exported: Readonly<Record<string, string>>;
  readonly parts: readonly RuntimePart[];
}

export interface RuntimePart {
  readonly declares: readonly string[];
  /** Names of other parts that it mentions. */
  readonly needs: readonly string[];
  readonly text: string;
}

/**
 * An emitted module with the run time inside: what it imported from `genc/runtime` comes from a copy, which is plain
 * JavaScript and therefore exempt from type checks.
 *
 * On kernels alone it imports nothing at all, and the copy holds what the module uses and no more; for TensorFlow.js it
 * is the whole run time.
 */
export function standalone(module: string, engine: Engine): string {
  const read = (name: string): string => readFileSync(join(packageFolder, "dist", name), "utf8");
  if (engine === "tfjs") return inlineRuntime(module, wholeRuntime(read("runtime/index.js")));
  return inlineRuntime(module, JSON.parse(read("runtime-parts.json")) as RuntimeParts);
}

export function inlineRuntime(module: string, runtime: RuntimeParts): string {
  const names: string[] = [];
  const body = module.replace(
    /^import (type )?\{([^}]*)\} from "genc\/runtime";\n/gm,
    (_, typeOnly: string | undefined, list: string) => {
      if (typeOnly === undefined) {
        names.push(...list.split(",").flatMap((name) => (/^\s*(type\s|$)/.test(name) ? [] : [name.trim()])));
      }
      return "";
    },
  );
  const unknown = names.filter((name) => !Object.hasOwn(runtime.exported, exportedName(name)));
  if (unknown.length > 0) throw new Error(`standalone: the run time exports no ${unknown.join(", ")}`);
  const used = [...new Set(names.map(exportedName))];
  const properties = used.map((name) =>
    runtime.exported[name] === name ? name : `${name}: ${runtime.exported[name]}`,
  );
  const inside = partsFor(
    used.map((name) => runtime.exported[name]),
    runtime.parts,
  );
  const header = /^(?:\/\/.*\n)*/.exec(body)?.[0] ?? "";
  return [
    "// @ts-nocheck: the run time below is bundled JavaScript.\n",
    header,
    `function runtimeOfGenc() {\n${inside.map(({ text }) => text).join("\n")}\nreturn { ${properties.join(", ")} };\n}\n`,
    `const { ${names.map((name) => name.replace(" as ", ": ")).join(", ")} } = runtimeOfGenc();\n`,
    body.slice(header.length),
  ].join("");
}

/** The parts that declare some names, and what those need; a statement that declares nothing may do anything. */
function partsFor(names: readonly string[], parts: readonly RuntimePart[]): readonly RuntimePart[] {
  const declaring = new Map(parts.flatMap((part) => part.declares.map((name) => [name, part] as const)));
  const found = new Set<RuntimePart>();
  const add = (part: RuntimePart | undefined): void => {
    if (part === undefined || found.has(part)) return;
    found.add(part);
    for (const name of part.needs) add(declaring.get(name));
  };
  for (const name of names) add(declaring.get(name));
  for (const part of parts) if (part.declares.length === 0) add(part);
  return parts.filter((part) => found.has(part));
}

/** A bundle as one part; its exports are the last thing in it. */
export function wholeRuntime(bundle: string): RuntimeParts {
  const last = /\bexport\s*\{([^{}]*)\};?\s*$/.exec(bundle);
  if (last === null) throw new Error("standalone: the bundled run time has no list of exports");
  const entries = last[1].split(",").flatMap((entry) => (entry.trim() === "" ? [] : [entry.trim().split(/\s+as\s+/)]));
  const exported = Object.fromEntries(entries.map(([local, name = local]) => [name, local]));
  return { exported, parts: [{ declares: Object.values(exported), needs: [], text: bundle.slice(0, last.index) }] };
}

/** `a as b` of an import list names the export `a`. */
function exportedName(entry: string): string {
  return entry.split(" as ")[0];
}
