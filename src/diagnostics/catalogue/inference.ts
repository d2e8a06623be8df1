import { defineDiagnostic } from "../diagnostic.js";

/** How the table of GEN3201 comes to grow. */
export interface TableGrowth {
  /** Discrete latents whose histories (or combinations) multiply. */
  readonly selectors: readonly string[];
  /** "K^T", in symbols. */
  readonly cells: string;
  readonly axis: string;
  readonly axisKind: "chain" | "plate";
  /** The variable whose distribution is chosen. */
  readonly child: string;
  /** What holds the choices together. */
  readonly carrier:
    { readonly name: string; readonly kind: "discrete" | "continuous"; readonly looksBack: boolean } | undefined;
  /** Selectors that could be declared outside the axis without becoming the same as something else. */
  readonly movable: readonly string[];
  /** An approximation that was asked for and does not apply along this axis. */
  readonly rejected: string | undefined;
}

export const tableGrows = defineDiagnostic<TableGrowth>({
  code: "GEN3201",
  severity: "error",
  title: "the exact table grows without bound",
  message: (p) => {
    const rejected =
      p.rejected === undefined ? "" : `\`${p.rejected}\` works along a chain, and \`${p.axis}\` is a plate: `;
    return `${rejected}exact inference for ${quoted(p.selectors)} needs a table of ${p.cells} cells: ${growthReason(p)}`;
  },
  label: (p) =>
    p.axisKind === "chain" ? `chosen anew at every step of \`${p.axis}\`` : `chosen anew for every \`${p.axis}\``,
  hint: (p) => {
    const collapse =
      p.axisKind === "chain"
        ? "`learn em { approx: collapse(2) }` (keeps the last two steps apart and merges older histories: accurate, no bound) or "
        : "";
    const vb = "`learn em { approx: vb }` (a lower bound that never decreases; too sure of itself)";
    const outside = `\`${p.axisKind === "chain" ? "chain" : "each"} ${p.axis}\``;
    const move =
      p.movable.length === 0
        ? ""
        : `; or declare ${quoted(p.movable)} outside ${outside} if one value holds throughout (exact)`;
    return `write ${collapse}${vb}${move}`;
  },
});

function growthReason(p: TableGrowth): string {
  const selectors = quoted(p.selectors);
  const carrier = p.carrier;
  if (carrier === undefined) return `its values at all \`${p.axis}\` are tied together`;
  const selects = p.child === carrier.name ? `the dynamics of \`${p.child}\`` : `the distribution of \`${p.child}\``;
  if (carrier.kind === "continuous") {
    const reads = p.child === carrier.name ? "" : `, which depends on \`${carrier.name}\``;
    return carrier.looksBack
      ? `${selectors} selects ${selects}${reads}, and \`${carrier.name}\` depends on its own past, so every history of ${selectors} gives a different Gaussian`
      : `${selectors} selects ${selects}${reads}, and one \`${carrier.name}\` is shared by every \`${p.axis}\`, so every combination gives a different Gaussian`;
  }
  return `\`${carrier.name}\` ties ${selectors} of every \`${p.axis}\` together, and they cannot be summed one at a time`;
}

export const latentNotNormal = defineDiagnostic<{
  variable: string;
  distribution: string;
  isGlobal: boolean;
  type: string;
}>({
  code: "GEN3202",
  severity: "error",
  title: "continuous latent that is not Normal",
  message: (p) =>
    `\`${p.variable} ~ ${p.distribution}\` is a continuous latent that is not Normal, so it cannot be integrated in closed form`,
  label: () => "only Normal latents that enter linearly are eliminated exactly",
  hint: (p) =>
    p.isGlobal
      ? `declare \`param ${p.variable}: ${p.type} ~ ${p.distribution}(…)\` (a point estimate, with this as its prior), or add \`guide auto(dense(64, tanh))\` and \`learn elbo\` to maximise a lower bound`
      : "add `guide auto(dense(64, tanh))` and `learn elbo` to maximise a lower bound",
});

export const productOfLatents = defineDiagnostic<{ child: string; left: string; right: string }>({
  code: "GEN3203",
  severity: "error",
  title: "product of two latents",
  message: (p) =>
    p.left === p.right
      ? `\`${p.child}\` uses the square of latent \`${p.left}\`: a quadratic function of a Gaussian is not Gaussian`
      : `\`${p.child}\` uses the product of latents \`${p.left}\` and \`${p.right}\`: given either one the model is linear, jointly it is not`,
  label: (p) => (p.left === p.right ? `\`${p.left}\` times itself` : "both factors are latent"),
  hint: (p) =>
    p.left === p.right
      ? "add `guide auto(dense(64, tanh))` and `learn elbo` to maximise a lower bound"
      : "make one of them a `param` (exact), write `learn em { approx: vb }`, or add `guide auto(dense(64, tanh))` and `learn elbo` to maximise a lower bound",
});

export const needlessApproximation = defineDiagnostic<{ option: string; hasLatents: boolean }>({
  code: "GEN3205",
  severity: "warning",
  title: "approximation that is not needed",
  message: (p) =>
    p.hasLatents
      ? `\`approx: ${p.option}\` has no effect: the latents of this model are eliminated exactly`
      : `\`approx: ${p.option}\` has no effect: there is no latent to eliminate`,
  label: () => "nothing is approximated",
  hint: () => "leave it out, or write `approx: exact`",
});

/** How a Gaussian latent enters where only an affine mean of a Normal could be eliminated. */
export type NonlinearUse =
  | { readonly kind: "slot"; readonly slot: string }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "network"; readonly name: string }
  | { readonly kind: "divisor" }
  | { readonly kind: "condition" }
  | { readonly kind: "index" }
  | { readonly kind: "sequence" };

export const nonlinearUse = defineDiagnostic<{
  child: string;
  distribution: string;
  latent: string;
  use: NonlinearUse;
}>({
  code: "GEN3204",
  severity: "error",
  title: "non-linear use of a continuous latent",
  message: (p) => `\`${p.child}\` depends on latent \`${p.latent}\` ${describeUse(p.use, p.distribution)}`,
  label: (p) => `\`${p.latent}\` enters here`,
  hint: () => "add `guide auto(dense(64, tanh))` and `learn elbo` to maximise a lower bound",
});

function describeUse(use: NonlinearUse, distribution: string): string {
  switch (use.kind) {
    case "slot":
      return distribution === "Normal"
        ? `through its ${use.slot}: a Gaussian whose spread is itself random has no closed-form posterior`
        : `through the ${use.slot} of ${distribution}: that likelihood of a Gaussian latent has no closed-form posterior`;
    case "function":
      return `through \`${use.name}\`, which is not linear, so its posterior has no closed form`;
    case "network":
      return `through the network \`${use.name}\`, which is not linear, so its posterior has no closed form`;
    case "divisor":
      return "as a divisor, which is not linear, so its posterior has no closed form";
    case "condition":
      return "in a condition, so its posterior is not Gaussian";
    case "index":
      return "as an index, which is not linear";
    case "sequence":
      return "at all steps of its chain at once";
  }
}

export const noDensity = defineDiagnostic<{
  variable: string;
  type: string;
  /** The right-hand side as the program writes it, cut short. */
  value: string;
  latents: readonly { readonly name: string; readonly type: string }[];
  method: "em" | "elbo" | undefined;
  hasCritic: boolean;
}>({
  code: "GEN3210",
  severity: "error",
  title: "no density to learn from",
  message: (p) => {
    const from = p.latents.map((latent) => `\`${latent.name}: ${latent.type}\``).join(" and ");
    const made = from === "" ? "is computed" : `is computed from ${from}`;
    const method = p.method === undefined ? "neither `learn em` nor `learn elbo`" : `\`learn ${p.method}\` cannot`;
    const derived = p.method === undefined ? `${method} can be derived` : `${method} be derived`;
    return `\`${p.variable}: ${p.type}\` ${made} by \`=\`, a map that cannot be inverted, so it has no density and ${derived}`;
  },
  label: () => "`=` gives values, not a density",
  hint: (p) =>
    p.hasCritic
      ? `write \`learn adversarial\`, or \`${p.variable} ~ Normal(${p.value}, v)\` with \`param v: Positive\` and no \`critic\` for a likelihood`
      : `write \`${p.variable} ~ Normal(${p.value}, v)\` with \`param v: Positive\` for a likelihood, or declare a network \`net judge(${p.type}) -> Real = …\`, \`critic judge(${p.variable})\` and \`learn adversarial\``,
});

export const criticWithoutImplicit = defineDiagnostic<{
  subject: "critic" | "learn adversarial";
  observed: string | undefined;
}>({
  code: "GEN3211",
  severity: "error",
  title: "adversarial learning without an implicit variable",
  message: (p) =>
    `\`${p.subject}\` needs an observed variable that is defined by \`=\`, but every observed variable here has a density`,
  hint: (p) =>
    p.observed === undefined
      ? `remove \`${p.subject}\``
      : `remove \`${p.subject}\` and learn from the density, or define \`observe ${p.observed}\` by \`=\``,
});

export const wassersteinWithoutPenalty = defineDiagnostic<Record<never, never>>({
  code: "GEN3212",
  severity: "error",
  title: "wasserstein loss without a Lipschitz constraint",
  message: () =>
    "`loss: wasserstein` measures a distance only for a critic of bounded slope, and nothing bounds the slope here",
  hint: () => "add `gp: 10` (gradient penalty) or `spectral: 1` (spectral normalisation), or write `loss: hinge`",
});

export const penaltyWithBatchNorm = defineDiagnostic<{ network: string; option: string }>({
  code: "GEN3213",
  severity: "error",
  title: "gradient penalty with batch normalisation",
  message: (p) =>
    `\`${p.option}\` penalises the critic's slope at each item, but \`batchnorm\` in \`${p.network}\` mixes the items of a batch`,
  label: () => "its output for one item depends on the others",
  hint: () => "write `layernorm` in its place",
});

export const boundedCritic = defineDiagnostic<{ network: string; activation: string; loss: string }>({
  code: "GEN3215",
  severity: "warning",
  title: "critic that ends in a probability",
  message: (p) =>
    `\`${p.network}\` ends in one unit of \`${p.activation}\`, but \`loss: ${p.loss}\` takes the critic's value as a real number and bounds it by itself where it must`,
  label: () => "flat at both ends: the generator learns nothing from draws that are told apart well",
  hint: () => "remove this layer: the output layer, one linear unit, is implied",
});

export const mixedObjectives = defineDiagnostic<{ explicit: string; implicit: string }>({
  code: "GEN3214",
  severity: "error",
  title: "density and critic in one model",
  message: (p) =>
    `\`${p.implicit}\` has no density and \`${p.explicit}\` has one: a likelihood and a critic cannot be traded off against each other`,
  label: (p) => `\`${p.explicit}\` has a density`,
  hint: (p) => `make \`${p.explicit}\` a \`given\`, or give \`${p.implicit}\` a density with \`~\``,
});

export const tableTooLarge = defineDiagnostic<{
  latents: readonly string[];
  product: string;
  cells: number;
  limit: number;
}>({
  code: "GEN3220",
  severity: "error",
  title: "exact table too large",
  message: (p) =>
    `exact elimination of ${quoted(p.latents)} needs ${p.product} = ${scientific(p.cells)} cells per item (limit ${scientific(p.limit)})`,
  hint: (p) =>
    `make one of these sizes smaller, split the factor that reads all of these latents, or allow more with \`learn em { maxtable: ${scientific(roundedUp(p.cells))} }\``,
});

export const guideWithoutSite = defineDiagnostic<{ latent: string }>({
  code: "GEN3230",
  severity: "error",
  title: "guide without a site for a latent",
  message: (p) => `the guide has no site for latent \`${p.latent}\`, which cannot be eliminated exactly`,
  label: (p) => `nothing draws \`${p.latent}\``,
  hint: (p) => `add \`${p.latent} ~ Normal(…, sd: …)\` to the guide, or write \`guide auto(dense(64, tanh))\``,
});

export const tooManyValues = defineDiagnostic<{ variable: string; size: string; values: number; limit: number }>({
  code: "GEN3231",
  severity: "error",
  title: "discrete latent too large to enumerate inside a bound",
  message: (p) =>
    `latent \`${p.variable}\` has ${p.size} = ${p.values} values, and everything that depends on it would be computed for each (limit ${p.limit})`,
  hint: (p) =>
    `choose \`${p.size}\` of at most ${p.limit}, or draw it with \`learn elbo { estimator: rloo, samples: 4 }\`, or allow more values with \`maxenum: ${p.values}\``,
});

export const noFiniteTable = defineDiagnostic<{ variable: string; type: string; shape: readonly string[] }>({
  code: "GEN3232",
  severity: "error",
  title: "latent without a table of a fixed size",
  message: (p) =>
    p.shape.length === 0
      ? `latent \`${p.variable}: ${p.type}\` has infinitely many values, which cannot be tried one by one`
      : `latent \`${p.variable}: ${p.type}\` is one latent with a value for every combination of its ${p.shape.join("·")} entries`,
  hint: (p) =>
    p.shape.length === 0
      ? "declare it `Category[K]` with as many values as can matter"
      : `declare \`each j in ${p.shape[0] ?? "J"} { latent ${p.variable}: … }\`: entries that nothing ties together are then summed one at a time`,
});

export const unboundedLikelihood = defineDiagnostic<{ parameter: string; prior: string }>({
  code: "GEN3240",
  severity: "warning",
  title: "likelihood without a maximum",
  message: (p) => `with \`ridge: 0\` the likelihood grows for ever as one \`${p.parameter}\` shrinks onto a few points`,
  label: (p) => `one \`${p.parameter}\` per component`,
  hint: (p) => `leave \`ridge\` at its default, or give \`${p.parameter}\` a prior: \`~ ${p.prior}\``,
});

export const conditionMayBeMissing = defineDiagnostic<{ variable: string; child: string; role: "observed" | "given" }>({
  code: "GEN3250",
  severity: "error",
  title: "a missing value is read",
  message: (p) =>
    p.child === p.variable
      ? `\`${p.child}\` depends on its own past, which may be missing (\`?\`): a missing value cannot be conditioned on`
      : `\`${p.child}\` depends on \`${p.variable}\`, whose entries may be missing (\`?\`): a missing value cannot be conditioned on`,
  label: (p) => `\`${p.variable}\` is read here`,
  hint: (p) =>
    `remove the \`?\` of \`${p.variable}\` and fill or drop its missing entries${p.role === "observed" ? ", or put a latent with a model of its own between the two" : ""}`,
});

export const notAlongChain = defineDiagnostic<{ what: string; reason: string; wayOut: string }>({
  code: "GEN3260",
  severity: "error",
  title: "not in a bound along a chain",
  message: (p) => `a bound along a chain does not have ${p.what}: ${p.reason}`,
  hint: (p) => p.wayOut,
});

export const notDerivedYet = defineDiagnostic<{ model: string; recognised: string; obstacle: string }>({
  code: "GEN3900",
  severity: "error",
  title: "recognised but not derived yet",
  message: (p) =>
    `\`${p.model}\` is recognised (${p.recognised}), but this version of genc derives no trainer for ${p.obstacle}`,
});

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function scientific(value: number): string {
  return value < 1e4 ? String(value) : value.toExponential(1).replace("e+", "e").replace(".0e", "e");
}

/** To two digits, so that what is printed suffices. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
