import type { Component } from "./components.js";
import type { RegressionBlock, RegressionProblem } from "./problem.js";
import { tableCells } from "./problem.js";

/** Where each block's coefficients are: columns of z, and nodes (table cells of all blocks, numbered through). */
export interface Layout {
  readonly width: number;
  readonly columnOf: readonly number[];
  readonly nodesOf: readonly Int32Array[];
  readonly firstNode: readonly number[];
  readonly nodeCount: number;
  readonly blockOfNode: Int32Array;
}

/** One connected part of the problem, its unknowns numbered. */
export interface Part extends Component {
  /** First unknown column of a node among those of its form. */
  readonly unknownOf: ReadonlyMap<number, number>;
  readonly fullWidth: number;
  readonly sharedWidth: number;
}

export function layOut(problem: RegressionProblem): Layout {
  const columnOf: number[] = [];
  const firstNode: number[] = [];
  const nodesOf: Int32Array[] = [];
  const blockOfNode: number[] = [];
  let width = 0;
  problem.blocks.forEach((block, b) => {
    const table = tableCells(problem.cells, block.cellAxes);
    const first = blockOfNode.length;
    columnOf.push(width);
    firstNode.push(first);
    nodesOf.push(table.of.map((cell) => first + cell));
    for (let cell = 0; cell < table.count; cell++) blockOfNode.push(b);
    width += block.width;
  });
  return {
    width,
    columnOf,
    nodesOf,
    firstNode,
    nodeCount: blockOfNode.length,
    blockOfNode: Int32Array.from(blockOfNode),
  };
}

/** Position of coefficient (d, j) of table cell `at` in the stored values of a block. */
export function storedAt(block: RegressionBlock, dimension: number, at: number, d: number, j: number): number {
  return block.form === "shared" ? at * block.width + j : (at * dimension + d) * block.width + j;
}

export function numberUnknowns(component: Component, layout: Layout, blocks: readonly RegressionBlock[]): Part {
  const unknownOf = new Map<number, number>();
  let fullWidth = 0;
  let sharedWidth = 0;
  for (const node of component.nodes) {
    const block = blocks[layout.blockOfNode[node]];
    if (block.form === "full") {
      unknownOf.set(node, fullWidth);
      fullWidth += block.width;
    } else {
      unknownOf.set(node, sharedWidth);
      sharedWidth += block.width;
    }
  }
  return { ...component, unknownOf, fullWidth, sharedWidth };
}

/** The unknown (among those of its form) of each column of z in a cell. */
export function unknownColumns(problem: RegressionProblem, layout: Layout, part: Part, cell: number): Int32Array {
  const unknowns = new Int32Array(layout.width);
  problem.blocks.forEach((block, b) => {
    const first = unknownAt(part, layout.nodesOf[b][cell]);
    for (let j = 0; j < block.width; j++) unknowns[layout.columnOf[b] + j] = first + j;
  });
  return unknowns;
}

export function unknownAt(part: Part, node: number): number {
  return part.unknownOf.get(node) ?? 0;
}
