import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parquetWriteBuffer } from "hyparquet-writer";
import { main } from "../../src/cli/main.js";
import { RandomStream } from "../../src/numerics/random.js";
import { testFolder } from "../data/folder.js";
import { fakeTerminal } from "./fake-terminal.js";

const { write } = testFolder();

const program = `model Mix {
  size K = 2, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param variance[K]: Diag[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]?  ~ Normal(mean[z], variance[z])
  }
}
`;

const classes = `model Classes {
  size K = 2, C
  param w: Simplex[K]
  param p[K]: Simplex[C]
  each n {
    latent  z: Category[K] ~ Categorical(w)
    observe a: Category[C] ~ Categorical(p[z])
  }
}
`;

const stream = new RandomStream({ seed: 3, site: "rows" });
const rows = Array.from({ length: 600 }, (_, i) => [
  (i % 3 === 0 ? 6 : 0) + stream.normal(),
  i % 50 === 7 ? undefined : stream.normal(),
]);
const csv = `a,b\n${rows.map(([a, b]) => `${a},${b ?? ""}`).join("\n")}\n`;

let model = "";
let file = "";
let saved = "";
beforeAll(async () => {
  model = write("model.gen", program);
  file = write("rows.csv", csv);
  saved = write("model.safetensors", "");
  const { code } = await genc("train", model, "--data", file, "--restarts", "1", "--seed", "1", "--save", saved);
  expect(code).toBe(0);
});

interface Run {
  readonly code: number;
  readonly output: string;
  readonly messages: string;
}

async function genc(...arguments_: readonly string[]): Promise<Run> {
  return withInput("", ...arguments_);
}

async function withInput(stdin: string, ...arguments_: readonly string[]): Promise<Run> {
  const terminal = fakeTerminal({ stdin });
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output(), messages: terminal.messages() };
}

interface TrainDocument {
  readonly rows: number;
  readonly logLikelihood: number;
  readonly parameters: unknown;
}

function documentOf({ output }: Run): TrainDocument {
  return JSON.parse(output) as TrainDocument;
}

describe("--stream", () => {
  const fit = ["--restarts", "1", "--seed", "1", "--json"] as const;

  it("trains as in memory, and says how the data are read", async () => {
    const whole = await genc("train", model, "--data", file, ...fit);
    const columnData = ["a", "b"].map((name, j) => ({
      name,
      data: rows.map((row) => row[j]),
      type: "DOUBLE" as const,
    }));
    const parquet = write("rows.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 100 })));
    for (const data of [file, parquet]) {
      const run = await genc("train", model, "--data", data, "--stream", ...fit);
      expect(run.messages).toContain("the data are read in blocks, anew in every pass");
      expect(run.messages).toContain("asked for by --stream");
      expect(documentOf(run).rows).toBe(600);
      expect(documentOf(run).logLikelihood / documentOf(whole).logLikelihood).toBeCloseTo(1, 10);
    }
  });

  it("finds labels in all rows first", async () => {
    const text = write("classes.gen", classes);
    const data = write(
      "labels.csv",
      `a\n${["red", "blue", "red", "amber"]
        .map((label) => `${label}\n`)
        .join("")
        .repeat(20)}`,
    );
    const whole = await genc("train", text, "--data", data, ...fit);
    const streamed = await genc("train", text, "--data", data, "--stream", ...fit);
    expect(documentOf(streamed)).toMatchObject({ logLikelihood: documentOf(whole).logLikelihood });
  });

  it("tells of a bad cell with file, row, line and column", async () => {
    const bad = write("bad.csv", `${csv}7,oops\n`);
    const { code, messages } = await genc("train", model, "--data", bad, "--stream");
    expect(code).toBe(3);
    expect(messages).toContain("GEN4201");
    expect(messages).toContain("bad.csv, row 601 (line 602), column `b`");
  });

  it("a file that is not there is refused as ever", async () => {
    const { code, messages } = await genc("train", model, "--data", "absent.csv", "--stream");
    expect(code).toBe(3);
    expect(messages).toContain("GEN4001");
  });

  it.each(["predict", "impute"])(
    "%s: the same rows as in memory, to a file and to standard output",
    async (command) => {
      const whole = await genc(command, saved, "--data", file, "--no-stream");
      const streamed = await genc(command, saved, "--data", file, "--stream");
      expect(streamed.output).toBe(whole.output);
      const out = write("out.csv", "");
      await genc(command, saved, "--data", file, "--stream", "--out", out);
      expect(readFileSync(out, "utf8")).toBe(whole.output);
      const input = await withInput(csv, command, saved, "--data", "-", "--stream");
      expect(input.output).toBe(whole.output);
    },
  );

  it("score: totals, and every row", async () => {
    const whole = await genc("score", saved, "--data", file, "--json");
    const streamed = await genc("score", saved, "--data", file, "--stream", "--json");
    const [expected, found] = [whole, streamed].map(({ output }) => JSON.parse(output) as { logLikelihood: number });
    expect(found.logLikelihood / expected.logLikelihood).toBeCloseTo(1, 12);
    const perRow = await genc("score", saved, "--data", file, "--per-row");
    expect((await genc("score", saved, "--data", file, "--stream", "--per-row")).output).toBe(perRow.output);
  });

  it("refuses one document of all rows", async () => {
    const { code, messages } = await genc("predict", saved, "--data", file, "--stream", "--json");
    expect(code).toBe(2);
    expect(messages).toContain("--no-stream");
  });

  it("standard input is held in memory where it takes several passes", async () => {
    const run = await withInput(csv, "train", model, "--data", "-", "--stream", ...fit);
    expect(run.code).toBe(0);
    expect(run.messages).toContain("standard input can be read once only: it is held in memory");
  });
});

describe("--batch-size", () => {
  it("learns in one pass, of standard input too", async () => {
    const options = ["--batch-size", "20", "--seed", "1", "--json"] as const;
    const ofFile = documentOf(await genc("train", model, "--data", file, "--stream", ...options));
    const ofInput = documentOf(await withInput(csv, "train", model, "--data", "-", "--stream", ...options));
    expect(ofInput.rows).toBe(600);
    expect(ofInput.parameters).toEqual(ofFile.parameters);
  });

  it("takes --epochs and --holdout, and no --learning-rate", async () => {
    const run = await genc("train", model, "--data", file, "--batch-size", "20", "--epochs", "2", "--holdout", "0.2");
    expect(run.code).toBe(0);
    expect(run.output).toContain("held out");
    expect((await genc("train", model, "--data", file, "--batch-size", "20", "--learning-rate", "1")).code).toBe(2);
    expect((await genc("train", model, "--data", file, "--epochs", "2")).code).toBe(2);
    expect(existsSync(file)).toBe(true);
  });
});
