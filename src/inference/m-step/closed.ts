import { distributions } from "../../distributions/registry.js";
import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PriorValues, Statistic } from "../../ir/program.js";
import { axisSize, shapeOf } from "../elaborate/axes.js";
import type { Elaborator } from "../elaborate/elaborator.js";
import { densityContext } from "../elaborate/factor-density.js";
import { cellIndices, renameAxes, sumIntoCells, type CellIndex } from "./cells.js";
import { knownPrior } from "./known-prior.js";
import { learnedParametersOf } from "./parameter-groups.js";
import type { NotClosed, ParameterGroup, StatisticsContext, UpdateDerivation } from "./statistics-context.js";

/**
 * Closed-form maximisation of families with sufficient statistics, where each learned slot is a bare parameter: the
 * statistics are summed per cell of the parameter's table, and each cell is maximised on its own.
 *
 * Several factors that read the same parameters in the same slots add their statistics.
 */
export function deriveClosedUpdate(elaborator: Elaborator, group: ParameterGroup): UpdateDerivation | NotClosed {
  const [first] = group.factors;
  if (first === undefined) return { reason: "nothing observed depends on these parameters" };
  const { distribution: family } = first;
  const rule = distributions[family].maximisation;
  if (rule === undefined) return { reason: `${family} has no closed-form maximisation` };
  const slotParameters = slotsOf(elaborator, first, rule.learned);
  if (slotParameters === undefined)
    return { reason: `the ${rule.learned.join(" and ")} of ${family} must be plain parameters for a closed form` };
  const others = group.parameters.filter((name) => !Object.values(slotParameters).includes(name));
  if (others.length > 0) return { reason: `${others.join(", ")} enter in a way that has no closed form` };

  const placements: Placement[] = [];
  for (const factor of group.factors) {
    const slots = factor.distribution === family ? slotsOf(elaborator, factor, rule.learned) : undefined;
    if (slots === undefined || rule.learned.some((slot) => slots[slot] !== slotParameters[slot]))
      return { reason: `${group.parameters.join(", ")} serve factors of different form` };
    const unusual = Object.entries(factor.arguments).find(
      ([slot, argument]) =>
        !rule.learned.includes(slot) &&
        (!rule.slots.includes(slot) || learnedParametersOf(elaborator.model, argument).length > 0),
    );
    if (unusual !== undefined) return { reason: `${unusual[0]} of ${factor.child} is not known` };
    const arguments_ = rule.learned.map((slot) => learnedArgument(elaborator.model, factor, slot));
    const cells = arguments_.map((argument) => indicesOf(elaborator, argument?.parameter));
    const [own] = cells;
    if (own === undefined || cells.some((other) => other === undefined || keys(other) !== keys(own)))
      return { reason: `the parameters of ${factor.child} are indexed differently` };
    const exposure = arguments_.find((argument) => argument?.exposure !== undefined)?.exposure;
    placements.push({ factor, cells: own, ...(exposure === undefined ? {} : { exposure }) });
  }

  const [main] = rule.learned;
  const parameterName = slotParameters[main!]!;
  const parameter = elaborator.parameter(parameterName);
  const isSimplex = parameter.domain.kind === "simplex";
  const ownRank = isSimplex ? 0 : shapeOf(parameter.domain).length;
  const priors: Record<string, PriorValues> = {};
  for (const slot of rule.learned) {
    const prior = knownPrior(elaborator.model, slotParameters[slot]!, rule.conjugate[slot] ?? []);
    if (prior === "unknown") return { reason: `the prior of ${slotParameters[slot]} is not conjugate to ${family}` };
    if (prior !== undefined) priors[slot] = prior;
  }

  const cells = [...parameter.table, ...(isSimplex ? [] : shapeOf(parameter.domain))].map(axisSize);
  const width = isSimplex ? axisSize(shapeOf(parameter.domain)[0]!) : undefined;
  const prefix = Object.values(slotParameters).join("_");
  const sample = densityContext(elaborator, first, false);
  const names = ["count", ...Object.keys(rule.statistics(sample))];
  const wide = new Set(
    Object.entries(rule.statistics(sample))
      .filter(
        ([, node]) => isSimplex && (elaborator.builder.has(node, sample.categoriesAxis ?? "") || sample.childIsLatent),
      )
      .map(([name]) => name),
  );
  const statistics: Statistic[] = names.map((name) => ({
    name: `${prefix}.${name}`,
    shape: wide.has(name) && width !== undefined ? [...cells, width] : cells,
  }));

  return {
    update: {
      kind: "closed",
      rule: rule.rule,
      parameters: slotParameters,
      statistics: Object.fromEntries(names.map((name) => [name, `${prefix}.${name}`])),
      cells,
      ...(width === undefined ? {} : { width }),
      priors,
      distribution: family,
      children: group.factors.map((factor) => factor.child),
      spans: [parameter.span, ...group.factors.map((factor) => factor.span)],
    },
    statistics,
    write(context) {
      const builder = context.elaborator.builder;
      const table = parameter.table.map((dimension, i) => builder.axis(`${prefix}.${i}`, axisSize(dimension)));
      const own = shapeOf(parameter.domain).map((dimension, i) =>
        builder.axis(`${prefix}.own${i}`, axisSize(dimension)),
      );
      const totals = new Map<string, NodeId>();
      for (const placement of placements) {
        if (!context.isActive(placement.factor.name)) continue;
        const parts = factorStatistics(context, placement, ownRank, isSimplex, wide);
        for (const [name, part] of parts) {
          const renamed = renameAxes(builder, part.node, [...part.cellAxes, ...part.ownAxes], [...table, ...own]);
          const known = totals.get(name);
          totals.set(name, known === undefined ? renamed : builder.plus(known, renamed));
        }
      }
      for (const [name, node] of totals) {
        const stored = wide.has(name) ? [...table, ...own] : [...table, ...(isSimplex ? [] : own)];
        builder.output(`${prefix}.${name}`, node, stored);
      }
    },
  };
}

/** A factor of the group, the cells it sorts its statistics into, and what its parameter is multiplied by. */
interface Placement {
  readonly factor: DensityFactor;
  readonly cells: readonly CellIndex[];
  readonly exposure?: Expression;
}

interface PlacedStatistic {
  readonly node: NodeId;
  readonly cellAxes: readonly string[];
  readonly ownAxes: readonly string[];
}

function factorStatistics(
  context: StatisticsContext,
  { factor, cells: indices, exposure }: Placement,
  ownRank: number,
  isSimplex: boolean,
  wide: ReadonlySet<string>,
): ReadonlyMap<string, PlacedStatistic> {
  const { elaborator } = context;
  const rule = distributions[factor.distribution].maximisation;
  if (rule === undefined) throw new Error(`m-step: ${factor.distribution} has no closed form`);
  const density = densityContext(elaborator, factor, context.missing);
  const responsibility = context.responsibility(factor.name);
  const present = density.present;
  const eventKept = ownRank > 0 ? density.eventAxes : [];
  const result = new Map<string, PlacedStatistic>();
  const put = (name: string, operands: readonly NodeId[], ownAxes: readonly string[]): void => {
    // A parameter shared by the entries of a vector sees each of them once, also where nothing varies along them.
    const entries = isSimplex ? [] : density.eventAxes;
    const along = [...context.tableAxes(factor.name), ...entries];
    const exposed = exposure !== undefined && rule.exposure?.statistic === name;
    const all = exposed ? [...operands, elaborator.value(exposure, density.eventAxes)] : operands;
    const { node, axes } = sumIntoCells(elaborator, all, indices, ownAxes, along);
    result.set(name, { node, cellAxes: axes, ownAxes });
  };
  // A vector of counts is one observation: which of its entries are present is the statistic's affair.
  const isOneVector = isSimplex && density.eventAxes.length > 0;
  put("count", [responsibility, ...(present === undefined || isOneVector ? [] : [present])], eventKept);
  for (const [name, statistic] of Object.entries(rule.statistics(density))) {
    const kept = wide.has(name) && density.categoriesAxis !== undefined ? [density.categoriesAxis] : eventKept;
    put(name, [responsibility, statistic], kept);
  }
  return result;
}

function slotsOf(
  elaborator: Elaborator,
  factor: DensityFactor,
  learned: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const slots: Record<string, string> = {};
  for (const slot of learned) {
    const argument = learnedArgument(elaborator.model, factor, slot);
    if (argument === undefined) return undefined;
    slots[slot] = argument.parameter.name;
  }
  const distinct = new Set(Object.values(slots));
  return distinct.size === learned.length ? slots : undefined;
}

/** The parameter in a slot: alone, or, where the family allows it, times something known. */
function learnedArgument(
  model: Model,
  factor: DensityFactor,
  slot: string,
): { readonly parameter: ParameterExpression; readonly exposure?: Expression } | undefined {
  const argument = factor.arguments[slot];
  const isLearned = (expression: Expression): expression is ParameterExpression =>
    expression.kind === "parameter" && learnedParametersOf(model, expression).includes(expression.name);
  if (argument === undefined) return undefined;
  if (isLearned(argument)) return { parameter: argument };
  const allowed = distributions[factor.distribution].maximisation?.exposure?.slot === slot;
  if (!allowed || argument.kind !== "apply" || argument.function !== "multiply") return undefined;
  const [left, right] = argument.arguments;
  if (left === undefined || right === undefined) return undefined;
  const [parameter, exposure] = isLearned(left) ? [left, right] : [right, left];
  if (!isLearned(parameter) || learnedParametersOf(model, exposure).length > 0) return undefined;
  return { parameter, exposure };
}

type ParameterExpression = Extract<Expression, { kind: "parameter" }>;

function indicesOf(elaborator: Elaborator, argument: Expression | undefined): readonly CellIndex[] | undefined {
  return argument?.kind === "parameter" ? cellIndices(elaborator, argument.name, argument.indices) : undefined;
}

function keys(cells: readonly CellIndex[]): string {
  return cells.map((cell) => cell.key).join(" ");
}
