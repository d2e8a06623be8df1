import { harmlessText } from "../diagnostics/harmless-text.js";
import type { NamedTensor } from "../runtime/named-tensor.js";
import { likelihoodKind } from "./likelihood-kind.js";
import type { FitReport } from "./train-document.js";

/** What `genc train` prints for people: how the fit went, and the parameters, rounded. */
export function verdict({ description, result, parameters, engine, backend, instead, labels }: FitReport): string {
  const { restarts, holdout } = result;
  const isBound = "bound" in result || likelihoodKind(description) === "elbo";
  const starts = restarts.length === 1 ? "1 start" : `${restarts.length} starts`;
  const seconds = result.seconds < 10 ? result.seconds.toFixed(2) : result.seconds.toFixed(0);
  const ending = { converged: "converged", maxIterations: "not converged", aborted: "interrupted" }[result.stopped];
  const ran = `engine ${engine}${engine === "tfjs" ? `, backend ${backend}` : ""}`;
  const lines: readonly (readonly [string, string])[] = [
    ["rows", String(result.rows)],
    ...(result.logLikelihood === null
      ? ([
          ["critic's gap", result.criticGap.toFixed(6)],
          ["compared", `${result.quality.rows} draws with rows ${result.quality.against}${keptText(result)}`],
          ["discrepancy", `${result.discrepancy.toFixed(6)} (squared MMD of draws and data)`],
          ["precision, recall", `${result.quality.precision.toFixed(3)}, ${result.quality.recall.toFixed(3)}`],
          ["groups covered", `${result.quality.covered} of ${result.quality.groups}`],
        ] as const)
      : ([
          [isBound ? "lower bound" : "log-likelihood", result.logLikelihood.toFixed(6)],
          ["  mean per row", result.meanLogLikelihood.toFixed(6)],
        ] as const)),
    ...(holdout === undefined
      ? []
      : ([["held out", `${holdout.rows} rows, mean ${holdout.meanLogLikelihood.toFixed(6)} per row`]] as const)),
    !("bound" in result)
      ? ["iterations", `${result.iterations}, ${ending} (${starts}, ${seconds} s)`]
      : ["epochs", `${result.iterations} (${result.steps} steps, ${seconds} s)`],
    ...(instead === undefined ? [] : ([["not tfjs", instead]] as const)),
    ["free parameters", String(result.degreesOfFreedom)],
    ...(result.aic === null || result.bic === null
      ? []
      : ([[isBound ? "AIC, BIC at most" : "AIC, BIC", `${result.aic.toFixed(3)}, ${result.bic.toFixed(3)}`]] as const)),
  ];
  const units = new Set(
    description.parameters.flatMap(({ name, asWritten }) => (asWritten === undefined ? [] : [name])),
  );
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  return [
    result.logLikelihood === null
      ? `${description.name}: a generator against its critic (${ran})`
      : `${description.name}: ${description.parameters.some(({ hasPrior }) => hasPrior) ? "maximum a posteriori" : "maximum likelihood"} by ${"bound" in result ? "an evidence lower bound" : learningText(description)} (${ran})`,
    ...lines.map(([name, value]) => `  ${name.padEnd(width)}${value}`),
    "",
    ...Object.entries(parameters).flatMap(([name, tensor]) =>
      !("steps" in result) || (tensor.data.length <= mostShown && !units.has(name))
        ? parameterLines(name, tensor)
        : shapeLine(name, tensor),
    ),
    ...labelLines(labels),
    ...result.warnings
      .filter(({ code }) => code !== ofTheTrace)
      .map(({ code, message }) => `warning[${code}]: ${message}`),
    "",
  ].join("\n");
}

function learningText({ approximation, variational }: FitReport["description"]): string {
  return variational === undefined
    ? `EM, ${approximation ?? "exact"}`
    : `EM on a lower bound (${approximation ?? "vb"})`;
}

function keptText({ keptEpoch, iterations }: { readonly keptEpoch: number; readonly iterations: number }): string {
  return keptEpoch === iterations ? "" : `; the parameters of epoch ${keptEpoch} are kept`;
}

/** GEN5006 explains the trace, which only the document of `--json` shows. */
const ofTheTrace = "GEN5006";
const mostLabels = 12;

/** What the indices of a table stand for where the data had labels. */
function labelLines(labels: FitReport["labels"]): readonly string[] {
  const lines = Object.entries(labels).map(([variable, known]) => {
    const shown = known.slice(0, mostLabels).map((label, code) => `${code} = ${label}`);
    return harmlessText(`  ${variable}: ${shown.join(", ")}${known.length > mostLabels ? ", …" : ""}`);
  });
  return lines.length === 0 ? [] : [...lines, ""];
}

const mostRows = 24;
const mostColumns = 10;

/** A parameter as a table: the last dimension across, the others down with their indices in front. */
function parameterLines(name: string, { axes, shape, data }: NamedTensor): readonly string[] {
  if (shape.length === 0) return [`  ${name} = ${rounded(data[0])}`, ""];
  const width = shape[shape.length - 1];
  const rows = width === 0 ? 0 : data.length / width;
  const shownColumns = Math.min(width, mostColumns);
  const cells = Array.from({ length: Math.min(rows, mostRows) }, (_, row) =>
    Array.from({ length: shownColumns }, (_, column) => rounded(data[row * width + column])),
  );
  const labels = cells.map((_, row) => indexText(row, shape.slice(0, -1)));
  const cellWidth = Math.max(...cells.flat().map((cell) => cell.length));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const lines = cells.map((cellsOfRow, row) => {
    const label = labels[row].padEnd(labelWidth);
    const more = width > shownColumns ? "  …" : "";
    return `    ${label}${cellsOfRow.map((cell) => cell.padStart(cellWidth + 2)).join("")}${more}`;
  });
  const rest = rows > mostRows ? [`    … and ${rows - mostRows} more rows`] : [];
  return [`  ${name} [${axes.join(", ")}]`, ...lines, ...rest, ""];
}

function indexText(row: number, shape: readonly number[]): string {
  if (shape.length === 0) return "";
  const index: number[] = [];
  let rest = row;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return `[${index.join(", ")}]`;
}

/** Six significant digits, without an exponent where that is readable. */
function rounded(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e7)) return value.toExponential(4);
  const digits = Math.max(0, 5 - Math.floor(Math.log10(magnitude || 1)));
  return value.toFixed(Math.min(digits, 6));
}

/** Weights of a network are not for reading. */
const mostShown = 100;

function shapeLine(name: string, { shape }: NamedTensor): readonly string[] {
  return [`  ${name} [${shape.join(", ")}]`];
}
