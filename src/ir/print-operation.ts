import type { BinaryFunction, NodeId, Operation, UnaryFunction } from "./plan.js";

/** Text of an operand, in brackets where it binds less tightly than `around`. */
export type OperandText = (id: NodeId, around: number) => string;

/** How tightly a text binds; what is not infix is an atom. */
export const bindings = { choice: 0, comparison: 1, sum: 2, product: 3, negation: 4, power: 5, atom: 6 } as const;

const infix: Readonly<Partial<Record<BinaryFunction, readonly [symbol: string, binding: number]>>> = {
  less: ["<", bindings.comparison],
  lessEqual: ["<=", bindings.comparison],
  equal: ["==", bindings.comparison],
  add: ["+", bindings.sum],
  subtract: ["-", bindings.sum],
  multiply: ["*", bindings.product],
  divide: ["/", bindings.product],
  power: ["^", bindings.power],
};

/** An operation as mathematics in one line, and how tightly that binds. */
export function operationText(operation: Operation, text: OperandText): readonly [text: string, binding: number] {
  const plain = (id: NodeId): string => text(id, bindings.choice);
  const atom = (id: NodeId): string => text(id, bindings.atom);
  const call = (name: string, axes: readonly string[], ...operands: readonly string[]): readonly [string, number] => [
    `${name}${bracketed(axes)}(${operands.join(", ")})`,
    bindings.atom,
  ];
  switch (operation.kind) {
    case "constant":
      return [String(operation.value), operation.value < 0 ? bindings.negation : bindings.atom];
    case "size":
    case "position":
      return [`${operation.kind}[${operation.axis}]`, bindings.atom];
    case "input": {
      const source = operation.source === "previous" ? "previous " : "";
      const back = operation.lag === undefined ? "" : `@-${operation.lag}`;
      return [`${source}${operation.name}${bracketed(operation.axes)}${back}`, bindings.atom];
    }
    case "unary":
      return unaryText(operation.function, operation.operand, text);
    case "binary": {
      const { left, right } = operation;
      const [symbol, binding] = infix[operation.function] ?? [];
      if (symbol === undefined || binding === undefined) return call(operation.function, [], plain(left), plain(right));
      const isChain = operation.function === "add" || operation.function === "multiply";
      return [`${text(left, binding)} ${symbol} ${text(right, isChain ? binding : binding + 1)}`, binding];
    }
    case "select": {
      const choices = [operation.condition, operation.whenTrue].map((id) => text(id, bindings.comparison));
      return [`${choices[0]} ? ${choices[1]} : ${plain(operation.whenFalse)}`, bindings.choice];
    }
    case "reduce":
      return call(operation.function, operation.over, plain(operation.operand));
    case "softmax":
      return call("softmax", operation.over, plain(operation.operand));
    case "contract": {
      const product = operation.operands.map((id) => text(id, bindings.product)).join(" * ");
      return call("sum", operation.over, product);
    }
    case "gather":
      return [`${atom(operation.table)}[${operation.axis} = ${plain(operation.index)}]`, bindings.atom];
    case "scatterAdd":
      return call(
        "scatterAdd",
        operation.over,
        `${plain(operation.operand)} at ${operation.axis} = ${plain(operation.index)}`,
      );
    case "rename":
      return [`${atom(operation.operand)}[${operation.from} -> ${operation.to}]`, bindings.atom];
    case "diagonal":
      return [`${atom(operation.operand)}[${operation.row} = ${operation.column}]`, bindings.atom];
    case "slice":
      return [`${atom(operation.operand)}[${operation.axis} = ${operation.at}]`, bindings.atom];
    case "stack":
      return call("stack", [operation.axis], ...operation.operands.map(plain));
    case "cholesky":
      return call("cholesky", [operation.row, operation.column], plain(operation.operand));
    case "window":
    case "overlapAdd": {
      const { axis, positions, offsets, stride, before } = operation;
      const place = `${axis} = ${stride === 1 ? "" : `${stride} `}${positions} + ${offsets}${before === 0 ? "" : ` - ${before}`}`;
      return call(operation.kind, [], plain(operation.operand), place);
    }
    case "split":
      return [`${atom(operation.operand)}[${operation.axis} -> ${operation.into.join(" ")}]`, bindings.atom];
    case "merge":
      return [`${atom(operation.operand)}[${operation.from.join(" ")} -> ${operation.axis}]`, bindings.atom];
    case "triangularSolve": {
      const matrix = operation.transposed ? `${atom(operation.matrix)}'` : plain(operation.matrix);
      return call("triangularSolve", [operation.row, operation.column], matrix, plain(operation.right));
    }
    case "draw":
      return call(
        `draw ${operation.family}`,
        operation.axes,
        ...operation.arguments.map(plain),
        `site ${operation.site}`,
      );
  }
}

function unaryText(name: UnaryFunction, operand: NodeId, text: OperandText): readonly [string, number] {
  switch (name) {
    case "negate":
      return [`-${text(operand, bindings.negation)}`, bindings.negation];
    case "square":
      return [`${text(operand, bindings.atom)}^2`, bindings.power];
    case "reciprocal":
      return [`1 / ${text(operand, bindings.negation)}`, bindings.product];
    case "abs":
      return [`|${text(operand, bindings.choice)}|`, bindings.atom];
    case "exp":
    case "log":
    case "log1p":
    case "expm1":
    case "sqrt":
    case "sign":
    case "softplus":
    case "sigmoid":
    case "tanh":
    case "relu":
    case "leakyRelu":
    case "step":
    case "sin":
    case "cos":
    case "logGamma":
    case "digamma":
    case "trigamma":
    case "logBesselI0":
    case "besselRatio":
    case "isPresent":
    case "presentOrZero":
      return [`${name}(${text(operand, bindings.choice)})`, bindings.atom];
  }
}

/** `[n, z]`, or nothing for a scalar. */
export function bracketed(axes: readonly string[]): string {
  return axes.length === 0 ? "" : `[${axes.join(", ")}]`;
}
