import type { Span } from "../../src/diagnostics/span.js";
import type { Axis, Domain, Expression, Factor, Model, Variable } from "../../src/ir/model.js";

/** A model by its structure alone: who depends on whom, in which plates and chains. */
export interface Structure {
  readonly axes?: readonly {
    readonly name: string;
    readonly kind?: "plate" | "chain";
    readonly parent?: string;
    readonly size?: string;
  }[];
  readonly variables: readonly StructureVariable[];
}

export interface StructureVariable {
  readonly name: string;
  readonly role?: "latent" | "observed" | "given";
  readonly kind: "discrete" | "continuous";
  readonly axes?: readonly string[];
  /** Discrete parents choose the distribution, continuous ones shift its mean. */
  readonly parents?: readonly { readonly name: string; readonly lag?: number }[];
}

export const nowhere: Span = { start: 0, end: 0 };

/**
 * Discrete variables are Categorical with a table over their discrete parents; continuous ones are Normal with a mean
 * that adds the continuous parents and a parameter chosen by the discrete ones. Whoever looks back gets an initial
 * factor without parents that look back.
 */
export function factorGraph(structure: Structure): Model {
  const axes = structure.axes ?? [];
  const byName = new Map(structure.variables.map((variable) => [variable.name, variable]));
  return {
    name: "Structure",
    span: nowhere,
    sizes: [],
    axes: axes.map((axis): Axis => ({
      name: axis.name,
      kind: axis.kind ?? "plate",
      span: nowhere,
      ...(axis.parent === undefined ? {} : { parent: axis.parent }),
      ...(axis.size === undefined ? {} : { size: { kind: "symbol", name: axis.size } }),
    })),
    parameters: [],
    networks: [],
    variables: structure.variables.map((variable): Variable => ({
      name: variable.name,
      role: variable.role ?? "latent",
      axes: variable.axes ?? [],
      domain: domainOf(variable),
      optional: false,
      span: nowhere,
    })),
    factors: structure.variables
      .filter(({ role }) => role !== "given")
      .flatMap((variable) => factorsOf(variable, byName)),
  };
}

function domainOf(variable: StructureVariable): Domain {
  return variable.kind === "continuous"
    ? { kind: "real", shape: [] }
    : { kind: "category", categories: { kind: "symbol", name: "K" }, shape: [] };
}

const real: Domain = { kind: "real", shape: [] };

function factorsOf(variable: StructureVariable, byName: ReadonlyMap<string, StructureVariable>): readonly Factor[] {
  const parents = variable.parents ?? [];
  const looksBack = parents.some((parent) => (parent.lag ?? 0) > 0);
  const make = (phase: "all" | "initial" | "step", used: typeof parents): Factor => {
    const reference = (parent: { readonly name: string; readonly lag?: number }): Expression => {
      const found = byName.get(parent.name);
      if (found === undefined) throw new Error(`no variable ${parent.name}`);
      return { kind: "variable", name: parent.name, lag: parent.lag ?? 0, type: domainOf(found), span: nowhere };
    };
    const isDiscrete = (parent: { readonly name: string }): boolean => byName.get(parent.name)?.kind === "discrete";
    const indices = used.filter(isDiscrete).map(reference);
    const table: Expression = { kind: "parameter", name: `${variable.name}_table`, indices, type: real, span: nowhere };
    const mean = used
      .filter((parent) => !isDiscrete(parent))
      .map(reference)
      .reduce<Expression>((sum, term) => apply("add", sum, term), table);
    return {
      kind: "density",
      name: phase === "initial" ? `${variable.name}.initial` : variable.name,
      child: variable.name,
      phase,
      span: nowhere,
      ...(variable.kind === "discrete"
        ? { distribution: "Categorical", arguments: { probabilities: table } }
        : { distribution: "Normal", arguments: { mean, covariance: constant(1) } }),
    };
  };
  if (!looksBack) return [make("all", parents)];
  return [
    make(
      "initial",
      parents.filter((parent) => (parent.lag ?? 0) === 0),
    ),
    make("step", parents),
  ];
}

export function apply(
  name: Extract<Expression, { kind: "apply" }>["function"],
  ...operands: readonly Expression[]
): Expression {
  return { kind: "apply", function: name, arguments: operands, type: real, span: nowhere };
}

export function constant(value: number): Expression {
  return { kind: "constant", value, type: real, span: nowhere };
}
