import type { NamedTensor } from "../runtime/named-tensor.js";
import type { ColumnContent, GroupContent, ReportContent, SequenceContent } from "../report/page.js";
import type { BoundData } from "../data/bindable.js";
import type { CsvCell } from "../data/write-csv.js";
import { plateDiagram } from "../diagram/plate-diagram.js";
import { toSvg } from "../diagram/svg.js";
import { checkSource, chosenModel } from "../compile/index.js";
import { trainerData } from "./bind-data.js";
import { likelihoodKind } from "./likelihood-kind.js";
import type { OpenModel } from "./open-model.js";
import { posterior, type Posterior } from "./posterior.js";
import { momentColumns, variableColumns } from "./result-columns.js";
import { boundOptions } from "./step-fit-options.js";
import { learnsByBound, learnsByGame, type DensityTrainer, type Trainer } from "./trainer.js";

/** Points that a chart still shows apart. */
const mostPoints = 2000;
const mostColumns = 16;
const mostSteps = 1000;
const mostSequences = 3;

export interface ReportRequest {
  readonly model: OpenModel;
  readonly trainer: Trainer;
  readonly bound: BoundData;
  readonly seed: number;
  readonly binarize?: string;
}

/** Asks a model everything that its report shows of it and of the data. */
export async function reportContent(request: ReportRequest): Promise<ReportContent> {
  const { model, trainer, bound } = request;
  const { description, source, fit } = model;
  const data = trainerData(bound, description);
  const known = learnsByGame(trainer) ? undefined : await posterior(trainer, data, request);
  const density = learnsByGame(trainer) ? undefined : await densityOf(trainer, data, request);
  const drawn = await draws(request, data);
  const columns = columnContents(request, drawn);
  const numeric = columns.slice(0, 4);
  const groups = known === undefined ? [] : groupContents(known, description, bound.rows);
  const first = groups[0]?.name;
  const thinned = thinning(bound.rows);
  const colouring =
    description.sequences !== undefined || first === undefined || known === undefined || numeric.length < 2
      ? undefined
      : { name: first, codes: thinned.map((row) => known.mostProbable[first]?.[row] ?? 0) };
  return {
    title: description.name,
    ...(description.documentation === undefined ? {} : { documentation: description.documentation }),
    diagram: toSvg(plateDiagram(chosenModel(checkSource(source), model.model).model)),
    program: source.text,
    facts: [...factsOfFit(fit), ["rows of these data", String(bound.rows)], ...(density?.facts ?? [])],
    warnings: warningsOf(fit),
    ...traceOf(fit),
    parameters: description.parameters.flatMap(({ name, documentation }) => {
      const tensor = trainer.parameters[name];
      return tensor === undefined ? [] : [{ name, tensor, ...(documentation === undefined ? {} : { documentation }) }];
    }),
    groups,
    codes: known === undefined || description.sequences !== undefined ? [] : codesOf(known).slice(0, 8),
    columns: columns.slice(0, mostColumns),
    hiddenColumns: Math.max(0, columns.length - mostColumns),
    pairs: pairsOf(numeric.map((column) => ({ ...column, values: thinned.map((row) => column.values[row] ?? NaN) }))),
    ...(colouring === undefined ? {} : { colouring }),
    sequences: known === undefined ? [] : sequenceContents(request, known),
    ...picturesOf(request, drawn),
    ...(density === undefined ? {} : { density: density.content }),
  };
}

/** Rows at equal distances, no more than a chart can show. */
function thinning(rows: number): readonly number[] {
  const shown = Math.min(rows, mostPoints);
  return Array.from({ length: shown }, (_, i) => Math.floor((i * rows) / shown));
}

type Document = OpenModel["fit"];

function factsOfFit(fit: Document): ReportContent["facts"] {
  if (fit === undefined) return [["parameters", "given, not fitted here"]];
  const number = (name: string): readonly (readonly [string, string])[] => {
    const value = fit[name];
    return typeof value === "number" ? [[factNames[name] ?? name, String(Number(value.toPrecision(10)))]] : [];
  };
  const ending = fit["converged"] === true ? "converged" : "not converged";
  return [
    ["algorithm", `${String(fit["algorithm"])} (engine ${String(fit["engine"])})`],
    ...["rows", "logLikelihood", "meanLogLikelihood", "iterations"].flatMap(number),
    ...(fit["algorithm"] === "em" ? ([["ended", ending]] as const) : []),
    ...["degreesOfFreedom", "aic", "bic", "seconds", "seed"].flatMap(number),
  ];
}

const factNames: Readonly<Record<string, string>> = {
  rows: "rows learned from",
  logLikelihood: "log-likelihood",
  meanLogLikelihood: "mean per row",
  degreesOfFreedom: "free parameters",
  aic: "AIC",
  bic: "BIC",
};

function warningsOf(fit: Document): readonly string[] {
  const warnings = fit?.["warnings"];
  if (!Array.isArray(warnings)) return [];
  return warnings.flatMap((each: unknown) =>
    typeof each === "object" && each !== null && "code" in each && "message" in each
      ? [`${String(each.code)}: ${String(each.message)}`]
      : [],
  );
}

function traceOf(fit: Document): Pick<ReportContent, "trace"> {
  const trace = fit?.["trace"];
  if (!Array.isArray(trace)) return {};
  const values = trace.filter((value) => typeof value === "number");
  const title = fit?.["algorithm"] === "em" ? "objective, by iteration" : "objective, by epoch";
  return { trace: { title, values } };
}

async function densityOf(
  trainer: DensityTrainer,
  data: ReturnType<typeof trainerData>,
  request: ReportRequest,
): Promise<{ readonly content: NonNullable<ReportContent["density"]>; readonly facts: ReportContent["facts"] }> {
  const { perRow, meanLogLikelihood, bound } = learnsByBound(trainer)
    ? await trainer.score(data, boundOptions(request))
    : { ...(await trainer.score(data)), bound: likelihoodKind(trainer.description) };
  const name =
    bound === "exact" ? "log density" : bound === "elbo" ? "lower bound of the log density" : `log density, ${bound}`;
  const rows = [...perRow].map((value, i) => ({ row: i + 1, value })).sort((a, b) => a.value - b.value);
  return {
    content: { name, perRow: [...perRow], lowest: rows.slice(0, 8) },
    facts: [[`mean ${name} of a row`, String(Number(meanLogLikelihood.toPrecision(10)))]],
  };
}

/** As many draws as there are rows, up to what a chart can use; given variables are those of the data. */
async function draws(
  { model, trainer, bound, seed }: ReportRequest,
  data: ReturnType<typeof trainerData>,
): Promise<Readonly<Record<string, NamedTensor>>> {
  const { variables, sequences } = model.description;
  const given = variables.filter(({ role }) => role === "given").map(({ name }) => name);
  const count = Math.min(bound.rows, mostPoints);
  if (sequences !== undefined) {
    if (given.length > 0) {
      const kept = [...given, ...(sequences.plate === undefined ? [] : [sequences.plate])];
      const values = Object.fromEntries(Object.entries(data).filter(([name]) => kept.includes(name)));
      return await trainer.sample(bound.sequences?.length ?? 1, { seed, given: values });
    }
    const steps = Math.max(1, Math.min(mostPoints, Math.round(bound.rows / (bound.sequences?.length ?? 1))));
    const many = sequences.plate === undefined ? 1 : Math.max(1, Math.round(mostPoints / steps));
    return await trainer.sample(many, { seed, steps });
  }
  if (given.length === 0) return await trainer.sample(count, { seed });
  const rows = Object.fromEntries(
    given.map((name) => {
      const { shape, data: values } = data[name] ?? { shape: [count], data: new Float64Array(count) };
      const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
      return [name, { shape: [count, ...shape.slice(1)], data: values.slice(0, count * width) }];
    }),
  );
  return await trainer.sample(count, { seed, given: rows });
}

function columnContents(
  { model: { description, trained }, bound }: ReportRequest,
  drawn: Readonly<Record<string, NamedTensor>>,
): readonly ColumnContent[] {
  return description.variables
    .filter(({ role }) => role === "observed")
    .flatMap(({ name }) => {
      const own = bound.shapes[name] ?? [];
      const width = own.reduce((product, extent) => product * extent, 1);
      const values = bound.values[name];
      const other = drawn[name];
      if (values === undefined || other === undefined) return [];
      const names = variableColumns(name, other, trained).map((column) => column.name);
      const draw = other.shape[0] ?? 0;
      return Array.from({ length: width }, (_, j) => ({
        name: names[j] ?? name,
        values: Array.from({ length: bound.rows }, (_row, row) => values[row * width + j] ?? NaN),
        drawn: Array.from({ length: draw }, (_row, row) => other.data[row * width + j] ?? NaN),
      }));
    });
}

function pairsOf(columns: readonly ColumnContent[]): ReportContent["pairs"] {
  return columns.flatMap((second, j) => columns.slice(0, j).map((first) => ({ first, second })));
}

/** Discrete latents with one value for each row. */
function groupContents(
  { probability, mostProbable }: Posterior,
  { variables }: OpenModel["description"],
  rows: number,
): readonly GroupContent[] {
  return Object.entries(probability).flatMap(([name, { shape, data }]) => {
    if (shape.length !== 2) return [];
    const values = shape[1] ?? 0;
    const chosen = mostProbable[name] ?? new Int32Array(rows);
    const documentation = variables.find((variable) => variable.name === name)?.documentation;
    const certainty = Array.from({ length: rows }, (_, row) => data[row * values + (chosen[row] ?? 0)] ?? NaN);
    return [
      {
        name,
        ...(documentation === undefined ? {} : { documentation }),
        certainty,
        values: Array.from({ length: values }, (_, k) => {
          const own = certainty.filter((_value, row) => chosen[row] === k);
          const total = Array.from({ length: rows }, (_row, row) => data[row * values + k] ?? 0);
          return { share: mean(total), rows: own.length, certainty: mean(own) };
        }),
      },
    ];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Entries of continuous latents with one value for each row. */
function codesOf({ means }: Posterior): ReportContent["codes"] {
  return Object.entries(means).flatMap(([name, { shape, data }]) => {
    if (shape.length > 2) return [];
    const width = shape[1] ?? 1;
    return Array.from({ length: width }, (_, j) => ({
      name: width === 1 ? name : `${name}.${j}`,
      values: Array.from({ length: shape[0] ?? 0 }, (_row, row) => data[row * width + j] ?? NaN),
    }));
  });
}

function sequenceContents(
  { model: { description, trained }, bound }: ReportRequest,
  known: Posterior,
): readonly SequenceContent[] {
  if (description.sequences === undefined) return [];
  const all = bound.sequences ?? [{ label: undefined, rows: Int32Array.from({ length: bound.rows }, (_, i) => i) }];
  const moments = Object.entries(known.means).flatMap(([name, table]) => {
    const covariance = known.covariance[name];
    return covariance === undefined ? [] : momentColumns(name, table, covariance);
  });
  const observed = description.variables.filter(({ role }) => role === "observed" || role === "given");
  return all.slice(0, mostSequences).map(({ label, rows }) => {
    const steps = [...rows.slice(0, mostSteps)];
    const at = (cell: CsvCell | undefined): number => (typeof cell === "number" ? cell : NaN);
    return {
      label: label === undefined ? "" : String(label),
      observed: observed.flatMap(({ name }) => {
        const values = bound.values[name];
        if (values === undefined) return [];
        // Codes, not labels: they are drawn.
        const shape = [bound.rows, ...(bound.shapes[name] ?? [])];
        const columns = variableColumns(name, { shape, data: values }, undefined);
        const names = trained?.columns[name];
        return columns.slice(0, 6).map((column, j) => ({
          name: names?.length === columns.length ? (names[j] ?? column.name) : column.name,
          values: steps.map((row) => at(column.at(row))),
        }));
      }),
      states: Array.from({ length: Math.min(6, moments.length / 2) }, (_, i) => {
        const [value, deviation] = [moments[2 * i], moments[2 * i + 1]];
        return {
          name: value?.name ?? "",
          mean: steps.map((row) => at(value?.at(row))),
          deviation: steps.map((row) => at(deviation?.at(row))),
        };
      }),
      regimes: Object.entries(known.probability).flatMap(([name, { shape, data }]) => {
        const values = shape[1] ?? 0;
        if (shape.length !== 2) return [];
        return [{ name, probabilities: steps.map((row) => [...data.slice(row * values, (row + 1) * values)]) }];
      }),
    };
  });
}

/** Rows that are pictures: an observed variable of r rows of r points, or of as many numbers as a square of 7 or more has. */
function picturesOf(
  { model: { description }, bound }: ReportRequest,
  drawn: Readonly<Record<string, NamedTensor>>,
): Pick<ReportContent, "pictures"> {
  for (const { name, role } of description.variables) {
    const own = bound.shapes[name] ?? [];
    const width = own.reduce((product, extent) => product * extent, 1);
    const side = Math.round(Math.sqrt(width));
    const values = bound.values[name];
    const other = drawn[name];
    if (role !== "observed" || values === undefined || other === undefined) continue;
    if (side < 7 || side * side !== width || (own.length > 1 && own[0] !== side)) continue;
    const rowsOf = (all: Float64Array): readonly (readonly number[])[] =>
      Array.from({ length: Math.min(16, all.length / width) }, (_, row) => [
        ...all.slice(row * width, (row + 1) * width),
      ]);
    return { pictures: { side, data: rowsOf(values), drawn: rowsOf(Float64Array.from(other.data)) } };
  }
  return {};
}
