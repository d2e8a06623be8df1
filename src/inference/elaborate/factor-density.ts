import type { ArgumentContext, CovarianceArgument, DensityContext } from "../../distributions/distribution.js";
import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, Variable } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { axisSize, eventAxesOf, isEnumerable, valuesAxis } from "./axes.js";
import { elaborateCovariance } from "./covariance.js";
import type { Elaborator } from "./elaborator.js";

/** Makes the arguments of a distribution available as plan nodes. */
export function argumentContext(
  elaborator: Elaborator,
  factor: Pick<DensityFactor, "distribution" | "arguments">,
  eventAxes: readonly string[],
  categoriesAxis: string | undefined,
): ArgumentContext {
  const { builder } = elaborator;
  const distribution = distributions[factor.distribution];
  const expression = (slot: string): Expression => {
    const found = factor.arguments[slot];
    if (found === undefined) throw new Error(`elaborate: ${factor.distribution} has no argument ${slot}`);
    return found;
  };
  const covariances = new Map<string, CovarianceArgument>();
  return {
    builder,
    eventAxes,
    ...(categoriesAxis === undefined ? {} : { categoriesAxis }),
    has: (slot) => factor.arguments[slot] !== undefined,
    argument(slot) {
      const shape = distribution.slots.find((candidate) => candidate.name === slot)?.shape;
      if (shape === "categories" && categoriesAxis !== undefined)
        return elaborator.value(expression(slot), [categoriesAxis]);
      return elaborator.value(expression(slot), shape === "event" ? eventAxes : []);
    },
    covariance(slot) {
      const known = covariances.get(slot);
      if (known !== undefined) return known;
      const [row] = eventAxes;
      const column = row === undefined ? undefined : builder.axis(`${row}'`, builder.sizeOf(row));
      const made = elaborateCovariance(elaborator, expression(slot), row, column);
      covariances.set(slot, made);
      return made;
    },
  };
}

/** The axis along which a factor's child has its categories, where it has any. */
export function categoriesAxisOf(
  elaborator: Elaborator,
  child: Variable,
  eventAxes: readonly string[],
): string | undefined {
  if (child.domain.kind === "category") {
    return isEnumerable(child)
      ? valuesAxis(elaborator.builder, child)
      : elaborator.builder.axis(`${child.name}.values`, axisSize(child.domain.categories));
  }
  // Multinomial counts and simplices have one entry per category.
  return eventAxes[0];
}

/** Everything a distribution needs to write the density of a factor. */
export function densityContext(elaborator: Elaborator, factor: DensityFactor, missing: boolean): DensityContext {
  const { builder } = elaborator;
  const child = elaborator.variable(factor.child);
  const eventAxes = eventAxesOf(builder, child);
  const categoriesAxis = categoriesAxisOf(elaborator, child, eventAxes);
  const common = argumentContext(elaborator, factor, eventAxes, categoriesAxis);
  const drawn = child.role === "latent" ? elaborator.mode.drawn?.get(child.name) : undefined;
  if (drawn !== undefined) return { ...common, child: drawn, childIsLatent: false };
  if (isEnumerable(child)) {
    const axis = valuesAxis(builder, child);
    return { ...common, child: builder.position(axis), childIsLatent: child.domain.kind === "category" };
  }
  const raw = elaborator.data(child, eventAxes);
  if (!child.optional || !missing) return { ...common, child: raw, childIsLatent: false };
  return {
    ...common,
    child: builder.unary("presentOrZero", raw),
    present: builder.unary("isPresent", raw),
    childIsLatent: false,
  };
}

/** log density of a factor: a table over the plates of its child and the values of its discrete latents. */
export function factorDensity(elaborator: Elaborator, factor: DensityFactor, missing: boolean): NodeId {
  const context = densityContext(elaborator, factor, missing);
  return elaborator.builder.rule(`${factor.distribution.toLowerCase()}-density`, () =>
    distributions[factor.distribution].logDensity(context),
  );
}

/** Latents that a factor's table runs over, its child included, with the steps back at which it reads them. */
export function latentScope(
  elaborator: Elaborator,
  factor: DensityFactor,
): readonly { readonly name: string; readonly lag: number }[] {
  const found = new Map<string, { readonly name: string; readonly lag: number }>();
  const add = (name: string, lag: number): void => {
    if (elaborator.variable(name).role === "latent") found.set(`${name} ${lag}`, { name, lag });
  };
  add(factor.child, 0);
  for (const argument of Object.values(factor.arguments)) {
    for (const part of walkExpression(argument)) if (part.kind === "variable") add(part.name, part.lag);
  }
  return [...found.values()];
}
