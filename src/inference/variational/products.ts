import type { DensityFactor, Model } from "../../ir/model.js";
import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import { affine } from "../affine.js";
import { eventAxesOf } from "../elaborate/axes.js";
import { Elaborator } from "../elaborate/elaborator.js";
import { type LinearGaussian, metricOf, takeApart } from "../elimination/gaussian.js";
import { blockAxes, type ContinuousVariable, pairOf, type Potential, secondAxis } from "../elimination/potential.js";
import { latentsOf } from "../latents.js";
import { type LatentBlock, withLatents } from "./blocks.js";
import type { Expectations } from "./expectations.js";

/** Is the mean of a factor affine in all Gaussian latents jointly? Else it is in those of one block, given the others. */
export function isJointlyAffine(model: Model, factor: DensityFactor): boolean {
  const mean = factor.arguments["mean"];
  return mean === undefined || affine(mean, latentsOf(model)).kind === "affine";
}

/** A factor as a function of one block's latents, the other's being what `drawn` says. */
export function seenFrom(
  q: Expectations,
  factor: DensityFactor,
  block: LatentBlock,
  missing: boolean,
  drawn?: ReadonlyMap<string, NodeId>,
): LinearGaussian {
  const isOwn = (name: string): boolean => block.variables.some((variable) => variable.name === name);
  const model = withLatents(q.model, (one) => one.domain.kind !== "real" || isOwn(one.name));
  const others = new Map([...q.means].filter(([key]) => !isOwn(q.nameOf(key))));
  for (const [key, node] of drawn ?? []) others.set(key, node);
  return takeApart(new Elaborator(model, q.builder, { parameters: "parameter", drawn: others }), factor, missing);
}

/**
 * What uncertainty about another block b adds to the potential of a factor in x, whose residual is bilinear:
 * e = o(x) - sum_b (C_b + sum_u C_bu x_u) x_b,
 *
 *     J_uv += sum_bc tr(C_bu' Q^-1 C_cv S_cb),   h_u -= sum_bc tr(C_b' Q^-1 C_cu S_cb)
 *
 * where C_bu is the change of b's coefficient with x_u, found at unit vectors.
 */
export function productTerms(
  q: Expectations,
  factor: DensityFactor,
  own: LatentBlock,
  other: LatentBlock,
  missing: boolean,
): Pick<Potential, "linear" | "precision"> {
  const { builder } = q;
  const isOwn = (name: string): boolean => own.variables.some((variable) => variable.name === name);
  const scope = q.gaussianScope(factor).filter(({ variable }) => isOwn(variable.name));
  const variables = scope.map(({ variable, lag }) => q.variableOf(variable.name, lag));
  const nothing = new Map(scope.map(({ key }) => [key, builder.constant(0)]));
  const atZero = seenFrom(q, factor, other, missing, nothing);
  const metric = metricOf(builder, atZero);
  const others = atZero.scope;
  /** Of the child, which is not listed: e is the child less its mean, and its coefficient -1. */
  const coefficient = (parts: LinearGaussian, b: ContinuousVariable): NodeId => {
    const found = parts.coefficients.get(b.key);
    if (found !== undefined) return found;
    if (b.axis === undefined || parts.row === undefined) return builder.constant(-1);
    return builder.unary("negate", builder.identity(parts.row, b.axis));
  };
  const directions = new Map(variables.map((u) => [u.key, directionOf(builder, u)]));
  /** C_bu along [row, b, direction of u]. */
  const changes = new Map(
    variables.map((u) => {
      const { variable } = scope.find(({ key }) => key === u.key)!;
      const direction = directions.get(u.key);
      const unit =
        direction === undefined ? builder.constant(1) : builder.identity(eventAxesOf(builder, variable)[0]!, direction);
      const moved = seenFrom(q, factor, other, missing, new Map([...nothing, [u.key, unit]]));
      const byOther = new Map(
        others.flatMap((b) => {
          const change = builder.minus(coefficient(moved, b), coefficient(atZero, b));
          const { operation } = builder.node(change);
          return operation.kind === "constant" && operation.value === 0 ? [] : [[b.key, change] as const];
        }),
      );
      return [u.key, byOther] as const;
    }),
  );
  const onSecond = (node: NodeId, b: ContinuousVariable): NodeId =>
    b.axis === undefined ? node : builder.rename(node, b.axis, secondAxis(builder, b.axis));
  /** sum over entries of b and c of (left' Q^-1 right) S_bc; left along b, right along c. */
  const traced = (left: NodeId, b: ContinuousVariable, right: NodeId, c: ContinuousVariable): NodeId => {
    const isSame = b.key === c.key;
    const product = metric.inner(metric.lower(left), metric.lower(isSame ? onSecond(right, c) : right));
    return builder.contract([product, q.covariance(b.key, c.key)], blockAxes(builder, b, c));
  };
  const linear = new Map<string, NodeId>();
  const precision = new Map<string, NodeId>();
  for (const [i, u] of variables.entries()) {
    const own = directions.get(u.key);
    let h = builder.constant(0);
    for (const b of others)
      for (const c of others) {
        const change = changes.get(u.key)!.get(c.key);
        if (change !== undefined) h = builder.minus(h, traced(coefficient(atZero, b), b, change, c));
      }
    linear.set(u.key, own === undefined || u.axis === undefined ? h : builder.rename(h, own, u.axis));
    for (const v of variables.slice(i)) {
      const [second, spare] = [directions.get(v.key), directionOf(builder, v, "other")];
      let block = builder.constant(0);
      for (const b of others)
        for (const c of others) {
          const [left, right] = [changes.get(u.key)!.get(b.key), changes.get(v.key)!.get(c.key)];
          if (left === undefined || right === undefined) continue;
          const apart = second === undefined || spare === undefined ? right : builder.rename(right, second, spare);
          block = builder.plus(block, traced(left, b, apart, c));
        }
      if (own !== undefined && u.axis !== undefined) block = builder.rename(block, own, u.axis);
      if (spare !== undefined && v.axis !== undefined)
        block = builder.rename(block, spare, u.key === v.key ? secondAxis(builder, v.axis) : v.axis);
      precision.set(pairOf(u.key, v.key), block);
    }
  }
  return { linear, precision };
}

function directionOf(builder: PlanBuilder, { axis }: ContinuousVariable, mark = "unit"): string | undefined {
  return axis === undefined ? undefined : builder.axis(`${axis}.${mark}`, builder.sizeOf(axis));
}
