import type { DistributionName } from "../ir/distribution-name.js";
import type { WeightInitialisation } from "../ir/weight-initialisation.js";

/** What things of this language are called in others: too far apart in letters for a slip of the pen. */

const types: Readonly<Record<string, string>> = {
  ...{ number: "Real", float: "Real", double: "Real", scalar: "Real", f64: "Real", float64: "Real", num: "Real" },
  ...{ int: "Count", integer: "Count", uint: "Count", natural: "Count", nat: "Count" },
  ...{ bool: "Binary", boolean: "Binary", bit: "Binary" },
  ...{ string: "Category", enum: "Category", label: "Category", categorical: "Category", discrete: "Category" },
  ...{ array: "Vector", list: "Vector", probability: "Unit", prob: "Unit", nonnegative: "Positive" },
  ...{ probabilities: "Simplex", covariance: "Cov", spd: "Cov", cov_matrix: "Cov" },
};

const families: Readonly<Record<string, DistributionName>> = {
  ...{ gaussian: "Normal", gauss: "Normal", multivariatenormal: "Normal", mvnormal: "Normal", mvn: "Normal" },
  ...{ multi_normal: "Normal", multinormal: "Normal", n: "Normal", diagnormal: "Normal" },
  ...{ student: "StudentT", t: "StudentT", student_t: "StudentT", tdistribution: "StudentT" },
  ...{ doubleexponential: "Laplace", double_exponential: "Laplace", inversegamma: "InvGamma", inv_gamma: "InvGamma" },
  ...{ inversewishart: "InvWishart", inv_wishart: "InvWishart", bern: "Bernoulli", cat: "Categorical" },
  ...{ discrete: "Categorical", negbin: "NegativeBinomial", negbinomial: "NegativeBinomial", exp: "Exponential" },
  ...{ neg_binomial: "NegativeBinomial", von_mises: "VonMises", dir: "Dirichlet", unif: "Uniform" },
};

const options: Readonly<Record<string, string>> = {
  ...{ tol: "tolerance", eps: "tolerance", epsilon: "tolerance" },
  ...{ maxiter: "iterations", max_iter: "iterations", maxiterations: "iterations", max_iterations: "iterations" },
  ...{ n_iter: "iterations", niter: "iterations", steps: "iterations", n_init: "restarts", ninit: "restarts" },
  ...{ starts: "restarts", reg: "ridge", reg_covar: "ridge", regularization: "ridge", lr: "rate" },
};

const initialisations: Readonly<Record<string, WeightInitialisation>> = {
  ...{ he_normal: "he", kaiming: "he", kaiming_normal: "he", kaiming_uniform: "he_uniform" },
  ...{ glorot_uniform: "glorot", xavier: "glorot", xavier_uniform: "glorot", xavier_normal: "glorot_normal" },
  ...{ lecun_normal: "lecun", uniform: "fan_in", fanin: "fan_in", default: "fan_in", torch: "fan_in" },
  ...{ pytorch: "fan_in", orthonormal: "orthogonal", ortho: "orthogonal", orthogonal_normal: "orthogonal" },
};

function lookUp<T extends string>(names: Readonly<Record<string, T>>, word: string): T | undefined {
  const folded = word.toLowerCase();
  return Object.hasOwn(names, folded) ? names[folded] : undefined;
}

export function typeElsewhere(word: string): string | undefined {
  return lookUp(types, word);
}

export function familyElsewhere(word: string): DistributionName | undefined {
  return lookUp(families, word);
}

export function initialisationElsewhere(word: string): WeightInitialisation | undefined {
  return lookUp(initialisations, word);
}

/** @param known options of the method at hand */
export function optionElsewhere(word: string, known: readonly string[]): string | undefined {
  const found = lookUp(options, word);
  return found !== undefined && known.includes(found) ? found : undefined;
}
