import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { eliminationOrder } from "../../src/inference/elimination-order.js";
import { factorGraph, type Structure, type StructureVariable } from "./factor-graph.js";

const steps = (structure: Structure): readonly { readonly latent: string; readonly scope: readonly string[] }[] => {
  const order = eliminationOrder(factorGraph(structure));
  if (!order.ok) throw new Error(`refused: ${order.reason} ${order.name}`);
  return order.steps;
};

describe("elimination order", () => {
  test("the latent of a mixture is summed inside its plate, out of its own two factors", () => {
    const order = eliminationOrder(
      factorGraph({
        axes: [{ name: "n" }],
        variables: [
          { name: "z", kind: "discrete", axes: ["n"] },
          { name: "x", role: "observed", kind: "continuous", axes: ["n"], parents: [{ name: "z" }] },
        ],
      }),
    );
    expect(order).toEqual({
      ok: true,
      steps: [{ latent: "z", plate: ["n"], scope: ["z"], factors: ["z", "x"], after: [] }],
    });
  });

  test("inner plates come first, and their results flow outwards", () => {
    const order = eliminationOrder(
      factorGraph({
        axes: [{ name: "group" }, { name: "j", parent: "group", size: "J" }],
        variables: [
          { name: "g", kind: "discrete", axes: ["group"] },
          { name: "z", kind: "discrete", axes: ["group", "j"], parents: [{ name: "g" }] },
          { name: "x", role: "observed", kind: "continuous", axes: ["group", "j"], parents: [{ name: "z" }] },
        ],
      }),
    );
    expect(order).toEqual({
      ok: true,
      steps: [
        { latent: "z", plate: ["group", "j"], scope: ["z", "g"], factors: ["z", "x"], after: [] },
        { latent: "g", plate: ["group"], scope: ["g"], factors: ["g"], after: ["z"] },
      ],
    });
  });

  test("a tree of latents never needs more than a parent and its child in one table", () => {
    const tree = steps({
      axes: [{ name: "n" }],
      variables: [
        { name: "root", kind: "discrete", axes: ["n"] },
        ...["a", "b"].map((name): StructureVariable => ({
          name,
          kind: "discrete",
          axes: ["n"],
          parents: [{ name: "root" }],
        })),
        ...["aa", "ab", "ba"].map((name): StructureVariable => ({
          name,
          kind: "discrete",
          axes: ["n"],
          parents: [{ name: name.charAt(0) }],
        })),
        ...["root", "aa", "ab", "ba"].map((name): StructureVariable => ({
          name: `x_${name}`,
          role: "observed",
          kind: "continuous",
          axes: ["n"],
          parents: [{ name }],
        })),
      ],
    });
    expect(tree.map((step) => step.latent)).toHaveLength(6);
    expect(Math.max(...tree.map((step) => step.scope.length))).toBe(2);
  });

  test("two causes of one observation share its table", () => {
    const causes = steps({
      axes: [{ name: "n" }],
      variables: [
        { name: "a", kind: "discrete", axes: ["n"] },
        { name: "b", kind: "discrete", axes: ["n"] },
        { name: "x", role: "observed", kind: "continuous", axes: ["n"], parents: [{ name: "a" }, { name: "b" }] },
      ],
    });
    expect(causes.map((step) => step.scope)).toEqual([["b", "a"], ["a"]]);
  });

  test("two latents of sibling plates do not meet", () => {
    const siblings = steps({
      axes: [{ name: "n" }, { name: "i", parent: "n", size: "I" }, { name: "j", parent: "n", size: "J" }],
      variables: [
        { name: "g", kind: "discrete", axes: ["n"] },
        { name: "a", kind: "discrete", axes: ["n", "i"], parents: [{ name: "g" }] },
        { name: "b", kind: "discrete", axes: ["n", "j"], parents: [{ name: "g" }] },
      ],
    });
    expect(siblings).toMatchObject([
      { latent: "b", plate: ["n", "j"], scope: ["b", "g"] },
      { latent: "a", plate: ["n", "i"], scope: ["a", "g"] },
      { latent: "g", plate: ["n"], scope: ["g"], after: ["b", "a"] },
    ]);
  });

  test("Gaussian latents go before the discrete ones that select their densities", () => {
    const order = steps({
      axes: [{ name: "n" }],
      variables: [
        { name: "k", kind: "discrete", axes: ["n"] },
        { name: "z", kind: "continuous", axes: ["n"], parents: [{ name: "k" }] },
      ],
    });
    expect(order).toMatchObject([
      { latent: "z", plate: ["n"], scope: ["z", "k"], factors: ["z"] },
      { latent: "k", plate: ["n"], scope: ["k"], factors: ["k"], after: ["z"] },
    ]);
  });

  test.each<[string, Structure, { readonly reason: string; readonly name: string }]>([
    [
      "a chain",
      { axes: [{ name: "t", kind: "chain" }], variables: [{ name: "k", kind: "discrete", axes: ["t"] }] },
      { reason: "chain", name: "t" },
    ],
    [
      "a latent outside all plates",
      { axes: [{ name: "n" }], variables: [{ name: "g", kind: "discrete" }] },
      { reason: "sharedLatent", name: "g" },
    ],
  ])("%s is another rule's business", (_, structure, expected) => {
    expect(eliminationOrder(factorGraph(structure))).toEqual({ ok: false, ...expected });
  });

  const acyclic = fc.array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 6 });
  test.prop([acyclic])("every latent goes once, and no table mentions one that is gone", (edges) => {
    const variables = edges.map((row, i): StructureVariable => {
      const inner = i % 3 === 2;
      const parents = edges.flatMap((_, parent) =>
        parent < i && row[parent] === true && (inner || parent % 3 !== 2) ? [{ name: `z${parent}` }] : [],
      );
      return { name: `z${i}`, kind: "discrete", axes: inner ? ["n", "j"] : ["n"], parents };
    });
    const order = steps({ axes: [{ name: "n" }, { name: "j", parent: "n", size: "J" }], variables });
    expect(order.map((step) => step.latent).sort()).toEqual(variables.map((variable) => variable.name).sort());
    const gone = new Set<string>();
    for (const step of order) {
      expect(step.scope.filter((name) => gone.has(name))).toEqual([]);
      gone.add(step.latent);
    }
  });
});
