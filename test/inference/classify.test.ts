import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkSource } from "../../src/compile/index.js";
import { describeVerdict } from "../../src/inference/verdict.js";

const folder = fileURLToPath(new URL("programs/", import.meta.url));
const checked = readdirSync(folder).map((name) => checkSource({ name, text: readFileSync(folder + name, "utf8") }));

/** Verdicts of the 35 programs as the design publishes them: worked out by unrolling, independently of this code. */
const published: Readonly<Record<string, string>> = {
  SecondOrder: "EXACT EM (Gaussian elimination) + scan over t",
  TwoLevelClasses: "EXACT EM (discrete elimination)",
  LatentTopics:
    "ASK for guide/ELBO (or conjugate VB) | reparameterise ['theta'], enumerate ['z'] | because theta ~ Dirichlet is a continuous latent outside Normal; z depends non-linearly on latent theta",
  LogisticFactor:
    "ASK for guide/ELBO (or conjugate VB) | reparameterise ['z'] | because x depends non-linearly on latent z; x ~ Bernoulli has continuous latent parent z",
  DoublyLatentBilinear:
    "ASK for guide/ELBO (or conjugate VB) | reparameterise ['a', 'b'] | because y depends non-linearly on latent a; y depends non-linearly on latent b",
  RandomIntercept: "EXACT EM (Gaussian elimination)",
  RandomInterceptMixture: "INTRACTABLE: table grows with ['j'] -> needs approx: collapse(r) / vb",
  SwitchedSensor: "INTRACTABLE: table grows with ['t'] -> needs approx: collapse(r) / vb",
  FactorialHMM: "EXACT EM (discrete elimination) + scan over t",
  LinearStateSpace: "EXACT EM (Gaussian elimination) + scan over t",
  MixtureOfFactorAnalysers: "EXACT EM (discrete Gaussian elimination)",
  PPCA: "EXACT EM (Gaussian elimination)",
  FactorAnalysis: "EXACT EM (Gaussian elimination)",
  ARHMM: "EXACT EM (discrete elimination) + scan over t",
  GMMHMM: "EXACT EM (discrete elimination) + scan over t",
  CategoricalHMM: "EXACT EM (discrete elimination) + scan over t",
  PoissonHMM: "EXACT EM (discrete elimination) + scan over t",
  GaussianHMM: "EXACT EM (discrete elimination) + scan over t",
  RobustMixture: "EXACT EM (discrete elimination)",
  LatentClasses: "EXACT EM (discrete elimination)",
  MixtureOfRegressions: "EXACT EM (discrete elimination)",
  PoissonMixture: "EXACT EM (discrete elimination)",
  GMMTied: "EXACT EM (discrete elimination)",
  GMMDiag: "EXACT EM (discrete elimination)",
  GMM: "EXACT EM (discrete elimination)",
  ConditionalWGANGP: "ADVERSARIAL",
  GAN: "ADVERSARIAL",
  DeepKalman:
    "ELBO | reparameterise ['z'] | because y depends non-linearly on latent z; z depends non-linearly on latent z",
  GMVAE:
    "ELBO | reparameterise ['z'], enumerate ['y'] | because x depends non-linearly on latent z; x ~ Bernoulli has continuous latent parent z",
  ConditionalVAE:
    "ELBO | reparameterise ['z'] | because x depends non-linearly on latent z; x ~ Bernoulli has continuous latent parent z",
  GaussianVAE: "ELBO | reparameterise ['z'] | because x depends non-linearly on latent z",
  VAE: "ELBO | reparameterise ['z'] | because x depends non-linearly on latent z; x ~ Bernoulli has continuous latent parent z",
  MixtureOfStateSpaces: "EXACT EM (discrete Gaussian elimination) + scan over t",
  GaussianMixtureStateSpace: "INTRACTABLE: table grows with ['t'] -> needs approx: collapse(r) / vb",
  SwitchingStateSpace: "INTRACTABLE: table grows with ['t'] -> needs approx: collapse(r) / vb",
};

describe("the 35 programs", () => {
  const verdicts = new Map(
    checked.flatMap(({ models }) =>
      models.map(({ model, verdict }) => [model.name, describeVerdict(verdict)] as const),
    ),
  );

  test.each(Object.entries(published))("%s: %s", (name, verdict) => {
    expect(verdicts.get(name)).toBe(verdict);
  });

  test("are all there", () => {
    expect([...verdicts.keys()].sort()).toEqual(Object.keys(published).sort());
  });

  test("check without an error: what has to be asked for is a warning", () => {
    const refused = checked.flatMap(({ diagnostics }) => diagnostics.filter(({ code }) => code.startsWith("GEN3")));
    expect(refused.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(refused.map(({ code }) => code).sort()).toEqual(["GEN3201", "GEN3201", "GEN3202", "GEN3203", "GEN3204"]);
  });

  test("renaming every model changes no verdict", () => {
    for (const { source, models } of checked) {
      const renamed = checkSource({ name: "x", text: source.text.replace(/model (\w+)/g, "model Q$1") });
      expect(renamed.models.map(({ verdict }) => describeVerdict(verdict))).toEqual(
        models.map(({ verdict }) => describeVerdict(verdict)),
      );
    }
  });
});
