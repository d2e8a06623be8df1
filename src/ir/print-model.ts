import type { Axis, Domain, Expression, Factor, Guide, LearnOption, Model, Parameter, Variable } from "./model.js";
import { printDimension, printDomain, printShape } from "./print-domain.js";
import { printExpression } from "./print-expression.js";
import { distinctNames } from "./read-names.js";

/** A model as a factor graph with typed axes, for `--dump model`: one line for each axis, variable and factor. */
export function printModel(model: Model): string {
  const { critic, learn } = model;
  const step = model.axes.find((axis) => axis.kind === "chain")?.name ?? "t";
  const lines = [
    line("model", model.name),
    ...(model.sizes.length === 0 ? [] : [line("sizes", model.sizes.map(printSize).join(", "))]),
    ...(model.axes.length === 0 ? [] : [line("axes", model.axes.map(printAxis).join(", "))]),
    ...table(model.parameters.map(printParameter)),
    ...model.networks.map(({ name, inputs, outputs }) =>
      line("net", `${name}(${inputs.map(printDomain).join(", ")}) -> ${printOutputs(outputs)}`),
    ),
    ...table(model.variables.map(printVariable)),
    ...table(model.factors.map((factor, i) => printFactor(factor, `factor f${i + 1}`, model, step))),
    ...(model.guide === undefined ? [] : printGuide(model.guide, model, step)),
    ...(critic === undefined
      ? []
      : [
          line(
            "critic",
            `${critic.network}(${critic.arguments.map((each) => printExpression(each, step)).join(", ")})`,
          ),
        ]),
    ...(learn === undefined ? [] : [line("learn", `${learn.method}${printOptions(learn.options)}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

function line(head: string, text: string): string {
  return `${head.padEnd(9)} ${text}`;
}

/** Rows with their columns aligned. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number): number => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(i === 0 ? Math.max(9, width(0)) : width(i)))
      .filter((cell) => cell !== "")
      .join(" ")
      .trimEnd(),
  );
}

function printOutputs(outputs: readonly Domain[]): string {
  const types = outputs.map(printDomain).join(", ");
  return outputs.length === 1 ? types : `(${types})`;
}

function printSize(size: Model["sizes"][number]): string {
  return size.default === undefined ? size.name : `${size.name} = ${size.default}`;
}

function printAxis(axis: Axis): string {
  const unsized = axis.kind === "chain" ? "chain" : "data";
  const length = axis.size === undefined ? unsized : `${axis.kind} of ${printDimension(axis.size)}`;
  const inside = axis.parent === undefined ? "" : ` in ${axis.parent}`;
  return `${axis.name}: ${length}${inside}${axis.weight === undefined ? "" : ` weight ${axis.weight}`}`;
}

function printParameter(parameter: Parameter): readonly string[] {
  const { prior, fixed } = parameter;
  const relation =
    prior !== undefined
      ? ` ~ ${prior.distribution}(${printArguments(prior.arguments, "t")})`
      : fixed !== undefined
        ? ` = ${printExpression(fixed)}`
        : "";
  return ["param", parameter.name + printShape(parameter.table), `in ${printDomain(parameter.domain)}${relation}`];
}

function printVariable(variable: Variable): readonly string[] {
  const axes = variable.axes.length === 0 ? "" : `[${variable.axes.join(", ")}]`;
  return [variable.role, variable.name + axes, `in ${printDomain(variable.domain)}${variable.optional ? "?" : ""}`];
}

/** `factor f2 [n] Normal x | z; mean, covariance   mean: mean[z], covariance: covariance[z]` */
function printFactor(factor: Factor, label: string, model: Model, step: string): readonly string[] {
  const axes = model.variables.find((variable) => variable.name === factor.child)?.axes ?? [];
  const values = factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments);
  const { variables, parameters } = distinctNames(values, step);
  const reads = [variables, parameters].filter((names) => names.length > 0).map((names) => names.join(", "));
  const scope = factor.child + (reads.length === 0 ? "" : ` | ${reads.join("; ")}`);
  const place = factor.kind === "density" && factor.phase === "initial" ? `${step}=0` : "";
  return [
    label,
    `[${axes.join(", ")}]`,
    factor.kind === "implicit" ? "=" : factor.distribution,
    place,
    scope,
    ` ${factor.kind === "implicit" ? printExpression(factor.value, step) : printArguments(factor.arguments, step)}`,
  ];
}

function printGuide(guide: Guide, model: Model, step: string): readonly string[] {
  const spread = guide.spread === undefined ? [] : [`spread: ${guide.spread}`];
  if (guide.automatic !== undefined)
    return [line("guide", `auto(${[...guide.automatic.map(({ name }) => name), ...spread].join(", ")})`)];
  return table(guide.sites.map((site, i) => printFactor(site, `guide q${i + 1}`, model, step)));
}

function printArguments(values: Readonly<Record<string, Expression>>, step: string): string {
  return Object.entries(values)
    .map(([slot, value]) => `${slot}: ${printExpression(value, step)}`)
    .join(", ");
}

function printOptions(options: Readonly<Record<string, LearnOption>>): string {
  const texts = Object.entries(options).map(([name, option]) => `${name}: ${printOption(option)}`);
  return texts.length === 0 ? "" : ` { ${texts.join(", ")} }`;
}

function printOption(option: LearnOption): string {
  switch (option.kind) {
    case "number":
      return String(option.value);
    case "name":
      return option.name;
    case "call":
      return `${option.name}(${option.arguments.join(", ")})`;
  }
}
