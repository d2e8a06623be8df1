import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { standardModels, loadSource } from "../../src/cli/load-source.js";
import { checkSource } from "../../src/compile/index.js";
import { layoutDiagram, type Box } from "../../src/diagram/layout.js";
import { plateDiagram, type PlateDiagram } from "../../src/diagram/plate-diagram.js";
import { toSvg } from "../../src/diagram/svg.js";
import { toDot, toMermaid } from "../../src/diagram/text-formats.js";
import { staticModel } from "../arbitraries/static-model.js";

const drawn = (text: string): PlateDiagram => {
  const [first] = checkSource({ name: "test.gen", text }).models;
  if (first === undefined) throw new Error("the program has errors");
  return plateDiagram(first.model);
};
const standard = standardModels().map((name) => [name, drawn(loadSource(`std:${name}`).text)] as const);
const arrows = ({ edges }: PlateDiagram) =>
  edges.map(
    ({ from, to, label, isGuide }) =>
      `${from} ${isGuide ? "-->" : "->"} ${to}${label === undefined ? "" : ` (${label})`}`,
  );

const regimes = drawn(`
  model Regimes {
    size K = 2
    param initial: Simplex[K]
    param transition[K]: Simplex[K] ~ Dirichlet(2)
    param level[K]: Real
    param sd: Positive = 2
    each s {
      chain t {
        given u: Real
        latent z: Category[K] ~ Categorical(transition[z[t-1]]) init Categorical(initial)
        observe y: Real ~ Normal(level[z] + u, sd: sd)
      }
    }
  }`);

describe("the plate diagram", () => {
  test("has an edge for everything that a factor reads, once", () => {
    expect(arrows(regimes).sort()).toEqual(
      ["initial -> z", "transition -> z", "z -> z (t-1)", "level -> y", "z -> y", "u -> y", "sd -> y"].sort(),
    );
  });

  test("puts variables into their plates and tables of parameters into plates of their own", () => {
    expect(regimes.plates).toEqual([
      { id: "s", label: "s: sequences" },
      { id: "t", label: "t: steps", parent: "s" },
      { id: "cells of K", label: "1 … K" },
    ]);
    const plateOf = Object.fromEntries(regimes.nodes.map(({ name, plate }) => [name, plate]));
    expect(plateOf).toEqual({
      ...{ initial: undefined, transition: "cells of K", level: "cells of K", sd: undefined },
      ...{ u: "t", z: "t", y: "t" },
    });
  });

  test("tells what is learned, known, seen and given apart", () => {
    const kindOf = Object.fromEntries(regimes.nodes.map(({ name, kind }) => [name, kind]));
    expect(kindOf).toEqual({
      ...{ initial: "parameter", transition: "parameter", level: "parameter", sd: "constant" },
      ...{ u: "given", z: "latent", y: "observed" },
    });
  });

  test("leads what a network reads through the network, and dashes what only the guide reads", () => {
    const vae = drawn(`
      model Vae {
        size D
        net encoder(Vector[D]) -> (Vector[2], Vector[2]) = dense(8, relu)
        net decoder(Vector[2]) -> Vector[D] = dense(8, relu)
        each n {
          latent z: Vector[2] ~ Normal(0, 1)
          observe x: Binary[D] ~ Bernoulli(logits: decoder(z))
        }
        guide {
          let (m, s) = encoder(x)
          z ~ Normal(m, sd: softplus(s))
        }
        learn elbo
      }`);
    expect(arrows(vae).sort()).toEqual(["z -> decoder", "decoder -> x", "x --> encoder", "encoder --> z"].sort());
  });

  test.each(standard)("%s: every node has its own place, inside its plates and outside others", (_, diagram) => {
    expectPlaced(diagram);
  });

  test("so it is for models that nobody thought of", () => {
    fc.assert(
      fc.property(staticModel({ priors: true, missing: true, weights: true }), ({ text }) => expectPlaced(drawn(text))),
      { numRuns: 60 },
    );
  });
});

function expectPlaced(diagram: PlateDiagram): void {
  const layout = layoutDiagram(diagram);
  const boxes = diagram.nodes.map((node) => ({ node, box: boxOf(layout.nodes, node.name) }));
  const parentOf = new Map(diagram.plates.map(({ id, parent }) => [id, parent]));
  const platesOf = (plate: string | undefined): readonly string[] =>
    plate === undefined ? [] : [plate, ...platesOf(parentOf.get(plate))];
  for (const [i, { node, box }] of boxes.entries()) {
    expect(box.x >= 0 && box.y >= 0 && right(box) <= layout.width && bottom(box) <= layout.height).toBe(true);
    for (const other of boxes.slice(i + 1))
      expect(overlap(box, other.box), `${node.name} ${other.node.name}`).toBe(false);
    for (const { id } of diagram.plates) {
      const plate = layout.plates.get(id);
      if (plate === undefined) continue;
      if (platesOf(node.plate).includes(id)) expect(contains(plate, box), `${node.name} in ${id}`).toBe(true);
      else expect(overlap(plate, box), `${node.name} beside ${id}`).toBe(false);
    }
  }
}

const right = ({ x, width }: Box): number => x + width;
const bottom = ({ y, height }: Box): number => y + height;
const overlap = (a: Box, b: Box): boolean => a.x < right(b) && b.x < right(a) && a.y < bottom(b) && b.y < bottom(a);
const contains = (a: Box, b: Box): boolean =>
  a.x <= b.x && right(b) <= right(a) && a.y <= b.y && bottom(b) <= bottom(a);
function boxOf(boxes: ReadonlyMap<string, Box>, name: string): Box {
  const box = boxes.get(name);
  if (box === undefined) throw new Error(`${name} has no place`);
  return box;
}

describe("its forms", () => {
  test.each(standard)("%s: SVG, DOT and Mermaid name every node and every edge", (_, diagram) => {
    const svg = toSvg(diagram);
    const dot = toDot(diagram);
    const mermaid = toMermaid(diagram);
    for (const { name } of diagram.nodes) {
      expect(svg).toContain(`>${name}</text>`);
      expect(dot).toContain(`"${name}" [`);
      expect(mermaid).toContain(`n_${name}`);
    }
    expect(svg.match(/marker-end/g)).toHaveLength(diagram.edges.length);
    expect(dot.match(/ -> /g)).toHaveLength(diagram.edges.length);
    expect(mermaid.match(/ (-->|-\.->)/g)).toHaveLength(diagram.edges.length);
  });

  test("what a program says cannot break out of the SVG", () => {
    const text = `model M {\n## a < b & "c"\nparam m: Real\neach n { observe x: Real ~ Normal(m, 1) }\n}`;
    expect(toSvg(drawn(text))).toContain("a &lt; b &amp; &quot;c&quot;");
  });
});
