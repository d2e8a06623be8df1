import type { DensityFactor, Expression, Model, Variable } from "../../ir/model.js";
import type { CodeGroups } from "../../ir/program.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { isEnumerable } from "../elaborate/axes.js";

/**
 * Codes that fall into groups: a latent that is drawn, whose Normal prior takes its mean from the cell of a table that a
 * discrete latent picks, and whose parameters nothing else reads.
 *
 *     z ~ Normal(mean[y], spread[y])     mean: a table of reals; spread: absent, one for all groups, or a table as well
 *
 * Groups then have a start in the codes: learned first as if there were one group, and then grouped.
 */
export function codeGroupsOf(model: Model, sampled: readonly string[]): readonly CodeGroups[] {
  const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  return factors.flatMap((factor) => {
    const latent = model.variables.find(({ name }) => name === factor.child);
    if (latent?.role !== "latent" || !sampled.includes(latent.name) || latent.domain.kind !== "real") return [];
    if (factor.distribution !== "Normal" || factor.phase !== "all" || latent.axes.length !== 1) return [];
    const { mean, covariance, sd } = factor.arguments;
    const group = mean?.kind === "parameter" ? groupPicking(model, mean, latent) : undefined;
    if (group === undefined || mean?.kind !== "parameter" || !isFree(model, mean.name, factor)) return [];
    const spread = covariance ?? sd;
    const isOwn = spread?.kind === "parameter" && isFree(model, spread.name, factor);
    const parameter = isOwn ? model.parameters.find(({ name }) => name === spread.name) : undefined;
    const isKnownForm =
      parameter !== undefined && (isDiagonal(parameter.domain) || parameter.domain.kind === "positive");
    // A spread that depends on the group in another way says too much about the groups to begin without it.
    const readsGroup = Object.values(factor.arguments).some(
      (argument) => argument !== mean && reads(argument, group.name),
    );
    if (readsGroup && !(isKnownForm && isPickedBy(spread, group.name))) return [];
    return [
      {
        latent: latent.name,
        group: group.name,
        mean: mean.name,
        ...(isKnownForm && parameter !== undefined
          ? { spread: { parameter: parameter.name, as: covariance === undefined ? "deviation" : "variance" } as const }
          : {}),
        ...weightsOf(model, group),
      },
    ];
  });
}

/** The discrete latent that alone picks the cell of a table, once for each row. */
function groupPicking(
  model: Model,
  { indices }: Extract<Expression, { kind: "parameter" }>,
  latent: Variable,
): Variable | undefined {
  const [index] = indices;
  if (indices.length !== 1 || index?.kind !== "variable" || index.lag !== 0) return undefined;
  const group = model.variables.find(({ name }) => name === index.name);
  if (group?.role !== "latent" || group.domain.kind !== "category" || !isEnumerable(group)) return undefined;
  return group.axes.length === 1 && group.axes[0] === latent.axes[0] ? group : undefined;
}

function isPickedBy(spread: Expression | undefined, group: string): boolean {
  if (spread?.kind !== "parameter" || spread.indices.length !== 1) return false;
  const [index] = spread.indices;
  return index?.kind === "variable" && index.name === group;
}

function isDiagonal(domain: Model["parameters"][number]["domain"]): boolean {
  return domain.kind === "covariance" && (domain.structure === "diagonal" || domain.structure === "isotropic");
}

/** Learned, without a prior of its own, and read by this factor alone. */
function isFree(model: Model, parameter: string, factor: DensityFactor): boolean {
  const declared = model.parameters.find(({ name }) => name === parameter);
  if (declared === undefined || declared.fixed !== undefined || declared.prior !== undefined) return false;
  const readers = [...model.factors, ...(model.guide?.sites ?? [])].filter((other) => other !== factor);
  return readers.every((other) =>
    (other.kind === "implicit" ? [other.value] : Object.values(other.arguments)).every(
      (argument) => !reads(argument, parameter),
    ),
  );
}

function weightsOf(model: Model, group: Variable): { readonly weights?: string } {
  const factor = model.factors.find(({ child }) => child === group.name);
  if (factor?.kind !== "density" || factor.distribution !== "Categorical") return {};
  const [only, ...others] = Object.values(factor.arguments);
  if (only?.kind !== "parameter" || only.indices.length > 0 || others.length > 0) return {};
  return isFree(model, only.name, factor) && only.type.kind === "simplex" ? { weights: only.name } : {};
}

function reads(expression: Expression, name: string): boolean {
  return [...walkExpression(expression)].some(
    (part) => (part.kind === "parameter" || part.kind === "variable") && part.name === name,
  );
}
