import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileSource, emitModule } from "../../src/compile/index.js";
import { csvColumns } from "../support/csv-columns.js";
import { record } from "../published/published-reference.js";
import { compilerOf, compilerVersions, installPacked, node } from "./packed-package.js";
import { root, standardModels } from "./standard-models.js";

const slow = process.env["GENC_SLOW"] !== undefined;

const folder = mkdtempSync(join(tmpdir(), "genc-package-"));
let app = "";

beforeAll(async () => {
  // `npm pack` with its prepack script takes half a minute, most of it the declarations: only in the slow suite.
  app = installPacked(folder, slow);
  mkdirSync(join(app, "src", "tfjs"), { recursive: true });
  for (const { fileName, text } of standardModels()) {
    const source = { name: fileName, text };
    const { program } = compileSource(source);
    if (program === undefined) throw new Error(`${fileName} does not compile`);
    for (const engine of ["auto", "tfjs"] as const) {
      const { typescript } = await emitModule({ source, program }, { engine });
      const place = engine === "auto" ? "src" : join("src", engine);
      writeFileSync(join(app, place, fileName.replace(/\.gen$/, ".gen.ts")), typescript);
    }
  }
  writeFileSync(
    join(app, "src", "main.ts"),
    `import { PoissonMixture } from "./poisson-mixture.gen.js";
    declare const console: { log(text: string): void };
    const count: readonly number[] = [${earthquakes().join(", ")}];
    const model = new PoissonMixture({ K: 2 });
    const { logLikelihood, converged } = await model.fit({ count }, { seed: 1, tolerance: 1e-9 });
    const rate: Float64Array = model.parameters.rate.data;
    console.log(JSON.stringify({ logLikelihood, converged, rate: [...rate].sort((a, b) => a - b) }));
    `,
  );
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

function earthquakes(): readonly number[] {
  return csvColumns(new URL("../published/data/earthquakes_1900_2006.csv", import.meta.url))["count"]!;
}

const strict = {
  target: "ES2022",
  strict: true,
  noImplicitAny: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: false,
  noUnusedLocals: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: true,
  types: [],
  rootDir: "src",
  outDir: "built",
};

describe("the emitted modules of all standard models beside the packed package", () => {
  // One of the three checks in a third of the time; the others check single modules in test/codegen/emitted-module.test.ts.
  test.each(slow ? compilerVersions : (["7"] as const))("compile strictly under TypeScript %s", (version) => {
    const options = { ...strict, module: "NodeNext", moduleResolution: "NodeNext" };
    writeFileSync(
      join(app, `tsconfig.${version}.json`),
      JSON.stringify({ compilerOptions: options, include: ["src"] }),
    );
    expect(node(app, compilerOf(version), "-p", `tsconfig.${version}.json`)).toEqual({ status: 0, output: "" });
  });

  test("compile for a bundler as well", () => {
    const options = { ...strict, module: "ESNext", moduleResolution: "Bundler", lib: ["ES2022", "DOM"], noEmit: true };
    writeFileSync(join(app, "tsconfig.bundler.json"), JSON.stringify({ compilerOptions: options, include: ["src"] }));
    expect(node(app, compilerOf("7"), "-p", "tsconfig.bundler.json")).toEqual({ status: 0, output: "" });
  });

  test("run: a fit reaches the published log-likelihood", () => {
    const { status, output } = node(app, join("built", "main.js"));
    expect(status, output).toBe(0);
    const result = JSON.parse(output) as { logLikelihood: number; converged: boolean; rate: readonly number[] };
    const { published, params } = record("eq_poisson_mixture_m2");
    expect(Math.abs(result.logLikelihood + published!)).toBeLessThan(1e-3);
    expect(result.converged).toBe(true);
    const { rates } = params as { readonly rates: readonly number[] };
    result.rate.forEach((rate, k) => expect(rate).toBeCloseTo(rates[k]!, 1));
  });

  test("are what the packed command line writes", () => {
    const command = join("node_modules", "genc", "bin", "genc.js");
    const done = node(
      app,
      command,
      "compile",
      join("node_modules", "genc", "stdlib", "models", "mixtures", "poisson-mixture.gen"),
      "--check",
      "--output",
      "src/poisson-mixture.gen.ts",
    );
    expect(done.status, done.output).toBe(0);
  });
});

describe("the commands on the standard models' pages", () => {
  const commands = standardModels().flatMap(({ page = "" }) =>
    [...page.matchAll(/^ {4}genc (train .*--data stdlib\/.*)$/gm)].map(([, command = ""]) => command),
  );
  // A second and more each: one here, all in the slow suite.
  test.each(slow ? commands : commands.slice(-1))("genc %s", (command) => {
    const words = command.split(" ").map((word) => (word.startsWith("stdlib/") ? join(root, word) : word));
    const done = node(app, join("node_modules", "genc", "bin", "genc.js"), ...words, "--json", "--quiet");
    expect(done.status, done.output).toBe(0);
    const { logLikelihood } = JSON.parse(done.output) as { readonly logLikelihood: number };
    expect(Number.isFinite(logLikelihood)).toBe(true);
  });
});
