import { describe, expect, it } from "vitest";
import { distributions } from "../../src/distributions/registry.js";
import { distributionNames } from "../../src/ir/distribution-name.js";
import { maximisers } from "../../src/numerics/maximise/index.js";

describe.each(distributionNames)("%s", (name) => {
  const family = distributions[name];

  it("is found under its name and documented", () => {
    expect(family.name).toBe(name);
    for (const text of [family.summary, family.formula.text, family.formula.latex, family.support]) {
      expect(text.trim()).not.toBe("");
    }
    for (const slot of family.slots) expect(slot.documentation).not.toBe("");
  });

  it("numbers its positions without gaps, alternatives last", () => {
    const positions = family.slots.map((slot) => slot.position);
    expect([...new Set(positions)]).toEqual([...new Set(positions)].map((_, i) => i));
    family.slots.forEach((slot, i) => {
      expect(slot.optional === true).toBe(positions.indexOf(slot.position) < i);
    });
    expect(new Set(family.slots.map((slot) => slot.name)).size).toBe(family.slots.length);
  });

  it("balances the brackets of its formula", () => {
    for (const text of [family.formula.latex, ...(family.maximisation?.formula ?? []).map((line) => line.latex)]) {
      expect([...text].filter((c) => c === "{").length).toBe([...text].filter((c) => c === "}").length);
      expect(text.match(/\\left/g)?.length ?? 0).toBe(text.match(/\\right/g)?.length ?? 0);
    }
  });

  it("names structures exactly where its values are covariances", () => {
    expect(family.covarianceStructures !== undefined).toBe(family.values.includes("covariance"));
  });

  it("has a closed form that exists and reads its own slots", () => {
    const { maximisation, slots } = family;
    const names = slots.map((slot) => slot.name);
    const rule = maximisation?.rule ?? "poisson";
    expect(Object.keys(maximisers)).toContain(rule);
    for (const slot of maximisation?.slots ?? []) expect(names).toContain(slot);
    for (const slot of maximisation?.learned ?? []) expect(maximisation?.slots).toContain(slot);
    for (const slot of Object.keys(maximisation?.conjugate ?? {})) expect(maximisation?.learned).toContain(slot);
    expect(maximisation?.formula.map((line) => line.slot)).toEqual(maximisation?.learned);
  });
});
