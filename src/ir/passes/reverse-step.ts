import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId } from "../plan.js";
import { without } from "../plan-axes.js";

/**
 * Where the value of a node is used: a node that is not 0 there, or `everywhere`. Outside, the node may be NaN or
 * infinite, and 0 times that must not reach an adjoint.
 */
export type Domain = NodeId | "everywhere";

/** What a step back through one node reports to the sweep over all of them. */
export interface Sweep {
  readonly builder: PlanBuilder;
  /** Does the node depend on a wanted node? */
  isActive(id: NodeId): boolean;
  contribute(operand: NodeId, contribution: NodeId, domain: Domain): void;
  domainOf(id: NodeId): Domain;
}

/** The step back through one node: its adjoint is known, its operands receive theirs. */
export class Step {
  readonly builder: PlanBuilder;
  private readonly axes: readonly string[];
  private domainNode: Domain | undefined;

  constructor(
    private readonly sweep: Sweep,
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

/** A factor, replaced by a harmless one outside a domain. */
export function guardedBy(builder: PlanBuilder, domain: Domain, factor: NodeId, harmless: NodeId): NodeId {
  return domain === "everywhere" ? factor : builder.select(domain, factor, harmless);
}
