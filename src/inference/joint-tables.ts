import type { Dimension, Domain, Model } from "../ir/model.js";
import { eliminate } from "./elimination-width.js";
import { unroll, type UnrolledGraph } from "./unroll.js";
import type { JointTable } from "./verdict.js";

/** The largest tables that eliminating the model needs, as sets of latents with their lags. */
export function jointTables(model: Model, sizes: ReadonlyMap<string, number>): readonly JointTable[] {
  const graph = unroll(model, sizes);
  const tables = new Map<string, JointTable>();
  for (const step of eliminate(graph).steps) {
    if (step.discrete.size === 0) continue;
    const table = tableOf(model, graph, step.discrete);
    tables.set(keyOf(table), table);
  }
  const all = [...tables.values()];
  return all.filter((table) => !all.some((other) => other !== table && contains(other, table)));
}

/** Sizes of the values of a table's members, in their order. */
export function tableDimensions(model: Model, table: JointTable): readonly Dimension[] {
  return table.latents.map(({ name }) => valuesOf(variableDomain(model, name)));
}

/** How many values a discrete variable takes. */
export function valuesOf(domain: Domain): Dimension {
  switch (domain.kind) {
    case "category":
      return domain.categories;
    case "binary":
      return { kind: "literal", value: 2 };
    case "count":
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "simplex":
    case "ordered":
    case "covariance":
    case "sequence":
      throw new Error(`joint tables: a ${domain.kind} has no list of values`);
  }
}

function variableDomain(model: Model, name: string): Domain {
  const found = model.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`joint tables: the model has no variable ${name}`);
  return found.domain;
}

function tableOf(model: Model, graph: UnrolledGraph, members: ReadonlySet<number>): JointTable {
  const chains = new Set(model.axes.filter((axis) => axis.kind === "chain").map((axis) => axis.name));
  const copies = [...members].flatMap((index) => graph.copies[index] ?? []);
  const stepOf = (position: ReadonlyMap<string, number>): number => {
    const chain = [...position.keys()].findLast((axis) => chains.has(axis));
    return chain === undefined ? 0 : (position.get(chain) ?? 0);
  };
  const latest = Math.max(...copies.map((copy) => stepOf(copy.position)));
  const latents = copies.map(({ variable, position }) => {
    const onChain = [...position.keys()].some((axis) => chains.has(axis));
    return { name: variable, lag: onChain ? latest - stepOf(position) : 0 };
  });
  const order = new Map(model.variables.map((variable, index) => [variable.name, index]));
  latents.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0) || a.lag - b.lag);
  const axes = copies
    .map((copy) => model.variables.find((variable) => variable.name === copy.variable)?.axes ?? [])
    .reduce((deepest, each) => (each.length > deepest.length ? each : deepest), []);
  return { axes, latents };
}

function keyOf(table: JointTable): string {
  return table.latents.map(({ name, lag }) => `${name}[-${lag}]`).join(" ");
}

function contains(larger: JointTable, smaller: JointTable): boolean {
  if (larger.latents.length <= smaller.latents.length) return false;
  return smaller.latents.every((one) => larger.latents.some((two) => two.name === one.name && two.lag === one.lag));
}
