import { shapeOf } from "../../ir/domain.js";
import { isImageDomain } from "../../ir/layer-shapes.js";
import type {
  DensityFactor,
  Domain,
  Expression,
  Guide,
  Layer,
  Model,
  Network,
  Parameter,
  Variable,
} from "../../ir/model.js";
import type { ReportLine, WeightStart } from "../../ir/program.js";
import { walkExpression } from "../../ir/walk-expression.js";

/** A guide: how each latent that is not summed out is drawn given the data. */
export interface WrittenOutGuide {
  readonly sites: readonly DensityFactor[];
  /** Encoders that were derived. */
  readonly networks: readonly Network[];
  /** What brings their inputs to mean 0 and variance 1: of the data, and never moved. */
  readonly scales: readonly Parameter[];
  /** Starts of their weights that differ from the rule. */
  readonly starts: Readonly<Record<string, WeightStart>>;
  readonly report: readonly ReportLine[];
}

export interface GuideObstacle {
  readonly obstacle: string;
  readonly variable: string;
}

/**
 * softplus(-2) = 0.13: draws begin close to their centre, by the same spread for every row. (Centres that began at 0 as
 * well would tell the decoder nothing: on MNIST that cost 14 nats in the first epoch.)
 */
const initialSpreadBias = -2;
/** What softplus makes the spread of that draws begin with. */
export function spreadBias(guide: Guide | undefined): number {
  return guide?.spread === undefined ? initialSpreadBias : Math.log(Math.expm1(guide.spread));
}

export const defaultLayer = { units: 64, activation: "tanh" } as const;

/**
 * The guide as written, or one derived from the structure:
 *
 *     q(z | features) = Normal(m, s^2),  (m, s) = encoder(features),  s through softplus
 *
 * Features are the observed variables that depend on the latent, what else those depend on, and latents drawn before.
 * The encoder mirrors the hidden layers of the decoder; the spread begins the same for all rows.
 */
export function guideOf(model: Model, sampled: readonly string[]): WrittenOutGuide | GuideObstacle {
  const { guide } = model;
  if (guide !== undefined && guide.automatic === undefined) {
    return {
      sites: inDrawingOrder(guide.sites),
      networks: [],
      scales: [],
      starts: {},
      report: guide.sites.map((site) => ({
        rule: "guide",
        text: `${site.child} is drawn from the ${site.distribution} that the guide writes${site.phase === "initial" ? " for the first step" : ""}`,
        span: site.span,
      })),
    };
  }
  const sites: DensityFactor[] = [];
  const networks: Network[] = [];
  const starts: Record<string, WeightStart> = {};
  const scales: Parameter[] = [];
  const report: ReportLine[] = [];
  for (const name of inModelOrder(model, sampled)) {
    const latent = variableOf(model, name);
    const features = featuresOf(
      model,
      latent,
      sites.map((site) => site.child),
    );
    const inner = features.find((feature) => feature.axes.some((axis) => !latent.axes.includes(axis)));
    if (inner !== undefined)
      return { obstacle: `an encoder that pools \`${inner.name}\` over an inner plate`, variable: name };
    if (features.length === 0) return { obstacle: `an encoder for a latent that no data depends on`, variable: name };
    if (latent.domain.kind !== "real" && latent.domain.kind !== "positive")
      return { obstacle: `guides of a latent of type ${latent.domain.kind}`, variable: name };
    const network = encoder(model, latent, features, sampled.length === 1);
    const { layers } = network;
    networks.push(network);
    for (const feature of features.filter(isScaled)) {
      for (const as of ["mean", "deviation"] as const) {
        const name = scaleName(network, feature, as);
        const kind = as === "mean" ? "real" : "positive";
        scales.push({ name, span: latent.span, table: [], domain: { kind, shape: shapeOf(feature.domain) } });
        starts[name] = { kind: "moments", variable: feature.name, as };
      }
    }
    sites.push(siteOf(latent, network, features));
    const spreadHead = `${network.name}.${layers.length}.head1`;
    const inputs = layers.length === 0 ? network.inputs.length : 1;
    for (let i = 0; i < inputs; i++) starts[`${spreadHead}.weight${i === 0 ? "" : i}`] = { kind: "constant", value: 0 };
    starts[`${spreadHead}.bias`] = { kind: "constant", value: spreadBias(guide) };
    const hidden = layers.map((layer) => layerText(layer)).join(" |> ");
    const origin = guide?.automatic === undefined ? "mirrored from the decoder" : "as in guide auto(…)";
    report.push({
      rule: "derived guide",
      text:
        `q(${name} | ${features.map((feature) => feature.name).join(", ")}) = ` +
        `${latent.domain.kind === "positive" ? "LogNormal" : "Normal"}(m, s^2) with (m, s) from the network ` +
        `${network.name}: ${hidden === "" ? "linear" : `${hidden}, ${origin}`}`,
      span: latent.span,
    });
  }
  return { sites, networks, scales, starts, report };
}

function encoder(model: Model, latent: Variable, features: readonly Variable[], isOnly: boolean): Network {
  const inputs = features.flatMap((feature): readonly Domain[] =>
    feature.optional ? [feature.domain, presenceDomain(feature.domain)] : [feature.domain],
  );
  const output: Domain = { kind: "real", shape: shapeOf(latent.domain) };
  const taken = new Set([
    ...model.networks.map(({ name }) => name),
    ...model.parameters.map(({ name }) => name),
    ...model.variables.map(({ name }) => name),
  ]);
  let name = isOnly ? "encoder" : `encoder_${latent.name}`;
  while (taken.has(name)) name += "_";
  return {
    name,
    inputs,
    outputs: [output, output],
    layers: model.guide?.automatic ?? mirroredLayers(model, latent, features),
    span: latent.span,
  };
}

/**
 * The hidden layers of the decoder, in reverse: dense ones, and of images `conv` for `deconv`; none where the model is
 * linear in the latent.
 */
function mirroredLayers(model: Model, latent: Variable, features: readonly Variable[]): readonly Layer[] {
  const factors = densityFactors(model).filter((factor) => mentions(factor, latent.name));
  const calls = factors
    .flatMap((factor) => Object.values(factor.arguments).flatMap((argument) => [...walkExpression(argument)]))
    .filter((part) => part.kind === "network")
    .filter((call) => call.arguments.some((argument) => reads(argument, latent.name)));
  const called = model.networks.find(({ name }) => name === calls[0]?.network);
  if (called !== undefined) {
    const [first] = features;
    const convolutions = called.layers.filter(({ name }) => name === "conv" || name === "deconv");
    if (first !== undefined && isImageDomain(first.domain) && convolutions.length > 0) return mirroredImage(called);
    const dense = called.layers.filter(({ name }) => name === "dense");
    if (dense.length > 0) return [...dense].reverse();
  }
  const isLinear = factors.every(({ distribution }) => distribution === "Normal") && called === undefined;
  if (isLinear) return [];
  const { units, activation } = defaultLayer;
  return [{ name: "dense", arguments: [{ value: units }, { value: activation }], span: latent.span }];
}

/** A dense layer that only makes the entries of an image has no counterpart: flattening undoes both. */
function mirroredImage({ layers }: Network): readonly Layer[] {
  const mirrored = layers.flatMap((layer, i): readonly Layer[] => {
    switch (layer.name) {
      case "deconv":
        return [{ ...layer, name: "conv" }];
      case "conv":
        return [layer];
      case "dense":
        return layers[i + 1]?.name === "reshape" ? [] : [layer];
      case "reshape":
        return [{ ...layer, name: "flatten", arguments: [] }];
      default:
        return [];
    }
  });
  const reversed = [...mirrored].reverse();
  const isFlattened = reversed.some(({ name }) => name === "flatten");
  return isFlattened ? reversed : [...reversed, { name: "flatten", arguments: [], span: layers[0]!.span }];
}

/** What an encoder reads of some variables: reals in units of their own, and where entries are missing. */
export function encoderInputs(
  network: string,
  features: readonly Variable[],
): {
  readonly domains: readonly Domain[];
  readonly values: readonly Expression[];
  readonly scales: readonly Parameter[];
  readonly starts: Readonly<Record<string, WeightStart>>;
} {
  const domains = features.flatMap((feature): readonly Domain[] =>
    feature.optional ? [feature.domain, presenceDomain(feature.domain)] : [feature.domain],
  );
  const values = features.flatMap((feature): readonly Expression[] => {
    const { span } = feature;
    const value: Expression = { kind: "variable", name: feature.name, lag: 0, type: feature.domain, span };
    const presence: Expression = { ...value, presence: true, type: presenceDomain(feature.domain) };
    const read = isScaled(feature) ? scaled({ name: network }, feature, value, presence) : value;
    return feature.optional ? [read, presence] : [read];
  });
  const scales: Parameter[] = [];
  const starts: Record<string, WeightStart> = {};
  for (const feature of features.filter(isScaled)) {
    for (const as of ["mean", "deviation"] as const) {
      const name = scaleName({ name: network }, feature, as);
      const kind = as === "mean" ? "real" : "positive";
      scales.push({ name, span: feature.span, table: [], domain: { kind, shape: shapeOf(feature.domain) } });
      starts[name] = { kind: "moments", variable: feature.name, as };
    }
  }
  return { domains, values, scales, starts };
}

function siteOf(latent: Variable, network: Network, features: readonly Variable[]): DensityFactor {
  const { span } = latent;
  const given = features.flatMap((feature): readonly Expression[] => {
    const value: Expression = { kind: "variable", name: feature.name, lag: 0, type: feature.domain, span };
    const presence: Expression = { ...value, presence: true, type: presenceDomain(feature.domain) };
    const read = isScaled(feature) ? scaled(network, feature, value, presence) : value;
    return feature.optional ? [read, presence] : [read];
  });
  const shape = shapeOf(latent.domain);
  const output = (position: number): Expression => ({
    kind: "network",
    network: network.name,
    output: position,
    arguments: given,
    type: { kind: "real", shape },
    span,
  });
  const spread: Expression = {
    kind: "apply",
    function: "softplus",
    arguments: [output(1)],
    type: { kind: "positive", shape },
    span,
  };
  return {
    kind: "density",
    name: latent.name,
    child: latent.name,
    phase: "all",
    distribution: latent.domain.kind === "positive" ? "LogNormal" : "Normal",
    arguments: { mean: output(0), sd: spread },
    span,
  };
}

/** Reals are in units of their own. */
function isScaled({ role, domain }: Variable): boolean {
  return role === "observed" && domain.kind === "real";
}

function scaleName(network: Pick<Network, "name">, feature: Variable, as: "mean" | "deviation"): string {
  return `${network.name}.${feature.name}.${as}`;
}

/** (x - mean) / deviation, 0 where it is missing. */
function scaled(
  network: Pick<Network, "name">,
  feature: Variable,
  value: Expression,
  presence: Expression,
): Expression {
  const type: Domain = { kind: "real", shape: shapeOf(feature.domain) };
  const { span } = value;
  const apply = (name: "subtract" | "divide" | "multiply", ...given: readonly Expression[]): Expression => ({
    kind: "apply",
    function: name,
    arguments: given,
    type,
    span,
  });
  const moment = (as: "mean" | "deviation"): Expression => ({
    kind: "parameter",
    name: scaleName(network, feature, as),
    indices: [],
    type,
    span,
  });
  const standard = apply("divide", apply("subtract", value, moment("mean")), moment("deviation"));
  return feature.optional ? apply("multiply", standard, presence) : standard;
}

/** Where a value may be missing the encoder is told so, entry by entry. */
function presenceDomain(domain: Domain): Domain {
  return { kind: "real", shape: shapeOf(domain) };
}

/** Observed variables that depend on the latent, what else their densities read, and latents drawn before. */
export function featuresOf(model: Model, latent: Variable, drawn: readonly string[]): readonly Variable[] {
  const factors = densityFactors(model);
  const reached = new Set([latent.name]);
  for (let grown = true; grown;) {
    grown = false;
    for (const factor of factors) {
      if (reached.has(factor.child) || ![...reached].some((name) => mentions(factor, name))) continue;
      reached.add(factor.child);
      grown = true;
    }
  }
  const blanket = new Set(reached);
  for (const factor of factors) {
    if (!reached.has(factor.child)) continue;
    for (const argument of Object.values(factor.arguments))
      for (const part of walkExpression(argument)) if (part.kind === "variable") blanket.add(part.name);
  }
  const features = model.variables.filter(
    ({ name, role }) => blanket.has(name) && name !== latent.name && (role !== "latent" || drawn.includes(name)),
  );
  // A convolution joins other values to an image, which comes first.
  const isImage = (feature: Variable): boolean => isImageDomain(feature.domain);
  return [...features.filter(isImage), ...features.filter((feature) => !isImage(feature))];
}

/** Sites so that each comes after those it reads. */
function inDrawingOrder(sites: readonly DensityFactor[]): readonly DensityFactor[] {
  const ordered: DensityFactor[] = [];
  let waiting = [...sites];
  while (waiting.length > 0) {
    const next = waiting.find((site) => waiting.every((other) => other === site || !needsNow(site, other)));
    if (next === undefined) throw new Error("derive: the sites of the guide read each other in a circle");
    ordered.push(next);
    waiting = waiting.filter((site) => site !== next);
  }
  return ordered;
}

/** Does a site read what another draws at the same step? The first step of a chain is drawn before the others. */
function needsNow(site: DensityFactor, other: DensityFactor): boolean {
  if (site.child === other.child) return site.phase === "step" && other.phase === "initial";
  return Object.values(site.arguments).some((argument) =>
    [...walkExpression(argument)].some(
      (part) => part.kind === "variable" && part.name === other.child && part.lag === 0,
    ),
  );
}

export function inModelOrder(model: Model, names: readonly string[]): readonly string[] {
  const factors = densityFactors(model).filter(({ child }) => names.includes(child));
  // A latent of a chain has a factor for its first step too.
  return [...new Set(inDrawingOrder(factors).map(({ child }) => child))];
}

function densityFactors(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}

function mentions(factor: DensityFactor, name: string): boolean {
  return Object.values(factor.arguments).some((argument) => reads(argument, name));
}

function reads(expression: Expression, name: string): boolean {
  return [...walkExpression(expression)].some((part) => part.kind === "variable" && part.name === name);
}

function variableOf(model: Model, name: string): Variable {
  const found = model.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`derive: unknown latent ${name}`);
  return found;
}

export function layerText(layer: Layer): string {
  const given = layer.arguments.map(({ name, value }) => {
    const text = typeof value === "object" ? layerText(value) : String(value);
    return name === undefined ? text : `${name}: ${text}`;
  });
  return `${layer.name}(${given.join(", ")})`;
}
