import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const bin = join(import.meta.dirname, "../../bin/genc.js");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-game-"));
  spawnSync(process.execPath, [bin, "--version"]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = `model Game {
  size D, L = 4
  net generator(Vector[L]) -> Vector[D] = dense(32, relu)
  net judge(Vector[D]) -> Real = dense(32, lrelu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 1, spectral: 1, critic_steps: 2, batch: 32, rate: 1e-3 }
}
`;

/** The step that a state was written at; undefined where there is none yet. */
function stepOf(state: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(state, "fit-state.json"), "utf8")) as { step: number }).step;
  } catch {
    return undefined;
  }
}

test("a game whose process was killed goes on to the bits that it would have had", async () => {
  const model = join(folder, "game.gen");
  const data = join(folder, "rows.csv");
  writeFileSync(model, program);
  const rows = Array.from({ length: 400 }, (_, i) => `${Math.sin(i * i)},${Math.cos(3 * i * i) + 2}`);
  writeFileSync(data, `x0,x1\n${rows.join("\n")}\n`);
  const options = [bin, "train", model, "--data", data, "--epochs", "300", "--holdout", "0.1", "--seed", "5", "--json"];
  const whole = spawnSync(process.execPath, options, { encoding: "utf8" });
  expect(whole.status, whole.stderr).toBe(0);

  const state = join(folder, "state");
  const child = spawn(process.execPath, [...options, "--checkpoint", state, "--checkpoint-every", "7"]);
  await new Promise<void>((resolve) => {
    const watch = setInterval(() => {
      if ((stepOf(state) ?? 0) >= 14) child.kill("SIGKILL");
    }, 5);
    child.on("exit", () => {
      clearInterval(watch);
      resolve();
    });
  });
  expect(child.signalCode).toBe("SIGKILL");
  const { steps } = JSON.parse(whole.stdout) as { steps: number };
  expect(stepOf(state)).toBeLessThan(steps);

  const again = spawnSync(process.execPath, [...options, "--resume", state], { encoding: "utf8" });
  expect(again.status, again.stderr).toBe(0);
  const told = ({ stdout }: { readonly stdout: string }): unknown => {
    const { seconds, secondsPerIteration, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect([typeof seconds, typeof secondsPerIteration]).toEqual(["number", "number"]);
    return rest;
  };
  expect(told(again)).toEqual(told(whole));
});
