import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";
import { templates } from "../../src/cli/templates/index.js";
import { fakeTerminal, type FakeTerminal } from "./fake-terminal.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function genc(
  ...arguments_: readonly string[]
): Promise<{ code: number } & Pick<FakeTerminal, "output" | "messages">> {
  const terminal = fakeTerminal();
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output, messages: terminal.messages };
}

const good = `model M {
  param m: Real
  param v: Positive
  each n {
    observe y: Real ~ Normal(m, v)
  }
}
`;
const bad = good.replace("Normal(m, v)", "Normal(mm, v)");

describe("usage errors end with 2, and say which option", () => {
  it.each([
    [["chekc", "x.gen"], "unknown command"],
    [["check"], "missing required argument 'files'"],
    [["train", "x.gen"], "--data"],
    [["train", "x.gen", "--data", "d.csv", "--dim", "K=none"], "--dim"],
    [["train", "x.gen", "--data", "d.csv", "--max-iterations", "0"], "--max-iterations"],
    [["train", "x.gen", "--data", "d.csv", "--tolerance", "-1"], "--tolerance"],
    [["train", "x.gen", "--data", "d.csv", "--holdout", "1"], "--holdout"],
    [["train", "x.gen", "--data", "d.csv", "--map", "x"], "--map"],
    [["train", "x.gen", "--data", "d.csv", "--engine", "gpu"], "--engine"],
    [["train", "std:mixtures/gaussian-mixture", "--data", "d.csv", "--epochs", "3"], "--epochs"],
    [["train", "absent.gen", "--data", "d.csv"], "absent.gen cannot be read: there is no such file"],
    [["score", "std:no/such-model", "--data", "d.csv", "--parameters", "p.json"], "no/such-model"],
    [["score", "std:mixtures/gaussian-mixture", "--data", "d.csv"], "--parameters"],
    [["score", "model.gen", "--data", "d.csv"], "model.gen cannot be read: there is no such file"],
    [["sample", "m.safetensors"], "-n"],
    [["init", "no good name"], "no good name"],
  ])("%j", async (arguments_, text) => {
    const { code, output, messages } = await genc(...arguments_);
    expect(messages()).toContain(text);
    expect([code, output()]).toEqual([2, ""]);
  });
});

describe("what is not there ends with 4", () => {
  it.each([
    ["--backend", "webgpu"],
    ["--binarize", "resample"],
  ])("%s %s", async (option, value) => {
    const { code, messages } = await genc("train", write("m.gen", good), "--data", "d.csv", option, value);
    expect(code).toBe(4);
    expect(messages()).toContain(option);
  });
});

describe("help and version", () => {
  it("lists what is built, on standard output", async () => {
    const { code, output } = await genc("--help");
    expect(code).toBe(0);
    for (const name of [
      "init",
      "check",
      "compile",
      "train",
      "predict",
      "score",
      "sample",
      "impute",
      "forecast",
      "bench",
      "explain",
      "fmt",
      "graph",
      "report",
      "verify",
      "doctor",
      "watch",
    ]) {
      expect(output()).toContain(`  ${name} `);
    }
  });
  it("is what one gets without a command, as a usage error", async () => {
    const { code, output, messages } = await genc();
    expect([code, output()]).toEqual([2, ""]);
    expect(messages()).toContain("Usage: genc");
  });
  it("the version of the package", async () => {
    const manifest: { version: string } = JSON.parse(
      readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
    );
    expect((await genc("--version")).output()).toBe(`${manifest.version}\n`);
  });
});

describe("check", () => {
  it("says nothing of a good program", async () => {
    const { code, output, messages } = await genc("check", write("good.gen", good));
    expect([code, output(), messages()]).toEqual([0, "", ""]);
  });
  it("reports on standard output, with status 1", async () => {
    const file = write("bad.gen", bad);
    const { code, output } = await genc("check", file, "--no-color");
    expect(code).toBe(1);
    expect(output()).toContain(`${file}:5:30`);
  });
  it.each([["--json"], ["--format=json"]])("%s: one document for all files", async (option) => {
    const files = [write("bad.gen", bad), write("good.gen", good), write("bad2.gen", bad)];
    const { code, output } = await genc("check", ...files, option);
    const document: { schema: string; diagnostics: object[] } = JSON.parse(output());
    expect([code, document.schema]).toEqual([1, "genc.check/1"]);
    expect(document.diagnostics).toMatchObject(
      [files[0], files[2]].map((file) => ({
        code: expect.stringMatching(/^GEN2\d{3}$/),
        severity: "error",
        message: expect.any(String),
        file,
        start: { line: 5, column: 30 },
        end: { line: 5, column: 32 },
        related: expect.any(Array),
      })),
    );
  });
  it("--format sarif and github", async () => {
    const file = write("bad.gen", bad);
    expect(JSON.parse((await genc("check", file, "--format", "sarif")).output())).toMatchObject({ version: "2.1.0" });
    expect((await genc("check", file, "--format", "github")).output()).toMatch(/^::error file=.*,line=5/);
  });
});

describe("fmt", () => {
  const untidy = good.replace("  param m: Real", "param   m:Real");
  it("rewrites in place, and then has nothing more to do", async () => {
    const file = write("untidy.gen", untidy);
    expect((await genc("fmt", file)).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(good);
    expect((await genc("fmt", file, "--check")).code).toBe(0);
  });
  it("--check writes nothing and fails", async () => {
    const file = write("untidy.gen", untidy);
    const { code, messages } = await genc("fmt", "--check", file);
    expect([code, messages()]).toEqual([1, `${file}: is not in the canonical layout\n`]);
    expect(readFileSync(file, "utf8")).toBe(untidy);
  });
  it("leaves a program with errors alone", async () => {
    const file = write("broken.gen", "model M {");
    expect((await genc("fmt", file)).code).toBe(1);
    expect(readFileSync(file, "utf8")).toBe("model M {");
  });
});

describe("explain", () => {
  it("a diagnostic, in any case of letters", async () => {
    expect((await genc("explain", "gen4204")).output()).toContain("# GEN4204: a negative count");
  });
  it("no such diagnostic", async () => {
    expect((await genc("explain", "GEN4999")).code).toBe(2);
  });
  it("a model", async () => {
    const { code, output } = await genc("explain", write("good.gen", good));
    expect(code).toBe(0);
    expect(output()).toContain("M-step");
  });
});

describe("compile --dump", () => {
  it.each([
    ["ast", '"kind": "program"'],
    ["model", "factor"],
    ["plan", "logDensity(n: rows)"],
  ])("%s", async (phase, text) => {
    const { code, output } = await genc("compile", write("good.gen", good), "--dump", phase);
    expect(code).toBe(0);
    expect(output()).toContain(text);
  });
});

describe("init", () => {
  it.each(Object.keys(templates))("%s: a program without errors, data, and a script", async (template) => {
    const name = join(folder, `new-${template}`);
    const { code, output } = await genc("init", name, "--template", template);
    expect(code).toBe(0);
    for (const file of output().trim().split("\n")) expect(existsSync(file)).toBe(true);
    const checked = await genc("check", join(name, `new-${template}.gen`), "--json");
    const { diagnostics }: { diagnostics: { severity: string }[] } = JSON.parse(checked.output());
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const formatted = await genc("fmt", "--check", join(name, `new-${template}.gen`));
    expect(formatted.code).toBe(0);
  });
  it("does not overwrite", async () => {
    const name = join(folder, "twice");
    await genc("init", name, "--template", "blank");
    const { code, messages } = await genc("init", name);
    expect(code).toBe(2);
    expect(messages()).toContain("nothing was written");
  });
});

describe("doctor", () => {
  it("tells what works", async () => {
    const { output } = await genc("doctor", "--json");
    const document: { schema: string; findings: { name: string; works: boolean }[] } = JSON.parse(output());
    expect(document.schema).toBe("genc.doctor/1");
    expect(document.findings).toContainEqual(expect.objectContaining({ name: "WebAssembly SIMD", works: true }));
  });
});

describe("a bug of ours", () => {
  it("ends with 70 and a reference, without a stack", async () => {
    const terminal = fakeTerminal({
      out: () => {
        throw new TypeError("boom");
      },
    });
    expect(await main(["explain", "GEN4204"], terminal)).toBe(70);
    expect(terminal.messages()).toMatch(/bug of ours.*reference [0-9a-f]{8}/);
    expect(terminal.messages()).not.toContain("    at ");
  });
  it("shows the stack with GENC_DEBUG=1", async () => {
    const terminal = fakeTerminal({
      environment: { GENC_DEBUG: "1" },
      out: () => {
        throw new TypeError("boom");
      },
    });
    await main(["explain", "GEN4204"], terminal);
    expect(terminal.messages()).toContain("    at ");
  });
});
