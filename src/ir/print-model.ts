import { distinctNames } from "./read-names.js";
import type { Axis, Factor, Guide, LearnOption, Model, Parameter, Variable } from "./model.js";
import { printDomain, printDimension } from "./print-domain.js";
import { printExpression } from "./print-expression.js";

/** A model as a factor graph with typed axes, for `--dump model`: one line for each axis, variable and factor. */
export function printModel(model: Model): string {
  const lines = [
    `model     ${model.name}`,
    ...(model.sizes.length === 0 ? [] : [`sizes     ${model.sizes.map(printSize).join(", ")}`]),
    ...(model.axes.length === 0 ? [] : [`axes      ${model.axes.map(printAxis).join(", ")}`]),
    ...model.parameters.map(printParameter),
    ...model.networks.map(
      (network) =>
        `net       ${network.name}(${network.inputs.map(printDomain).join(", ")}) -> ${network.outputs.map(printDomain).join(", ")}`,
    ),
    ...model.variables.map(printVariable),
    ...model.factors.map((factor, i) => printFactor(factor, `factor f${i + 1}`, model)),
    ...(model.guide === undefined ? [] : printGuide(model.guide, model)),
    ...(model.critic === undefined
      ? []
      : [`critic    ${model.critic.network}(${model.critic.arguments.map(printExpression).join(", ")})`]),
    ...(model.learn === undefined ? [] : [`learn     ${model.learn.method}${printOptions(model.learn.options)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function printSize(size: Model["sizes"][number]): string {
  return size.default === undefined ? size.name : `${size.name} = ${size.default}`;
}

function printAxis(axis: Axis): string {
  const length = axis.size === undefined ? (axis.kind === "chain" ? "chain" : "data") : `${axis.kind} of ${printDimension(axis.size)}`;
  const inside = axis.parent === undefined ? "" : ` in ${axis.parent}`;
  return `${axis.name}: ${length}${inside}${axis.weight === undefined ? "" : ` weight ${axis.weight}`}`;
}

function printParameter(parameter: Parameter): string {
  const { prior, fixed } = parameter;
  const table = parameter.table.length === 0 ? "" : `[${parameter.table.map(printDimension).join(", ")}]`;
  const relation =
    prior !== undefined
      ? ` ~ ${printCall(prior.distribution, prior.arguments)}`
      : fixed !== undefined
        ? ` = ${printExpression(fixed)}`
        : "";
  return `param     ${parameter.name}${table} in ${printDomain(parameter.domain)}${relation}`;
}

function printVariable(variable: Variable): string {
  const axes = variable.axes.length === 0 ? "" : `[${variable.axes.join(", ")}]`;
  return `${variable.role.padEnd(9)} ${(variable.name + axes).padEnd(11)} in ${printDomain(variable.domain)}${variable.optional ? "?" : ""}`;
}

/** `factor f2 [n]  Normal(mean = mean[z], …)  x | z; mean, covariance` */
function printFactor(factor: Factor, label: string, model: Model): string {
  const axes = model.variables.find((variable) => variable.name === factor.child)?.axes ?? [];
  const values = factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments);
  const { variables, parameters } = distinctNames(values);
  const scope = [
    variables.length === 0 ? "" : ` | ${variables.join(", ")}`,
    parameters.length === 0 ? "" : `; ${parameters.join(", ")}`,
  ].join("");
  const body = factor.kind === "implicit" ? `= ${printExpression(factor.value)}` : printCall(factor.distribution, factor.arguments);
  const phase = factor.kind === "density" && factor.phase !== "all" ? ` (${factor.phase})` : "";
  return `${label} ${`[${axes.join(", ")}]`.padEnd(4)}  ${factor.child}${scope}${phase}   ${body}`;
}

function printGuide(guide: Guide, model: Model): readonly string[] {
  if (guide.automatic !== undefined) return [`guide     auto(${guide.automatic.map((layer) => layer.name).join(", ")})`];
  return guide.sites.map((site, i) => printFactor(site, `guide  q${i + 1}`, model));
}

function printCall(name: string, values: Readonly<Record<string, Parameters<typeof printExpression>[0]>>): string {
  const texts = Object.entries(values).map(([slot, value]) => `${slot}: ${printExpression(value)}`);
  return `${name}(${texts.join(", ")})`;
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
