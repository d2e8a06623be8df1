import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { templates } from "../templates/index.js";

/** `genc init`: a folder with a model, data drawn from it, and a script that trains the one on the other. */
export async function init(
  terminal: Terminal,
  name: string | undefined,
  options: { readonly template: string },
): Promise<ExitCode> {
  const template = templates[options.template];
  const folder = name ?? options.template;
  const base = folder.split(/[/\\]/).at(-1) ?? folder;
  if (!/^[A-Za-z][\w-]*$/.test(base)) {
    throw usageFailure(`\`${base}\` is no name for a model: letters, digits, - and _, a letter first.`);
  }
  const files: readonly (readonly [string, string])[] = [
    [`${base}.gen`, template.model],
    [`${base}.csv`, template.data()],
    ["train.mjs", trainScript(base, template.variable, template.dims)],
  ];
  const present = files.map(([file]) => join(folder, file)).filter((path) => existsSync(path));
  if (present.length > 0) throw usageFailure(`${present.join(", ")} is there already; nothing was written.`);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of files) writeFileSync(join(folder, file), content);

  terminal.out(files.map(([file]) => `${join(folder, file)}\n`).join(""));
  const dims = Object.entries(template.dims).map(([size, value]) => ` --dim ${size}=${value}`);
  terminal.message(`\nNext:\n  cd ${folder}\n  genc train ${base}.gen --data ${base}.csv${dims.join("")}\n`);
  if (template.notTrainable !== undefined) {
    terminal.message(`Note: ${template.notTrainable}. \`genc check ${base}.gen\` works.\n`);
  }
  return exitCode.fine;
}

function trainScript(base: string, variable: string, dims: Readonly<Record<string, number>>): string {
  return `// Trains ${base}.gen on ${base}.csv:  npm install genc && node train.mjs
import { readFile, writeFile } from "node:fs/promises";
import { compileSource, loadTrainer } from "genc";

const read = (name) => readFile(new URL(name, import.meta.url), "utf8");
const compilation = compileSource({ name: "${base}.gen", text: await read("${base}.gen") }, {});
for (const { code, message } of compilation.diagnostics) console.error(code, message);
const Model = await loadTrainer(compilation);

const [, ...lines] = (await read("${base}.csv")).trim().split("\\n");
const ${variable} = lines.map((line) => line.split(",").map(Number));

const model = new Model(${JSON.stringify(dims)});
const run = model.fit({ ${variable} }, { seed: 1 });
for await (const event of run) {
  if (event.kind === "warning") console.error(event.message);
}
const { logLikelihood, iterations, converged } = await run;
console.log({ logLikelihood, iterations, converged });
for (const [name, { shape, data }] of Object.entries(model.parameters)) console.log(name, shape, [...data.slice(0, 12)]);
await writeFile(new URL("${base}.safetensors", import.meta.url), await model.save());
model.dispose();
`;
}
