import { Graph, layout as dagreLayout } from "@dagrejs/dagre";
import type { DiagramEdge, DiagramNode, Plate, PlateDiagram } from "./plate-diagram.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything is, in pixels; boxes by their upper left corner. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Of a node with its caption, by name. */
  readonly nodes: ReadonlyMap<string, Box>;
  /** By identifier. */
  readonly plates: ReadonlyMap<string, Box>;
  /** As many as the diagram has edges, in their order. */
  readonly edges: readonly (readonly Point[])[];
}

export const fontSize = { name: 14, caption: 11 };
/** Height of a node's figure; below it is its caption. */
export const figureHeight = 44;
export const captionHeight = 18;
const margin = 20;
const plateLabelHeight = 18;
const platePadding = 10;

/** Letters of a proportional font are about 0.56 of its size wide. */
export function textWidth(text: string, size: number): number {
  return text.length * size * 0.56;
}

/** Width of the figure alone: a circle, or a box around a longer name. */
export function figureWidth({ name }: DiagramNode): number {
  return Math.max(figureHeight, textWidth(name, fontSize.name) + 18);
}

/** Layers from causes to effects (Sugiyama's method), plates as clusters. */
export function layoutDiagram({ nodes, plates, edges }: PlateDiagram): Layout {
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 34, edgesep: 14, marginx: margin, marginy: margin });
  for (const { id, parent } of plates) {
    graph.setNode(plateKey(id), {});
    if (parent !== undefined) graph.setParent(plateKey(id), plateKey(parent));
  }
  const own = new Map(nodes.map((node) => [node.name, roomOf(node, { plates, edges })]));
  for (const node of nodes) {
    const room = own.get(node.name);
    if (room === undefined) continue;
    const { width, height, left, right, top, bottom } = room;
    graph.setNode(nodeKey(node.name), { width: left + width + right, height: top + height + bottom });
    if (node.plate !== undefined) graph.setParent(nodeKey(node.name), plateKey(node.plate));
  }
  edges.forEach((edge, i) => {
    const { from, to, label } = edge;
    const room =
      label === undefined || from === to
        ? {}
        : { width: textWidth(label, fontSize.caption), height: 12, labelpos: "c" };
    graph.setEdge(nodeKey(from), nodeKey(to), room, String(i));
  });
  dagreLayout(graph);
  const placed = new Map(
    [...own].map(([name, { width, height, left, right, top, bottom }]) => {
      const { x, y } = graph.node(nodeKey(name)) as Point;
      return [
        name,
        { x: x - (left + width + right) / 2 + left, y: y - (top + height + bottom) / 2 + top, width, height },
      ];
    }),
  );
  const around = plateBoxes({ nodes, plates, edges }, placed);
  const right = Math.max(...[...placed.values(), ...around.values()].map(({ x, width }) => x + width));
  const bottom = Math.max(...[...placed.values(), ...around.values()].map(({ y, height }) => y + height));
  const points = edges.map(({ from, to }, i) =>
    (graph.edge(nodeKey(from), nodeKey(to), String(i)) as { readonly points: readonly Point[] }).points.map(
      ({ x, y }) => ({ x, y }),
    ),
  );
  const loops = Math.max(0, ...points.flat().map(({ x }) => x));
  return {
    width: Math.max(right, loops) + margin,
    height: bottom + margin,
    nodes: placed,
    plates: around,
    edges: points,
  };
}

function loopWidth({ label }: DiagramEdge): number {
  return 24 + textWidth(label ?? "", fontSize.caption);
}

/** A node with its caption, and what has to stay free around it: for its loop, and for the rims of its plates. */
function roomOf(
  node: DiagramNode,
  { plates, edges }: Pick<PlateDiagram, "plates" | "edges">,
): { readonly width: number; readonly height: number } & Readonly<Record<"left" | "right" | "top" | "bottom", number>> {
  const around = platesAround(node.plate, plates);
  const width = Math.max(figureWidth(node), textWidth(node.caption, fontSize.caption));
  const wanted = Math.max(0, ...around.map(({ label }) => textWidth(label, fontSize.caption)));
  const side = platePadding * around.length;
  return {
    width,
    height: figureHeight + captionHeight,
    left: side,
    right: side + Math.max(loopOf(node.name, edges), wanted - width),
    top: side,
    bottom: plateLabelHeight * around.length,
  };
}

function platesAround(id: string | undefined, plates: readonly Plate[]): readonly Plate[] {
  const plate = plates.find((each) => each.id === id);
  return plate === undefined ? [] : [plate, ...platesAround(plate.parent, plates)];
}

/** Width of the arc from a variable to itself; 0: it has none. */
function loopOf(name: string, edges: readonly DiagramEdge[]): number {
  const loops = edges.filter(({ from, to }) => from === name && to === name);
  return Math.max(0, ...loops.map(loopWidth));
}

/** A plate is as large as what is in it, with room for its label below. */
function plateBoxes(
  { nodes, plates, edges }: PlateContents,
  placed: ReadonlyMap<string, Box>,
): ReadonlyMap<string, Box> {
  const boxes = new Map<string, Box>();
  // What is inside comes after what it is in.
  for (const { id, label } of [...plates].reverse()) {
    const inside = [
      ...nodes
        .filter(({ plate }) => plate === id)
        .flatMap(({ name }) => {
          const box = placed.get(name);
          return box === undefined ? [] : [{ ...box, width: box.width + loopOf(name, edges) }];
        }),
      ...plates.filter(({ parent }) => parent === id).flatMap((plate) => boxes.get(plate.id) ?? []),
    ];
    if (inside.length === 0) continue;
    const x = Math.min(...inside.map((box) => box.x)) - platePadding;
    const y = Math.min(...inside.map((box) => box.y)) - platePadding;
    const right = Math.max(...inside.map((box) => box.x + box.width)) + platePadding;
    const bottom = Math.max(...inside.map((box) => box.y + box.height)) + plateLabelHeight;
    const width = Math.max(right - x, textWidth(label, fontSize.caption) + 2 * platePadding);
    boxes.set(id, { x, y, width, height: bottom - y });
  }
  return boxes;
}

type PlateContents = Pick<PlateDiagram, "nodes" | "plates" | "edges">;

function plateKey(id: string): string {
  return `plate ${id}`;
}

function nodeKey(name: string): string {
  return `node ${name}`;
}
