import { expect } from "vitest";
import type { Model } from "../../src/ir/model.js";
import { parse } from "../../src/parser/parse.js";
import { check } from "../../src/semantics/check.js";
import { placesOf, sizeOf } from "../oracles/enumeration.js";

/** The one model of a text, which must have no errors. */
export function modelOf(text: string): Model {
  const parsed = parse({ name: "random.gen", text });
  const checked = check(parsed.program);
  const errors = [...parsed.diagnostics, ...checked.diagnostics].filter(({ severity }) => severity === "error");
  expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  return checked.models[0]!;
}

/** Small enough to list every assignment of a row. */
export function isSmall(model: Model, sizes: Readonly<Record<string, number>>): boolean {
  const world = { sizes, parameters: {}, rows: [] };
  const cells = model.variables
    .filter((variable) => variable.role === "latent")
    .map((variable) => {
      const values = variable.domain.kind === "category" ? sizeOf(world, variable.domain.categories) : 2;
      return values ** placesOf(model, world, variable).length;
    });
  return cells.reduce((product, count) => product * count, 1) <= 300;
}
