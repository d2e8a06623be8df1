import { shapeOf } from "../../ir/domain.js";
import type { DensityFactor, Dimension, Expression, Model } from "../../ir/model.js";
import { printDimension } from "../../ir/print-domain.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { valuesOf } from "../joint-tables.js";
import { latentsOf } from "../latents.js";

/**
 * Multiplications of one E-step, in symbols, the terms that no other one contains: `N K D^2 + N K L`.
 *
 * @param histories steps of a regime for which a Gaussian is kept apart: 1 where none is collapsed
 */
export function costPerIteration(model: Model, rows: string, histories = 1): string {
  const { discrete, continuous } = latentsOf(model);
  const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  const isOfGaussian = (factor: DensityFactor): boolean =>
    referencesOf(factor).some(({ name }) => continuous.has(name));
  const regimes = new Set(
    factors.filter(isOfGaussian).flatMap((factor) => referencesOf(factor).map(({ name }) => name)),
  );
  const collapsed =
    histories === 1
      ? undefined
      : [...regimes]
          .filter((name) => discrete.has(name))
          .flatMap((name) => Array.from({ length: histories }, () => sizeOfValues(model, name)));
  const terms = factors.map((factor) => factorCost(model, factor, rows, isOfGaussian(factor) ? collapsed : undefined));
  const largest = terms.filter(
    (term, i) => !terms.some((other, j) => j !== i && contains(other, term) && (!contains(term, other) || j < i)),
  );
  return largest.map(describe).join(" + ");
}

interface Reference {
  readonly name: string;
  readonly lag: number;
}

/** Sizes whose product is the cost, sorted. */
type Cost = readonly string[];

/** @param collapsed values of the histories for which the factor's Gaussian is kept apart */
function factorCost(model: Model, factor: DensityFactor, rows: string, collapsed: readonly string[] | undefined): Cost {
  const { discrete, continuous } = latentsOf(model);
  const child = model.variables.find((variable) => variable.name === factor.child);
  if (child === undefined) throw new Error(`explain: the model has no variable ${factor.child}`);
  const plates = child.axes.map((name) => {
    const size = model.axes.find((axis) => axis.name === name)?.size;
    return name === rows || size === undefined ? "N" : printDimension(size);
  });
  const own = referencesOf(factor)
    .filter(({ name }) => discrete.has(name))
    .map(({ name }) => sizeOfValues(model, name));
  const values = collapsed ?? own;
  const event = shapeOf(child.domain).map(printDimension);
  const spread = factor.arguments["covariance"] ?? factor.arguments["scale"];
  const integrated = [...new Set(variablesIn(Object.values(factor.arguments)).map(({ name }) => name))]
    .filter((name) => continuous.has(name))
    .flatMap((name) => shapeOf(model.variables.find((variable) => variable.name === name)!.domain).map(printDimension));
  const isFull = spread?.type.kind === "covariance" && ["full", "lowRank"].includes(spread.type.structure);
  const ofLatent = continuous.has(factor.child) ? event : [];
  return [...plates, ...values, ...event, ...(isFull ? event : ofLatent), ...integrated]
    .filter((size) => !/^\d+$/.test(size))
    .sort(rowsFirst);
}

/** The variables of a factor, its child included; a latent and its value of the step before are two. */
function referencesOf({ child, arguments: given }: DensityFactor): readonly Reference[] {
  const all = [{ name: child, lag: 0 }, ...variablesIn(Object.values(given))];
  return [...new Map(all.map((reference) => [`${reference.name} ${reference.lag}`, reference])).values()];
}

function variablesIn(expressions: readonly Expression[]): readonly Reference[] {
  return expressions.flatMap((expression) =>
    [...walkExpression(expression)].flatMap((part) => (part.kind === "variable" ? [part] : [])),
  );
}

function sizeOfValues(model: Model, latent: string): string {
  const variable = model.variables.find((candidate) => candidate.name === latent);
  if (variable === undefined) throw new Error(`explain: the model has no variable ${latent}`);
  const size: Dimension = valuesOf(variable.domain);
  return printDimension(size);
}

function rowsFirst(a: string, b: string): number {
  return Number(b === "N") - Number(a === "N");
}

/** Does the product of `larger` contain that of `smaller`, size by size? */
function contains(larger: Cost, smaller: Cost): boolean {
  const left = [...larger];
  return smaller.every((size) => {
    const at = left.indexOf(size);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function describe(cost: Cost): string {
  const powers = new Map<string, number>();
  for (const size of cost) powers.set(size, (powers.get(size) ?? 0) + 1);
  return [...powers].map(([size, power]) => (power === 1 ? size : `${size}^${power}`)).join(" ");
}
