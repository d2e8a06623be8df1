import { shapeOf } from "../../../ir/domain.js";
import type {
  DensityFactor,
  Dimension,
  Domain,
  Expression,
  Layer,
  Model,
  Network,
  Variable,
} from "../../../ir/model.js";
import type { Parameter } from "../../../ir/model.js";
import type { ReportLine, WeightStart } from "../../../ir/program.js";
import { walkExpression } from "../../../ir/walk-expression.js";
import {
  defaultLayer,
  encoderInputs,
  featuresOf,
  type GuideObstacle,
  guideOf,
  inModelOrder,
  spreadBias,
  layerText,
  type WrittenOutGuide,
} from "../derived-guide.js";

/**
 * The guide of a model with a chain: as written, or derived from the structure.
 *
 *     h_t = gru from the end over what the latents generate and what they are given, missing entries marked
 *     q(z_t | z_t-1, h_t) = Normal(m, s^2),  (m, s) = posterior(z_t-1, h_t),  s through softplus
 *
 * The latents of earlier steps are those that the model's own density reads.
 *
 * @source Krishnan, Shalit and Sontag 2017, section 4 (the structured inference network that sees the future)
 */
export function chainGuideOf(model: Model, sampled: readonly string[]): WrittenOutGuide | GuideObstacle {
  const { guide } = model;
  if (guide !== undefined && guide.automatic === undefined) return guideOf(model, sampled);
  const latents = inModelOrder(model, sampled).map((name) => variableOf(model, name));
  const [first] = latents;
  if (first === undefined) return { obstacle: "a guide of no latent", variable: model.name };
  const data = new Set(latents.flatMap((latent) => featuresOf(model, latent, []).map(({ name }) => name)));
  const features = model.variables.filter(({ name, role }) => data.has(name) && role !== "latent");
  for (const latent of latents) {
    const inner = features.find((feature) => feature.axes.some((axis) => !latent.axes.includes(axis)));
    if (inner !== undefined)
      return { obstacle: `an encoder that pools \`${inner.name}\` over an inner plate`, variable: latent.name };
    if (latent.domain.kind !== "real" && latent.domain.kind !== "positive")
      return { obstacle: `guides of a latent of type ${latent.domain.kind}`, variable: latent.name };
  }
  if (features.length === 0)
    return { obstacle: "an encoder for a latent that no data depends on", variable: first.name };

  const taken = new Set([
    ...model.networks.map(({ name }) => name),
    ...model.parameters.map(({ name }) => name),
    ...model.variables.map(({ name }) => name),
  ]);
  const fresh = (wanted: string): string => {
    let name = wanted;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  };
  const { span } = first;
  const units = memoryUnits(model, latents);
  const recurrent: Layer = {
    name: "gru",
    arguments: [{ value: units.kind === "symbol" ? units.name : units.value }, { name: "backward", value: 1 }],
    span,
  };
  const encoder = fresh("encoder");
  const known = encoderInputs(encoder, features);
  const memory: Domain = { kind: "real", shape: [units] };
  const networks: Network[] = [{ name: encoder, inputs: known.domains, outputs: [memory], layers: [recurrent], span }];
  const scales: Parameter[] = [...known.scales];
  const starts: Record<string, WeightStart> = { ...known.starts };
  const seen: Expression = {
    kind: "network",
    network: encoder,
    output: 0,
    arguments: known.values,
    type: memory,
    span,
  };
  const hidden = guide?.automatic ?? [
    { name: "dense", arguments: [{ value: defaultLayer.units }, { value: defaultLayer.activation }], span },
  ];
  const sites: DensityFactor[] = [];
  const report: ReportLine[] = [
    {
      rule: "derived guide",
      text: `h[t] from the network ${encoder}: ${layerText(recurrent)} over ${features.map(({ name }) => name).join(", ")} from step t to the end`,
      span,
    },
  ];
  const inputOf = (variable: Variable, lag: number): Expression => ({
    kind: "variable",
    name: variable.name,
    lag,
    type: variable.domain,
    span: variable.span,
  });
  for (const latent of latents) {
    const before = latents.filter(({ name }) => sites.some(({ child }) => child === name));
    const drawn = featuresOf(
      model,
      latent,
      before.map(({ name }) => name),
    ).filter(({ role }) => role === "latent");
    const past = pastOf(model, latent.name);
    const together = drawn.map((variable) => inputOf(variable, 0));
    const several = latents.length === 1 ? "" : `_${latent.name}`;
    const write = (wanted: string, phase: DensityFactor["phase"], given: readonly Expression[]): void => {
      const name = fresh(wanted + several);
      const shape = shapeOf(latent.domain);
      const output: Domain = { kind: "real", shape };
      networks.push({ name, inputs: given.map(({ type }) => type), outputs: [output, output], layers: hidden, span });
      const spread = `${name}.${hidden.length}.head1`;
      const inputs = hidden.length === 0 ? given.length : 1;
      for (let i = 0; i < inputs; i++) starts[`${spread}.weight${i === 0 ? "" : i}`] = { kind: "constant", value: 0 };
      starts[`${spread}.bias`] = { kind: "constant", value: spreadBias(guide) };
      const made = (position: number): Expression => ({
        kind: "network",
        network: name,
        output: position,
        arguments: given,
        type: output,
        span,
      });
      const sd: Expression = {
        kind: "apply",
        function: "softplus",
        arguments: [made(1)],
        type: { kind: "positive", shape },
        span,
      };
      sites.push({
        kind: "density",
        name: phase === "initial" ? `${latent.name}.initial` : latent.name,
        child: latent.name,
        phase,
        distribution: latent.domain.kind === "positive" ? "LogNormal" : "Normal",
        arguments: { mean: made(0), sd },
        span: latent.span,
      });
    };
    if (past.length === 0) write("posterior", "all", [...together, seen]);
    else {
      write("posterior_first", "initial", [...together, seen]);
      write("posterior", "step", [
        ...past.map(({ name, lag }) => inputOf(variableOf(model, name), lag)),
        ...together,
        seen,
      ]);
    }
    const read = [
      ...past.map(({ name, lag }) => `${name}[t-${lag}]`),
      ...drawn.map(({ name }) => `${name}[t]`),
      "h[t]",
    ].join(", ");
    const layers = hidden.map((layer) => layerText(layer)).join(" |> ");
    report.push({
      rule: "derived guide",
      text:
        `q(${latent.name}[t] | ${read}) = ${latent.domain.kind === "positive" ? "LogNormal" : "Normal"}(m, s^2) with ` +
        `(m, s) from the network ${networks.at(-1)?.name ?? ""}: ${layers === "" ? "linear" : layers}`,
      span: latent.span,
    });
  }
  return { sites, networks, scales, starts, report };
}

/** As many units as the first hidden layer of a network that generates the data has. */
function memoryUnits(model: Model, latents: readonly Variable[]): Dimension {
  const names = new Set(latents.map(({ name }) => name));
  const calls = factorsOf(model)
    .filter(({ child }) => !names.has(child))
    .flatMap((factor) => Object.values(factor.arguments).flatMap((argument) => [...walkExpression(argument)]))
    .flatMap((part) => (part.kind === "network" ? [part.network] : []));
  const layer = model.networks.find(({ name }) => name === calls[0])?.layers.find(({ name }) => name === "dense");
  const value = layer?.arguments[0]?.value;
  if (typeof value === "string") return { kind: "symbol", name: value };
  return { kind: "literal", value: typeof value === "number" ? value : defaultLayer.units };
}

/** Latents and data of earlier steps that the density of a latent reads. */
function pastOf(model: Model, latent: string): readonly { readonly name: string; readonly lag: number }[] {
  const found = factorsOf(model)
    .filter(({ child }) => child === latent)
    .flatMap((factor) => Object.values(factor.arguments).flatMap((argument) => [...walkExpression(argument)]))
    .flatMap((part) => (part.kind === "variable" && part.lag > 0 ? [{ name: part.name, lag: part.lag }] : []));
  return found.filter((one, i) => found.findIndex(({ name, lag }) => name === one.name && lag === one.lag) === i);
}

function factorsOf(model: Model): readonly DensityFactor[] {
  return model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
}

function variableOf(model: Model, name: string): Variable {
  const found = model.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`derive: unknown variable ${name}`);
  return found;
}
