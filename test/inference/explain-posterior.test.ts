import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { explainEStep, responsibility } from "../../src/inference/explain/e-step.js";
import type { Math as Formula } from "../../src/inference/explain/math.js";
import { Notation } from "../../src/inference/explain/notation.js";
import { factorGraph, type StructureVariable } from "./factor-graph.js";

type Symbol = Extract<Formula, { kind: "symbol" }>;

const members = 2;
const values = 2;

/** A number in (0, 1) for each cell of each table, the same for formulas and oracle. */
function cell(table: string, indices: readonly number[]): number {
  let hash = 7;
  for (const part of [...table].map((letter) => letter.charCodeAt(0)).concat(indices))
    hash = (hash * 31 + part + 1) % 997;
  return 0.05 + (0.9 * hash) / 997;
}
const datum = (name: string, position: readonly number[]): number => (cell(`${name}.data`, position) > 0.5 ? 1 : 0);

/** Latents g, h, … per row and z, … per member of a plate j, each reading some earlier ones; a discrete observation of each. */
const structures = fc
  .array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 4 })
  .map((edges) => {
    const names = ["a", "b", "c", "d"];
    const isInner = (i: number): boolean => edges[i]?.[3] === true;
    const latents = edges.map((row, i): StructureVariable => ({
      name: names[i] ?? "",
      kind: "discrete",
      axes: isInner(i) ? ["n", "j"] : ["n"],
      parents: names
        .slice(0, i)
        .filter((_, p) => row[p] === true && (isInner(i) || !isInner(p)))
        .map((name) => ({ name })),
    }));
    const observed = latents.map((latent): StructureVariable => ({
      name: `x${latent.name}`,
      role: "observed",
      kind: "discrete",
      axes: latent.axes ?? [],
      parents: [{ name: latent.name }],
    }));
    return [...latents, ...observed];
  });

/** All assignments of the latents' copies, with their probability: enumeration, no elimination. */
function posterior(variables: readonly StructureVariable[], latent: string, value: number, member: number): number {
  const latents = variables.filter((variable) => variable.role !== "observed");
  const copies = latents.flatMap((variable) =>
    (variable.axes?.length === 2 ? [0, 1] : [0]).map((j) => ({ variable, key: `${variable.name}${j}` })),
  );
  let matching = 0;
  let total = 0;
  for (let code = 0; code < values ** copies.length; code++) {
    const assigned = new Map(copies.map(({ key }, i) => [key, (code >> i) & 1]));
    const valueAt = (name: string, j: number): number => {
      const variable = variables.find((candidate) => candidate.name === name);
      const inner = variable?.axes?.length === 2;
      if (variable?.role === "observed") return datum(name, inner ? [0, j] : [0]);
      return assigned.get(`${name}${inner ? j : 0}`) ?? 0;
    };
    let probability = 1;
    for (const variable of variables) {
      for (let j = 0; j < (variable.axes?.length === 2 ? members : 1); j++) {
        const parents = (variable.parents ?? []).map(({ name }) => valueAt(name, j));
        probability *= cell(`${variable.name}_table`, [...parents, valueAt(variable.name, j)]);
      }
    }
    total += probability;
    if (valueAt(latent, member) === value) matching += probability;
  }
  return matching / total;
}

test.prop([structures], { numRuns: 60 })("the printed posterior is the enumerated one", (variables) => {
  const model = factorGraph({ axes: [{ name: "n" }, { name: "j", parent: "n", size: "J" }], variables });
  const notation = new Notation(model);
  const { inside, posterior: rows } = explainEStep(notation, () => []);
  const definitions = [...inside, ...rows].flatMap(({ math }) =>
    math.kind === "infix" && math.left.kind === "symbol" ? [{ left: math.left, right: math.right }] : [],
  );
  const tables = new Set(model.factors.map((factor) => `${factor.child}_table`));

  const evaluate = (formula: Formula, bound: ReadonlyMap<string, number>): number => {
    switch (formula.kind) {
      case "symbol":
        return evaluateSymbol(formula, bound);
      case "times":
        return formula.factors.reduce((product, factor) => product * evaluate(factor, bound), 1);
      case "fraction":
        return evaluate(formula.numerator, bound) / evaluate(formula.denominator, bound);
      case "reduce": {
        let result = formula.operator === "sum" ? 0 : 1;
        const visit = (left: readonly string[], inner: ReadonlyMap<string, number>): void => {
          const [name, ...rest] = left;
          if (name === undefined) {
            const value = evaluate(formula.body, inner);
            result = formula.operator === "sum" ? result + value : result * value;
            return;
          }
          for (let i = 0; i < 2; i++) visit(rest, new Map([...inner, [name, i]]));
        };
        visit(formula.over, bound);
        return result;
      }
      default:
        throw new Error(`no ${formula.kind} in these models`);
    }
  };
  const evaluateSymbol = (formula: Symbol, bound: ReadonlyMap<string, number>): number => {
    const value = bound.get(formula.name);
    if (value !== undefined && formula.subscripts.length === 0) return value;
    const indices = formula.subscripts.map((part) => evaluate(part, bound));
    if (tables.has(formula.name)) return cell(formula.name, indices);
    const definition = definitions.find(
      ({ left }) => left.name === formula.name && left.of.join() === formula.of.join(),
    );
    if (definition === undefined) return datum(formula.name, indices);
    const letters = definition.left.subscripts.map((part) => (part.kind === "symbol" ? part.name : ""));
    return evaluate(definition.right, new Map(letters.map((letter, i) => [letter, indices[i] ?? 0])));
  };

  for (const variable of variables.filter(({ role }) => role !== "observed")) {
    const share = responsibility(notation, [variable.name]);
    for (let j = 0; j < (variable.axes?.length === 2 ? members : 1); j++) {
      for (let value = 0; value < values; value++) {
        const bound = new Map([
          ["n", 0],
          ["j", j],
          [notation.indexOf(variable.name), value],
        ]);
        expect(evaluate(share, bound)).toBeCloseTo(posterior(variables, variable.name, value, j), 10);
      }
    }
  }
});
