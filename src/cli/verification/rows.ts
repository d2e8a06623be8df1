import { drawData, type Finding, type Subject, type Values } from "./subject.js";

const rows = 200;

/** A row's density does not depend on its neighbours, and a row without a single observed entry has density one. */
export async function rowsAreIndependent(subject: Subject): Promise<readonly Finding[]> {
  const trainer = subject.trainerAt(subject.point);
  const { data } = await drawData(subject, trainer, rows);
  const forward = await trainer.logDensity(data);
  const backward = await trainer.logDensity(mapRows(data, (row) => rows - 1 - row));
  const worst = forward.reduce((most, value, row) => {
    const scale = Math.max(1, Math.abs(value));
    return Math.max(most, Math.abs(value - backward[rows - 1 - row]) / scale);
  }, 0);
  const order: Finding = {
    name: "the order of the rows does not matter",
    outcome: worst <= 1e-12 ? "holds" : "fails",
    detail: `relative difference at most ${worst.toExponential(1)}`,
  };

  const missing = "what is missing is summed out";
  const observed = subject.description.variables.filter(({ role }) => role === "observed");
  if (!observed.every(({ optional }) => optional)) {
    trainer.dispose();
    return [
      order,
      { name: missing, outcome: "does not apply", detail: "no variable is declared with `?`, or not all" },
    ];
  }
  const nothing = Object.fromEntries(
    Object.entries(data).map(([name, { shape, data: values }]) => {
      const isObserved = observed.some((variable) => variable.name === name);
      return [name, { shape, data: isObserved ? new Float64Array(values.length).fill(NaN) : values }];
    }),
  );
  const empty = await trainer.logDensity(nothing);
  trainer.dispose();
  const off = empty.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const detail = `log-density of rows without an entry: at most ${off.toExponential(1)} from 0`;
  return [order, { name: missing, outcome: off <= 1e-9 ? "holds" : "fails", detail }];
}

function mapRows(values: Values, from: (row: number) => number): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => {
      const width = data.length / shape[0];
      const mapped = Float64Array.from(data, (_, i) => data[from(Math.floor(i / width)) * width + (i % width)]);
      return [name, { shape, data: mapped }];
    }),
  );
}
