import { unitsOfTheChild } from "../../distributions/units-of-the-child.js";
import { sameShape, shapeOf } from "../../ir/domain.js";
import type {
  DensityFactor,
  Domain,
  Expression,
  Factor,
  FunctionName,
  Model,
  Network,
  Parameter,
  Variable,
} from "../../ir/model.js";
import type { ReportLine, WeightStart } from "../../ir/program.js";
import { operandsOf, walkExpression } from "../../ir/walk-expression.js";

/** A model whose networks work in the units of the data, and the parameters that say what those are. */
export interface ModelInUnits {
  readonly model: Model;
  /** Held: they begin at moments of the data and are never moved. */
  readonly scales: readonly Parameter[];
  readonly starts: Readonly<Record<string, WeightStart>>;
  /** Implicit variables that are mean + deviation * value: the value, and the parameters. */
  readonly implicit: ReadonlyMap<
    string,
    { readonly value: Expression; readonly mean: string; readonly deviation: string }
  >;
  readonly report: readonly ReportLine[];
}

type NetworkCall = Extract<Expression, { kind: "network" }>;

/**
 * Rewrites networks that make or read observed reals, so that what they learn has no unit:
 *
 *     x ~ Normal(net(z), v), x = net(z)      net(z)          mean + deviation * net(z)          everywhere
 *     x ~ Normal(m, sd: softplus(net(z)))    softplus(…)     deviation * softplus(…)            variances: its square
 *     q(z | x) = Normal(net(x), …)           x               (x - mean) / deviation             0 where it is missing
 *
 * An output is rewritten wherever it is read, by the same numbers: variables that share it go on to share it, and since
 * output layers are linear the set of distributions that the model can be stays what it was. With mean 0 and deviation 1
 * it is the program as written. Networks without hidden layers are left alone: their weights are results in the units of
 * the data.
 */
export function inUnitsOfData(model: Model): ModelInUnits {
  return new Rewriting(model).done();
}

class Rewriting {
  private readonly networks: ReadonlyMap<string, Network>;
  private readonly variables: ReadonlyMap<string, Variable>;
  private readonly calledByModel: ReadonlySet<string>;
  /** By output of a network: the variable whose location it is, or whose spread it makes. */
  private readonly locations = new Map<string, Variable>();
  private readonly spreads = new Map<string, Variable>();
  private readonly scales = new Map<string, Parameter>();
  private readonly starts: Record<string, WeightStart> = {};
  private readonly report = new Map<string, ReportLine>();
  private readonly rewritten = new Map<Expression, Expression>();
  private readonly rewrittenInGuide = new Map<Expression, Expression>();

  constructor(private readonly model: Model) {
    this.networks = new Map(model.networks.map((network) => [network.name, network]));
    this.variables = new Map(model.variables.map((variable) => [variable.name, variable]));
    this.calledByModel = new Set(
      model.factors
        .flatMap((factor) => expressionsOf(factor).flatMap((expression) => [...walkExpression(expression)]))
        .flatMap((part) => (part.kind === "network" ? [part.network] : [])),
    );
    this.findOutputs();
  }

  done(): ModelInUnits {
    const { model } = this;
    const factors = model.factors.map((factor) => this.factor(factor));
    const guide =
      model.guide === undefined
        ? undefined
        : { ...model.guide, sites: model.guide.sites.map((site) => this.site(site)) };
    const implicit = new Map(
      model.factors.flatMap((factor) => {
        const variable = factor.kind === "implicit" ? this.locationOf(factor.value) : undefined;
        if (factor.kind !== "implicit" || variable === undefined || factor.value.kind !== "network") return [];
        const { network } = factor.value;
        const value = this.call(factor.value, (part) => this.expression(part));
        const [mean, deviation] = (["mean", "deviation"] as const).map((as) => scaleName(network, variable, as));
        return [[factor.child, { value, mean, deviation }] as const];
      }),
    );
    return {
      model: { ...model, factors, ...(guide === undefined ? {} : { guide }) },
      scales: [...this.scales.values()],
      starts: this.starts,
      implicit,
      report: [...this.report.values()],
    };
  }

  /** Which outputs are locations and spreads of observed reals; one that makes spreads must not do anything else. */
  private findOutputs(): void {
    const elsewhere = new Set<string>();
    const seen = new Set<Expression>();
    const visit = (expression: Expression): void => {
      if (seen.has(expression)) return;
      seen.add(expression);
      if (expression.kind === "network") elsewhere.add(keyOf(expression));
      operandsOf(expression).forEach(visit);
    };
    for (const factor of [...this.model.factors, ...(this.model.guide?.sites ?? [])]) {
      const units = factor.kind === "density" ? (unitsOfTheChild[factor.distribution] ?? {}) : {};
      const variable = this.variables.get(factor.child);
      const isData = variable?.role === "observed" && variable.domain.kind === "real";
      if (variable === undefined || !isData) {
        expressionsOf(factor).forEach(visit);
        continue;
      }
      if (factor.kind === "implicit") {
        this.noteLocation(factor.value, variable);
        visit(factor.value);
        continue;
      }
      for (const [slot, argument] of Object.entries(factor.arguments)) {
        const unit = units[slot];
        if (unit === "location") this.noteLocation(argument, variable);
        if (unit === undefined || unit === "location") visit(argument);
        else this.noteSpread(argument, variable, visit);
      }
    }
    for (const key of [...this.spreads.keys()]) if (elsewhere.has(key)) this.spreads.delete(key);
  }

  private noteLocation(expression: Expression, variable: Variable): void {
    if (expression.kind !== "network" || !this.isDeep(expression.network)) return;
    if (!sameShape(shapeOf(expression.type), shapeOf(variable.domain)) || this.locations.has(keyOf(expression))) return;
    this.locations.set(keyOf(expression), variable);
  }

  private locationOf(expression: Expression): Variable | undefined {
    return expression.kind === "network" ? this.locations.get(keyOf(expression)) : undefined;
  }

  /** A positive function of outputs that is a spread, or a term of it. */
  private noteSpread(expression: Expression, variable: Variable, visit: (expression: Expression) => void): void {
    if (isSum(expression)) {
      for (const term of expression.arguments) this.noteSpread(term, variable, visit);
      return;
    }
    const calls = outermostCalls(expression);
    const fits = sameShape(shapeOf(expression.type), shapeOf(variable.domain));
    if (!isPositiveFunction(expression) || !fits || !calls.every(({ network }) => this.isDeep(network))) {
      visit(expression);
      return;
    }
    for (const call of calls) {
      if (!this.spreads.has(keyOf(call))) this.spreads.set(keyOf(call), variable);
      call.arguments.forEach(visit);
    }
  }

  /** Has it a layer of weights before its output layer? */
  private isDeep(name: string): boolean {
    return this.networks.get(name)?.layers.some(({ name: layer }) => !weightless.has(layer)) === true;
  }

  private factor(factor: Factor): Factor {
    if (factor.kind === "implicit") return { ...factor, value: this.expression(factor.value) };
    const units = unitsOfTheChild[factor.distribution] ?? {};
    const variable = this.variables.get(factor.child);
    const slots = Object.entries(factor.arguments).map(([slot, argument]) => {
      const unit = variable?.role === "observed" ? units[slot] : undefined;
      const isSpread = unit === "deviation" || unit === "variance";
      return [slot, isSpread ? this.spread(argument, unit) : this.expression(argument)] as const;
    });
    return { ...factor, arguments: Object.fromEntries(slots) };
  }

  private spread(expression: Expression, unit: "deviation" | "variance"): Expression {
    if (isSum(expression))
      return { ...expression, arguments: expression.arguments.map((term) => this.spread(term, unit)) };
    const calls = isPositiveFunction(expression) ? outermostCalls(expression) : [];
    const [first] = calls;
    const variable = first === undefined ? undefined : this.spreads.get(keyOf(first));
    if (first === undefined || variable === undefined || !calls.every((call) => this.spreads.has(keyOf(call))))
      return this.expression(expression);
    const deviation = this.scale(first.network, variable, "deviation");
    const { type } = expression;
    this.say(
      first,
      variable,
      `${first.network} makes the ${unit} of ${variable.name} in units of the data: ` +
        `${deviation.name}${unit === "variance" ? "^2" : ""} * what is written`,
    );
    const factor = unit === "variance" ? apply("square", type, deviation.expression) : deviation.expression;
    return apply("multiply", type, factor, this.expression(expression));
  }

  private expression(expression: Expression): Expression {
    const known = this.rewritten.get(expression);
    if (known !== undefined) return known;
    const made = this.rewrite(expression, (part) => this.expression(part));
    this.rewritten.set(expression, made);
    return made;
  }

  private site(site: DensityFactor): DensityFactor {
    const slots = Object.entries(site.arguments).map(([slot, argument]) => [slot, this.inGuide(argument)] as const);
    return { ...site, arguments: Object.fromEntries(slots) };
  }

  private inGuide(expression: Expression): Expression {
    const known = this.rewrittenInGuide.get(expression);
    if (known !== undefined) return known;
    const isOwn =
      expression.kind === "network" && this.isDeep(expression.network) && !this.calledByModel.has(expression.network);
    const made = this.rewrite(expression, (part) =>
      isOwn ? (this.standardised(expression.network, part) ?? this.inGuide(part)) : this.inGuide(part),
    );
    this.rewrittenInGuide.set(expression, made);
    return made;
  }

  private rewrite(expression: Expression, part: (expression: Expression) => Expression): Expression {
    switch (expression.kind) {
      case "constant":
      case "variable":
      case "sequence":
      case "position":
        return expression;
      case "parameter":
        return { ...expression, indices: expression.indices.map(part) };
      case "element":
        return { ...expression, base: part(expression.base), indices: expression.indices.map(part) };
      case "list":
        return { ...expression, items: expression.items.map(part) };
      case "apply":
        return { ...expression, arguments: expression.arguments.map(part) };
      case "network":
        return this.located(expression, this.call(expression, part));
    }
  }

  private call(call: NetworkCall, part: (expression: Expression) => Expression): NetworkCall {
    return { ...call, arguments: call.arguments.map(part) };
  }

  private located(written: NetworkCall, call: NetworkCall): Expression {
    const variable = this.locationOf(written);
    if (variable === undefined) return call;
    const [mean, deviation] = (["mean", "deviation"] as const).map((as) => this.scale(written.network, variable, as));
    this.say(
      written,
      variable,
      `${written.network} makes ${variable.name} in units of the data: ${mean.name} + ${deviation.name} * ` +
        `${written.network}(…), both taken of the data once`,
    );
    const { type } = written;
    return apply("add", type, mean.expression, apply("multiply", type, deviation.expression, call));
  }

  /** (x - mean) / deviation, 0 where it is missing; undefined for what is no observed real. */
  private standardised(network: string, read: Expression): Expression | undefined {
    if (read.kind !== "variable" && read.kind !== "sequence") return undefined;
    const variable = this.variables.get(read.name);
    if (variable?.role !== "observed" || variable.domain.kind !== "real") return undefined;
    if (read.kind === "variable" && read.presence === true) return undefined;
    const { span } = read;
    const type: Domain = { kind: "real", shape: shapeOf(variable.domain) };
    // Of a whole sequence, what it is at this step.
    const value: Expression =
      read.kind === "variable" ? read : { kind: "variable", name: read.name, lag: 0, type: variable.domain, span };
    const [mean, deviation] = (["mean", "deviation"] as const).map((as) => this.scale(network, variable, as));
    this.report.set(`${network} ${variable.name}`, {
      rule: "units of the data",
      text: `${network} reads (${variable.name} - ${mean.name}) / ${deviation.name}, both taken of the data once`,
      span,
    });
    const distance = apply("subtract", type, value, mean.expression);
    const standard = apply("divide", type, distance, deviation.expression);
    return variable.optional ? apply("multiply", type, standard, { ...value, presence: true, type }) : standard;
  }

  private say({ network, output, span }: NetworkCall, variable: Variable, text: string): void {
    this.report.set(`${network}#${output} ${variable.name}`, { rule: "units of the data", text, span });
  }

  private scale(
    network: string,
    variable: Variable,
    as: "mean" | "deviation",
  ): { readonly name: string; readonly expression: Expression } {
    const name = scaleName(network, variable, as);
    const { span } = variable;
    const type: Domain = { kind: as === "mean" ? "real" : "positive", shape: shapeOf(variable.domain) };
    const { critic } = this.model;
    const networks = critic === undefined ? [network] : [network, critic.network];
    const asWritten = { networks, value: as === "mean" ? 0 : 1 };
    this.scales.set(name, { name, span, table: [], domain: type, asWritten });
    this.starts[name] = { kind: "moments", variable: variable.name, as };
    return { name, expression: { kind: "parameter", name, indices: [], type, span } };
  }
}

/** Layers that a network without hidden layers may have. */
const weightless: ReadonlySet<string> = new Set(["flatten", "reshape", "pool", "dropout"]);

function scaleName(network: string, variable: Variable, as: "mean" | "deviation"): string {
  return `${network}.${variable.name}.${as}`;
}

function keyOf({ network, output }: NetworkCall): string {
  return `${network}#${output}`;
}

function expressionsOf(factor: Factor): readonly Expression[] {
  return factor.kind === "density" ? Object.values(factor.arguments) : [factor.value];
}

/** Calls of networks that are not arguments of another. */
function outermostCalls(expression: Expression): readonly NetworkCall[] {
  return expression.kind === "network" ? [expression] : operandsOf(expression).flatMap(outermostCalls);
}

type Application = Extract<Expression, { kind: "apply" }>;

/** A sum of spreads, or variances along a diagonal. */
function isSum(expression: Expression): expression is Application {
  return expression.kind === "apply" && (expression.function === "add" || expression.function === "diag");
}

function isPositiveFunction(expression: Expression): expression is Application {
  return expression.kind === "apply" && (expression.function === "softplus" || expression.function === "exp");
}

function apply(name: FunctionName, type: Domain, ...given: readonly [Expression, ...Expression[]]): Expression {
  return { kind: "apply", function: name, arguments: given, type, span: given[0].span };
}
