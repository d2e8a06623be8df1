import { tableGrows, tableTooLarge, tooManyValues } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic, RelatedPlace } from "../../diagnostics/diagnostic.js";
import type { Dimension, Model } from "../../ir/model.js";
import { printDimension } from "../../ir/print-domain.js";
import { tableDimensions, valuesOf } from "../joint-tables.js";
import type { ApproximationVerdict, ElboVerdict, ExactVerdict, Growth, JointTable, Verdict } from "../verdict.js";
import { severityWithoutOptIn } from "./severity.js";

/** Most cells of one exact table, per data item, unless `maxtable` says otherwise. */
const largestTable = 1e6;

/** Most values of a discrete latent that a bound tries one by one, unless `maxenum` says otherwise. */
const mostEnumerated = 64;

/** Tables that grow with the data, and tables that are too large at the sizes that are known. */
export function refuseTables(model: Model, verdict: Verdict): readonly Diagnostic[] {
  switch (verdict.kind) {
    case "exact":
      return refuseLargeTables(model, verdict, new Map());
    case "needsApproximation":
      return refuseGrowth(model, verdict);
    case "elbo":
      return refuseLargeEnumeration(model, verdict);
    case "adversarial":
    case "refused":
      return [];
  }
}

/** Tables larger than the limit, once sizes are bound; sizes that are not known yet are not judged. */
export function refuseLargeTables(
  model: Model,
  verdict: ExactVerdict,
  sizes: ReadonlyMap<string, number>,
): readonly Diagnostic[] {
  const limit = numberOption(model, "maxtable") ?? largestTable;
  return verdict.tables.flatMap((table) => {
    const dimensions = tableExtent(model, table);
    const cells = product(dimensions.map((dimension) => valueOf(model, dimension, sizes)));
    if (cells === undefined || cells <= limit) return [];
    const names = [...new Set(table.latents.map(({ name }) => name))];
    const last = model.variables.findLast((variable) => names.includes(variable.name));
    const related = model.variables
      .filter((variable) => names.includes(variable.name) && variable !== last)
      .map((variable) => ({ span: variable.span, message: `\`${variable.name}\` shares the table` }));
    const parameters = { latents: names, product: dimensions.map(printDimension).join("·"), cells, limit };
    return [tableTooLarge(last?.span ?? model.span, parameters, { severity: severityWithoutOptIn(model), related })];
  });
}

/** Values of the members, and the inner plates over which the table repeats within one item. */
function tableExtent(model: Model, table: JointTable): readonly Dimension[] {
  const plates = table.axes.flatMap((name) => {
    const axis = model.axes.find((candidate) => candidate.name === name);
    return axis?.kind === "plate" && axis.size !== undefined && axis.parent !== undefined ? [axis.size] : [];
  });
  return [...tableDimensions(model, table), ...plates];
}

function refuseGrowth(model: Model, verdict: ApproximationVerdict): readonly Diagnostic[] {
  return verdict.growths.flatMap((growth) => {
    const axis = model.axes.find((candidate) => candidate.name === growth.axis);
    const axisKind = axis?.kind ?? "plate";
    const applies = verdict.asked?.kind === "vb" || (verdict.asked?.kind === "collapse" && axisKind === "chain");
    if (applies) return [];
    const rejected = verdict.asked?.kind === "collapse" ? "approx: collapse" : undefined;
    const parameters = {
      selectors: growth.selectors,
      cells: cellsInSymbols(model, growth),
      axis: growth.axis,
      axisKind,
      child: growth.child,
      carrier: growth.carrier,
      movable: movable(model, growth),
      rejected,
    };
    return [
      tableGrows(growth.selecting, parameters, {
        severity: severityWithoutOptIn(model),
        related: relatedPlaces(model, growth, axisKind),
      }),
    ];
  });
}

function relatedPlaces(model: Model, growth: Growth, axisKind: "chain" | "plate"): readonly RelatedPlace[] {
  const declarations = model.variables
    .filter((variable) => growth.selectors.includes(variable.name))
    .map((variable) => ({
      span: variable.span,
      message: `\`${variable.name}\` takes a value ${axisKind === "chain" ? "at every step of" : "for every"} \`${growth.axis}\``,
    }));
  const { carrier } = growth;
  if (carrier === undefined) return declarations;
  const message = carrier.looksBack
    ? `\`${carrier.name}\` depends on its own past here`
    : `\`${carrier.name}\` is shared by every \`${growth.axis}\``;
  return [...declarations, { span: growth.linking, message }];
}

/** `K^T` for a chain `t` or a plate of size T, `(K·M)^T` for two latents. */
function cellsInSymbols(model: Model, growth: Growth): string {
  const axis = model.axes.find((candidate) => candidate.name === growth.axis);
  const base = growth.base.map(printDimension);
  const exponent = axis?.size === undefined ? growth.axis.toUpperCase() : printDimension(axis.size);
  return `${base.length > 1 ? `(${base.join("·")})` : base.join("")}^${exponent}`;
}

/** Selectors that could be declared just outside the axis, if one value holds all along it. */
function movable(model: Model, growth: Growth): readonly string[] {
  return growth.selectors.filter((name) => {
    const variable = model.variables.find((candidate) => candidate.name === name);
    return variable?.axes.at(-1) === growth.axis;
  });
}

function refuseLargeEnumeration(model: Model, verdict: ElboVerdict): readonly Diagnostic[] {
  const relax = model.learn?.options["relax"];
  const isRelaxed = relax !== undefined && relax.kind !== "number" && relax.name !== "none";
  const estimator = model.learn?.options["estimator"];
  const isDrawn = estimator?.kind === "name" && estimator.name === "rloo";
  if (!verdict.asked || isRelaxed || isDrawn) return [];
  const limit = numberOption(model, "maxenum") ?? mostEnumerated;
  return verdict.enumerate.flatMap((name) => {
    const variable = model.variables.find((candidate) => candidate.name === name);
    if (variable === undefined) return [];
    const dimension = valuesOf(variable.domain);
    const values = valueOf(model, dimension, new Map());
    if (values === undefined || values <= limit) return [];
    return [
      tooManyValues(
        variable.span,
        { variable: name, size: printDimension(dimension), values, limit },
        { severity: severityWithoutOptIn(model) },
      ),
    ];
  });
}

function numberOption(model: Model, name: string): number | undefined {
  const option = model.learn?.options[name];
  return option?.kind === "number" ? option.value : undefined;
}

function valueOf(model: Model, dimension: Dimension, sizes: ReadonlyMap<string, number>): number | undefined {
  if (dimension.kind === "literal") return dimension.value;
  return sizes.get(dimension.name) ?? model.sizes.find((size) => size.name === dimension.name)?.default;
}

function product(factors: readonly (number | undefined)[]): number | undefined {
  return factors.reduce((all, one) => (all === undefined || one === undefined ? undefined : all * one), 1);
}
