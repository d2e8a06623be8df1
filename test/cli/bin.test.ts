import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const bin = join(import.meta.dirname, "../../bin/genc.js");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-bin-"));
  // Builds a checkout that has not been built.
  spawnSync(process.execPath, [bin, "--version"]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const program = `model Noise {
  size K, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param shape[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]   ~ Normal(mean[z], shape[z])
  }
}
`;

describe("the program itself", () => {
  it("checks: result on standard output, status 1, no colours where nobody watches", () => {
    const file = write("wrong.gen", program.replace("mean[z]", "mena[z]"));
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "check", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, ""]);
    const column = program.split("\n")[7].indexOf("mean") + 1;
    expect(stdout).toContain(`${file}:8:${column}`);
    expect(stdout).not.toContain("\u001b");
  });

  it("reads data from standard input", () => {
    const model = write("noise.gen", program);
    const arguments_ = [bin, "train", model, "--data", "-", "--dim", "K=1", "--json"];
    const input = "x0,x1\n1,2\n2,1\n3,5\n4,4\n5,3\n";
    const { status, stdout } = spawnSync(process.execPath, arguments_, { encoding: "utf8", input });
    expect(status).toBe(0);
    const { parameters } = JSON.parse(stdout);
    expect(parameters.mean.data.map((value: number) => value.toFixed(6))).toEqual(["3.000000", "3.000000"]);
  });

  // Windows has no SIGINT that another process can send.
  it.runIf(process.platform !== "win32")("stops at Ctrl-C with 130, the checkpoint written", async () => {
    const model = write("noise.gen", program);
    const rows = Array.from({ length: 20_000 }, (_, i) => `${Math.sin(i * i)},${Math.cos(3 * i * i)}`);
    const data = write("long.csv", `x0,x1\n${rows.join("\n")}\n`);
    const slow = ["--dim", "K=24", "--tolerance", "0", "--max-iterations", "100000", "--restarts", "2"];
    const state = join(folder, "state");
    const checkpoint = ["--checkpoint", state, "--checkpoint-every", "1"];
    const child = spawn(process.execPath, [bin, "train", model, "--data", data, ...slow, ...checkpoint, "--json"]);
    let messages = "";
    child.stderr.on("data", (chunk: Buffer) => (messages += chunk.toString()));
    const watch = setInterval(() => {
      if (!existsSync(state) || readdirSync(state).length === 0) return;
      clearInterval(watch);
      child.kill("SIGINT");
    }, 20);
    const status = await new Promise((resolve) => child.on("close", resolve));
    clearInterval(watch);
    expect(status).toBe(130);
    expect(messages).toContain("go on with --resume");
  });
});
