import {
  boundedCritic,
  criticWithoutImplicit,
  mixedObjectives,
  noDensity,
  penaltyWithBatchNorm,
  wassersteinWithoutPenalty,
} from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic, RelatedPlace } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { ImplicitFactor, Layer, LearnOption, Model, Variable } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import { adversarialOptionsOf } from "../adversarial/learn-options.js";
import { variableReferences } from "../latents.js";
import { printExpression } from "../print-expression.js";
import type { Verdict } from "../verdict.js";

/** `observe x = e` where no critic is there to learn from, or where a likelihood is asked for. */
export function refuseMissingDensity(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const method = model.learn?.method;
  const wantsDensity = verdict.kind === "adversarial" && (method === "em" || method === "elbo");
  const lacksCritic = verdict.kind === "refused" && verdict.reasons.some((reason) => reason.kind === "noDensity");
  if (!wantsDensity && !lacksCritic) return [];
  return implicitFactors(model).map((factor) => {
    const references = variableReferences(factor.value).flatMap(({ name, span }) => {
      const variable = variableNamed(model, name);
      return variable?.role === "latent" ? [{ variable, span }] : [];
    });
    const related: RelatedPlace[] = references.map(({ variable }) => ({
      span: variable.span,
      message: `latent \`${variable.name}\` is declared here`,
    }));
    if (model.learn !== undefined)
      related.push({ span: model.learn.span, message: `\`learn ${model.learn.method}\` is asked for here` });
    const parameters = {
      variable: factor.child,
      type: typeOf(variableNamed(model, factor.child)),
      value: printExpression(factor.value),
      latents: references.map(({ variable }) => ({ name: variable.name, type: typeOf(variable) })),
      method: method === "em" || method === "elbo" ? method : undefined,
      hasCritic: model.critic !== undefined,
    };
    return noDensity(factor.span, parameters, { related });
  });
}

/** Adversarial learning that is asked for where it has no meaning. */
export function refuseAdversarial(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const implicit = implicitFactors(model);
  if (implicit.length === 0) return refuseWithoutImplicit(model);
  if (verdict.kind !== "adversarial") return [];
  return [...refuseMixed(model, implicit), ...refuseLoss(model), ...refuseBatchNorm(model), ...warnOfBound(model)];
}

function refuseWithoutImplicit(model: Model): readonly Diagnostic[] {
  const observed = model.variables.find((variable) => variable.role === "observed");
  const related =
    observed === undefined ? [] : [{ span: observed.span, message: `\`${observed.name}\` has a density` }];
  const refuse = (span: Span, subject: "critic" | "learn adversarial"): Diagnostic =>
    criticWithoutImplicit(span, { subject, observed: observed?.name }, { related });
  if (model.critic !== undefined) return [refuse(model.critic.span, "critic")];
  if (model.learn?.method === "adversarial") return [refuse(model.learn.span, "learn adversarial")];
  return [];
}

function refuseMixed(model: Model, [implicit]: readonly ImplicitFactor[]): readonly Diagnostic[] {
  if (implicit === undefined) return [];
  return model.factors.flatMap((factor) => {
    if (factor.kind === "implicit" || variableNamed(model, factor.child)?.role !== "observed") return [];
    const related = [{ span: implicit.span, message: `\`${implicit.child}\` is defined by \`=\` here` }];
    return [mixedObjectives(factor.span, { explicit: factor.child, implicit: implicit.child }, { related })];
  });
}

function refuseLoss(model: Model): readonly Diagnostic[] {
  const options = model.learn?.options ?? {};
  const loss = options["loss"];
  if (loss?.kind !== "name" || loss.name !== "wasserstein") return [];
  if (isPositive(options["gp"]) || isPositive(options["spectral"])) return [];
  return [wassersteinWithoutPenalty(loss.span, {})];
}

function refuseBatchNorm(model: Model): readonly Diagnostic[] {
  const options = model.learn?.options ?? {};
  const option = ["gp", "r1"].find((name) => isPositive(options[name]));
  const network = model.networks.find((candidate) => candidate.name === model.critic?.network);
  if (option === undefined || network === undefined) return [];
  const related = [{ span: options[option]?.span ?? network.span, message: `\`${option}\` is asked for here` }];
  return layersWithin(network.layers)
    .filter((layer) => layer.name === "batchnorm")
    .map((layer) => penaltyWithBatchNorm(layer.span, { network: network.name, option }, { related }));
}

const bounded: readonly string[] = ["sigmoid", "tanh"];

/** A last layer of one unit that squashes: someone's discriminator, which gave a probability. */
function warnOfBound(model: Model): readonly Diagnostic[] {
  const network = model.networks.find((candidate) => candidate.name === model.critic?.network);
  const last = network?.layers.at(-1);
  if (network === undefined || last?.name !== "dense") return [];
  const [units, activation] = last.arguments.map(({ value }) => value);
  if (units !== 1 || typeof activation !== "string" || !bounded.includes(activation)) return [];
  const { loss } = adversarialOptionsOf(model);
  return [boundedCritic(last.span, { network: network.name, activation, loss })];
}

function layersWithin(layers: readonly Layer[]): readonly Layer[] {
  return layers.flatMap((layer) => [
    layer,
    ...layersWithin(layer.arguments.flatMap(({ value }) => (typeof value === "object" ? [value] : []))),
  ]);
}

function isPositive(option: LearnOption | undefined): boolean {
  return option?.kind === "number" && option.value > 0;
}

function implicitFactors(model: Model): readonly ImplicitFactor[] {
  return model.factors.filter((factor): factor is ImplicitFactor => factor.kind === "implicit");
}

function variableNamed(model: Model, name: string): Variable | undefined {
  return model.variables.find((variable) => variable.name === name);
}

function typeOf(variable: Variable | undefined): string {
  return variable === undefined ? "" : printDomain(variable.domain);
}
