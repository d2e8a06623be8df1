import type { Model } from "../../ir/model.js";
import type { PlanFunction } from "../../ir/plan.js";
import { ChainPasses, inOrder } from "../chain/chain-passes.js";
import { framesOf } from "../chain/frame-model.js";
import type { LatentBlock } from "./blocks.js";
import { discreteAxesOf, table, variableOf } from "./expectations.js";

/**
 * The weights of the discrete latents as a smoother has them that collapses histories: where the posterior of a chain
 * begins. Outputs `q.share.<factor>.<block>` [rows, plates, values].
 */
export function collapsedShares(
  original: Model,
  order: number,
  blocks: readonly LatentBlock[],
  missing: boolean,
): PlanFunction {
  const chain = new ChainPasses(framesOf(original, order));
  const { model } = chain.frames;
  const forward = chain.forward(missing, "parameter", []);
  const backward = chain.backward(missing, "parameter", "sum", false, ({ builder, factors, inside }) => {
    for (const factor of factors) {
      for (const block of blocks) {
        const axes = discreteAxesOf(model, builder, factor, block);
        if (block.kind !== "discrete" || axes.length === 0) continue;
        const share = inside.output(`share.${inside.tableOf(factor.name)}`);
        const stored = [...variableOf(model, factor.child).axes, ...axes];
        const own = builder.sum(
          share,
          builder.axesOf(share).filter((axis) => !stored.includes(axis)),
        );
        builder.output(table.share(factor.name, block), own, stored);
      }
    }
  });
  return inOrder("collapsedShares", [...forward, ...backward]);
}
