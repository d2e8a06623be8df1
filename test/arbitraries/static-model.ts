import fc from "fast-check";
import { Choices } from "./choices.js";

/** A random well-typed static model as text, with small sizes, and a seed for its parameters and data. */
export interface StaticModelCase {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
}

interface Latent {
  readonly name: string;
  readonly size: string;
  readonly inner: boolean;
}

const sizeNames = { K: [2, 3], L: [2, 3], D: [1, 2, 3], J: [1, 2, 3], V: [2, 3], P: [1, 2], G: [2, 3] } as const;

export interface StaticModelOptions {
  /** Priors on parameters, so that M-steps are MAP. */
  readonly priors: boolean;
  readonly missing: boolean;
  readonly weights: boolean;
}

class ModelText {
  readonly parameters: string[] = [];
  readonly outer: string[] = [];
  readonly inner: string[] = [];
  readonly used = new Set<string>();
  private count = 0;

  constructor(
    private readonly choices: Choices,
    private readonly options: StaticModelOptions,
    private readonly latents: Latent[],
  ) {}

  size(name: string): string {
    this.used.add(name);
    return name;
  }

  /** A parameter over a random subset of the indices in scope; returns how it is read. */
  parameter(type: string, indices: readonly { name: string; size: string }[], prior?: string, exact = false): string {
    const chosen = exact ? indices : this.choices.subset(indices);
    const name = `p${this.count++}`;
    const table = chosen.length === 0 ? "" : `[${chosen.map((index) => this.size(index.size)).join(", ")}]`;
    const withPrior = prior !== undefined && this.options.priors && this.choices.chance(2) ? ` ~ ${prior}` : "";
    this.parameters.push(`param ${name}${table}: ${type}${withPrior}`);
    return chosen.length === 0 ? name : `${name}[${chosen.map((index) => index.name).join(", ")}]`;
  }

  latent(index: number): void {
    const { choices } = this;
    const hasParent = this.latents.length > 0;
    const inner = choices.chance(3);
    const size = choices.pick(["K", "L"]);
    const parents = hasParent ? this.latents.filter((parent) => inner || !parent.inner) : [];
    const indices = parents.map((parent) => ({ name: parent.name, size: parent.size }));
    const probabilities = this.parameter(`Simplex[${this.size(size)}]`, indices, "Dirichlet(1.5)");
    const name = `z${index}`;
    (inner ? this.inner : this.outer).push(`latent ${name}: Category[${size}] ~ Categorical(${probabilities})`);
    this.latents.push({ name, size, inner });
  }

  observed(index: number): void {
    const { choices } = this;
    const inner = choices.chance(3);
    const scope = this.latents.filter((latent) => inner || !latent.inner).map(({ name, size }) => ({ name, size }));
    const indices = [
      ...scope,
      ...(inner ? [{ name: "j", size: "J" }] : []),
      ...(this.hasGroup ? [{ name: "g", size: "G" }] : []),
    ];
    const fixedIndices = choices.subset(indices);
    const cell = (type: string, prior?: string): string => this.parameter(type, fixedIndices, prior, true);
    const loose = (type: string, prior?: string): string => this.parameter(type, indices, prior);
    const optional = this.options.missing && choices.chance(2) ? "?" : "";
    const name = `x${index}`;
    const put = (type: string, value: string): void => {
      (inner ? this.inner : this.outer).push(`observe ${name}: ${type}${optional} ~ ${value}`);
    };
    const isVector = choices.chance(2);
    const D = isVector ? this.size("D") : "";
    const spread = (): string => {
      if (!isVector)
        return choices.pick([() => loose("Positive", "InvGamma(3, 2)"), () => `sd: ${loose("Positive")}`])();
      return choices.pick([
        () => loose(`Cov[${D}]`, "InvWishart(6, 1)"),
        () => loose(`Diag[${D}]`, "InvGamma(3, 2)"),
        () => loose(`Iso[${D}]`, "InvGamma(3, 2)"),
        () => loose(`LowRank[${D}, 1]`),
      ])();
    };
    const mean = (): string => {
      const vector = isVector ? `Vector[${D}]` : "Real";
      const forms = [
        () => loose(vector, "Normal(0, 9)"),
        () =>
          isVector
            ? `${loose(`Matrix[${D}, ${this.given()}]`)} * u + ${loose(vector)}`
            : `dot(${loose(`Vector[${this.given()}]`, "Normal(0, 4)")}, u) + ${loose(vector)}`,
        () => `${loose(vector)} - 0.5 * ${loose("Real", "Normal(0, 9)")}`,
        () =>
          isVector
            ? `${loose(`Matrix[${D}, ${this.given()}]`)} * u`
            : `dot(${loose(`Vector[${this.given()}]`, "Normal(0, 4)")}, u)`,
      ];
      return choices.pick(forms)();
    };
    const families = [
      () => put(isVector ? `Vector[${D}]` : "Real", `Normal(${mean()}, ${spread()})`),
      () => put("Count", `Poisson(${cell("Positive", "Gamma(2, 0.5)")})`),
      () => put(`Category[${this.size("V")}]`, `Categorical(${cell(`Simplex[${this.size("V")}]`, "Dirichlet(1.5)")})`),
      () => put(isVector ? `Binary[${D}]` : "Binary", `Bernoulli(${cell("Unit", "Beta(2, 2)")})`),
      () => put("Positive", `Exponential(${cell("Positive", "Gamma(2, 0.5)")})`),
      () => put("Positive", `Gamma(${cell("Positive")}, ${cell("Positive")})`),
      () => put("Count", `Binomial(5, ${cell("Unit", "Beta(2, 2)")})`),
      () => put(isVector ? `Vector[${D}]` : "Real", `StudentT(${loose("Positive")}, ${mean()}, ${spread()})`),
      () => put("Positive", `LogNormal(${loose("Real")}, ${loose("Positive")})`),
      () => put("Unit", `Beta(${cell("Positive")}, ${cell("Positive")})`),
      () => put("Angle", `VonMises(${cell("Real")}, ${cell("Positive")})`),
      () => put("Count", `NegativeBinomial(${cell("Positive")}, ${cell("Positive")})`),
      () =>
        optional === ""
          ? put(`Count[${this.size("V")}]`, `Multinomial(4, ${cell(`Simplex[${this.size("V")}]`, "Dirichlet(1.5)")})`)
          : put("Count", `Poisson(${cell("Positive")})`),
      // No closed form: by gradient.
      () => put("Count", `Poisson(exp(${loose("Real", "Normal(0, 4)")}))`),
      () => put("Binary", `Bernoulli(logits: ${loose("Real", "Normal(0, 4)")} + ${loose("Real", "Normal(0, 4)")})`),
      () => put("Real", `Normal(tanh(${loose("Real")}), ${loose("Positive")})`),
      () => put("Real", `Laplace(${loose("Real")}, ${loose("Positive")})`),
    ];
    choices.pick(families)();
  }

  private hasGiven = false;
  hasGroup = false;

  private given(): string {
    this.hasGiven = true;
    return this.size("P");
  }

  print(weight: boolean): string {
    const sizes = [...this.used, ...(this.inner.length > 0 ? ["J"] : [])];
    if (this.hasGroup) sizes.push("G");
    const declared = [...new Set(sizes)];
    const lines = [
      "model Random {",
      ...(declared.length > 0 ? [`  size ${declared.join(", ")}`] : []),
      ...this.parameters.map((line) => `  ${line}`),
      `  each n${weight ? " weight c" : ""} {`,
      ...(this.hasGiven ? ["    given u: Vector[P]"] : []),
      ...(this.hasGroup ? ["    given g: Category[G]"] : []),
      ...this.outer.map((line) => `    ${line}`),
      ...(this.inner.length > 0 ? ["    each j in J {", ...this.inner.map((line) => `      ${line}`), "    }"] : []),
      "  }",
      "}",
    ];
    return lines.join("\n");
  }
}

export function staticModel(options: StaticModelOptions): fc.Arbitrary<StaticModelCase> {
  return fc
    .record({ numbers: fc.array(fc.nat(1000), { minLength: 10, maxLength: 60 }), seed: fc.nat(1_000_000) })
    .map(({ numbers, seed }) => {
      const choices = new Choices(numbers);
      const latents: Latent[] = [];
      const text = new ModelText(choices, options, latents);
      text.hasGroup = choices.chance(4);
      const latentCount = choices.below(4);
      const observedCount = 1 + choices.below(3);
      for (let i = 0; i < latentCount; i++) text.latent(i);
      for (let i = 0; i < observedCount; i++) text.observed(i);
      const weight = options.weights && choices.chance(3);
      const sizes = Object.fromEntries(Object.entries(sizeNames).map(([name, values]) => [name, choices.pick(values)]));
      return { text: text.print(weight), sizes, seed };
    });
}
