import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, Operation } from "../plan.js";
import { operandsOf } from "../plan.js";
import { without } from "../plan-axes.js";
import { propagate } from "./propagate.js";
import { Step } from "./reverse-step.js";
import type { Domain, Sweep } from "./reverse-step.js";

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
  return adjointsOfAll(builder, [{ output, seed: seed ?? builder.constant(1) }], wanted);
}

/** The sum over several outputs of their `adjoints`, in one sweep: what they are made of is gone through once. */
export function adjointsOfAll(
  builder: PlanBuilder,
  outputs: readonly SeededOutput[],
  wanted: readonly NodeId[],
): readonly NodeId[] {
  return new ReverseSweep(builder, outputs, wanted).run();
}

/** A node to differentiate, and one factor per cell of it. */
export interface SeededOutput {
  readonly output: NodeId;
  readonly seed: NodeId;
}

/** State of one sweep; lives for one call of `adjoints`. */
class ReverseSweep implements Sweep {
  private readonly contributions = new Map<NodeId, NodeId[]>();
  private readonly domains = new Map<NodeId, Domain[]>();
  private readonly active: ReadonlySet<NodeId>;
  private readonly independent: ReadonlySet<NodeId>;

  constructor(
    readonly builder: PlanBuilder,
    private readonly outputs: readonly SeededOutput[],
    private readonly wanted: readonly NodeId[],
  ) {
    this.independent = new Set(wanted);
    this.active = dependants(
      builder,
      outputs.map(({ output }) => output),
      this.independent,
    );
  }

  run(): readonly NodeId[] {
    for (const { output, seed } of this.outputs) {
      const extra = without(this.builder.axesOf(seed), this.builder.axesOf(output));
      if (extra.length > 0)
        throw new Error(`differentiate: the seed has axes ${extra.join(", ")} that the output lacks`);
      this.contribute(output, seed, "everywhere");
    }
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

/** Nodes between the outputs and a wanted node, both included. */
function dependants(
  builder: PlanBuilder,
  outputs: readonly NodeId[],
  wanted: ReadonlySet<NodeId>,
): ReadonlySet<NodeId> {
  const reached = new Set<NodeId>();
  const pending = [...outputs];
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
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
    case "cholesky":
    case "triangularSolve":
    case "draw":
      return operation.kind;
  }
}
