import type { PlanBuilder } from "../plan-builder.js";
import type { BinaryFunction, NodeId, Operation, UnaryFunction } from "../plan.js";
import { leakySlope, operandsOf } from "../plan.js";
import { solveAxes, union, without } from "../plan-axes.js";

/**
 * Reverse-mode differentiation: appends nodes for d output / d wanted to the builder that made `output`.
 *
 *     result[i] = sum over cells of output of seed * d output / d wanted[i]
 *
 * An adjoint is written in the same operations, so that it can be differentiated again. Its axes are among those of the
 * wanted node: axes that the wanted node lacks are summed out, and an axis that the adjoint lacks is one along which it
 * is constant (every cell has that value). Zero where nothing of the output depends on the wanted node.
 *
 * A wanted node may be any node made before the output; it is then an independent variable, and the derivative does not
 * go through it to what it was made from. Comparisons, draws, indices, `sign`, `step` and `isPresent` are constants.
 * Folding looks through nodes: call `builder.keep` on a wanted intermediate node before its readers are
 * built.
 *
 * No NaN comes from a branch that a `select` does not take.
 *
 * @param seed one factor per cell of the output (axes among the output's); 1 where absent
 * @throws Error for the derivative of trigamma, which has no operation
 */
export function adjoints(
  builder: PlanBuilder,
  output: NodeId,
  wanted: readonly NodeId[],
  seed?: NodeId,
): readonly NodeId[] {
  const reverse = new ReverseSweep(builder, output, wanted);
  return reverse.run(seed ?? builder.constant(1));
}

/**
 * Where the value of a node is used: a node that is not 0 there, or `everywhere`. Outside, the node may be NaN or
 * infinite, and 0 times that must not reach an adjoint.
 */
type Domain = NodeId | "everywhere";

/** State of one sweep; lives for one call of `adjoints`. */
class ReverseSweep {
  private readonly contributions = new Map<NodeId, NodeId[]>();
  private readonly domains = new Map<NodeId, Domain[]>();
  private readonly active: ReadonlySet<NodeId>;
  private readonly independent: ReadonlySet<NodeId>;

  constructor(
    readonly builder: PlanBuilder,
    private readonly output: NodeId,
    private readonly wanted: readonly NodeId[],
  ) {
    this.independent = new Set(wanted);
    this.active = dependants(builder, output, this.independent);
  }

  run(seed: NodeId): readonly NodeId[] {
    const extra = without(this.builder.axesOf(seed), this.builder.axesOf(this.output));
    if (extra.length > 0) throw new Error(`differentiate: the seed has axes ${extra.join(", ")} that the output lacks`);
    this.contributions.set(this.output, [seed]);
    this.domains.set(this.output, ["everywhere"]);
    const order = [...this.active].sort((a, b) => b - a);
    for (const id of order) {
      if (this.independent.has(id)) continue;
      const adjoint = this.adjointOf(id);
      if (adjoint === undefined) continue;
      const operation = this.builder.node(id).operation;
      this.builder.rule(`d ${nameOf(operation)}`, () => propagate(new Step(this, id, adjoint), operation));
    }
    return this.wanted.map((id) => this.adjointOf(id) ?? this.builder.constant(0));
  }

  isActive(id: NodeId): boolean {
    return this.active.has(id);
  }

  contribute(operand: NodeId, contribution: NodeId, domain: Domain): void {
    listIn(this.contributions, operand).push(contribution);
    listIn(this.domains, operand).push(domain);
  }

  /** Union of where its readers use a node, as a node of the node's own axes. */
  domainOf(id: NodeId): Domain {
    const parts = new Set<NodeId>();
    for (const part of this.domains.get(id) ?? []) {
      if (part === "everywhere") return part;
      const extra = without(this.builder.axesOf(part), this.builder.axesOf(id));
      parts.add(this.builder.max(part, extra));
    }
    const [first, ...rest] = parts;
    return first === undefined
      ? "everywhere"
      : rest.reduce((left, right) => this.builder.binary("maximum", left, right), first);
  }

  private adjointOf(id: NodeId): NodeId | undefined {
    const parts = this.contributions.get(id);
    if (parts === undefined || parts.length === 0) return undefined;
    return this.builder.rule("d sum of uses", () => parts.reduce((left, right) => this.builder.plus(left, right)));
  }
}

function listIn<T>(lists: Map<NodeId, T[]>, id: NodeId): T[] {
  const list = lists.get(id) ?? [];
  lists.set(id, list);
  return list;
}

/** Nodes between the output and a wanted node, both included. */
function dependants(builder: PlanBuilder, output: NodeId, wanted: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
  const reached = new Set<NodeId>();
  const pending = [output];
  while (pending.length > 0) {
    const id = pending.pop();
    if (id === undefined || reached.has(id)) continue;
    reached.add(id);
    if (!wanted.has(id)) pending.push(...operandsOf(builder.node(id).operation));
  }
  const active = new Set<NodeId>();
  for (const id of [...reached].sort((a, b) => a - b)) {
    const operation = builder.node(id).operation;
    if (wanted.has(id) || operandsOf(operation).some((operand) => active.has(operand))) active.add(id);
  }
  return active;
}

/** The step back through one node: its adjoint is known, its operands receive theirs. */
class Step {
  readonly builder: PlanBuilder;
  private readonly axes: readonly string[];
  private domainNode: Domain | undefined;

  constructor(
    private readonly sweep: ReverseSweep,
    readonly id: NodeId,
    readonly seed: NodeId,
  ) {
    this.builder = sweep.builder;
    this.axes = this.builder.axesOf(id);
  }

  wants(operand: NodeId): boolean {
    return this.sweep.isActive(operand);
  }

  domain(): Domain {
    this.domainNode ??= this.sweep.domainOf(this.id);
    return this.domainNode;
  }

  /** The domain of a node each of whose cells depends on all cells of its operand along these axes. */
  domainAcross(axes: readonly string[]): Domain {
    const domain = this.domain();
    return domain === "everywhere" ? domain : this.builder.max(domain, axes);
  }

  /** A factor of the adjoint, replaced by a harmless value outside the domain of the node. */
  guarded(factor: NodeId, harmless = 0): NodeId {
    const isConstant = this.builder.node(factor).operation.kind === "constant";
    return isConstant ? factor : guardedBy(this.builder, this.domain(), factor, this.builder.constant(harmless));
  }

  /** Adds a contribution whose cells are cells of `axes` (those of the node where absent); sums over what the operand lacks. */
  give(operand: NodeId, contribution: NodeId, axes: readonly string[] = this.axes, domain = this.domain()): void {
    const extra = without(axes, this.builder.axesOf(operand));
    this.sweep.contribute(operand, this.builder.sum(contribution, extra), domain);
  }

  /** Adds seed * factor. */
  giveTimes(operand: NodeId, factor: NodeId): void {
    const extra = without(this.axes, this.builder.axesOf(operand));
    const contribution = this.builder.contract([this.seed, this.guarded(factor)], extra);
    this.sweep.contribute(operand, contribution, this.domain());
  }
}

function nameOf(operation: Operation): string {
  switch (operation.kind) {
    case "unary":
    case "binary":
      return operation.function;
    case "reduce":
      return operation.function;
    case "constant":
    case "size":
    case "position":
    case "input":
    case "select":
    case "softmax":
    case "contract":
    case "gather":
    case "scatterAdd":
    case "rename":
    case "diagonal":
    case "slice":
    case "stack":
    case "cholesky":
    case "triangularSolve":
    case "draw":
      return operation.kind;
  }
}

function propagate(step: Step, operation: Operation): void {
  const { builder: b, seed, id: y } = step;
  switch (operation.kind) {
    case "constant":
    case "size":
    case "position":
    case "input":
    case "draw":
      return;
    case "unary":
      return propagateUnary(step, operation.function, operation.operand);
    case "binary":
      return propagateBinary(step, operation.function, operation.left, operation.right);
    case "select":
      return propagateSelect(step, operation);
    case "reduce":
      return propagateReduce(step, operation);
    case "softmax": {
      const probabilities = guardedBy(b, step.domainAcross(operation.over), y, b.constant(0));
      const mean = b.contract([seed, probabilities], operation.over);
      const contribution = b.times(probabilities, b.minus(seed, mean));
      return step.give(operation.operand, contribution, undefined, step.domainAcross(operation.over));
    }
    case "contract":
      return propagateContract(step, operation);
    case "gather":
      return propagateGather(step, operation);
    case "scatterAdd":
      return propagateScatterAdd(step, operation);
    case "rename": {
      const { operand, from, to } = operation;
      const domain = step.domain();
      const moved = domain === "everywhere" ? domain : b.rename(domain, to, from);
      return step.give(operand, b.rename(seed, to, from), b.axesOf(operand), moved);
    }
    case "diagonal": {
      const { operand, row, column } = operation;
      const spread = b.select(b.identity(row, column), seed, b.constant(0));
      return step.give(operand, spread, b.axesOf(operand));
    }
    case "slice": {
      const { operand, axis, at } = operation;
      const spread = b.select(b.binary("equal", b.position(axis), b.constant(at)), seed, b.constant(0));
      return step.give(operand, spread, b.axesOf(operand));
    }
    case "stack": {
      const { operands, axis } = operation;
      const domain = step.domain();
      const left = without(b.axesOf(y), [axis]);
      operands.forEach((operand, i) => {
        if (!step.wants(operand)) return;
        const used = domain === "everywhere" ? domain : b.slice(domain, axis, i);
        step.give(operand, b.slice(seed, axis, i), left, used);
      });
      return;
    }
    case "cholesky":
      return propagateCholesky(step, operation);
    case "triangularSolve":
      return propagateTriangularSolve(step, operation);
  }
}

/** A small positive number that float32 has too: keeps 0 / 0 out where a weight of exactly 0 is under a logarithm. */
const smallest = 1e-37;

function propagateUnary(step: Step, name: UnaryFunction, a: NodeId): void {
  const { builder: b, id: y, seed } = step;
  const one = (): NodeId => b.constant(1);
  switch (name) {
    case "sign":
    case "step":
    case "isPresent":
      return;
    case "negate":
      return step.give(a, b.unary("negate", seed));
    case "exp":
      return step.giveTimes(a, y);
    case "log":
      return step.give(a, b.over(seed, b.binary("maximum", step.guarded(a, 1), b.constant(smallest))));
    case "log1p":
      return step.give(a, b.over(seed, b.plus(one(), step.guarded(a))));
    case "expm1":
      return step.giveTimes(a, b.unary("exp", a));
    case "sqrt": {
      // The slope at 0 is infinite; 0 is the subgradient that lets a norm rest there.
      const root = b.select(b.binary("less", b.constant(0), step.guarded(y)), y, one());
      const half = b.select(
        b.binary("less", b.constant(0), step.guarded(y)),
        b.over(b.constant(0.5), root),
        b.constant(0),
      );
      return step.giveTimes(a, half);
    }
    case "square":
      return step.giveTimes(a, b.scale(2, a));
    case "reciprocal":
      return step.giveTimes(a, b.unary("negate", b.unary("square", y)));
    case "abs":
      return step.giveTimes(a, b.unary("sign", a));
    case "softplus":
      return step.giveTimes(a, b.unary("sigmoid", a));
    case "sigmoid":
      return step.giveTimes(a, b.times(y, b.unary("sigmoid", b.unary("negate", a))));
    case "tanh":
      return step.giveTimes(a, b.minus(one(), b.unary("square", y)));
    case "relu":
      return step.giveTimes(a, b.unary("step", a));
    case "leakyRelu":
      return step.giveTimes(a, b.select(b.unary("step", a), one(), b.constant(leakySlope)));
    case "sin":
      return step.giveTimes(a, b.unary("cos", a));
    case "cos":
      return step.giveTimes(a, b.unary("negate", b.unary("sin", a)));
    case "logGamma":
      return step.giveTimes(a, b.unary("digamma", a));
    case "digamma":
      return step.giveTimes(a, b.unary("trigamma", a));
    case "trigamma":
      throw new Error("differentiate: trigamma has no derivative among the operations of a plan");
    case "logBesselI0":
      return step.giveTimes(a, b.unary("besselRatio", a));
    case "besselRatio": {
      const isZero = b.binary("equal", a, b.constant(0));
      const perConcentration = b.select(isZero, b.constant(0.5), b.over(y, b.select(isZero, one(), a)));
      return step.giveTimes(a, b.minus(b.minus(one(), perConcentration), b.unary("square", y)));
    }
    case "presentOrZero":
      return step.giveTimes(a, b.unary("isPresent", a));
  }
}

function propagateBinary(step: Step, name: BinaryFunction, left: NodeId, right: NodeId): void {
  const { builder: b, id: y, seed } = step;
  switch (name) {
    case "less":
    case "lessEqual":
    case "equal":
      return;
    case "add":
      if (step.wants(left)) step.give(left, seed);
      if (step.wants(right)) step.give(right, seed);
      return;
    case "subtract":
      if (step.wants(left)) step.give(left, seed);
      if (step.wants(right)) step.give(right, b.unary("negate", seed));
      return;
    case "multiply":
      if (step.wants(left)) step.giveTimes(left, right);
      if (step.wants(right)) step.giveTimes(right, left);
      return;
    case "divide": {
      const divisor = step.guarded(right, 1);
      if (step.wants(left)) step.give(left, b.over(seed, divisor));
      if (step.wants(right)) step.giveTimes(right, b.unary("negate", b.over(step.guarded(y), divisor)));
      return;
    }
    case "power": {
      const zero = b.constant(0);
      if (step.wants(left)) {
        const slope = b.times(right, b.binary("power", left, b.minus(right, b.constant(1))));
        step.giveTimes(left, b.select(b.binary("equal", right, zero), zero, slope));
      }
      if (step.wants(right)) {
        // 0 ^ b is 0 for every positive b, so its slope in b is 0 although log 0 is not finite.
        const isPositive = b.binary("less", zero, left);
        const logarithm = b.unary("log", b.select(isPositive, left, b.constant(1)));
        step.giveTimes(right, b.select(isPositive, b.times(y, logarithm), zero));
      }
      return;
    }
    case "maximum":
    case "minimum": {
      const share = (mine: NodeId, other: NodeId): NodeId => {
        const wins = name === "maximum" ? b.binary("less", other, mine) : b.binary("less", mine, other);
        return b.select(b.binary("equal", mine, other), b.constant(0.5), wins);
      };
      if (step.wants(left)) step.giveTimes(left, share(left, right));
      if (step.wants(right)) step.giveTimes(right, share(right, left));
      return;
    }
  }
}

function propagateSelect(step: Step, operation: Extract<Operation, { readonly kind: "select" }>): void {
  const { builder: b, seed } = step;
  const { condition, whenTrue, whenFalse } = operation;
  const zero = b.constant(0);
  const outer = step.domain();
  const inside = (taken: NodeId): Domain => (outer === "everywhere" ? taken : b.times(outer, taken));
  const isFalse = b.binary("equal", condition, zero);
  if (step.wants(whenTrue)) {
    const isTrue = b.binary("equal", isFalse, zero);
    step.give(whenTrue, b.select(condition, seed, zero), undefined, inside(isTrue));
  }
  if (step.wants(whenFalse)) step.give(whenFalse, b.select(condition, zero, seed), undefined, inside(isFalse));
}

function propagateReduce(step: Step, operation: Extract<Operation, { readonly kind: "reduce" }>): void {
  const { builder: b, id: y, seed } = step;
  const { operand, over } = operation;
  const axes = b.axesOf(operand);
  switch (operation.function) {
    case "sum":
      return step.give(operand, seed, axes);
    case "max": {
      const isLargest = b.binary("equal", operand, y);
      const share = b.over(isLargest, b.binary("maximum", b.sum(isLargest, over), b.constant(1)));
      return step.give(operand, b.times(seed, share), axes);
    }
    case "logSumExp":
      return step.give(operand, b.times(seed, step.guarded(b.softmax(operand, over))), axes);
  }
}

function propagateContract(step: Step, operation: Extract<Operation, { readonly kind: "contract" }>): void {
  const { builder: b, id, seed } = step;
  const cells = union([b.axesOf(id), operation.over]);
  operation.operands.forEach((operand, i) => {
    if (!step.wants(operand)) return;
    const others = operation.operands.filter((_, j) => j !== i).map((other) => step.guarded(other));
    step.give(operand, b.contract([seed, ...others], without(cells, b.axesOf(operand))), b.axesOf(operand));
  });
}

function propagateGather(step: Step, operation: Extract<Operation, { readonly kind: "gather" }>): void {
  const { builder: b, seed } = step;
  const { table, axis, index } = operation;
  if (!step.wants(table)) return;
  const over = without(b.axesOf(index), b.axesOf(table));
  // Cells that no index picks have no use to guard: their domain is everywhere.
  step.give(table, b.scatterAdd(seed, axis, index, over), b.axesOf(table), "everywhere");
}

function propagateScatterAdd(step: Step, operation: Extract<Operation, { readonly kind: "scatterAdd" }>): void {
  const { builder: b, id, seed } = step;
  const { operand, axis, index, over } = operation;
  if (!step.wants(operand)) return;
  const size = b.size(axis);
  const zero = b.constant(0);
  const isInside = b.times(b.binary("lessEqual", zero, index), b.binary("less", index, size));
  const picked = b.select(isInside, b.gather(seed, axis, index), zero);
  const cells = without(union([b.axesOf(id), over]), [axis]);
  step.give(operand, picked, cells, "everywhere");
}

/**
 * With L L' = A:  adjoint of A = 1/2 L^-T (P + P') L^-1, P the lower triangle of L' dL with its diagonal halved.
 * It is symmetric: the derivative along symmetric changes of A.
 *
 * @source Murray 2016, "Differentiation of the Cholesky decomposition", eq. 10
 */
function propagateCholesky(step: Step, operation: Extract<Operation, { readonly kind: "cholesky" }>): void {
  const { builder: b, id, seed } = step;
  const { operand, row, column } = operation;
  const domain = step.domainAcross([row, column]);
  const factor = guardedBy(b, domain, id, b.identity(row, column));
  const second = b.freshAxis(column);
  const spare = b.freshAxis(column);
  const swap = (matrix: NodeId, first: string, other: string): NodeId =>
    b.rename(b.rename(b.rename(matrix, first, spare), other, first), spare, other);
  const product = b.contract([factor, b.rename(seed, column, second)], [row]);
  const isLower = b.binary("lessEqual", b.position(second), b.position(column));
  const symmetric = b.select(isLower, product, swap(product, column, second));
  // [column, second] -> [row, second] -> [row, second'] with row and column exchanged -> both sides solved.
  const leftSolved = b.triangularSolve(factor, symmetric, row, column, true);
  const turned = b.rename(b.rename(leftSolved, row, spare), second, column);
  const bothSolved = b.rename(b.triangularSolve(factor, turned, row, column, true), spare, column);
  step.give(operand, b.scale(0.5, bothSolved), undefined, domain);
}

/** With L y = b:  adjoint of b = L^-T dy, adjoint of L = -(adjoint of b) y' below and on the diagonal. */
function propagateTriangularSolve(
  step: Step,
  operation: Extract<Operation, { readonly kind: "triangularSolve" }>,
): void {
  const { builder: b, id, seed } = step;
  const { matrix, right, row, column, transposed } = operation;
  const { from, to } = solveAxes(operation);
  const domain = step.domainAcross([to]);
  const factor = guardedBy(b, domain, matrix, b.identity(row, column));
  const solution = guardedBy(b, domain, id, b.constant(0));
  const back = b.triangularSolve(factor, seed, row, column, !transposed);
  const cells = union([without(b.axesOf(id), [to]), [from]]);
  if (step.wants(right)) step.give(right, back, cells, domain);
  if (step.wants(matrix)) {
    const extra = without(cells, b.axesOf(matrix));
    const outer = b.unary("negate", b.contract([back, solution], extra));
    const isLower = b.binary("lessEqual", b.position(column), b.position(row));
    step.give(matrix, b.select(isLower, outer, b.constant(0)), b.axesOf(matrix), domain);
  }
}

function guardedBy(builder: PlanBuilder, domain: Domain, factor: NodeId, harmless: NodeId): NodeId {
  return domain === "everywhere" ? factor : builder.select(domain, factor, harmless);
}
