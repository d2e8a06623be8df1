import type { NodeId } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";
import type { AdversarialLoss } from "./learn-options.js";

/**
 * What the critic ascends, row by row: the negative of its loss on data and on draws.
 *
 * @source Goodfellow et al. 2014 (nonsaturating); Lim and Ye 2017 (hinge); Mao et al. 2017 (least squares); Arjovsky,
 * Chintala and Bottou 2017 (Wasserstein)
 */
export function criticObjective(builder: PlanBuilder, loss: AdversarialLoss, data: NodeId, draws: NodeId): NodeId {
  const negative = (node: NodeId): NodeId => builder.unary("negate", node);
  const one = builder.constant(1);
  switch (loss) {
    case "nonsaturating":
      return negative(builder.plus(builder.unary("softplus", negative(data)), builder.unary("softplus", draws)));
    case "hinge":
      return negative(
        builder.plus(builder.unary("relu", builder.minus(one, data)), builder.unary("relu", builder.plus(one, draws))),
      );
    case "lsgan":
      return builder.scale(
        -0.5,
        builder.plus(builder.unary("square", builder.minus(data, one)), builder.unary("square", draws)),
      );
    case "wasserstein":
      return builder.minus(data, draws);
  }
}

/** What the generator ascends, row by row. */
export function generatorObjective(builder: PlanBuilder, loss: AdversarialLoss, draws: NodeId): NodeId {
  switch (loss) {
    case "nonsaturating":
      return builder.unary("negate", builder.unary("softplus", builder.unary("negate", draws)));
    case "hinge":
    case "wasserstein":
      return draws;
    case "lsgan":
      return builder.scale(-0.5, builder.unary("square", builder.minus(draws, builder.constant(1))));
  }
}
