import { distributions } from "../../distributions/registry.js";
import type { Expression, Factor, Model } from "../../ir/model.js";
import type { NodeId, PlanFunction } from "../../ir/plan.js";
import { PlanBuilder } from "../../ir/plan-builder.js";
import { axisSize, declarePlates, declareRows, eventAxesOf } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { argumentContext } from "../elaborate/factor-density.js";
import { relaxedDensity } from "../relaxation.js";

/** Ancestral sampling: every variable after those its density, or its definition, reads. */
export function deriveSample(model: Model): PlanFunction {
  const builder = new PlanBuilder();
  declareRows(builder, model);
  writeDraws(model, builder, model.factors);
  return builder.build("sample");
}

/**
 * Outputs a draw of the child of each factor.
 *
 * @param kept what was drawn at the row before and holds on
 */
export function writeDraws(
  model: Model,
  builder: PlanBuilder,
  factors: readonly Factor[],
  kept: readonly string[] = [],
): void {
  const drawn = new Map<string, NodeId>();
  const elaborator = new Elaborator(model, builder, { parameters: "parameter", drawn, keepsDraws: true });
  for (const name of kept) {
    const [node, stored] = elaborator.kept(elaborator.variable(name), 1);
    drawn.set(name, node);
    builder.output(name, node, stored);
  }
  for (const written of inDrawingOrder(model, factors)) {
    const factor = written.kind === "implicit" ? (relaxedDensity(model, written) ?? written) : written;
    const variable = elaborator.variable(factor.child);
    declarePlates(builder, model, variable.axes);
    const eventAxes = eventAxesOf(builder, variable);
    if (factor.kind === "implicit") {
      const made = elaborator.value(factor.value, eventAxes);
      drawn.set(variable.name, made);
      builder.output(variable.name, made, [...variable.axes, ...eventAxes]);
      continue;
    }
    const categoriesAxis =
      variable.domain.kind === "category"
        ? builder.axis(`${variable.name}.values`, axisSize(variable.domain.categories))
        : eventAxes[0];
    const value = builder.rule(`draw ${variable.name}`, () =>
      distributions[factor.distribution].sample({
        ...argumentContext(elaborator, factor, eventAxes, categoriesAxis),
        axes: variable.axes,
        site: variable.name,
      }),
    );
    drawn.set(variable.name, value);
    builder.output(variable.name, value, [...variable.axes, ...eventAxes]);
  }
}

/** Factors so that each comes after the latent and observed variables it reads. */
function inDrawingOrder(model: Model, factors: readonly Factor[]): readonly Factor[] {
  const children = new Set(factors.map((factor) => factor.child));
  const done = new Set(model.variables.map(({ name }) => name).filter((name) => !children.has(name)));
  const ordered: Factor[] = [];
  while (ordered.length < factors.length) {
    const next = factors.find(
      (factor) =>
        !done.has(factor.child) &&
        expressionsOf(factor).every((argument) => [...variablesIn(argument)].every((name) => done.has(name))),
    );
    if (next === undefined) throw new Error("derive: the variables of the model read each other in a circle");
    ordered.push(next);
    done.add(next.child);
  }
  return ordered;
}

function expressionsOf(factor: Factor): readonly Expression[] {
  return factor.kind === "density" ? Object.values(factor.arguments) : [factor.value];
}

function variablesIn(expression: Expression): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case "variable":
        // What was drawn at an earlier step is there.
        if (node.lag === 0) found.add(node.name);
        return;
      case "parameter":
        return node.indices.forEach(visit);
      case "element":
        visit(node.base);
        return node.indices.forEach(visit);
      case "list":
        return node.items.forEach(visit);
      case "apply":
      case "network":
        return node.arguments.forEach(visit);
      case "constant":
      case "sequence":
      case "position":
        return;
    }
  };
  visit(expression);
  return found;
}
