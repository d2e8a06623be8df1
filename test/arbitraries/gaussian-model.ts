import fc from "fast-check";
import { Choices } from "./choices.js";

/** A random static model with Gaussian latents as text, with small sizes, and a seed for its parameters and data. */
export interface GaussianModelCase {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
}

interface Latent {
  readonly name: string;
  /** Name of the size of a vector; absent for a scalar. */
  readonly size?: string;
  readonly inner: boolean;
}

export interface GaussianModelOptions {
  readonly missing: boolean;
  readonly weights: boolean;
  readonly priors: boolean;
}

const sizeValues = { K: [2], D: [1, 2, 3], L: [1, 2], M: [1, 2], J: [1, 2], P: [2] } as const;

class GaussianText {
  private readonly parameters: string[] = [];
  private readonly outer: string[] = [];
  private readonly inner: string[] = [];
  private readonly sizes = new Set<string>();
  private readonly latents: Latent[] = [];
  private readonly discrete: string[] = [];
  private hasGiven = false;

  constructor(
    private readonly choices: Choices,
    private readonly options: GaussianModelOptions,
  ) {}

  private size(name: string): string {
    this.sizes.add(name);
    return name;
  }

  /** A parameter, for each value of a discrete latent or the same for all. */
  private parameter(type: string, prior?: string): string {
    const name = `p${this.parameters.length}`;
    const [latent] = this.discrete.filter(() => this.choices.chance(2));
    const withPrior = prior !== undefined && this.options.priors && this.choices.chance(2) ? ` ~ ${prior}` : "";
    this.parameters.push(`param ${name}${latent === undefined ? "" : "[K]"}: ${type}${withPrior}`);
    return latent === undefined ? name : `${name}[${latent}]`;
  }

  addDiscrete(index: number): void {
    const name = `k${index}`;
    const probabilities = this.parameter(`Simplex[${this.size("K")}]`);
    this.outer.push(`latent ${name}: Category[K] ~ Categorical(${probabilities})`);
    this.discrete.push(name);
  }

  private shapeText(size: string | undefined): string {
    return size === undefined ? "Real" : `Vector[${this.size(size)}]`;
  }

  private spread(size: string | undefined): string {
    const { choices } = this;
    if (size === undefined)
      return choices.pick([
        () => this.parameter("Positive", "InvGamma(3, 2)"),
        () => `sd: ${this.parameter("Positive")}`,
        () => "0.7",
      ])();
    return choices.pick([
      () => this.parameter(`Diag[${size}]`, "InvGamma(3, 2)"),
      () => this.parameter(`Iso[${size}]`, "InvGamma(3, 2)"),
      () => this.parameter(`Cov[${size}]`, "InvWishart(6, 1)"),
      () => "1",
    ])();
  }

  /** A term of a mean that holds one latent. */
  private term(latent: Latent, size: string | undefined): string {
    const { choices } = this;
    const { name, size: own } = latent;
    if (size === undefined)
      return own === undefined
        ? choices.pick([() => name, () => `${this.parameter("Real")} * ${name}`, () => `0.5 * ${name}`])()
        : choices.pick([() => `dot(${this.parameter(`Vector[${own}]`)}, ${name})`, () => `sum(${name})`])();
    if (own === undefined)
      return choices.pick([() => `${name} * ${this.parameter(`Vector[${size}]`)}`, () => `-${name}`])();
    const forms = [() => `${this.parameter(`Matrix[${size}, ${own}]`, "Normal(0, 4)")} * ${name}`];
    if (own === size)
      forms.push(
        () => name,
        () => `2 * ${name}`,
      );
    return choices.pick(forms)();
  }

  private mean(size: string | undefined, isInner: boolean, isLatent: boolean): string {
    const { choices } = this;
    const readable = this.latents.filter((latent) => isInner || !latent.inner);
    const chosen = isLatent
      ? readable.filter(() => choices.chance(2))
      : readable.filter((_, i) => i === 0 || choices.chance(2));
    const terms = chosen.map((latent) => this.term(latent, size));
    const base = choices.pick([
      () => this.parameter(this.shapeText(size), "Normal(0, 9)"),
      () => "0.3",
      () => {
        this.hasGiven = true;
        return size === undefined
          ? `dot(${this.parameter(`Vector[${this.size("P")}]`)}, u)`
          : `${this.parameter(`Matrix[${size}, ${this.size("P")}]`)} * u`;
      },
    ])();
    return [...terms, base].join(" + ");
  }

  addLatent(index: number): void {
    const { choices } = this;
    const size = choices.pick([undefined, "L", "M"]);
    const inner = choices.chance(4);
    const name = `z${index}`;
    const line = `latent ${name}: ${this.shapeText(size)} ~ Normal(${this.mean(size, inner, true)}, ${this.spread(size)})`;
    (inner ? this.inner : this.outer).push(line);
    this.latents.push({ name, inner, ...(size === undefined ? {} : { size }) });
  }

  addObserved(index: number): void {
    const { choices } = this;
    const size = choices.pick(["D", undefined, "L"]);
    const inner = this.latents.some((latent) => latent.inner) || choices.chance(3);
    const optional = this.options.missing && choices.chance(2) ? "?" : "";
    const line = `observe x${index}: ${this.shapeText(size)}${optional} ~ Normal(${this.mean(size, inner, false)}, ${this.spread(size)})`;
    (inner ? this.inner : this.outer).push(line);
  }

  print(): string {
    if (this.inner.length > 0) this.size("J");
    const weight = this.options.weights && this.choices.chance(3) ? " weight c" : "";
    return [
      "model Random {",
      `  size ${[...this.sizes, "Unused"].filter((name) => name !== "Unused").join(", ") || "Q = 1"}`,
      ...this.parameters.map((line) => `  ${line}`),
      `  each n${weight} {`,
      ...(this.hasGiven ? ["    given u: Vector[P]"] : []),
      ...this.outer.map((line) => `    ${line}`),
      ...(this.inner.length > 0 ? ["    each j in J {", ...this.inner.map((line) => `      ${line}`), "    }"] : []),
      "  }",
      "}",
    ].join("\n");
  }
}

/** Discrete latents choose cells of every parameter; Gaussian latents have Gaussian parents, also across plates. */
export function gaussianModel(options: GaussianModelOptions): fc.Arbitrary<GaussianModelCase> {
  return fc
    .record({ numbers: fc.array(fc.nat(1000), { minLength: 10, maxLength: 60 }), seed: fc.nat(1_000_000) })
    .map(({ numbers, seed }) => {
      const choices = new Choices(numbers);
      const text = new GaussianText(choices, options);
      const discreteCount = choices.below(3);
      for (let i = 0; i < discreteCount; i++) text.addDiscrete(i);
      const latentCount = 1 + choices.below(3);
      for (let i = 0; i < latentCount; i++) text.addLatent(i);
      const observedCount = 1 + choices.below(2);
      for (let i = 0; i < observedCount; i++) text.addObserved(i);
      const sizes = Object.fromEntries(
        Object.entries(sizeValues).map(([name, values]) => [name, choices.pick(values)]),
      );
      return { text: text.print(), sizes, seed };
    });
}
