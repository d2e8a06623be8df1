import { lowerFunction } from "../../../src/codegen/loops/lower-function.js";
import type { Tiling } from "../../../src/codegen/loops/tiling.js";
import { printLoops } from "../../../src/codegen/loops/print-typescript.js";
import type { DrawSource, PlanEnvironment } from "../../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import * as dense from "../../../src/numerics/dense.js";
import * as specialFunctions from "../../../src/numerics/special-functions.js";

type Tensors = Record<string, Float64Array>;
type Generated = (
  sizes: Readonly<Record<string, number>>,
  parameters: Tensors,
  previous: Tensors,
  block: { rows: number; firstRow: number; data: Tensors; tables: Tensors },
  into: Tensors,
  streams: (site: string, row: number) => DrawSource,
) => void;

/** The loops of a plan function as a JavaScript function. */
export function compileLoops(fn: PlanFunction, tiling?: Tiling): Generated {
  const printed = printLoops(lowerFunction(fn, tiling));
  const calls = [...printed.calls];
  const make = new Function(
    "runtime",
    `"use strict"; const { ${calls.join(", ")} } = runtime;
    return function (sizes, parameters, previous, block, into, streams) {\n${printed.lines.join("\n")}\n};`,
  ) as (runtime: object) => Generated;
  return make({ ...dense, ...specialFunctions });
}

export function sizeInNumbers(fn: PlanFunction, axis: string, environment: PlanEnvironment): number {
  const found = fn.axes.find((candidate) => candidate.name === axis);
  if (found === undefined) throw new Error(`no axis ${axis}`);
  const of = (size: typeof found.size): number => {
    switch (size.kind) {
      case "rows":
        return environment.rows;
      case "literal":
        return size.value;
      case "symbol":
        return environment.sizes[size.name];
      case "sum":
        return size.terms.reduce((total, term) => total + of(term), 0);
    }
  };
  return of(found.size);
}

/** Zeros for each output. */
export function emptyOutputs(fn: PlanFunction, environment: PlanEnvironment): Tensors {
  return Object.fromEntries(
    fn.outputs.map((output) => [
      output.name,
      new Float64Array(output.axes.reduce((length, axis) => length * sizeInNumbers(fn, axis, environment), 1)),
    ]),
  );
}

/** Runs the generated loops in the environment of the interpreter. */
export function runLoops(fn: PlanFunction, environment: PlanEnvironment, tiling?: Tiling): Tensors {
  const into = emptyOutputs(fn, environment);
  const { inputs } = environment;
  const sources = new Map<string, DrawSource>();
  const streams = (site: string): DrawSource => {
    const known = sources.get(site) ?? environment.stream?.(site);
    if (known === undefined) throw new Error(`no stream for ${site}`);
    sources.set(site, known);
    return known;
  };
  compileLoops(fn, tiling)(
    environment.sizes,
    { ...inputs.parameter },
    { ...inputs.previous },
    { rows: environment.rows, firstRow: 0, data: { ...inputs.data }, tables: { ...inputs.table } },
    into,
    streams,
  );
  return into;
}
