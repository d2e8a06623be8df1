import type { Span } from "../../../diagnostics/span.js";
import type { DensityFactor, Expression, Layer, LearnOption, Model, Network, Variable } from "../../../ir/model.js";
import { walkExpression } from "../../../ir/walk-expression.js";
import { isEnumerable } from "../../elaborate/axes.js";
import { layOut } from "../../networks/network-layers.js";
import { isReparameterised } from "../../networks/step-obstacle.js";
import type { ElboVerdict } from "../../verdict.js";
import { chainGuideOf } from "./chain-guide.js";

/** A structure for which no bound along a chain is derived, why, and what to write instead. */
export interface ChainObstacle {
  readonly what: string;
  readonly reason: string;
  readonly wayOut: string;
  readonly span: Span;
}

/** The first thing that keeps a bound from being derived along a chain. */
export function chainBoundObstacle(model: Model, verdict: ElboVerdict): ChainObstacle | undefined {
  return (
    axesObstacle(model) ??
    variablesObstacle(model) ??
    networksObstacle(model) ??
    optionsObstacle(model) ??
    discreteObstacle(model) ??
    guideObstacle(model, verdict)
  );
}

function axesObstacle(model: Model): ChainObstacle | undefined {
  const [chain, second] = model.axes.filter(({ kind }) => kind === "chain");
  if (chain === undefined) return undefined;
  if (second !== undefined)
    return {
      what: `a second chain, \`${second.name}\``,
      reason: "a step has one past",
      wayOut: `put both into \`chain ${chain.name}\`, or learn them as two models`,
      span: second.span,
    };
  if (chain.size !== undefined)
    return {
      what: `a chain of a declared length, \`${chain.name}\``,
      reason: "sequences are as long as the data has them",
      wayOut: `write \`chain ${chain.name} { … }\``,
      span: chain.span,
    };
  const sequences = model.axes.find(({ name }) => name === chain.parent);
  if (sequences !== undefined && (sequences.size !== undefined || sequences.parent !== undefined))
    return {
      what: `a chain inside the plate \`${sequences.name}\` of a declared size`,
      reason: "sequences come from the data",
      wayOut: `write \`each ${sequences.name} { chain ${chain.name} { … } }\`, and \`each ${sequences.name} in …\` inside the chain for parts of a step`,
      span: sequences.span,
    };
  const isInside = (name: string): boolean => {
    const axis = model.axes.find((candidate) => candidate.name === name);
    return axis?.parent === chain.name || (axis?.parent !== undefined && isInside(axis.parent));
  };
  const own = new Set([chain.name, sequences?.name]);
  const other = model.axes.find(({ name, size }) => !own.has(name) && (!isInside(name) || size === undefined));
  if (other !== undefined)
    return {
      what: `the plate \`${other.name}\` beside the chain`,
      reason: "the rows of the data are steps",
      wayOut: `declare a plate of a known size inside \`chain ${chain.name}\`, or learn what it repeats as a model of its own`,
      span: other.span,
    };
  return undefined;
}

function variablesObstacle(model: Model): ChainObstacle | undefined {
  const chain = model.axes.find(({ kind }) => kind === "chain");
  const outside = model.variables.find(({ role, axes }) => role !== "given" && !axes.includes(chain?.name ?? ""));
  if (outside === undefined) return undefined;
  return {
    what: `${outside.role === "latent" ? "a latent" : "an observed variable"} outside of the chain, \`${outside.name}\``,
    reason: "the guide goes from step to step, and every variable has one value for each",
    wayOut:
      outside.role === "latent"
        ? `declare it in \`chain ${chain?.name ?? "t"}\`, make it a \`param\` that all sequences share, or a \`given\``
        : `declare it in \`chain ${chain?.name ?? "t"}\`, or make it a \`given\``,
    span: outside.span,
  };
}

function networksObstacle(model: Model): ChainObstacle | undefined {
  for (const network of model.networks) {
    const laid = layOut(network);
    if ("underived" in laid)
      return {
        what: `\`${laid.underived.name}\` around \`gru\``,
        reason: "what recurs would be added to what does not",
        wayOut: "put `gru(…)` between the other layers: `dense(…) |> gru(…) |> dense(…)`",
        span: laid.underived.span,
      };
    const mixing = [...layersIn(network.layers)].find(({ name }) => name === "batchnorm");
    if (mixing !== undefined)
      return {
        what: "`batchnorm`",
        reason: "a batch has other steps in it each time that it is gone through",
        wayOut: "write `layernorm()`",
        span: mixing.span,
      };
    const whole = wholeOutput(network);
    if (whole !== undefined) return whole;
  }
  for (const factor of densityFactors(model)) {
    const recurrent = expressionsOf(factor).find(
      (part) => part.kind === "network" && hasGru(model.networks.find(({ name }) => name === part.network)),
    );
    if (recurrent !== undefined)
      return {
        what: "a recurrent network in the model",
        reason: `a draw of \`${factor.child}\` would need all of the sequence that comes before`,
        wayOut: `let \`${factor.child}\` read a latent with a past, \`z[t-1]\`, or move \`gru\` to the guide`,
        span: recurrent.span,
      };
  }
  return undefined;
}

function wholeOutput(network: Network): ChainObstacle | undefined {
  const isSequence = network.inputs.some(({ kind }) => kind === "sequence");
  const output = network.outputs.find(({ kind }) => kind !== "sequence");
  if (!isSequence || output === undefined) return undefined;
  return {
    what: `a network that makes one value of a sequence, \`${network.name}\``,
    reason: "every value that a bound along a chain deals with belongs to a step",
    wayOut: `declare its outputs as sequences, \`Seq[…]\`, and read them step by step; with \`gru(…, backward: 1)\` the first step has seen all of the sequence`,
    span: network.span,
  };
}

function* layersIn(layers: readonly Layer[]): Generator<Layer> {
  for (const layer of layers) {
    yield layer;
    yield* layersIn(layer.arguments.flatMap(({ value }) => (typeof value === "object" ? [value] : [])));
  }
}

function hasGru(network: Network | undefined): boolean {
  return network !== undefined && [...layersIn(network.layers)].some(({ name }) => name === "gru");
}

const optionReasons: Readonly<Record<string, { readonly reason: string; readonly wayOut: string }>> = {
  iwae: {
    reason: "weights of whole sequences come down to one draw each",
    wayOut: "leave it out: `score` with more `samples` gives the importance-weighted bound of a fitted model",
  },
  stl: {
    reason: "the divergence of each step is in closed form, which has less variance",
    wayOut: "leave it out",
  },
  freebits: {
    reason: "steps share one latent dimension, and a step at a time does not know their mean",
    wayOut: "use `warmup`, which lets the divergence count for little at first",
  },
  estimator: {
    reason: "discrete latents of a step are enumerated",
    wayOut: "leave it out",
  },
  relax: {
    reason: "discrete latents of a step are enumerated",
    wayOut: "leave it out",
  },
  samples: {
    reason: "each sequence is drawn once in each epoch",
    wayOut: "leave it out, and use more epochs or a lower rate",
  },
};

function optionsObstacle(model: Model): ChainObstacle | undefined {
  const isOff = (option: LearnOption): boolean => option.kind === "number" && option.value <= 1;
  for (const [name, option] of Object.entries(model.learn?.options ?? {})) {
    const known = optionReasons[name];
    if (known === undefined || (isOff(option) && (name === "iwae" || name === "samples"))) continue;
    if (option.kind === "number" && option.value === 0) continue;
    return { what: `\`${name}\``, ...known, span: option.span };
  }
  return undefined;
}

/** What would make a table grow along the chain. */
function discreteObstacle(model: Model): ChainObstacle | undefined {
  const discrete = new Map(model.variables.filter(isEnumerable).map((variable) => [variable.name, variable]));
  const sites = model.guide?.sites ?? [];
  for (const factor of [...densityFactors(model), ...sites]) {
    const child = model.variables.find(({ name }) => name === factor.child);
    for (const part of expressionsOf(factor)) {
      if (part.kind !== "variable" || !discrete.has(part.name)) continue;
      if (part.lag > 0)
        return {
          what: `the discrete latent \`${part.name}\` of an earlier step`,
          reason: `it would be summed over together with continuous latents that are drawn, along all of the sequence`,
          wayOut: `let \`${part.name}\` not look back, make it continuous, or keep the model linear and Gaussian and use \`learn em { approx: collapse(2) }\``,
          span: part.span,
        };
      if (sites.includes(factor) && child !== undefined && !discrete.has(child.name))
        return {
          what: `a guide that draws \`${factor.child}\` for each value of \`${part.name}\``,
          reason: "a draw is what the next step goes on from, and there would be more with each step",
          wayOut: `draw \`${factor.child}\` first, and let the guide of \`${part.name}\` read it`,
          span: part.span,
        };
    }
  }
  return undefined;
}

function guideObstacle(model: Model, verdict: ElboVerdict): ChainObstacle | undefined {
  const [integrated] = verdict.integrate;
  const isWritten = model.guide !== undefined && model.guide.automatic === undefined;
  if (integrated !== undefined && isWritten)
    return {
      what: `\`${integrated}\` integrated out between latents that are drawn`,
      reason: "its moments would have to be carried along with the draws",
      wayOut: `add a site for \`${integrated}\` to the guide`,
      span: model.guide.span,
    };
  const guide = chainGuideOf(model, [...verdict.reparameterise, ...verdict.integrate]);
  if ("obstacle" in guide) {
    const variable = model.variables.find(({ name }) => name === guide.variable);
    return {
      what: guide.obstacle,
      reason: "no guide can be derived",
      wayOut: "write the guide: `guide { chain t { z ~ Normal(…, sd: …) init Normal(…, sd: …) } }`",
      span: variable?.span ?? model.span,
    };
  }
  const isDrawn = (variable: Variable | undefined): boolean => variable !== undefined && !isEnumerable(variable);
  const fixed = guide.sites.find(
    (site) => isDrawn(model.variables.find(({ name }) => name === site.child)) && !isReparameterised(site.distribution),
  );
  if (fixed !== undefined)
    return {
      what: `a guide that draws from ${fixed.distribution}`,
      reason: "such a draw is no function of noise through which a derivative could go",
      wayOut: "use Normal, LogNormal, Laplace, Uniform or Exponential, and bring the draw to its range in the model",
      span: fixed.span,
    };
  return undefined;
}

function densityFactors(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}

function expressionsOf(factor: DensityFactor): readonly Expression[] {
  return Object.values(factor.arguments).flatMap((argument) => [...walkExpression(argument)]);
}
