import type { Axis, DensityFactor, Dimension, Expression, Factor, Model, Parameter, Variable } from "../ir/model.js";
import { printDimension, printDomain, printShape } from "../ir/print-domain.js";
import { printExpression } from "../ir/print-expression.js";
import { operandsOf } from "../ir/walk-expression.js";

/** A directed graphical model with plates: what depends on what, and over what it repeats. */
export interface PlateDiagram {
  readonly title: string;
  readonly nodes: readonly DiagramNode[];
  /** Parents before what is in them. */
  readonly plates: readonly Plate[];
  readonly edges: readonly DiagramEdge[];
}

export interface DiagramNode {
  /** The name in the program, unique in a model. */
  readonly name: string;
  readonly kind: "latent" | "observed" | "given" | "parameter" | "constant" | "network";
  /** One line below the node: its distribution, or its type. */
  readonly caption: string;
  /** What the program says of it, with its documentation. */
  readonly description: string;
  /** The innermost plate it is in. */
  readonly plate?: string;
}

export interface Plate {
  readonly id: string;
  readonly label: string;
  readonly parent?: string;
}

export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  /** `t-1` for the step before, `all t` for a whole sequence. */
  readonly label?: string;
  /** A guide's edges are not the model's. */
  readonly isGuide: boolean;
}

/** The plate diagram of a model: variables, parameters and networks with the edges that its expressions imply. */
export function plateDiagram(model: Model): PlateDiagram {
  const step = model.axes.find(({ kind }) => kind === "chain")?.name ?? "t";
  const tables = new Map(
    model.parameters.filter(({ table }) => table.length > 0).map(({ table }) => [tableId(table), tableLabel(table)]),
  );
  return {
    title: model.name,
    plates: [...nested(model.axes), ...[...tables].map(([id, label]) => ({ id, label }))],
    nodes: [
      ...model.parameters.map((parameter) => parameterNode(parameter)),
      ...model.networks.map(({ name, inputs, outputs, documentation }) => {
        const results = outputs.map(printDomain).join(", ");
        const signature = `net ${name}(${inputs.map(printDomain).join(", ")}) -> ${outputs.length === 1 ? results : `(${results})`}`;
        return { name, kind: "network" as const, caption: "network", description: described(signature, documentation) };
      }),
      ...model.variables.map((variable) => variableNode(variable, model, step)),
    ],
    edges: edgesOf(model, step),
  };
}

/** Plates in an order in which each comes after the one it is in. */
function nested(axes: readonly Axis[], parent?: string): readonly Plate[] {
  return axes
    .filter((axis) => axis.parent === parent)
    .flatMap((axis) => [
      { id: axis.name, label: axisLabel(axis, axes), ...(parent === undefined ? {} : { parent }) },
      ...nested(axes, axis.name),
    ]);
}

function axisLabel({ name, kind, size }: Axis, axes: readonly Axis[]): string {
  if (size !== undefined) return `${name} = 1 … ${printDimension(size)}`;
  if (kind === "chain") return `${name}: steps`;
  return axes.some((axis) => axis.parent === name && axis.kind === "chain") ? `${name}: sequences` : `${name}: rows`;
}

function tableId(table: readonly Dimension[]): string {
  return `cells of ${table.map(printDimension).join(" x ")}`;
}

function tableLabel(table: readonly Dimension[]): string {
  return table.map((dimension) => `1 … ${printDimension(dimension)}`).join(" × ");
}

function parameterNode(parameter: Parameter): DiagramNode {
  const { name, table, domain, prior, fixed, documentation } = parameter;
  const type = printDomain(domain);
  const relation =
    prior !== undefined
      ? ` ~ ${prior.distribution}(${printArguments(prior.arguments, "t")})`
      : fixed !== undefined
        ? ` = ${printExpression(fixed)}`
        : "";
  return {
    name,
    kind: fixed === undefined ? "parameter" : "constant",
    caption: prior === undefined ? type : `~ ${prior.distribution}`,
    description: described(`param ${name}${printShape(table)}: ${type}${relation}`, documentation),
    ...(table.length === 0 ? {} : { plate: tableId(table) }),
  };
}

function variableNode(variable: Variable, model: Model, step: string): DiagramNode {
  const { name, role, domain, optional, documentation } = variable;
  const factors = model.factors.filter(({ child }) => child === name);
  const plate = variable.axes.at(-1);
  const head = `${role === "observed" ? "observe" : role === "given" ? "given" : "latent"} ${name}: ${printDomain(domain)}${optional ? "?" : ""}`;
  return {
    name,
    kind: role,
    caption: role === "given" ? printDomain(domain) : factors.map(distributionOf).filter(isFirst).join(", "),
    description: described([head, ...factors.map((factor) => printFactor(factor, step))].join("\n"), documentation),
    ...(plate === undefined ? {} : { plate }),
  };
}

function isFirst<T>(value: T, index: number, all: readonly T[]): boolean {
  return all.indexOf(value) === index;
}

function distributionOf(factor: Factor): string {
  return factor.kind === "implicit" ? "=" : `~ ${factor.distribution}`;
}

function printFactor(factor: Factor, step: string): string {
  if (factor.kind === "implicit") return `= ${printExpression(factor.value, step)}`;
  const when = factor.phase === "initial" ? "first step: " : factor.phase === "step" ? "other steps: " : "";
  return `${when}~ ${factor.distribution}(${printArguments(factor.arguments, step)})`;
}

function printArguments(slots: DensityFactor["arguments"], step: string): string {
  return Object.entries(slots)
    .map(([slot, value]) => `${slot}: ${printExpression(value, step)}`)
    .join(", ");
}

function described(text: string, documentation: string | undefined): string {
  return documentation === undefined ? text : `${documentation}\n${text}`;
}

/** Each edge once, in the order in which the program reads. */
function edgesOf(model: Model, step: string): readonly DiagramEdge[] {
  const edges = new Map<string, DiagramEdge>();
  const add = (edge: DiagramEdge): void => {
    // What the model has and the guide has as well is drawn as the model's.
    const key = `${edge.from}\0${edge.to}\0${edge.label ?? ""}`;
    if (!edges.has(key)) edges.set(key, edge);
  };
  const read = (expressions: readonly Expression[], target: string, isGuide: boolean): void =>
    readsOf(expressions, target, step).forEach((edge) => add({ ...edge, isGuide }));
  for (const { name, prior } of model.parameters) {
    if (prior !== undefined) read(Object.values(prior.arguments), name, false);
  }
  for (const factor of model.factors) {
    read(factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments), factor.child, false);
  }
  for (const site of model.guide?.sites ?? []) read(Object.values(site.arguments), site.child, true);
  if (model.critic !== undefined) read(model.critic.arguments, model.critic.network, true);
  return [...edges.values()];
}

/** What expressions read on behalf of `target`; what a network reads goes to the network, which goes to `target`. */
function readsOf(
  expressions: readonly Expression[],
  target: string,
  step: string,
): readonly Omit<DiagramEdge, "isGuide">[] {
  const seen = new Set<Expression>();
  const visit = (expression: Expression, to: string): readonly Omit<DiagramEdge, "isGuide">[] => {
    if (seen.has(expression)) return [];
    seen.add(expression);
    const inside = (into: string) => operandsOf(expression).flatMap((operand) => visit(operand, into));
    switch (expression.kind) {
      case "parameter":
        return [{ from: expression.name, to }, ...inside(to)];
      case "variable":
        if (expression.presence !== undefined) return [];
        return [
          expression.lag === 0
            ? { from: expression.name, to }
            : { from: expression.name, to, label: `${step}-${expression.lag}` },
        ];
      case "sequence":
        return [{ from: expression.name, to, label: `all ${step}` }];
      case "network":
        return [{ from: expression.network, to }, ...inside(expression.network)];
      case "constant":
      case "position":
      case "element":
      case "list":
      case "apply":
        return inside(to);
    }
  };
  return expressions.flatMap((expression) => visit(expression, target));
}
