import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const bin = join(root, "bin", "genc.js");
const data = join(root, "stdlib", "data", "faithful.csv");
const program = (spare: string): string => `model Mixture {
  size K, D${spare}
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]   ~ Normal(mean[z], covariance[z])
  }
}
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-trainers-"));
  spawnSync(process.execPath, [bin, "--version"]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const cached = (cache: string): string[] => readdirSync(join(cache, "trainers"));
const arguments_ = (model: string): string[] => [bin, "train", model, "--data", data, "--dim", "K=2", "--json"];

function train(model: string, cache: string): { parameters: unknown; messages: string } {
  const environment = { ...process.env, GENC_CACHE: cache };
  const done = spawnSync(process.execPath, arguments_(model), { encoding: "utf8", env: environment });
  expect(done.status, done.stderr).toBe(0);
  return { parameters: JSON.parse(done.stdout).parameters, messages: done.stderr };
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("trainers kept from one process to the next", () => {
  it("are the same trainers, with the same warnings; broken ones are made again; another text is another", () => {
    const cache = join(folder, "cache");
    // A size that nothing uses: the program is warned of it each time.
    const model = write("mixture.gen", program(", Spare = 2"));
    const first = train(model, cache);
    expect(first.messages).toContain("Spare");
    const [entry, ...others] = cached(cache);
    expect(others).toEqual([]);
    expect(train(model, cache)).toEqual(first);

    const whole = readFileSync(join(cache, "trainers", entry), "utf8");
    writeFileSync(join(cache, "trainers", entry), whole.slice(0, whole.length / 2));
    expect(train(model, cache)).toEqual(first);
    expect(readFileSync(join(cache, "trainers", entry), "utf8")).toBe(whole);

    write("mixture.gen", program(""));
    expect(train(model, cache).messages).not.toContain("Spare");
    expect(cached(cache)).toHaveLength(2);
  });

  it("are kept nowhere with GENC_CACHE=off, and serve queries of saved models", () => {
    const model = write("other.gen", program(""));
    const saved = join(folder, "other.safetensors");
    const run = (environment: Record<string, string>, ...words: string[]): string => {
      const options = { encoding: "utf8", env: { ...process.env, ...environment }, cwd: folder } as const;
      const done = spawnSync(process.execPath, [bin, ...words], options);
      expect(done.status, done.stderr).toBe(0);
      return done.stdout;
    };
    run({ GENC_CACHE: "off" }, "train", model, "--data", data, "--dim", "K=2", "--save", saved);
    expect(readdirSync(folder)).not.toContain("off");
    const score = (): string => run({ GENC_CACHE: "queries" }, "score", saved, "--data", data, "--json");
    const first = score();
    expect(cached(join(folder, "queries"))).toHaveLength(1);
    expect(score()).toBe(first);
  });

  it("may be made by several processes at once", async () => {
    const cache = join(folder, "shared");
    const model = write("shared.gen", program(""));
    const environment = { ...process.env, GENC_CACHE: cache };
    const outcomes = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((done) =>
            spawn(process.execPath, arguments_(model), { env: environment, stdio: "ignore" }).on("close", done),
          ),
      ),
    );
    expect(outcomes).toEqual([0, 0, 0]);
    expect(cached(cache)).toHaveLength(1);
    train(model, cache);
  });
});
