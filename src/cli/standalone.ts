import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../compile/index.js";
import { packageFolder } from "./package-folder.js";

/**
 * An emitted module with the run time inside: what it imported from `genc/runtime` comes from a copy of the bundled run
 * time, which is plain JavaScript and therefore exempt from type checks. On kernels alone it imports nothing at all.
 */
export function standalone(module: string, engine: Engine): string {
  const runtime = readFileSync(join(packageFolder, "dist", "runtime", `standalone-${engine}.js`), "utf8");
  return inlineRuntime(module, runtime);
}

export function inlineRuntime(module: string, runtime: string): string {
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
  // The bundle is one module; its exports are the last thing in it.
  const last = /\bexport\s*\{([^{}]*)\};?\s*$/.exec(runtime);
  if (last === null) throw new Error("standalone: the bundled run time has no list of exports");
  const exported = last[1].split(",").flatMap((entry) => (entry.trim() === "" ? [] : [property(entry.trim())]));
  const inside = runtime.slice(0, last.index);
  const unknown = names.filter((name) => !exported.some((entry) => entry.split(":")[0] === name.split(" as ")[0]));
  if (unknown.length > 0) throw new Error(`standalone: the run time exports no ${unknown.join(", ")}`);
  const header = /^(?:\/\/.*\n)*/.exec(body)?.[0] ?? "";
  return [
    "// @ts-nocheck: the run time below is bundled JavaScript.\n",
    header,
    `function runtimeOfGenc() {\n${inside}\nreturn { ${exported.join(", ")} };\n}\n`,
    `const { ${names.map((name) => name.replace(" as ", ": ")).join(", ")} } = runtimeOfGenc();\n`,
    body.slice(header.length),
  ].join("");
}

/** `a as b` of an export list as a property of an object. */
function property(entry: string): string {
  const [local, name] = entry.split(/\s+as\s+/);
  return name === undefined ? local : `${name}: ${local}`;
}
