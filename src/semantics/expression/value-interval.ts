import type { Domain, Expression } from "../../ir/model.js";
import * as intervals from "./interval.js";
import type { Interval } from "./interval.js";

const known = new WeakMap<Expression, Interval>();

/** What is known of the numbers in the value of an expression: bounds that hold whatever the data. */
export function intervalOf(expression: Expression): Interval {
  const before = known.get(expression);
  if (before !== undefined) return before;
  const result = compute(expression);
  known.set(expression, result);
  return result;
}

/** The values that entries of a domain may take. */
export function intervalOfDomain(domain: Domain): Interval {
  switch (domain.kind) {
    case "real":
    case "ordered":
    case "angle":
    case "covariance":
      return intervals.reals;
    case "positive":
      return intervals.positives;
    case "unit":
    case "simplex":
      return intervals.openUnit;
    case "count":
      return { ...intervals.nonNegatives, integer: true };
    case "binary":
      return { ...intervals.closedUnit, integer: true };
    case "category":
      return { ...intervals.nonNegatives, integer: true };
    case "sequence":
      return intervalOfDomain(domain.element);
  }
}

function compute(expression: Expression): Interval {
  switch (expression.kind) {
    case "constant":
      return intervals.point(expression.value);
    case "parameter":
    case "variable":
    case "sequence":
    case "position":
    case "network":
      return intervalOfDomain(expression.type);
    case "element":
      return intervalOf(expression.base);
    case "list":
      return intervals.union(expression.items.map(intervalOf));
    case "apply":
      return applied(expression);
  }
}

const boolean: Interval = { ...intervals.closedUnit, integer: true };

function applied(expression: Expression & { readonly kind: "apply" }): Interval {
  const operands = expression.arguments.map(intervalOf);
  const [a, b, c] = operands;
  switch (expression.function) {
    case "add":
      return intervals.add(a, b);
    case "subtract":
      return intervals.add(a, intervals.negate(b));
    case "multiply":
      return intervals.multiply(a, b);
    case "divide":
      return intervals.divide(a, b);
    case "power":
      return intervals.power(a, b);
    case "square":
      return intervals.power(a, intervals.point(2));
    case "negate":
      return intervals.negate(a);
    case "matmul":
    case "dot":
      return intervals.sumOf(intervals.multiply(a, b));
    case "transpose":
    case "mean":
      return { ...a, integer: false };
    case "exp":
      return intervals.increasing(a, Math.exp);
    case "log":
      return intervals.increasing(a, (x) => Math.log(Math.max(x, 0)));
    case "sqrt":
      return intervals.increasing(a, (x) => Math.sqrt(Math.max(x, 0)));
    case "abs":
      return intervals.absolute(a);
    case "softplus":
      return intervals.increasing(a, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
    case "sigmoid":
      return intervals.increasing(a, (x) => 1 / (1 + Math.exp(-x)));
    case "tanh":
      return intervals.increasing(a, Math.tanh);
    case "relu":
      return rectified(a);
    case "lrelu":
      return intervals.increasing(a, (x) => (x < 0 ? 0.2 * x : x));
    case "softmax":
      return intervals.openUnit;
    case "sum":
      return intervals.sumOf(a);
    case "concat":
    case "stack":
      return intervals.union(operands);
    case "diag":
      return intervals.union([a, intervals.point(0)]);
    case "eye":
      return boolean;
    case "where":
      return intervals.union([b, c]);
    case "less":
    case "lessEqual":
    case "greater":
    case "greaterEqual":
    case "equal":
    case "notEqual":
      return boolean;
  }
}

/** relu attains zero for every negative value, so zero is a closed end unless the operand is positive. */
function rectified(a: Interval): Interval {
  if (intervals.isPositive(a)) return a;
  return {
    least: 0,
    most: Math.max(a.most, 0),
    leastOpen: false,
    mostOpen: a.mostOpen && a.most > 0,
    integer: a.integer,
  };
}
