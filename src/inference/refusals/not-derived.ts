import { notDerivedYet } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { dataPlates } from "../elimination-order.js";
import { gameObstacle } from "../adversarial/game-obstacle.js";
import { boundObstacle } from "../elbo/bound-obstacle.js";
import { describeVerdict, type Verdict } from "../verdict.js";

/** What the compiler recognises but has no derivation for: for commands that need a trainer. */
export function refuseUnderived(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const obstacle = obstacleOf(model, verdict);
  if (obstacle === undefined) return [];
  return [
    notDerivedYet(obstacle.span, { model: model.name, recognised: describeVerdict(verdict), obstacle: obstacle.what }),
  ];
}

interface Obstacle {
  readonly what: string;
  readonly span: Span;
}

function obstacleOf(model: Model, verdict: Verdict): Obstacle | undefined {
  switch (verdict.kind) {
    case "refused":
      return undefined;
    case "adversarial":
      return gameObstacle(model, verdict);
    case "elbo":
      return boundObstacle(model, verdict);
    case "needsApproximation": {
      const span = verdict.asked?.span ?? verdict.growths[0]?.selecting ?? model.span;
      return { what: "approximate elimination (`collapse`, `vb`)", span };
    }
    case "exact":
      return exactObstacle(model);
  }
}

function exactObstacle(model: Model): Obstacle | undefined {
  const latents = model.variables.filter((variable) => variable.role === "latent");
  const gaussian = latents.find((variable) => variable.domain.kind === "real");
  if (gaussian !== undefined) return { what: `Gaussian latents, such as \`${gaussian.name}\``, span: gaussian.span };
  const chain = model.axes.find((axis) => axis.kind === "chain");
  if (chain !== undefined) return { what: `chains, such as \`${chain.name}\``, span: chain.span };
  const [rows, second] = dataPlates(model);
  if (second !== undefined) return { what: `two data plates, such as \`${second.name}\``, span: second.span };
  const random = model.variables.filter((variable) => variable.role !== "given");
  const shared = random.find(({ axes }) => rows === undefined || !axes.includes(rows.name));
  if (shared !== undefined)
    return { what: `variables outside of the rows, such as \`${shared.name}\``, span: shared.span };
  const ragged = model.axes.find((axis) => axis.parent !== undefined && axis.size === undefined);
  if (ragged !== undefined)
    return { what: `inner plates of varying length, such as \`${ragged.name}\``, span: ragged.span };
  for (const factor of model.factors) {
    if (factor.kind !== "density") continue;
    for (const argument of Object.values(factor.arguments)) {
      const network = [...walkExpression(argument)].find((part) => part.kind === "network");
      if (network?.kind === "network") {
        return { what: `networks in exact learning, such as \`${network.network}\``, span: network.span };
      }
    }
  }
  return undefined;
}
