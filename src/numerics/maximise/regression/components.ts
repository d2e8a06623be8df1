/** Cells of the grid whose coefficients must be solved together, and the coefficients they read. */
export interface Component {
  readonly cells: readonly number[];
  /** Nodes (see `connectedComponents`), ascending. */
  readonly nodes: readonly number[];
}

/**
 * Splits a grid into parts that share no coefficient: two cells are connected where they read the same table cell of a
 * block. `nodesOf[b][cell]` numbers the table cells of all blocks consecutively.
 */
export function connectedComponents(cellCount: number, nodesOf: readonly Int32Array[], nodeCount: number): Component[] {
  const parent = Int32Array.from({ length: nodeCount }, (_, node) => node);
  const rootOf = (node: number): number => {
    let root = node;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]];
      root = parent[root];
    }
    return root;
  };
  for (const nodes of nodesOf.slice(1)) {
    for (let cell = 0; cell < cellCount; cell++) parent[rootOf(nodes[cell])] = rootOf(nodesOf[0][cell]);
  }
  const parts = new Map<number, { cells: number[]; nodes: number[] }>();
  for (let cell = 0; cell < cellCount; cell++) {
    const root = rootOf(nodesOf[0][cell]);
    const part = parts.get(root);
    if (part === undefined) parts.set(root, { cells: [cell], nodes: [] });
    else part.cells.push(cell);
  }
  for (let node = 0; node < nodeCount; node++) parts.get(rootOf(node))?.nodes.push(node);
  return [...parts.values()];
}
