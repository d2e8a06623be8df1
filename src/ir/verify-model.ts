import type { DistributionName } from "./distribution-name.js";
import { dimensionsOf, sameDimension, shapeOf } from "./domain.js";
import type { Dimension, Domain, Expression, Factor, Model } from "./model.js";
import { walkExpression } from "./walk-expression.js";

/** What a family of distributions takes, as far as its arguments' names go. */
export interface SlotNames {
  readonly name: string;
  readonly position: number;
  readonly optional?: boolean;
}

/**
 * Checks the invariants of a model: names are known and unique, every slot is filled, indices fit their tables.
 *
 * @throws {Error} on a broken one, which is a fault of the compiler, not of its user
 */
export function verifyModel(model: Model, slotsOf: (name: DistributionName) => readonly SlotNames[]): void {
  const fail = (reason: string): never => {
    throw new Error(`verifyModel: ${model.name}: ${reason}`);
  };
  verifyNames(model, fail);
  verifyDimensions(model, fail);
  verifyFactors(model, slotsOf, fail);
  for (const expression of expressionsOf(model)) verifyExpression(expression, model, fail);
}

type Fail = (reason: string) => never;

function verifyNames(model: Model, fail: Fail): void {
  const named = [model.sizes, model.axes, model.parameters, model.networks, model.variables].flat();
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) fail(`\`${name}\` is declared twice`);
    seen.add(name);
  }
  const axes = new Map(model.axes.map((axis) => [axis.name, axis]));
  for (const axis of model.axes) {
    if (axis.parent !== undefined && !axes.has(axis.parent))
      fail(`axis \`${axis.name}\` is in an unknown \`${axis.parent}\``);
  }
  for (const variable of model.variables) {
    variable.axes.forEach((name, i) => {
      const axis = axes.get(name) ?? fail(`\`${variable.name}\` is over an unknown axis \`${name}\``);
      if (axis.parent !== variable.axes[i - 1]) fail(`axes of \`${variable.name}\` are not nested`);
    });
    if (variable.optional && variable.role !== "observed") fail(`\`${variable.name}\` is optional but not observed`);
  }
}

function verifyDimensions(model: Model, fail: Fail): void {
  const sizes = new Set(model.sizes.map((size) => size.name));
  const check = (dimensions: readonly Dimension[], owner: string): void => {
    for (const dimension of dimensions) {
      if (dimension.kind === "symbol" && !sizes.has(dimension.name))
        fail(`${owner} has an unknown size \`${dimension.name}\``);
    }
  };
  for (const axis of model.axes) check(axis.size === undefined ? [] : [axis.size], axis.name);
  for (const parameter of model.parameters)
    check([...parameter.table, ...dimensionsOf(parameter.domain)], parameter.name);
  for (const variable of model.variables) check(dimensionsOf(variable.domain), variable.name);
  for (const network of model.networks)
    check([...network.inputs, ...network.outputs].flatMap(dimensionsOf), network.name);
  for (const expression of expressionsOf(model)) check(dimensionsOf(expression.type), "an expression");
}

function verifyFactors(model: Model, slotsOf: (name: DistributionName) => readonly SlotNames[], fail: Fail): void {
  const names = new Set<string>();
  for (const factor of model.factors) {
    if (names.has(factor.name)) fail(`two factors are named \`${factor.name}\``);
    names.add(factor.name);
  }
  for (const variable of model.variables) {
    const phases = model.factors
      .filter((factor) => factor.child === variable.name)
      .map((factor) => (factor.kind === "implicit" ? "all" : factor.phase))
      .join(", ");
    const allowed = variable.role === "given" ? [""] : ["all", "initial, step"];
    if (!allowed.includes(phases)) fail(`\`${variable.name}\` has factors of phases "${phases}"`);
  }
  const densities = [...model.factors, ...(model.guide?.sites ?? [])].flatMap((factor) =>
    factor.kind === "density" ? [factor] : [],
  );
  const priors = model.parameters.flatMap((parameter) => (parameter.prior === undefined ? [] : [parameter.prior]));
  for (const { distribution, arguments: given } of [...densities, ...priors]) {
    const slots = slotsOf(distribution);
    for (const name of Object.keys(given)) {
      if (!slots.some((slot) => slot.name === name)) fail(`${distribution} has no slot \`${name}\``);
    }
    for (const position of new Set(slots.map((slot) => slot.position))) {
      const forms = slots.filter((slot) => slot.position === position);
      const filled = forms.filter((slot) => Object.hasOwn(given, slot.name)).length;
      const needed = forms.every((slot) => slot.optional === true) ? 0 : 1;
      if (filled > 1 || filled < needed) fail(`${distribution} has ${filled} arguments at position ${position}`);
    }
  }
}

function verifyExpression(whole: Expression, model: Model, fail: Fail): void {
  for (const each of walkExpression(whole)) {
    switch (each.kind) {
      case "parameter": {
        const parameter =
          model.parameters.find((one) => one.name === each.name) ?? fail(`unknown parameter \`${each.name}\``);
        if (each.indices.length !== parameter.table.length) fail(`\`${each.name}\` has ${each.indices.length} indices`);
        each.indices.forEach((index, i) => verifyIndex(index, parameter.table[i], each.name, fail));
        break;
      }
      case "variable":
      case "sequence": {
        const variable =
          model.variables.find((one) => one.name === each.name) ?? fail(`unknown variable \`${each.name}\``);
        const isInChain = variable.axes.some((axis) => model.axes.find((one) => one.name === axis)?.kind === "chain");
        if ((each.kind === "sequence" || each.lag > 0) && !isInChain) fail(`\`${each.name}\` is not in a chain`);
        break;
      }
      case "position":
        if (!model.axes.some((axis) => axis.name === each.axis)) fail(`unknown axis \`${each.axis}\``);
        break;
      case "element":
        if (each.base.type.kind !== "sequence" && each.indices.length > shapeOf(each.base.type).length) {
          fail("an element has more indices than axes");
        }
        break;
      case "network": {
        const network =
          model.networks.find((one) => one.name === each.network) ?? fail(`unknown network \`${each.network}\``);
        if (each.output < 0 || each.output >= network.outputs.length)
          fail(`\`${each.network}\` has no output ${each.output}`);
        if (each.arguments.length !== network.inputs.length)
          fail(`\`${each.network}\` has ${each.arguments.length} arguments`);
        break;
      }
      case "constant":
      case "list":
      case "apply":
        break;
    }
  }
}

function verifyIndex(index: Expression, dimension: Dimension, owner: string, fail: Fail): void {
  if (index.kind === "constant") return;
  const { type }: { readonly type: Domain } = index;
  if (type.kind !== "category" || !sameDimension(type.categories, dimension))
    fail(`\`${owner}\` has an index of another size`);
}

function* expressionsOf(model: Model): Generator<Expression> {
  for (const parameter of model.parameters) {
    yield* Object.values(parameter.prior?.arguments ?? {});
    if (parameter.fixed !== undefined) yield parameter.fixed;
  }
  for (const factor of [...model.factors, ...(model.guide?.sites ?? [])]) yield* valuesOf(factor);
  yield* model.critic?.arguments ?? [];
}

function valuesOf(factor: Factor): readonly Expression[] {
  return factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments);
}
