import type { NamedTensor } from "../runtime/named-tensor.js";
import type { DataOptions, trainerData } from "./bind-data.js";
import { boundOptions } from "./step-fit-options.js";
import { learnsByBound, type DensityTrainer } from "./trainer.js";

/** What the data tell of the latent variables. */
export interface Posterior {
  /** Of discrete latents: probabilities of all values, and the most probable; along a chain, those of the most probable sequence. */
  readonly probability: Readonly<Record<string, NamedTensor>>;
  readonly mostProbable: Readonly<Record<string, Int32Array>>;
  /** Of continuous latents; covariances where they are exact. */
  readonly means: Readonly<Record<string, NamedTensor>>;
  readonly covariance: Readonly<Record<string, NamedTensor>>;
}

/** The posterior of every latent, row by row. */
export async function posterior(
  trainer: DensityTrainer,
  data: ReturnType<typeof trainerData>,
  options: Pick<DataOptions, "binarize">,
): Promise<Posterior> {
  if (learnsByBound(trainer)) {
    const encoded = await trainer.encode(data, boundOptions(options));
    const { probability, ...values } = await trainer.predict(data, boundOptions(options));
    const means = Object.fromEntries(Object.entries(encoded).filter(([name]) => probability[name] === undefined));
    return { probability, mostProbable: mostProbableOf(values, probability), means, covariance: {} };
  }
  const { probability, covariance = {}, ...values } = await trainer.predict(data);
  const answers = values as Readonly<Record<string, NamedTensor>>;
  const means = Object.fromEntries(Object.keys(covariance).map((name) => [name, answers[name]]));
  return { probability, mostProbable: mostProbableOf(values, probability), means, covariance };
}

function mostProbableOf(
  answers: Readonly<Record<string, unknown>>,
  probability: Readonly<Record<string, NamedTensor>>,
): Readonly<Record<string, Int32Array>> {
  return Object.fromEntries(
    Object.keys(probability).map((name) => {
      const values = answers[name];
      if (!(values instanceof Int32Array)) throw new Error(`predict: no values of ${name}`);
      return [name, values];
    }),
  );
}
