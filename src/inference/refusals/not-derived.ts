import { notAlongChain, notDerivedYet } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { Model } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { dataPlates } from "../elimination-order.js";
import { gameObstacle } from "../adversarial/game-obstacle.js";
import { chainBoundObstacle } from "../elbo/chain/chain-obstacle.js";
import { boundObstacle } from "../elbo/bound-obstacle.js";
import { manyProducts, tangledBlock } from "../variational/blocks.js";
import { describeVerdict, type Verdict } from "../verdict.js";

/** What the compiler recognises but has no derivation for: for commands that need a trainer. */
export function refuseUnderived(model: Model, verdict: Verdict): readonly Diagnostic[] {
  if (verdict.kind === "elbo" && model.axes.some(({ kind }) => kind === "chain")) {
    const found = chainBoundObstacle(model, verdict);
    return found === undefined ? [] : [notAlongChain(found.span, found)];
  }
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
      const { asked, growths } = verdict;
      const span = asked?.span ?? growths[0]?.selecting ?? model.span;
      if (asked?.kind === "vb") return exactObstacle(model, []) ?? blockObstacle(model);
      if (asked?.order === undefined || !Number.isInteger(asked.order) || asked.order < 2)
        return { what: "collapsing to fewer than the last two choices (write `collapse(2)`)", span };
      return chainObstacle(model) ?? networkObstacle(model);
    }
    case "exact":
      return exactObstacle(model, verdict.stacked);
  }
}

/** A block that is not exact on its own, or a factor that multiplies latents of more than two blocks. */
function blockObstacle(model: Model): Obstacle | undefined {
  const tangled = tangledBlock(model);
  const [latent] = tangled?.variables ?? [];
  if (latent !== undefined) {
    return {
      what: `latents that are tied together whatever else is known, such as \`${latent.name}\``,
      span: latent.span,
    };
  }
  const found = manyProducts(model);
  return found === undefined
    ? undefined
    : { what: `products of three latents, as in \`${found.child}\``, span: found.span };
}

function exactObstacle(model: Model, stacked: readonly string[]): Obstacle | undefined {
  const latents = model.variables.filter((variable) => variable.role === "latent");
  const matrix = latents.find(({ domain }) => domain.kind === "real" && domain.shape.length > 1);
  if (matrix !== undefined) return { what: `latent matrices, such as \`${matrix.name}\``, span: matrix.span };
  if (model.axes.some((axis) => axis.kind === "chain")) return chainObstacle(model) ?? networkObstacle(model);
  const [rows, second] = dataPlates(model);
  if (second !== undefined) return { what: `two data plates, such as \`${second.name}\``, span: second.span };
  const random = model.variables.filter((variable) => variable.role !== "given");
  const shared = random.find(({ axes }) => rows === undefined || !axes.includes(rows.name));
  if (shared !== undefined)
    return { what: `variables outside of the rows, such as \`${shared.name}\``, span: shared.span };
  const ragged = model.axes.find((axis) => axis.parent !== undefined && axis.size === undefined);
  if (ragged !== undefined)
    return { what: `inner plates of varying length, such as \`${ragged.name}\``, span: ragged.span };
  const joined = model.axes.find(({ name }) => stacked.includes(name));
  if (joined !== undefined) {
    const what = `Gaussian latents that join into one state along a plate, such as \`${joined.name}\``;
    return { what, span: joined.span };
  }
  return networkObstacle(model);
}

/** What keeps a model with a chain from being derived step by step. */
function chainObstacle(model: Model): Obstacle | undefined {
  const [chain, second] = model.axes.filter((axis) => axis.kind === "chain");
  if (chain === undefined) return undefined;
  if (second !== undefined) return { what: `two chains, such as \`${second.name}\``, span: second.span };
  if (chain.size !== undefined)
    return { what: `chains of a declared length, such as \`${chain.name}\``, span: chain.span };
  const sequences = model.axes.find((axis) => axis.name === chain.parent);
  if (sequences !== undefined && (sequences.size !== undefined || sequences.parent !== undefined))
    return { what: `chains inside plates of a declared size, such as \`${sequences.name}\``, span: sequences.span };
  const known = new Set([chain.name, ...(sequences === undefined ? [] : [sequences.name])]);
  const isInside = (name: string): boolean => {
    const axis = model.axes.find((candidate) => candidate.name === name);
    return axis?.parent === chain.name || (axis?.parent !== undefined && isInside(axis.parent));
  };
  const beside = model.axes.find((axis) => !known.has(axis.name) && (!isInside(axis.name) || axis.size === undefined));
  if (beside !== undefined) return { what: `plates beside a chain, such as \`${beside.name}\``, span: beside.span };
  const shared = model.variables.find(
    ({ axes, role }) => role !== "given" && sequences !== undefined && !axes.includes(sequences.name),
  );
  if (shared !== undefined)
    return { what: `variables that sequences share, such as \`${shared.name}\``, span: shared.span };
  const looksBack = (name: string): boolean =>
    model.factors.some(
      (factor) =>
        factor.kind === "density" &&
        Object.values(factor.arguments).some((argument) =>
          [...walkExpression(argument)].some((part) => part.kind === "variable" && part.name === name && part.lag > 0),
        ),
    );
  const nested = model.variables.find(
    ({ axes, role, name }) => role === "latent" && axes.some(isInside) && looksBack(name),
  );
  if (nested !== undefined)
    return { what: `chains inside plates of a step, such as that of \`${nested.name}\``, span: nested.span };
  const inPlate = model.variables.find(
    (variable) => variable.role === "latent" && variable.domain.kind === "real" && variable.axes.some(isInside),
  );
  if (inPlate !== undefined)
    return { what: `Gaussian latents in plates of a step, such as \`${inPlate.name}\``, span: inPlate.span };
  return undefined;
}

function networkObstacle(model: Model): Obstacle | undefined {
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
