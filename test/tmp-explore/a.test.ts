import { readFileSync } from "node:fs";
import { test } from "vitest";
import { trainerOf } from "../support/trainers.js";
import { csvRows } from "../support/csv-columns.js";
const ref = JSON.parse(readFileSync(new URL("../published/reference.json", import.meta.url), "utf8"));
const files: Record<string,string> = { spherical: "balls", diag: "upright-ellipses", tied: "equal-ellipses", full: "ellipses" };
test("x", async () => {
  for (const r of ref.records.filter((r: any) => r.id.startsWith("gmm"))) {
    const m = /gmm_(\w+)_(\w+)_K(\d)/.exec(r.id)!;
    const url = new URL(`../published/models/${files[m[2]!]}.gen`, import.meta.url);
    const T = await trainerOf(readFileSync(url, "utf8"));
    const rows = csvRows(new URL(`../published/data/${m[1]}.csv`, import.meta.url)).map(x => x.slice(0, m[1] === "iris" ? 4 : 2));
    const t0 = performance.now();
    let out = r.id + " want " + r.computed_here.toFixed(5) + " first " + r.first_pass_loglik + " hits " + r.hits;
    for (const o of [{restarts: 8, ridge: 0}, {restarts: 20, ridge: 0}, {restarts: 20}]) {
      try {
        const res = await new T({ G: Number(m[3]) }).fit({ point: rows }, { tolerance: 1e-9, maxIterations: 3000, seed: 1, ...o } as any);
        out += ` | ${res.logLikelihood.toFixed(5)} df ${res.degreesOfFreedom} it ${res.iterations} ${res.warnings.map((w: any) => w.code).join()} ${res.seconds.toFixed(2)}s`;
      } catch (e) { out += " | " + (e as Error).message.slice(0, 80); }
    }
    console.log(out);
  }
}, 300000);
