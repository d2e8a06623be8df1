import type { Dimension, Domain, Model, Parameter, Size, Variable } from "../../ir/model.js";
import type { AxisSize } from "../../ir/plan.js";
import type { EmProgram, GradientUpdate, Update } from "../../ir/program.js";
import { shapeOf } from "../../ir/domain.js";
import { rotationsOf } from "../../ir/rotations.js";
import { walkExpression } from "../../ir/walk-expression.js";
import type {
  Extent,
  ModelDescription,
  ParameterDescription,
  ParameterDomain,
  SizeDescription,
  VariableDescription,
} from "../../runtime/description.js";
import { literalSize } from "../literal-size.js";
import { literalValues } from "./literal-values.js";
import { startScales } from "./start-scales.js";

/** What a description is made of, whatever the algorithm. */
export interface Described extends Pick<
  EmProgram,
  "model" | "rowsAxis" | "statistics" | "sequences" | "forecast" | "approximation" | "variational"
> {
  readonly updates: readonly (
    Extract<Update, { kind: "regression" | "closed" }> | Pick<GradientUpdate, "kind" | "parameters" | "reason">
  )[];
}

/** Where a program comes from. */
export interface SourceIdentity {
  /** File name, without folders. */
  readonly fileName: string;
  readonly text: string;
  /** Hash of the text, in hexadecimal. */
  readonly hash: string;
  readonly compilerVersion: string;
}

/** What the run time has to know of a model, by name and shape. */
export function describe(program: Described, source: SourceIdentity): ModelDescription {
  const { model } = program;
  return {
    name: model.name,
    ...(model.documentation === undefined ? {} : { documentation: model.documentation }),
    source: source.fileName,
    sourceHash: source.hash,
    compilerVersion: source.compilerVersion,
    sizes: model.sizes.map((size) => describeSize(program, size)),
    parameters: model.parameters.map((parameter) => describeParameter(parameter, program)),
    variables: describeVariables(program),
    statistics: program.statistics.map(({ name, shape }) => ({ name, shape: shape.map(extentOfSize) })),
    hasRidge: ridgedParameters(program).size > 0,
    gradientBlocks: program.updates.flatMap((update) =>
      update.kind === "gradient" ? [{ parameters: update.parameters, reason: update.reason }] : [],
    ),
    options: optionsOf(model),
    ...(program.approximation === undefined ? {} : { approximation: program.approximation }),
    ...describeSequences(program),
    ...describeVariational(program),
    needsSymmetryBreaking: model.variables.some((variable) => variable.role === "latent"),
  };
}

function describeVariational({ variational }: Described): Pick<ModelDescription, "variational"> {
  if (variational === undefined) return {};
  const { blocks, begin, tables } = variational;
  return {
    variational: {
      blocks: blocks.map(({ kind, latents }) => ({ kind, latents })),
      beginnings: begin.length,
      tables: tables.map(({ name, shape }) => ({ name, shape: shape.map(extentOfSize) })),
    },
  };
}

function describeSequences({ sequences, forecast }: Described): Pick<ModelDescription, "sequences"> {
  if (sequences === undefined) return {};
  const predictive = forecast?.densities.map((one) => ({ ...one, cells: one.cells.map(extentOfSize) }));
  return { sequences: { ...sequences, ...(predictive === undefined ? {} : { predictive }) } };
}

/** Covariances and variances whose update takes the ridge. */
export function ridgedParameters(program: Described): ReadonlySet<string> {
  const names = program.updates.flatMap((update) =>
    update.kind === "regression" && update.covariance.parameter !== undefined ? [update.covariance.parameter] : [],
  );
  return new Set(names);
}

/** Of what a spread learned by regression is the variance, and whether it is its square root. */
function spreadForm(
  { updates }: Described,
  parameter: string,
): Pick<ParameterDescription, "ofLogarithm" | "isDeviation"> {
  const update = updates.find((one) => one.kind === "regression" && one.covariance.parameter === parameter);
  if (update?.kind !== "regression") return {};
  return {
    ...(update.logarithm ? { ofLogarithm: true } : {}),
    ...(update.covariance.form === "standardDeviation" ? { isDeviation: true } : {}),
  };
}

/** Plates of a variable inside a row. */
export function innerPlates(program: Described, variable: Variable): readonly string[] {
  return variable.axes.filter((axis) => axis !== program.rowsAxis);
}

export function extentOfSize(size: AxisSize): Extent {
  switch (size.kind) {
    case "symbol":
      return size.name;
    case "literal":
      return size.value;
    case "sum":
      return (
        literalSize(size) ?? (size.terms.length === 1 ? extentOfSize(size.terms[0]) : size.terms.map(extentOfSize))
      );
    case "rows":
      throw new Error("describe: the rows are no extent");
  }
}

function extentOf(dimension: Dimension): Extent {
  return dimension.kind === "symbol" ? dimension.name : dimension.value;
}

function axisText(extent: Extent): string {
  return typeof extent === "object" ? extent.map(axisText).join("+") : String(extent);
}

function describeSize(program: Described, { name, default: value, documentation }: Size): SizeDescription {
  const inData = program.model.variables.filter((variable) => variable.role !== "latent");
  const bound = inData
    .map((variable) => ({ variable: variable.name, dimension: storedExtents(program, variable).indexOf(name) }))
    .find(({ dimension }) => dimension >= 0);
  const atLeast = largestIndex(program.model, name) + 1;
  const labelled = inData.find(({ domain }) => domain.kind === "category" && extentOf(domain.categories) === name);
  return {
    name,
    ...(documentation === undefined ? {} : { documentation }),
    ...(value === undefined ? {} : { default: value }),
    ...(atLeast <= 1 ? {} : { atLeast }),
    ...(bound === undefined ? {} : { boundBy: bound }),
    ...(labelled === undefined ? {} : { categoriesOf: labelled.name }),
  };
}

/** The largest number by which an entry along a size is picked; -1 where none is. */
function largestIndex(model: Model, size: string): number {
  const expressions = model.factors.flatMap((factor) =>
    factor.kind === "density" ? Object.values(factor.arguments) : [factor.value],
  );
  const picked = expressions
    .flatMap((expression) => [...walkExpression(expression)])
    .flatMap((part) => {
      if (part.kind !== "parameter" && part.kind !== "element") return [];
      const table =
        part.kind === "element"
          ? shapeOf(part.base.type)
          : (model.parameters.find(({ name }) => name === part.name)?.table ?? []);
      return part.indices.flatMap((index, i) => {
        const along = table[i];
        const isAlong = along?.kind === "symbol" && along.name === size;
        return isAlong && index.kind === "constant" ? [index.value] : [];
      });
    });
  return Math.max(-1, ...picked);
}

/** Dimensions of a variable's column after the rows. */
function storedExtents(program: Described, variable: Variable): readonly Extent[] {
  return [...plateExtents(program, variable), ...shapeOf(variable.domain).map(extentOf)];
}

function plateExtents(program: Described, variable: Variable): readonly Extent[] {
  return innerPlates(program, variable).map((name) => {
    const axis = program.model.axes.find((candidate) => candidate.name === name);
    if (axis?.size === undefined) throw new Error(`describe: the plate ${name} has no size`);
    return extentOf(axis.size);
  });
}

function describeParameter(parameter: Parameter, program: Described): ParameterDescription {
  const shape = [...parameter.table.map(extentOf), ...ownShape(parameter.domain)];
  const takesRidge = parameter.domain.kind === "positive" && ridgedParameters(program).has(parameter.name);
  const scale = startScales(program).get(parameter.name);
  return {
    name: parameter.name,
    ...(parameter.documentation === undefined ? {} : { documentation: parameter.documentation }),
    domain: parameterDomain(parameter.domain),
    shape,
    axes: shape.map(axisText),
    tableRank: parameter.table.length,
    ...(parameter.fixed === undefined ? {} : { fixed: literalValues(parameter.fixed) }),
    hasPrior: parameter.prior !== undefined,
    ...(takesRidge ? { takesRidge } : {}),
    ...(rotationsOf(program.model).some(({ parameters }) => parameters[0] === parameter.name)
      ? { rotates: true as const }
      : {}),
    ...spreadForm(program, parameter.name),
    ...(scale === undefined ? {} : { startScale: scale }),
    ...(parameter.asWritten === undefined ? {} : { asWritten: parameter.asWritten }),
  };
}

/** As stored: see `ParameterDescription.shape`. */
function ownShape(domain: Domain): readonly Extent[] {
  if (domain.kind !== "covariance") return shapeOf(domain).map(extentOf);
  const size = extentOf(domain.size);
  switch (domain.structure) {
    case "full":
      return [size, size];
    case "diagonal":
      return [size];
    case "isotropic":
      return [];
    case "lowRank":
      if (domain.rank === undefined) throw new Error("describe: a low-rank covariance without its rank");
      return [size, domain.rank.kind === "literal" ? domain.rank.value + 1 : [domain.rank.name, 1]];
  }
}

function parameterDomain(domain: Domain): ParameterDomain {
  switch (domain.kind) {
    case "covariance":
      return `covariance.${domain.structure}`;
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "simplex":
    case "ordered":
      return domain.kind;
    case "count":
    case "binary":
    case "category":
    case "sequence":
      throw new Error(`describe: a ${domain.kind} parameter`);
  }
}

function describeVariables(program: Described): readonly VariableDescription[] {
  const { model } = program;
  const described: { readonly start: number; readonly description: VariableDescription }[] = model.variables.map(
    (variable) => ({ start: variable.span.start, description: describeVariable(program, variable) }),
  );
  for (const axis of model.axes) {
    if (axis.weight === undefined) continue;
    const description: VariableDescription = {
      name: axis.weight,
      role: "weight",
      domain: "positive",
      plates: [],
      plateNames: [],
      event: [],
      optional: false,
    };
    described.push({ start: axis.span.start, description });
  }
  return described.sort((a, b) => a.start - b.start).map(({ description }) => description);
}

function describeVariable(program: Described, variable: Variable): VariableDescription {
  const { domain } = variable;
  return {
    name: variable.name,
    role: variable.role,
    ...(variable.documentation === undefined ? {} : { documentation: variable.documentation }),
    domain: variableDomain(domain),
    ...(domain.kind === "category" ? { categories: extentOf(domain.categories) } : {}),
    plates: plateExtents(program, variable),
    plateNames: innerPlates(program, variable),
    event: shapeOf(domain).map(extentOf),
    optional: variable.optional,
    ...(learnsScale(program.model, variable) ? { learnsScale: true as const } : {}),
    ...seenAs(program.model, variable),
    ...occurrencesOf(program, variable),
  };
}

/** Statistics that say how often a latent has each value, if those of all its factors do, and of nothing else. */
function occurrencesOf(
  { model, updates, sequences }: Described,
  { name, role }: Variable,
): Pick<VariableDescription, "occurrences"> {
  if (role !== "latent" || sequences !== undefined) return {};
  const own = updates.flatMap((update) =>
    update.kind === "closed" &&
    update.distribution === "Categorical" &&
    update.children.every((child) => child === name)
      ? [update]
      : [],
  );
  const counted = own.reduce((count, { children }) => count + children.length, 0);
  if (counted === 0 || counted !== model.factors.filter(({ child }) => child === name).length) return {};
  return { occurrences: own.map(({ statistics }) => statistics["occurrences"]) };
}

/** A Gaussian latent with a learned parameter in its spread. */
function learnsScale(model: Model, { name, role, domain }: Variable): boolean {
  if (role !== "latent" || domain.kind !== "real") return false;
  const learned = new Set(
    model.parameters.filter(({ fixed }) => fixed === undefined).map((parameter) => parameter.name),
  );
  return model.factors.some((factor) => {
    if (factor.kind !== "density" || factor.child !== name) return false;
    const spread = factor.arguments["covariance"] ?? factor.arguments["sd"];
    return (
      spread !== undefined &&
      [...walkExpression(spread)].some((part) => part.kind === "parameter" && learned.has(part.name))
    );
  });
}

/** An observed variable of the latent's own place whose mean is the latent and nothing else. */
function seenAs(model: Model, { name, role, domain, axes }: Variable): Pick<VariableDescription, "seenAs"> {
  if (role !== "latent" || domain.kind !== "real") return {};
  const found = model.variables.find(
    (variable) =>
      variable.role === "observed" &&
      variable.axes.join() === axes.join() &&
      model.factors.some((factor) => {
        if (factor.kind !== "density" || factor.child !== variable.name) return false;
        const mean = factor.arguments["mean"];
        return mean?.kind === "variable" && mean.name === name && mean.lag === 0;
      }),
  );
  return found === undefined ? {} : { seenAs: found.name };
}

function variableDomain(domain: Domain): VariableDescription["domain"] {
  switch (domain.kind) {
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "count":
    case "binary":
    case "category":
    case "simplex":
    case "ordered":
      return domain.kind;
    case "covariance":
    case "sequence":
      throw new Error(`describe: a ${domain.kind} variable`);
  }
}

function optionsOf(model: Model): Readonly<Record<string, number | string>> {
  const options: Record<string, number | string> = {};
  for (const [name, option] of Object.entries(model.learn?.options ?? {})) {
    if (option.kind === "number") options[name] = option.value;
    if (option.kind === "name") options[name] = option.name;
  }
  return options;
}
