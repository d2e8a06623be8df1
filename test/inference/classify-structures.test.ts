import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { classify } from "../../src/inference/classify.js";
import { describeVerdict } from "../../src/inference/verdict.js";
import { factorGraph, type Structure, type StructureVariable } from "./factor-graph.js";

/**
 * Oracle: the smallest table width over ALL strong elimination orders, by dynamic programming over the sets of
 * eliminated variables, on a graph that the test writes out itself.
 */
function smallestWidth(structure: Structure, steps: number): number {
  const latent = structure.variables.filter((variable) => variable.role !== "observed");
  const ids = new Map<string, number>();
  const kinds: ("discrete" | "continuous")[] = [];
  const isStatic = (variable: StructureVariable): boolean => !(variable.axes ?? []).includes("t");
  for (const variable of latent) {
    for (let t = 0; t < (isStatic(variable) ? 1 : steps); t++) {
      ids.set(`${variable.name} ${t}`, kinds.length);
      kinds.push(variable.kind);
    }
  }
  const neighbours = kinds.map(() => 0);
  for (const variable of structure.variables) {
    for (let t = 0; t < (isStatic(variable) ? 1 : steps); t++) {
      const parents = variable.parents ?? [];
      const isFirst = t === 0 && parents.some((parent) => (parent.lag ?? 0) > 0);
      const used = isFirst ? parents.filter((parent) => (parent.lag ?? 0) === 0) : parents;
      const members = [{ name: variable.name, lag: 0 }, ...used].flatMap((member) => {
        const declared = structure.variables.find((candidate) => candidate.name === member.name);
        const at = declared !== undefined && isStatic(declared) ? 0 : t - (member.lag ?? 0);
        return ids.get(`${member.name} ${at}`) ?? [];
      });
      for (const a of members) for (const b of members) if (a !== b) neighbours[a] = (neighbours[a] ?? 0) | (1 << b);
    }
  }
  const count = kinds.length;
  const bucket = (v: number, eliminated: number): number => {
    let seen = 1 << v;
    let frontier = [v];
    while (frontier.length > 0) {
      const next: number[] = [];
      for (const u of frontier) {
        for (let w = 0; w < count; w++) {
          if (((neighbours[u] ?? 0) & (1 << w)) === 0 || (seen & (1 << w)) !== 0) continue;
          seen |= 1 << w;
          if ((eliminated & (1 << w)) !== 0) next.push(w);
        }
      }
      frontier = next;
    }
    return seen & ~eliminated;
  };
  const size = (set: number, kind: "discrete" | "continuous"): number =>
    kinds.filter((each, v) => each === kind && (set & (1 << v)) !== 0).length;
  const best = new Array<number>(1 << count).fill(Infinity);
  best[0] = 0;
  for (let set = 0; set < 1 << count; set++) {
    const sofar = best[set] ?? Infinity;
    if (sofar === Infinity) continue;
    for (let v = 0; v < count; v++) {
      if ((set & (1 << v)) !== 0) continue;
      const scope = bucket(v, set);
      if (kinds[v] === "discrete" && size(scope, "continuous") > 0) continue;
      const width = Math.max(sofar, size(scope, "discrete"));
      const after = set | (1 << v);
      if (width < (best[after] ?? Infinity)) best[after] = width;
    }
  }
  return best[(1 << count) - 1] ?? Infinity;
}

const sequence: NonNullable<Structure["axes"]> = [{ name: "t", kind: "chain" }];

/** Two latents per step (and perhaps a static one), each reading some earlier ones and its own past; two observations. */
const structures: fc.Arbitrary<Structure> = fc
  .record({
    kinds: fc.array(fc.constantFrom<"discrete" | "continuous">("discrete", "continuous"), {
      minLength: 2,
      maxLength: 3,
    }),
    hasStatic: fc.boolean(),
    edges: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
  })
  .map(({ kinds, hasStatic, edges }) => {
    let next = 0;
    const coin = (): boolean => edges[next++ % edges.length] ?? false;
    const count = hasStatic ? kinds.length : Math.min(kinds.length, 2);
    const latents: StructureVariable[] = [];
    for (let i = 0; i < count; i++) {
      const kind = kinds[i] ?? "discrete";
      const isStatic = hasStatic && i === 0;
      // A discrete variable with a Gaussian parent is a matter of bounds, not of widths.
      const readable = latents.filter((parent) => kind === "continuous" || parent.kind === "discrete");
      const parents = [
        ...readable.filter(coin).map(({ name }) => ({ name })),
        ...(!isStatic && coin() ? [{ name: `v${i}`, lag: 1 }] : []),
      ];
      latents.push({ name: `v${i}`, kind, axes: isStatic ? [] : ["t"], parents });
    }
    const observed = [0, 1].map((i): StructureVariable => ({
      name: `y${i}`,
      role: "observed",
      kind: "continuous",
      axes: ["t"],
      parents: latents.filter(coin).map(({ name }) => ({ name })),
    }));
    return { axes: sequence, variables: [...latents, ...observed] };
  });

describe("random chains", () => {
  test.prop([structures], { numRuns: 150 })(
    "exact exactly where the best possible table stops growing",
    (structure) => {
      const verdict = classify(factorGraph(structure));
      const grows = smallestWidth(structure, 6) > smallestWidth(structure, 4);
      expect(verdict.kind).toBe(grows ? "needsApproximation" : "exact");
    },
  );
});

describe("structures", () => {
  const describeStructure = (structure: Structure): string => describeVerdict(classify(factorGraph(structure)));

  test("two steps back with a discrete latent keep K^2 histories, however long the chain", () => {
    const verdict = classify(
      factorGraph({
        axes: sequence,
        variables: [
          {
            name: "k",
            kind: "discrete",
            axes: ["t"],
            parents: [
              { name: "k", lag: 1 },
              { name: "k", lag: 5 },
            ],
          },
          { name: "y", role: "observed", kind: "continuous", axes: ["t"], parents: [{ name: "k" }] },
        ],
      }),
    );
    expect(verdict).toMatchObject({ kind: "exact", latents: "discrete", scans: ["t"] });
    expect(verdict.kind === "exact" && verdict.tables.map((table) => table.latents.length)).toEqual([6]);
  });

  test("discrete chains in a plate, tied together at each step, need a table that grows with the plate", () => {
    const verdict = classify(
      factorGraph({
        axes: [
          { name: "t", kind: "chain" },
          { name: "j", parent: "t", size: "J" },
        ],
        variables: [
          { name: "k", kind: "discrete", axes: ["t"], parents: [{ name: "k", lag: 1 }] },
          { name: "z", kind: "discrete", axes: ["t", "j"], parents: [{ name: "k" }, { name: "z", lag: 1 }] },
          { name: "y", role: "observed", kind: "continuous", axes: ["t", "j"], parents: [{ name: "z" }] },
        ],
      }),
    );
    expect(verdict).toMatchObject({
      kind: "needsApproximation",
      growths: [{ axis: "j", selectors: ["z"], carrier: { name: "k", kind: "discrete" } }],
    });
  });

  test("Gaussian chains in a plate, tied together at each step, stack into one state and stay exact", () => {
    const verdict = classify(
      factorGraph({
        axes: [
          { name: "t", kind: "chain" },
          { name: "j", parent: "t", size: "J" },
        ],
        variables: [
          { name: "m", kind: "continuous", axes: ["t"], parents: [{ name: "m", lag: 1 }] },
          { name: "x", kind: "continuous", axes: ["t", "j"], parents: [{ name: "m" }, { name: "x", lag: 1 }] },
          { name: "y", role: "observed", kind: "continuous", axes: ["t", "j"], parents: [{ name: "x" }] },
        ],
      }),
    );
    expect(verdict).toMatchObject({ kind: "exact", latents: "gaussian", scans: ["t"], stacked: ["j"] });
  });

  test("a Gaussian shared by all rows above a discrete latent per row grows with the rows", () => {
    expect(
      describeStructure({
        axes: [{ name: "n" }],
        variables: [
          { name: "g", kind: "continuous" },
          { name: "z", kind: "discrete", axes: ["n"] },
          { name: "y", role: "observed", kind: "continuous", axes: ["n"], parents: [{ name: "g" }, { name: "z" }] },
        ],
      }),
    ).toBe("INTRACTABLE: table grows with ['n'] -> needs approx: collapse(r) / vb");
  });

  test("a discrete latent shared by all rows stays exact", () => {
    expect(
      describeStructure({
        axes: [{ name: "n" }],
        variables: [
          { name: "g", kind: "discrete" },
          { name: "z", kind: "discrete", axes: ["n"], parents: [{ name: "g" }] },
          { name: "y", role: "observed", kind: "continuous", axes: ["n"], parents: [{ name: "z" }] },
        ],
      }),
    ).toBe("EXACT EM (discrete elimination)");
  });

  test("a chain of observed values alone is not scanned", () => {
    expect(
      describeStructure({
        axes: [{ name: "s" }, { name: "t", kind: "chain", parent: "s" }],
        variables: [
          { name: "k", kind: "discrete", axes: ["s"] },
          {
            name: "y",
            role: "observed",
            kind: "continuous",
            axes: ["s", "t"],
            parents: [{ name: "k" }, { name: "y", lag: 1 }],
          },
        ],
      }),
    ).toBe("EXACT EM (discrete elimination)");
  });
});
