import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import type { ParameterGroup } from "./statistics-context.js";

/** Learned parameters that an expression reads. */
export function learnedParametersOf(model: Model, expression: Expression): readonly string[] {
  const found = new Set<string>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case "parameter": {
        const parameter = model.parameters.find((candidate) => candidate.name === node.name);
        if (parameter !== undefined && parameter.fixed === undefined) found.add(node.name);
        return node.indices.forEach(visit);
      }
      case "element":
        visit(node.base);
        return node.indices.forEach(visit);
      case "list":
        return node.items.forEach(visit);
      case "apply":
      case "network":
        return node.arguments.forEach(visit);
      case "constant":
      case "variable":
      case "sequence":
      case "position":
        return;
    }
  };
  visit(expression);
  return [...found];
}

/** Connected components of parameters, linked by the factors (and priors) that read several of them. */
export function parameterGroups(model: Model): readonly ParameterGroup[] {
  const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  const reads = new Map(
    factors.map((factor) => [
      factor,
      new Set(Object.values(factor.arguments).flatMap((argument) => learnedParametersOf(model, argument))),
    ]),
  );
  const leader = new Map(model.parameters.map((parameter) => [parameter.name, parameter.name]));
  const find = (name: string): string => {
    const parent = leader.get(name) ?? name;
    return parent === name ? name : find(parent);
  };
  const join = (names: readonly string[]): void => {
    const [first, ...rest] = names;
    if (first !== undefined) for (const name of rest) leader.set(find(name), find(first));
  };
  for (const names of reads.values()) join([...names]);
  for (const parameter of model.parameters) {
    if (parameter.fixed !== undefined || parameter.prior === undefined) continue;
    const hyper = Object.values(parameter.prior.arguments).flatMap((argument) => learnedParametersOf(model, argument));
    join([parameter.name, ...hyper]);
  }
  const groups = new Map<string, { parameters: string[]; factors: DensityFactor[] }>();
  for (const parameter of model.parameters) {
    if (parameter.fixed !== undefined) continue;
    const key = find(parameter.name);
    const group = groups.get(key) ?? { parameters: [], factors: [] };
    group.parameters.push(parameter.name);
    groups.set(key, group);
  }
  for (const [factor, names] of reads) {
    const [first] = names;
    if (first !== undefined) groups.get(find(first))?.factors.push(factor);
  }
  return [...groups.values()];
}
