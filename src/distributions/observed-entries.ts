import type { NodeId } from "../ir/plan.js";
import type { DensityContext } from "./distribution.js";

/**
 * The child with missing entries replaced by a value inside the support: a logarithm of 0 behind a mask would still
 * turn gradients into NaN.
 */
export function observedChild(context: DensityContext, insideSupport: number): NodeId {
  const { builder, child, present } = context;
  if (present === undefined || insideSupport === 0) return child;
  return builder.select(present, child, builder.constant(insideSupport));
}

/** The value where the entry is observed, else 0. */
export function whereObserved(context: DensityContext, value: NodeId): NodeId {
  const { builder, present } = context;
  return present === undefined ? value : builder.select(present, value, builder.constant(0));
}

/** Sum over the event axes of one term per entry; missing entries add nothing. */
export function sumOverEntries(context: DensityContext, term: NodeId): NodeId {
  return context.builder.sum(whereObserved(context, term), context.eventAxes);
}

/** `factor * value`, and 0 where the factor is 0 whatever the value (0 log 0 = 0). */
export function zeroSafeProduct(context: DensityContext, factor: NodeId, value: NodeId): NodeId {
  const { builder } = context;
  return builder.select(factor, builder.times(factor, value), builder.constant(0));
}
