import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

const program = `model DiagonalMixture {
  size K, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param variance[K]: Diag[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]?  ~ Normal(mean[z], variance[z])
  }
}
`;

let folder = "";
let model = "";
let data = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-train-"));
  model = write("model.gen", program);
  // Two groups around (0, 0) and (10, 5) on a grid, one entry missing.
  const rows = Array.from({ length: 40 }, (_, i) => {
    const [at, up] = i % 2 === 0 ? [0, 0] : [10, 5];
    return `${at + ((i * 7) % 11) / 10},${i === 7 ? "" : up + ((i * 3) % 7) / 10}`;
  });
  data = write("data.csv", `width,height\n${rows.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const at = (name: string): string => join(folder, name);

async function genc(...arguments_: readonly string[]): Promise<{ code: number; output: string; messages: string }> {
  const terminal = fakeTerminal();
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output(), messages: terminal.messages() };
}

/** Rows of a CSV text as records. */
function recordsOf(text: string): readonly Readonly<Record<string, string>>[] {
  const [header, ...rows] = text
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
}

const parameters = {
  weights: [0.25, 0.75],
  mean: [
    [0, 0],
    [10, 5],
  ],
  variance: [
    [1, 1],
    [4, 4],
  ],
};
/** log Normal(x; m, v) */
const logNormal = (x: number, m: number, v: number): number => -0.5 * (Math.log(2 * Math.PI * v) + (x - m) ** 2 / v);

describe("train", () => {
  it("--json: the document of the contract", async () => {
    const { code, output, messages } = await genc(
      "train",
      model,
      "--data",
      data,
      "--dim",
      "K=2",
      "--seed",
      "1",
      "--json",
    );
    expect(code).toBe(0);
    expect(messages).toBe("data: 40 rows; x = width, height\n");
    const document = JSON.parse(output);
    expect(document).toMatchObject({
      schema: "genc.train/1",
      model: "DiagonalMixture",
      algorithm: "em",
      engine: "kernel",
      backend: expect.any(String),
      rows: 40,
      bound: "exact",
      converged: true,
      degreesOfFreedom: 9,
      seed: 1,
    });
    expect(document.meanLogLikelihood).toBeCloseTo(document.logLikelihood / 40, 10);
    expect(document.aic).toBeCloseTo(-2 * document.logLikelihood + 18, 8);
    expect(document.bic).toBeCloseTo(-2 * document.logLikelihood + 9 * Math.log(40), 8);
    expect(document.trace).toHaveLength(document.iterations);
    for (const name of ["seconds", "secondsPerIteration"]) expect(document[name]).toEqual(expect.any(Number));
    expect(document.parameters.mean).toMatchObject({ shape: [2, 2], axes: ["K", "D"] });
    expect(document.parameters.mean.data).toHaveLength(4);
    expect(document.parameters.weights.data[0]).toBeCloseTo(0.5, 5);
    for (const warning of document.warnings) {
      expect(warning).toEqual({ code: expect.stringMatching(/^GEN5\d{3}$/), message: expect.any(String) });
    }
  });

  it("for people: the verdict on standard output, and nothing else there", async () => {
    const { code, output } = await genc("train", model, "--data", data, "--dim", "K=2", "--quiet");
    expect(code).toBe(0);
    for (const text of ["log-likelihood", "converged", "AIC, BIC", "mean [K, D]", "free parameters"])
      expect(output).toContain(text);
  });

  it("is silent with --quiet but for the result", async () => {
    const { messages } = await genc("train", model, "--data", data, "--dim", "K=2", "--quiet", "--json");
    expect(messages).toBe("");
  });

  it("the same seed gives the same document, but for the time", async () => {
    const run = async (): Promise<object> => {
      const { output } = await genc("train", model, "--data", data, "--dim", "K=2", "--seed", "3", "--json");
      return { ...JSON.parse(output), seconds: 0, secondsPerIteration: 0 };
    };
    expect(await run()).toEqual(await run());
  });

  it("--require-converged", async () => {
    const options = ["--dim", "K=2", "--max-iterations", "2", "--tolerance", "0", "--json"];
    expect((await genc("train", model, "--data", data, ...options)).code).toBe(0);
    expect((await genc("train", model, "--data", data, ...options, "--require-converged")).code).toBe(1);
  });

  it("--weights: a weight of two is two rows, though the program declares none", async () => {
    const [header, ...rows] = readFileSync(data, "utf8").trim().split("\n");
    const doubled = write("doubled.csv", `${[header, ...rows, ...rows].join("\n")}\n`);
    const weighted = write("weighted.csv", `${[`${header},times`, ...rows.map((row) => `${row},2`)].join("\n")}\n`);
    const options = ["--dim", "K=2", "--map", "x=width,height", "--tolerance", "1e-12", "--json"];
    const first = JSON.parse((await genc("train", model, "--data", doubled, ...options)).output);
    const second = JSON.parse(
      (await genc("train", model, "--data", weighted, ...options, "--weights", "times")).output,
    );
    expect(second.logLikelihood).toBeCloseTo(first.logLikelihood, 4);
  });

  it("--init and --fix: a fixed parameter stays at its start", async () => {
    const init = write("start.json", JSON.stringify({ weights: [0.25, 0.75], mean: parameters.mean }));
    const options = ["--init", init, "--fix", "weights", "--json"];
    const document = JSON.parse((await genc("train", model, "--data", data, ...options)).output);
    expect(document.parameters.weights.data).toEqual([0.25, 0.75]);
    expect(document.degreesOfFreedom).toBe(8);
  });

  it("--checkpoint, --resume: goes on to where the whole fit ends", async () => {
    const options = ["--data", data, "--dim", "K=2", "--restarts", "1", "--tolerance", "1e-10", "--json"];
    const whole = JSON.parse((await genc("train", model, ...options)).output);
    const part = [...options, "--checkpoint", at("state"), "--checkpoint-every", "1"];
    const few = ["--max-iterations", "1"];
    await genc("train", model, ...part, ...few);
    expect(existsSync(at("state/fit-state.json"))).toBe(true);
    const resumed = JSON.parse((await genc("train", model, ...options, "--resume", at("state"))).output);
    expect(resumed.schema).toBe("genc.train/1");
    expect(resumed.logLikelihood).toBeCloseTo(whole.logLikelihood, 6);
  });

  it("an interruption ends with 130, after a checkpoint and with what there is", async () => {
    const abort = new AbortController();
    const terminal = fakeTerminal({
      signal: abort.signal,
      messagesAreSeen: true,
      message: (text) => {
        if (text.includes("iteration")) abort.abort();
      },
    });
    const many = Array.from({ length: 1500 }, (_, i) => `${Math.sin(i * i)},${Math.cos(3 * i * i)}`);
    const long = write("long.csv", `x0,x1\n${many.join("\n")}\n`);
    const slow = ["--dim", "K=8", "--tolerance", "0", "--max-iterations", "1000000", "--restarts", "4"];
    const arguments_ = ["train", model, "--data", long, ...slow, "--checkpoint", at("interrupted"), "--json"];
    expect(await main(arguments_, terminal)).toBe(130);
    expect(existsSync(at("interrupted/fit-state.json"))).toBe(true);
  });
});

describe("what ends a training", () => {
  it.each([
    ["a missing size", ["--data", "DATA"], 2, "--dim K=3"],
    ["a size that is not there", ["--data", "DATA", "--dim", "K=2", "--dim", "C=3"], 2, "--dim C=3"],
    ["a parameter to fix that is not there", ["--data", "DATA", "--dim", "K=2", "--fix", "meen"], 2, "--fix mean"],
    ["a start that is not there", ["--data", "DATA", "--dim", "K=2", "--init", "kmeans"], 2, "--init kmeans"],
    ["no data file", ["--data", "absent.csv", "--dim", "K=2"], 3, "GEN4001"],
    ["a column that is not there", ["--data", "DATA", "--dim", "K=2", "--map", "x=width,hight"], 3, "GEN4101"],
    [
      "a folder to save in that is not there",
      ["--data", "DATA", "--dim", "K=2", "--save", "no/such/m.safetensors"],
      2,
      "no such folder",
    ],
    ["a state that is not there", ["--data", "DATA", "--dim", "K=2", "--resume", "absent"], 2, "--resume absent"],
    [
      "a checkpoint interval without a folder",
      ["--data", "DATA", "--dim", "K=2", "--checkpoint-every", "5"],
      2,
      "--checkpoint DIR",
    ],
  ])("%s", async (_, options, status, text) => {
    const { code, output, messages } = await genc(
      "train",
      model,
      ...options.map((word) => (word === "DATA" ? data : word)),
    );
    expect(messages).toContain(text);
    expect([code, output]).toEqual([status, ""]);
  });
});

describe("queries of a program with parameters", () => {
  const given = (): string => write("parameters.json", JSON.stringify(parameters));
  const two = (): string => write("two.csv", "x0,x1\n0,0\n10,\n");

  it("score --json --per-row, by the formula", async () => {
    const { code, output } = await genc(
      "score",
      model,
      "--parameters",
      given(),
      "--data",
      two(),
      "--json",
      "--per-row",
    );
    expect(code).toBe(0);
    const first = Math.log(
      0.25 * Math.exp(2 * logNormal(0, 0, 1)) + 0.75 * Math.exp(logNormal(0, 10, 4) + logNormal(0, 5, 4)),
    );
    const second = Math.log(0.25 * Math.exp(logNormal(10, 0, 1)) + 0.75 * Math.exp(logNormal(10, 10, 4)));
    const document = JSON.parse(output);
    expect(document).toMatchObject({ schema: "genc.score/1", rows: 2 });
    expect(document.logLikelihood).toBeCloseTo(first + second, 10);
    expect(document.meanLogLikelihood).toBeCloseTo((first + second) / 2, 10);
    expect(document.perRow[0]).toBeCloseTo(first, 10);
    expect(document.perRow[1]).toBeCloseTo(second, 10);
  });

  it("score without --per-row has none", async () => {
    const { output } = await genc("score", model, "--parameters", given(), "--data", two(), "--json");
    expect(JSON.parse(output)).not.toHaveProperty("perRow");
  });

  it("predict: the most probable value, and probabilities that sum to one", async () => {
    const { code, output } = await genc("predict", model, "--parameters", given(), "--data", two());
    expect(code).toBe(0);
    const records = recordsOf(output);
    expect(records.map((record) => record["z"])).toEqual(["0", "1"]);
    for (const record of records) expect(Number(record["z_0"]) + Number(record["z_1"])).toBeCloseTo(1, 12);
  });

  it("sample --out, with a seed, under names that can be read again", async () => {
    const draw = async (file: string): Promise<string> => {
      const { code } = await genc(
        "sample",
        model,
        "--parameters",
        given(),
        "-n",
        "5",
        "--seed",
        "9",
        "--latents",
        "--out",
        at(file),
      );
      expect(code).toBe(0);
      return readFileSync(at(file), "utf8");
    };
    const text = await draw("draws.csv");
    expect(text.split("\n")[0]).toBe("z,x0,x1");
    expect(recordsOf(text)).toHaveLength(5);
    expect(await draw("again.csv")).toBe(text);
  });

  it("impute: fills gaps, leaves all else as it was", async () => {
    const { code, output } = await genc("impute", model, "--parameters", given(), "--data", two());
    expect(code).toBe(0);
    const [first, second] = recordsOf(output);
    expect(first).toEqual({ x0: "0", x1: "0" });
    expect(second["x0"]).toBe("10");
    expect(Number(second["x1"])).toBeCloseTo(5, 6);
  });

  it("wrong parameters end with 3 and name what is wrong", async () => {
    const wrong = write(
      "wrong.json",
      JSON.stringify({
        ...parameters,
        mean: [
          [0, 0, 0],
          [1, 1, 1],
        ],
      }),
    );
    const { code, messages } = await genc("score", model, "--parameters", wrong, "--data", two());
    expect(code).toBe(3);
    expect(messages).toContain("GEN4304");
  });
});

describe("a saved model", () => {
  beforeAll(async () => {
    const { code } = await genc(
      "train",
      model,
      "--data",
      data,
      "--dim",
      "K=2",
      "--save",
      at("m.safetensors"),
      "--quiet",
    );
    expect(code).toBe(0);
  });

  it("scores and predicts from the file alone, with the columns it was trained on", async () => {
    const swapped = write("swapped.csv", "other,height,width\n1,5.1,10.3\n");
    const { code, output } = await genc("score", at("m.safetensors"), "--data", swapped, "--json");
    const straight = write("straight.csv", "x0,x1\n10.3,5.1\n");
    const mapped = await genc("score", at("m.safetensors"), "--data", straight, "--map", "x=x0,x1", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(output).logLikelihood).toBe(JSON.parse(mapped.output).logLikelihood);
    expect((await genc("predict", at("m.safetensors"), "--data", swapped)).output).toMatch(/^z,z_0,z_1\n[01],/);
  });

  it("samples under the names of the columns it was trained on", async () => {
    expect((await genc("sample", at("m.safetensors"), "-n", "2")).output.split("\n")[0]).toBe("width,height");
  });

  it.each([
    ["damaged", (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ["not one at all", () => Buffer.from("{}")],
    ["empty", () => Buffer.alloc(0)],
  ])("that is %s is refused with 3", async (_, damage) => {
    writeFileSync(at("damaged.safetensors"), damage(readFileSync(at("m.safetensors"))));
    const { code, messages } = await genc("score", at("damaged.safetensors"), "--data", data);
    expect(code).toBe(3);
    expect(messages).toContain("GEN4307");
  });
});

describe("hostile data ends with 0 or 3, without a stack and without NaN", () => {
  it.each([
    ["all_equal", [0, 3]],
    ["constant_column", [0, 3]],
    ["one_row", [0, 3]],
    ["header_only", [3]],
    ["rows_fully_missing", [0]],
    ["faithful_plus_1e6", [0]],
    ["hmmlearn_issue2_zero_variance", [0, 3]],
  ])("%s", async (name, codes) => {
    const file = join(import.meta.dirname, "../data/edge", `${name}.csv`);
    const { code, output, messages } = await genc(
      "train",
      model,
      "--data",
      file,
      "--dim",
      "K=2",
      "--seed",
      "1",
      "--json",
    );
    expect(codes).toContain(code);
    expect(messages).not.toContain("    at ");
    expect(output).not.toContain("NaN");
  });
});

describe("verify", () => {
  it("holds for a derived trainer", async () => {
    const { code, output } = await genc("verify", model, "--json");
    const { checks } = JSON.parse(output);
    expect(checks.filter(({ outcome }: { outcome: string }) => outcome === "failed")).toEqual([]);
    expect(checks.filter(({ outcome }: { outcome: string }) => outcome === "passed").length).toBeGreaterThanOrEqual(8);
    expect(code).toBe(0);
  });
});
