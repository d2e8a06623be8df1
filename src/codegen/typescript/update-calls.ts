import type { Span } from "../../diagnostics/span.js";
import { positionAt } from "../../diagnostics/span.js";
import type { AxisSize } from "../../ir/plan.js";
import type { ClosedUpdate, EmProgram, RegressionUpdate } from "../../ir/program.js";
import type { SourceIdentity } from "./describe.js";
import type { EmittedFunction } from "./module-tree.js";
import { code, printLiteral, propertyName, type Literal } from "./print-literal.js";
import type { UpdateRuntime } from "./runtime-names.js";

/** The M-step as calls of the run time, one per group of parameters, and what it needs beside the class. */
export interface EmittedUpdates {
  readonly mStep: readonly string[];
  readonly ridgePenalty: readonly string[];
  /** Empty where no statistic depends on the parameters. */
  readonly recentre: readonly string[];
  /** One per regression: the problem it solves, at the sizes at hand. */
  readonly functions: readonly EmittedFunction[];
  readonly calls: readonly UpdateRuntime[];
  readonly types: readonly string[];
}

export function emitUpdates(program: EmProgram, source: SourceIdentity): EmittedUpdates {
  const mStep = ["const next = Object.fromEntries(Object.entries(previous));"];
  const penalties: string[] = [];
  const recentre: string[] = [];
  const functions: EmittedFunction[] = [];
  const calls = new Set<UpdateRuntime>();
  for (const update of program.updates) {
    if (update.kind === "gradient") continue;
    mStep.push(linesComment(update.spans, source));
    if (update.kind === "closed") {
      calls.add("maximisers");
      mStep.push(...closedCall(update));
      continue;
    }
    calls.add("maximiseRegression");
    const name = `${update.child}Regression${functions.length === 0 ? "" : functions.length + 1}`;
    functions.push(problemFunction(name, update));
    mStep.push(...regressionCall(name, update));
    if (update.blocks.length > 0) {
      calls.add("recentreRegression");
      recentre.push(...recentreCall(name, update));
    }
    if (update.covariance.parameter !== undefined) {
      calls.add("regressionRidgePenalty");
      penalties.push(penaltyCall(name, update));
    }
  }
  mStep.push("return next;");
  return {
    mStep,
    ridgePenalty: [penalties.length === 0 ? "return 0;" : `return ${penalties.join(" + ")};`],
    recentre,
    functions,
    calls: [...calls],
    types: functions.length === 0 ? [] : ["RegressionProblem"],
  };
}

function linesComment(spans: readonly Span[], source: SourceIdentity): string {
  const lines = [...new Set(spans.map((span) => positionAt(source.text, span.start).line))].sort((a, b) => a - b);
  return `// source line${lines.length === 1 ? "" : "s"} ${lines.join(", ")}`;
}

/** A number at run time. */
function sizeText(size: AxisSize): string {
  switch (size.kind) {
    case "symbol":
      return `sizes.${size.name}`;
    case "literal":
      return String(size.value);
    case "sum":
      return size.terms.map(sizeText).join(" + ");
    case "rows":
      throw new Error("emit: the rows are no size of a parameter");
  }
}

function productText(sizes: readonly AxisSize[]): string {
  if (sizes.length === 0) return "1";
  return sizes
    .map((size) => (size.kind === "sum" && sizes.length > 1 ? `(${sizeText(size)})` : sizeText(size)))
    .join(" * ");
}

function closedCall(update: ClosedUpdate): readonly string[] {
  const parameters = Object.entries(update.parameters);
  const input: Literal = {
    cells: code(productText(update.cells)),
    width: code(update.width === undefined ? "1" : sizeText(update.width)),
    statistics: mapped(update.statistics, (statistic) => code(propertyOf("statistics", statistic))),
    previous: mapped(update.parameters, (parameter) => code(propertyOf("next", parameter))),
    priors: mapped(update.priors, (prior) => ({ distribution: prior.distribution, arguments: prior.arguments })),
  };
  const isLearned = parameters.map(([, parameter]) => `!settings.fixed.has(${JSON.stringify(parameter)})`).join(" && ");
  return [
    `if (${isLearned}) {`,
    `  const maximum = ${propertyOf("maximisers", update.rule)}(${printLiteral(input, "  ")});`,
    ...parameters.map(([slot, parameter]) => `  ${propertyOf("next", parameter)} = ${propertyOf("maximum", slot)};`),
    "}",
  ];
}

function problemFunction(name: string, update: RegressionUpdate): EmittedFunction {
  const { covariance, degreesOfFreedom } = update;
  const problem: Literal = {
    cells: update.cells.map((size) => code(sizeText(size))),
    dimension: code(sizeText(update.dimension)),
    blocks: update.blocks.map((block) => ({
      parameter: block.parameter,
      cellAxes: block.cellAxes,
      width: code(sizeText(block.width)),
      form: block.form,
      prior: block.prior === undefined ? undefined : { ...block.prior },
    })),
    covariance: {
      parameter: covariance.parameter,
      structure: covariance.structure,
      form: covariance.form,
      rank: covariance.rank === undefined ? undefined : code(sizeText(covariance.rank)),
      cellAxes: covariance.cellAxes,
      constant: covariance.constant,
      prior: covariance.prior === undefined ? undefined : { ...covariance.prior },
    },
    degreesOfFreedom: degreesOfFreedom === undefined ? undefined : { ...degreesOfFreedom },
  };
  const text = printLiteral(problem);
  return {
    kind: "function",
    name,
    documentation: `The regression that describes \`${update.child}\`.`,
    parameters: [{ name: text.includes("sizes.") ? "sizes" : "_sizes", type: "Sizes" }],
    returnType: "RegressionProblem",
    body: `return ${text};`.split("\n"),
  };
}

function regressionCall(name: string, update: RegressionUpdate): readonly string[] {
  const statistics = statisticsText(update);
  const ridge = update.covariance.parameter === undefined ? "0" : "settings.ridge";
  return [
    "Object.assign(",
    "  next,",
    `  maximiseRegression(${name}(sizes), ${statistics.split("\n").join("\n  ")}, next, {`,
    `    ridge: ${ridge},`,
    ...ridgeUnits(update).map((units) => `    ${units},`),
    "    fixed: settings.fixed,",
    "    warn: (code, detail) => settings.warn(code, detail),",
    "  }),",
    ");",
  ].flatMap((line) => line.split("\n"));
}

function recentreCall(name: string, update: RegressionUpdate): readonly string[] {
  return `recentreRegression(${name}(sizes), ${statisticsText(update)}, previous, parameters);`.split("\n");
}

function statisticsText(update: RegressionUpdate): string {
  return printLiteral(
    mapped(update.statistics, (statistic) =>
      statistic === undefined ? undefined : code(propertyOf("statistics", statistic)),
    ),
  );
}

/** The data's variances; a logarithm has no unit to take out. */
function ridgeUnits(update: RegressionUpdate): readonly string[] {
  return update.logarithm ? [] : [`variances: ${propertyOf("settings.dataVariance", update.child)}`];
}

function penaltyCall(name: string, update: RegressionUpdate): string {
  const options = `{ ridge: settings.ridge, ${ridgeUnits(update)
    .map((units) => `${units}, `)
    .join("")}fixed: settings.fixed }`;
  const counts = propertyOf("statistics", update.statistics.count);
  return `regressionRidgePenalty(${name}(sizes), parameters, ${counts}, ${options})`;
}

function mapped<T>(record: Readonly<Record<string, T>> | object, map: (value: T) => Literal): Literal {
  return Object.fromEntries(
    Object.entries(record as Readonly<Record<string, T>>).map(([key, value]) => [key, map(value)]),
  );
}

function propertyOf(object: string, name: string): string {
  return propertyName(name) === name ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}
