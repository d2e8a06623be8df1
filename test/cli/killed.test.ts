import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const bin = join(import.meta.dirname, "../../bin/genc.js");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-killed-"));
  // Builds a checkout that has not been built.
  spawnSync(process.execPath, [bin, "--version"]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const bound = `model Code {
  size D, L = 2
  net decoder(Vector[L]) -> Vector[D] = dense(40, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(decoder(z), 1) }
  learn elbo { batch: 10 }
}`;
const game = `model Game {
  size D, L = 2
  net generator(Vector[L]) -> Vector[D] = dense(20, relu)
  net judge(Vector[D]) -> Real = dense(20, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 10, critic_steps: 2, batch: 10 }
}`;

/** Step of the checkpoint, 0 where there is none yet; it is replaced at once, so it is whole. */
function stepOf(checkpoint: string): number {
  const file = join(checkpoint, "fit-state.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { step: number }).step : 0;
}

it.each([
  ["bound", bound, 60],
  ["game", game, 80],
])(
  "a fit by a %s that was killed in an epoch goes on to the same parameters, bit for bit",
  async (name, text, epochs) => {
    const file = (suffix: string): string => join(folder, `${name}${suffix}`);
    writeFileSync(file(".gen"), text);
    const rows = Array.from({ length: 95 }, (_, n) => [0, 1, 2].map((d) => Math.sin(7 * n * n + d)).join(","));
    writeFileSync(file(".csv"), `x0,x1,x2\n${rows.join("\n")}\n`);
    const train = (saved: string, ...more: readonly string[]): string[] => [
      ...[bin, "train", file(".gen"), "--data", file(".csv"), "--seed", "5", "--epochs", String(epochs)],
      ...["--quiet", "--save", file(saved), ...more],
    ];
    const whole = spawnSync(process.execPath, train("-whole.model"), { encoding: "utf8" });
    expect([whole.status, whole.stderr]).toEqual([0, ""]);

    // 7 is no multiple of the steps in an epoch.
    const checkpoint = file("-state");
    const child = spawn(
      process.execPath,
      train("-killed.model", "--checkpoint", checkpoint, "--checkpoint-every", "7"),
    );
    const ended = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
    while (stepOf(checkpoint) < 20) await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    expect(existsSync(file("-killed.model"))).toBe(false);

    const resumed = spawnSync(process.execPath, train("-resumed.model", "--resume", checkpoint), { encoding: "utf8" });
    expect([resumed.status, resumed.stderr]).toEqual([0, ""]);
    expect(tensorsOf(file("-resumed.model"))).toEqual(tensorsOf(file("-whole.model")));
  },
);

/** What follows the header of a safetensors file (its length in the first 8 bytes): the numbers themselves. */
function tensorsOf(file: string): string {
  const bytes = readFileSync(file);
  const header = Number(bytes.readBigUInt64LE(0));
  expect(bytes.length).toBeGreaterThan(8 + header);
  return bytes.subarray(8 + header).toString("base64");
}
