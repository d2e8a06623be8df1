import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

/** What someone meets who has not read the manual: does the text say what to do? */

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-stranger-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function genc(...arguments_: readonly string[]): Promise<{ code: number; output: string; messages: string }> {
  const terminal = fakeTerminal();
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output(), messages: terminal.messages() };
}

const rates = `model Rates {
  size G
  param rate[G]: Positive
  each n {
    given group: Category[G]
    observe y: Count ~ Poisson(rate[group])
  }
}
`;
const groups = "group,y\nred,3\nblue,1\nred,5\nblue,2\n";

describe("labels", () => {
  it("are said beside the tables that they index, and in the document", async () => {
    const [model, data] = [write("rates.gen", rates), write("groups.csv", groups)];
    const { output } = await genc("train", model, "--data", data, "--quiet");
    expect(output).toContain("group: 0 = blue, 1 = red");
    const document: unknown = JSON.parse((await genc("train", model, "--data", data, "--json", "--quiet")).output);
    expect(document).toMatchObject({ labels: { group: ["blue", "red"] }, parameters: { rate: { data: [1.5, 4] } } });
  });
});

describe("queries that make no sense", () => {
  it("predict without a latent variable", async () => {
    const [model, data] = [write("rates.gen", rates), write("groups.csv", groups)];
    const parameters = write("rates.json", '{"rate": [1, 2]}');
    const found = await genc("predict", model, "--parameters", parameters, "--data", data);
    expect(found.code).toBe(2);
    expect(found.output).toBe("");
    expect(found.messages).toMatch(/no latent variable.*\n.*genc score/);
  });

  it("sample another number of rows than is given", async () => {
    const [model, data] = [write("rates.gen", rates), write("groups.csv", groups)];
    const parameters = write("rates.json", '{"rate": [1, 2]}');
    const found = await genc("sample", model, "--parameters", parameters, "--data", data, "-n", "3");
    expect(found.code).toBe(2);
    expect(found.messages).toContain("Say -n 4");
  });
});

const mixture = `model Mixture {
  size K = 2
  param w: Simplex[K]
  param m[K]: Real
  param v[K]: Positive
  each n {
    latent z: Category[K] ~ Categorical(w)
    observe y: Real ~ Normal(m[z], v[z])
  }
}
`;
const values = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 0 : 9) + ((i * 7) % 5) / 3);

describe("warnings", () => {
  it("are in the words of the command line, and none explains what is not shown", async () => {
    const [model, data] = [write("mixture.gen", mixture), write("values.csv", `y\n${values.join("\n")}\n`)];
    const short = await genc("train", model, "--data", data, "--max-iterations", "2", "--quiet");
    expect(short.output).toContain("Raise `--max-iterations`, or accept a larger `--tolerance`.");
    expect(short.output).not.toContain("GEN5006");
    const { output } = await genc("train", model, "--data", data, "--json", "--quiet");
    expect(output).toContain("GEN5006");
  });
});

describe("data that do not fit", () => {
  it.each([
    [
      "labels where 0 and 1 are read",
      "Binary ~ Bernoulli(0.5)",
      "y\nM\nB\n",
      /Write 0 and 1 .* or declare .* Category\[2\]/,
    ],
    ["UTF-16", "Real ~ Normal(0, 1)", "y\u0000\n\u00001\u0000\n\u0000", /cannot be read: it is not UTF-8 text/],
  ])("%s: status 3, and what to do", async (_, type, text, says) => {
    const model = write("one.gen", `model One {\n  each n {\n    observe y: ${type}\n  }\n}\n`);
    const found = await genc("train", model, "--data", write("one.csv", text));
    expect(found.code).toBe(3);
    expect(found.messages).toMatch(says);
  });

  it("a weight is called by its column", async () => {
    const [model, data] = [write("mixture.gen", mixture), write("weighted.csv", "y,often\n1,2\n2,x\n3,1\n")];
    const found = await genc("train", model, "--data", data, "--weights", "often");
    expect(found.code).toBe(3);
    expect(found.messages).toContain("`often` needs a number here");
  });

  it("an impossible row is counted from 1", async () => {
    const model = write(
      "trials.gen",
      "model Trials {\n  param p: Unit\n  each n {\n    given trials: Count\n    observe hits: Count ~ Binomial(trials, p)\n  }\n}\n",
    );
    const found = await genc("train", model, "--data", write("trials.csv", "trials,hits\n3,1\n4,5\n"));
    expect(found.code).toBe(3);
    expect(found.messages).toContain("row 2 has density 0");
  });

  it("a size that the program's own numbers do not allow", async () => {
    const model = write(
      "pick.gen",
      "model Pick {\n  size K\n  param m: Vector[K]\n  each n {\n    observe y: Real ~ Normal(m[2], 1)\n  }\n}\n",
    );
    const found = await genc("train", model, "--data", write("y.csv", "y\n1\n2\n"), "--dim", "K=2");
    expect(found.code).toBe(2);
    expect(found.messages).toContain("size K: expected at least 3");
  });

  it("a program without a data plate has no trainer", async () => {
    const model = write(
      "plate.gen",
      "model Plate {\n  size N\n  param m: Real\n  each n in N {\n    observe y: Real ~ Normal(m, 1)\n  }\n}\n",
    );
    const found = await genc("train", model, "--data", write("y.csv", "y\n1\n2\n"));
    expect(found.code).toBe(1);
    expect(found.messages).toMatch(/write `each n \{ … \}` without `in N`/);
  });
});
