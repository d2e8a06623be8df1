import type { AxisSize, DrawFamily, InputSource, NodeId, Operation, PlanFunction } from "./plan.js";
import { binaryValue, unaryValue } from "./elementwise.js";
import {
  type Cells,
  type Coordinates,
  emptyCells,
  forEachCell,
  isPosition,
  read,
  type Scope,
  tabulate,
} from "./interpret/cells.js";
import { interpretLayout } from "./interpret/layout.js";
import { interpretCholesky, interpretTriangularSolve } from "./interpret/matrices.js";

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

/** An operation also sees the function and what was given to it. */
interface FunctionScope extends Scope {
  readonly fn: PlanFunction;
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

function evaluate(operation: Operation, axes: readonly number[], scope: FunctionScope): Cells {
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
      return interpretCholesky(
        values[operation.operand],
        axes,
        axisNumber(operation.row),
        axisNumber(operation.column),
        sizes,
      );
    case "triangularSolve":
      return interpretTriangularSolve(operation, axes, scope);
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
