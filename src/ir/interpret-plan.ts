import type { AxisSize, DrawFamily, InputSource, NodeId, Operation, PlanFunction } from "./plan.js";
import { binaryValue, unaryValue } from "./elementwise.js";
import { solveAxes } from "./plan-axes.js";

/** Random numbers of one site. */
export interface DrawSource {
  /** In (0, 1). */
  uniform(): number;
  /** Mean 0, variance 1. */
  normal(): number;
  /** Rate 1. */
  gamma(shape: number): number;
  beta(a: number, b: number): number;
  poisson(mean: number): number;
  binomial(count: number, probability: number): number;
  vonMises(mean: number, concentration: number): number;
}

export interface PlanEnvironment {
  /** Value of each size symbol. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Size of the rows axis. */
  readonly rows: number;
  readonly inputs: Partial<Record<InputSource, Readonly<Record<string, Float64Array>>>>;
  /** Needed where the function draws. Draws are taken in row-major order of a node's cells, node by node. */
  readonly stream?: (site: string) => DrawSource;
  /** An output of a name found here that lacks the rows axis is added to these values, in place. */
  readonly accumulate?: Record<string, Float64Array>;
}

/** One node's values in row-major order of its axes, given by their numbers in the function. */
interface Cells {
  readonly axes: readonly number[];
  readonly strides: readonly number[];
  readonly data: Float64Array;
}

/** Position along each axis of the function, by its number. */
type Coordinates = number[];

/**
 * The slow float64 reference of the Plan IR: every node is evaluated cell by cell as `plan.ts` defines it.
 *
 * @returns each output in row-major order of its listed axes
 * @throws Error where an input is missing or has another length than its axes say
 */
export function interpretPlan(fn: PlanFunction, environment: PlanEnvironment): Record<string, Float64Array> {
  const sizes = fn.axes.map((axis) => sizeInNumbers(axis.size, environment));
  const numberOf = new Map(fn.axes.map((axis, number) => [axis.name, number]));
  const axisNumber = (name: string): number => {
    const number = numberOf.get(name);
    if (number === undefined) throw new Error(`interpret plan ${fn.name}: axis ${name} is not declared`);
    return number;
  };
  const values: Cells[] = [];
  for (const node of fn.nodes) {
    const axes = node.axes.map(axisNumber);
    values.push(evaluate(node.operation, axes, { fn, sizes, axisNumber, values, environment }));
  }
  const results: Record<string, Float64Array> = {};
  for (const output of fn.outputs) {
    const value = values[output.node];
    const stored = tabulate(output.axes.map(axisNumber), sizes, (at) => read(value, at)).data;
    const hasRows = output.axes.some((axis) => fn.axes[axisNumber(axis)].size.kind === "rows");
    const total = hasRows ? undefined : environment.accumulate?.[output.name];
    total?.forEach((earlier, cell) => (total[cell] = earlier + stored[cell]));
    results[output.name] = total ?? stored;
  }
  return results;
}

interface Scope {
  readonly fn: PlanFunction;
  readonly sizes: readonly number[];
  readonly axisNumber: (name: string) => number;
  readonly values: readonly Cells[];
  readonly environment: PlanEnvironment;
}

function sizeInNumbers(size: AxisSize, environment: PlanEnvironment): number {
  switch (size.kind) {
    case "rows":
      return environment.rows;
    case "literal":
      return size.value;
    case "symbol": {
      const value = environment.sizes[size.name];
      if (value === undefined) throw new Error(`interpret plan: size ${size.name} is not given`);
      return value;
    }
    case "sum":
      return size.terms.reduce((total, term) => total + sizeInNumbers(term, environment), 0);
  }
}

function emptyCells(axes: readonly number[], sizes: readonly number[]): Cells {
  const strides: number[] = [];
  let length = 1;
  for (const axis of [...axes].reverse()) {
    strides.unshift(length);
    length *= sizes[axis];
  }
  return { axes, strides, data: new Float64Array(length) };
}

function offset(cells: Cells, at: Coordinates): number {
  let position = 0;
  for (let i = 0; i < cells.axes.length; i++) position += cells.strides[i] * at[cells.axes[i]];
  return position;
}

function read(cells: Cells, at: Coordinates): number {
  return cells.data[offset(cells, at)];
}

/** Visits the cells of some axes in row-major order; leaves the positions along other axes alone. */
function forEachCell(axes: readonly number[], sizes: readonly number[], at: Coordinates, visit: () => void): void {
  const walk = (depth: number): void => {
    if (depth === axes.length) return visit();
    for (let position = 0; position < sizes[axes[depth]]; position++) {
      at[axes[depth]] = position;
      walk(depth + 1);
    }
  };
  walk(0);
}

function tabulate(axes: readonly number[], sizes: readonly number[], value: (at: Coordinates) => number): Cells {
  const cells = emptyCells(axes, sizes);
  const at: Coordinates = sizes.map(() => 0);
  forEachCell(axes, sizes, at, () => {
    cells.data[offset(cells, at)] = value(at);
  });
  return cells;
}

function evaluate(operation: Operation, axes: readonly number[], scope: Scope): Cells {
  const { sizes, axisNumber, values, environment } = scope;
  const fill = (value: (at: Coordinates) => number): Cells => tabulate(axes, sizes, value);
  switch (operation.kind) {
    case "constant":
      return fill(() => operation.value);
    case "size": {
      const size = sizes[axisNumber(operation.axis)];
      return fill(() => size);
    }
    case "position": {
      const axis = axisNumber(operation.axis);
      return fill((at) => at[axis]);
    }
    case "input": {
      const stored = emptyCells(operation.axes.map(axisNumber), sizes);
      const given = environment.inputs[operation.source]?.[operation.name];
      const label = `interpret plan ${scope.fn.name}: ${operation.source} ${operation.name}`;
      if (given === undefined) throw new Error(`${label} is not given`);
      if (given.length !== stored.data.length) {
        throw new Error(`${label} has ${given.length} entries instead of ${stored.data.length}`);
      }
      stored.data.set(given);
      return fill((at) => read(stored, at));
    }
    case "unary": {
      const operand = values[operation.operand];
      return fill((at) => unaryValue(operation.function, read(operand, at)));
    }
    case "binary": {
      const left = values[operation.left];
      const right = values[operation.right];
      return fill((at) => binaryValue(operation.function, read(left, at), read(right, at)));
    }
    case "select": {
      const [condition, whenTrue, whenFalse] = [operation.condition, operation.whenTrue, operation.whenFalse].map(
        (id) => values[id],
      );
      return fill((at) => (read(condition, at) !== 0 ? read(whenTrue, at) : read(whenFalse, at)));
    }
    case "reduce": {
      const operand = values[operation.operand];
      const over = operation.over.map(axisNumber);
      return fill((at) => {
        const entries: number[] = [];
        forEachCell(over, sizes, at, () => entries.push(read(operand, at)));
        return reduced(operation.function, entries);
      });
    }
    case "softmax": {
      const operand = values[operation.operand];
      const over = operation.over.map(axisNumber);
      const kept = axes.filter((axis) => !over.includes(axis));
      const total = tabulate(kept, sizes, (at) => {
        const entries: number[] = [];
        forEachCell(over, sizes, at, () => entries.push(read(operand, at)));
        return reduced("logSumExp", entries);
      });
      return fill((at) => (read(total, at) === -Infinity ? 0 : Math.exp(read(operand, at) - read(total, at))));
    }
    case "contract": {
      const operands = operation.operands.map((id) => values[id]);
      const over = operation.over.map(axisNumber);
      return fill((at) => {
        let total = 0;
        forEachCell(over, sizes, at, () => {
          total += operands.reduce((product, operand) => product * read(operand, at), 1);
        });
        return total;
      });
    }
    case "gather": {
      const [table, index] = [values[operation.table], values[operation.index]];
      const axis = axisNumber(operation.axis);
      return fill((at) => {
        const picked = read(index, at);
        if (!isPosition(picked, sizes[axis])) return NaN;
        at[axis] = picked;
        return read(table, at);
      });
    }
    case "scatterAdd": {
      const [operand, index] = [values[operation.operand], values[operation.index]];
      const axis = axisNumber(operation.axis);
      const over = operation.over.map(axisNumber);
      return fill((at) => {
        let total = 0;
        forEachCell(over, sizes, at, () => {
          if (read(index, at) === at[axis]) total += read(operand, at);
        });
        return total;
      });
    }
    case "rename": {
      const operand = values[operation.operand];
      const [from, to] = [axisNumber(operation.from), axisNumber(operation.to)];
      return fill((at) => {
        at[from] = at[to];
        return read(operand, at);
      });
    }
    case "diagonal": {
      const operand = values[operation.operand];
      const [row, column] = [axisNumber(operation.row), axisNumber(operation.column)];
      return fill((at) => {
        at[column] = at[row];
        return read(operand, at);
      });
    }
    case "slice": {
      const operand = values[operation.operand];
      const axis = axisNumber(operation.axis);
      return fill((at) => {
        at[axis] = operation.at;
        return read(operand, at);
      });
    }
    case "stack": {
      const operands = operation.operands.map((id) => values[id]);
      const axis = axisNumber(operation.axis);
      return fill((at) => read(operands[at[axis]], at));
    }
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
      return interpretLayout(operation, axes, scope);
    case "cholesky":
      return evaluateCholesky(
        values[operation.operand],
        axes,
        axisNumber(operation.row),
        axisNumber(operation.column),
        sizes,
      );
    case "triangularSolve":
      return evaluateTriangularSolve(operation, axes, scope);
    case "draw": {
      const source = environment.stream?.(operation.site);
      if (source === undefined) throw new Error(`interpret plan ${scope.fn.name}: no stream for ${operation.site}`);
      const given = operation.arguments.map((id: NodeId) => values[id]);
      return fill((at) =>
        drawn(
          operation.family,
          source,
          given.map((argument) => read(argument, at)),
        ),
      );
    }
  }
}

/** Windows of an axis and their sums; one axis as several and back. */
function interpretLayout(
  operation: Extract<Operation, { readonly kind: "window" | "overlapAdd" | "split" | "merge" }>,
  axes: readonly number[],
  { sizes, axisNumber, values }: Scope,
): Cells {
  const operand = values[operation.operand];
  const axis = axisNumber(operation.axis);
  const fill = (value: (at: Coordinates) => number): Cells => tabulate(axes, sizes, value);
  switch (operation.kind) {
    case "window": {
      const [positions, offsets] = [axisNumber(operation.positions), axisNumber(operation.offsets)];
      return fill((at) => {
        at[axis] = at[positions] * operation.stride + at[offsets] - operation.before;
        return isPosition(at[axis], sizes[axis]) ? read(operand, at) : 0;
      });
    }
    case "overlapAdd": {
      const [positions, offsets] = [axisNumber(operation.positions), axisNumber(operation.offsets)];
      return fill((at) => {
        let total = 0;
        forEachCell([positions, offsets], sizes, at, () => {
          const place = at[positions] * operation.stride + at[offsets] - operation.before;
          if (place === at[axis]) total += read(operand, at);
        });
        return total;
      });
    }
    case "split": {
      const into = operation.into.map(axisNumber);
      return fill((at) => {
        at[axis] = into.reduce((place, part) => place * sizes[part] + at[part], 0);
        return read(operand, at);
      });
    }
    case "merge": {
      const from = [...operation.from.map(axisNumber)].reverse();
      return fill((at) => {
        let place = at[axis];
        for (const part of from) {
          at[part] = place % sizes[part];
          place = Math.floor(place / sizes[part]);
        }
        return read(operand, at);
      });
    }
  }
}

function isPosition(value: number, size: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < size;
}

/** Reads the lower triangle; L by columns (Cholesky-Crout), NaN throughout where a pivot is not positive. */
function evaluateCholesky(
  operand: Cells,
  axes: readonly number[],
  row: number,
  column: number,
  sizes: readonly number[],
): Cells {
  const factor = emptyCells(axes, sizes);
  const size = sizes[row];
  const at: Coordinates = sizes.map(() => 0);
  const batch = axes.filter((axis) => axis !== row && axis !== column);
  forEachCell(batch, sizes, at, () => {
    const cell = (i: number, j: number): Coordinates => {
      at[row] = i;
      at[column] = j;
      return at;
    };
    let definite = true;
    for (let j = 0; j < size; j++) {
      for (let i = j; i < size; i++) {
        let rest = read(operand, cell(i, j));
        for (let k = 0; k < j; k++) rest -= read(factor, cell(i, k)) * read(factor, cell(j, k));
        if (i === j && !(rest > 0)) definite = false;
        factor.data[offset(factor, cell(i, j))] = i === j ? Math.sqrt(rest) : rest / read(factor, cell(j, j));
      }
    }
    if (!definite) {
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) factor.data[offset(factor, cell(i, j))] = NaN;
    }
  });
  return factor;
}

/** Substitution, forwards or (transposed) backwards; reads the lower triangle only. */
function evaluateTriangularSolve(
  operation: Extract<Operation, { readonly kind: "triangularSolve" }>,
  axes: readonly number[],
  scope: Scope,
): Cells {
  const { sizes, axisNumber, values } = scope;
  const [matrix, right] = [values[operation.matrix], values[operation.right]];
  const { from, to } = solveAxes(operation);
  const [row, column] = [axisNumber(operation.row), axisNumber(operation.column)];
  const [fromAxis, toAxis] = [axisNumber(from), axisNumber(to)];
  const solution = emptyCells(axes, sizes);
  const size = sizes[toAxis];
  const at: Coordinates = sizes.map(() => 0);
  const entry = (i: number, j: number): number => {
    at[row] = operation.transposed ? j : i;
    at[column] = operation.transposed ? i : j;
    return read(matrix, at);
  };
  const solutionAt = (i: number): number => {
    at[toAxis] = i;
    return offset(solution, at);
  };
  const batch = axes.filter((axis) => axis !== toAxis);
  forEachCell(batch, sizes, at, () => {
    for (let step = 0; step < size; step++) {
      const i = operation.transposed ? size - 1 - step : step;
      at[fromAxis] = i;
      let rest = read(right, at);
      for (let done = 0; done < step; done++) {
        const j = operation.transposed ? size - 1 - done : done;
        rest -= entry(i, j) * solution.data[solutionAt(j)];
      }
      solution.data[solutionAt(i)] = rest / entry(i, i);
    }
  });
  return solution;
}

function reduced(name: "sum" | "max" | "logSumExp", entries: readonly number[]): number {
  const largest = entries.reduce((most, entry) => Math.max(most, entry), -Infinity);
  switch (name) {
    case "sum":
      return entries.reduce((total, entry) => total + entry, 0);
    case "max":
      return largest;
    case "logSumExp":
      if (largest === -Infinity || largest === Infinity) return largest;
      return largest + Math.log(entries.reduce((total, entry) => total + Math.exp(entry - largest), 0));
  }
}

function drawn(family: DrawFamily, source: DrawSource, given: readonly number[]): number {
  const [first, second] = given;
  switch (family) {
    case "uniform":
      return source.uniform();
    case "normal":
      return source.normal();
    case "gamma":
      return source.gamma(first);
    case "beta":
      return source.beta(first, second);
    case "poisson":
      return source.poisson(first);
    case "binomial":
      return source.binomial(first, second);
    case "vonMises":
      return source.vonMises(first, second);
  }
}
