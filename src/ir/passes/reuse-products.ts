import type { PlanBuilder } from "../plan-builder.js";
import type { NodeId, PlanFunction } from "../plan.js";
import { rebuild } from "./rebuild.js";

/** A value that something is a sum of: its factor, which does not vary along the summed axes, and its sign. */
interface Part {
  readonly factor: NodeId | undefined;
  readonly value: NodeId;
  readonly isSubtracted: boolean;
}

/**
 * A product of a weighted sum whose values are multiplied by the same elsewhere is the weighted sum of those products:
 *
 *     contract[d](t[n] x[n, d] + s[n] y[n, d], w[d, h])  ->  t[n] contract[d](x, w) + s[n] contract[d](y, w)
 *
 * Critics that are looked at between data and draws have such first layers.
 */
export function reuseProducts(fn: PlanFunction): PlanFunction {
  let isReused = false;
  const rebuilt = rebuild(fn, (operation, _, __, builder) => {
    if (operation.kind !== "contract" || operation.operands.length !== 2) return undefined;
    const [left, right] = operation.operands as readonly [NodeId, NodeId];
    for (const [sum, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const parts = partsOf(sum, operation.over, builder);
      if (parts.length < 2) continue;
      const before = builder.length;
      const products = parts.map((part) => ({ ...part, value: builder.contract([part.value, other], operation.over) }));
      // Only what is there already is free.
      if (products.some(({ value }) => value >= before)) continue;
      isReused = true;
      return products
        .map(({ factor, value, isSubtracted }) => ({
          isSubtracted,
          value: factor === undefined ? value : builder.times(factor, value),
        }))
        .reduce((total, { value, isSubtracted }) => ({
          isSubtracted: false,
          value: isSubtracted ? builder.minus(total.value, value) : builder.plus(total.value, value),
        })).value;
    }
    return undefined;
  });
  return isReused ? rebuilt : fn;
}

function partsOf(id: NodeId, over: readonly string[], builder: PlanBuilder): readonly Part[] {
  const whole = [{ factor: undefined, value: id, isSubtracted: false }];
  const operation = builder.seen(id);
  const hasAll = (part: NodeId): boolean => over.every((axis) => builder.has(part, axis));
  const hasNone = (part: NodeId): boolean => over.every((axis) => !builder.has(part, axis));
  if (operation?.kind === "rename") {
    const { from, to, operand } = operation;
    const before = over.map((axis) => (axis === to ? from : axis));
    return partsOf(operand, before, builder).map((part) => ({
      ...part,
      factor: part.factor === undefined ? undefined : renamed(part.factor, from, to, builder),
      value: renamed(part.value, from, to, builder),
    }));
  }
  if (operation?.kind !== "binary") return whole;
  const { left, right } = operation;
  switch (operation.function) {
    case "add":
    case "subtract": {
      if (!hasAll(left) || !hasAll(right)) return whole;
      const isMinus = operation.function === "subtract";
      const subtracted = partsOf(right, over, builder);
      return [
        ...partsOf(left, over, builder),
        ...subtracted.map((part) => ({ ...part, isSubtracted: part.isSubtracted !== isMinus })),
      ];
    }
    case "multiply":
      if (hasNone(left)) return [{ factor: left, value: right, isSubtracted: false }];
      if (hasNone(right)) return [{ factor: right, value: left, isSubtracted: false }];
      return whole;
    default:
      return whole;
  }
}

/** An input under another name is what another reader may have. */
function renamed(id: NodeId, from: string, to: string, builder: PlanBuilder): NodeId {
  if (!builder.has(id, from)) return id;
  const operation = builder.seen(id);
  if (operation?.kind !== "input") return builder.rename(id, from, to);
  return builder.add({ ...operation, axes: operation.axes.map((axis) => (axis === from ? to : axis)) });
}
