import type { AxisSize, NodeId, Operation, PlanFunction, Sweep } from "./plan.js";
import { operandsOf } from "./plan.js";
import { bindings, bracketed, operationText } from "./print-operation.js";
import type { Program, Update, Variants } from "./program.js";

/** A derived program for `--dump plan`: every function, one line for each node with its axes and the rule that made it. */
export function printProgram(program: Program): string {
  if (program.algorithm === "elbo") {
    const { step, bound, logWeight, encode, reconstruct, logPrior, sample } = program;
    return [step, bound, logWeight, encode, reconstruct, logPrior, sample].map((fn) => printPlan(fn)).join("\n");
  }
  if (program.algorithm === "chainElbo") {
    const { parts, logPrior, sample } = program;
    return [...parts, logPrior, sample].map((fn) => printPlan(fn)).join("\n");
  }
  const variants = ({ complete, incomplete }: Variants): string[] => [
    printPlan(complete),
    ...(incomplete === undefined ? [] : [printPlan(incomplete, "some entries missing")]),
  ];
  if (program.algorithm === "adversarial") {
    const { criticStep, generatorStep, sample } = program;
    return [criticStep, generatorStep, sample].map((fn) => printPlan(fn)).join("\n");
  }
  return [
    ...variants(program.logDensity),
    ...variants(program.eStep),
    ...variants(program.start),
    program.updates.map(printUpdate).join(""),
    ...program.updates.flatMap((update) =>
      update.kind === "gradient"
        ? [...variants(update.objective), ...variants(update.startObjective), printPlan(update.prior)]
        : [],
    ),
    printPlan(program.logPrior),
    ...variants(program.posterior),
    ...(program.impute === undefined ? [] : [printPlan(program.impute)]),
    printPlan(program.sample),
  ].join("\n");
}

/**
 * One function: its axes, what it reads, and a line for each step with the axes it varies along and the rule that made
 * it. Steps are a0, a1, … or the output that they are; what has one reader and the rule of its reader stands inside it.
 */
export function printPlan(fn: PlanFunction, note?: string): string {
  return [...(fn.before ?? []), fn].map((one) => printFunction(one, note)).join("");
}

function printFunction(fn: PlanFunction, note: string | undefined): string {
  const axes = fn.axes.map(({ name, size }) => `${name}: ${sizeText(size)}`).join(", ");
  const reads = fn.nodes.flatMap(({ operation }) =>
    operation.kind === "input" ? [`${operation.source} ${operation.name}${bracketed(operation.axes)}`] : [],
  );
  const inside = writtenInside(fn);
  const names = stepNames(fn, inside);
  const text = (id: NodeId, around: number): string => {
    const name = names.get(id);
    if (name !== undefined) return name;
    const [written, binding] = operationText(fn.nodes[id].operation, text);
    return binding < around ? `(${written})` : written;
  };
  const lines = fn.nodes.flatMap(({ operation, axes: along, rule }, id) => {
    const name = names.get(id);
    return name === undefined ? [] : [[`  ${name}${bracketed(along)} = ${operationText(operation, text)[0]}`, rule]];
  });
  const width = Math.min(longestLine, Math.max(0, ...lines.map(([step]) => step.length)));
  const outputs = fn.outputs.flatMap(({ name, node, axes: stored }) =>
    names.get(node) === name ? [] : [`  ${name}${bracketed(stored)} <- ${text(node, bindings.choice)}\n`],
  );
  return [
    `${fn.name}(${axes})${note === undefined ? "" : `, ${note}`}${fn.sweep === undefined ? "" : `, ${sweepText(fn.sweep)}`}\n`,
    ...(reads.length === 0 ? [] : [`  reads ${reads.join(", ")}\n`]),
    ...lines.map(([step, rule]) => `${step.padEnd(width)}  ${rule}`.trimEnd() + "\n"),
    ...outputs,
  ].join("");
}

function sweepText({ from, to, last, descending }: Sweep): string {
  const rows =
    to === undefined ? `steps from ${from} on` : to === from + 1 ? `step ${from}` : `steps ${from} to ${to - 1}`;
  return `${rows}${last === true ? ", the last of each sequence" : ""}${descending === true ? ", backwards" : ""}`;
}

const longestLine = 100;
/** A longer part of an expression, not counting numbers and inputs, becomes a step of its own. */
const largestExpression = 8;

/** Nodes printed inside their readers: numbers, inputs, and short intermediate steps of the same rule. */
function writtenInside(fn: PlanFunction): ReadonlySet<NodeId> {
  const readers = fn.nodes.map((): NodeId[] => []);
  fn.nodes.forEach(({ operation }, id) => operandsOf(operation).forEach((operand) => readers[operand].push(id)));
  const stored = new Set(fn.outputs.map((output) => output.node));
  const inside = new Set<NodeId>();
  const length = fn.nodes.map(({ operation }) => (isNamedByItself(operation) ? 0 : 1));
  fn.nodes.forEach(({ operation, rule }, id) => {
    for (const operand of operandsOf(operation)) if (inside.has(operand)) length[id] += length[operand];
    if (isNamedByItself(operation)) {
      inside.add(id);
      return;
    }
    const [reader, ...others] = readers[id];
    if (reader === undefined || others.length > 0 || stored.has(id)) return;
    if (fn.nodes[reader].rule === rule && length[id] <= largestExpression && isFormula(operation)) inside.add(id);
  });
  return inside;
}

function isNamedByItself(operation: Operation): boolean {
  return (
    operation.kind === "constant" ||
    operation.kind === "size" ||
    operation.kind === "position" ||
    operation.kind === "input"
  );
}

/** Steps with an algorithm of their own keep a line of their own. */
function isFormula(operation: Operation): boolean {
  return operation.kind !== "cholesky" && operation.kind !== "triangularSolve" && operation.kind !== "draw";
}

/** A node that is stored as it is, once, has the name of its output; the others are numbered as they are printed. */
function stepNames(fn: PlanFunction, inside: ReadonlySet<NodeId>): ReadonlyMap<NodeId, string> {
  const names = new Map<NodeId, string>();
  fn.nodes.forEach(({ axes }, id) => {
    if (inside.has(id)) return;
    const stored = fn.outputs.filter((output) => output.node === id);
    const output = stored.find((one) => one.axes.join() === axes.join());
    const isFree = output !== undefined && !/^a\d+$/.test(output.name);
    names.set(id, isFree ? output.name : `a${[...names.values()].filter((name) => /^a\d+$/.test(name)).length}`);
  });
  return names;
}

function sizeText(size: AxisSize): string {
  switch (size.kind) {
    case "rows":
      return "rows";
    case "symbol":
      return size.name;
    case "literal":
      return String(size.value);
    case "sum":
      return size.terms.map(sizeText).join(" + ");
  }
}

function printUpdate(update: Update): string {
  switch (update.kind) {
    case "closed": {
      const statistics = Object.values(update.statistics).join(", ");
      return `update ${Object.values(update.parameters).join(", ")}: ${update.rule} of ${statistics}\n`;
    }
    case "regression": {
      const learned = [
        ...update.blocks.map((block) => block.parameter),
        ...(update.covariance.parameter === undefined ? [] : [update.covariance.parameter]),
        ...(update.degreesOfFreedom?.parameter === undefined ? [] : [update.degreesOfFreedom.parameter]),
      ];
      return `update ${learned.join(", ")}: regression of ${Object.values(update.statistics).join(", ")}\n`;
    }
    case "gradient":
      return `update ${update.parameters.join(", ")}: gradient ascent (${update.reason})\n`;
  }
}
