import type { Model } from "../ir/model.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns } from "./random-problem.js";
import type { Columns, MakeTrainer } from "./verifiable-trainer.js";

const rows = 200;

/** A row's density does not depend on its neighbours, and a row without a single observed entry has density one. */
export async function checkRows(
  model: Model,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<readonly CheckResult[]> {
  const sizes = tinySizes(model, given);
  const problem = drawProblem(model, { sizes, rows, seed, missing: 0.3 });
  const data = trainerColumns(model, problem);
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const forward = await trainer.logDensity(data);
  const backward = await trainer.logDensity(reversed(data));
  const worst = forward.reduce(
    (most, value, row) =>
      Math.max(most, Math.abs(value - (backward[rows - 1 - row] ?? NaN)) / Math.max(1, Math.abs(value))),
    0,
  );
  const order: CheckResult = {
    name: "order of the rows does not matter",
    outcome: worst <= 1e-12 ? "passed" : "failed",
    detail: `${rows} rows: worst relative difference ${worst.toExponential(1)}`,
  };
  const name = "missing entries are summed out";
  const observed = model.variables.filter(({ role }) => role === "observed");
  if (!observed.every(({ optional }) => optional)) {
    trainer.dispose();
    const detail = "not every observed variable is declared with ?";
    return [order, { name, outcome: "skipped", detail }];
  }
  const nothing = Object.fromEntries(
    Object.entries(data).map(([variable, { shape, data: values }]) => [
      variable,
      { shape, data: observed.some((one) => one.name === variable) ? values.map(() => NaN) : values },
    ]),
  );
  const empty = await trainer.logDensity(nothing);
  trainer.dispose();
  const off = empty.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const detail = `log-density of rows without an entry: at most ${off.toExponential(1)} from 0`;
  return [order, { name, outcome: off <= 1e-9 ? "passed" : "failed", detail }];
}

function reversed(columns: Columns): Columns {
  return Object.fromEntries(
    Object.entries(columns).map(([name, { shape, data }]) => {
      const width = data.length / rows;
      const turned = data.map((_, i) => data[(rows - 1 - Math.floor(i / width)) * width + (i % width)] ?? NaN);
      return [name, { shape, data: turned }];
    }),
  );
}
