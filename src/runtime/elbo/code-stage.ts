import type { ModelDescription, ParameterDescription, Sizes, Tensors } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { boundShape, cellsOf, product } from "../extents.js";
import { shuffledRows } from "./batches.js";
import { type CodeMixture, mixtureOfCodes } from "./code-mixture.js";
import type { CodeGroupsDescription } from "./elbo-description.js";
import type { ResolvedStepOptions } from "./step-options.js";
import type { StepTask } from "./step-task.js";

/**
 * The first part of a fit whose codes fall into groups: the code is learned as if there were one group, and then the
 * groups begin at those of the codes. Learned at once, a few groups take all rows before codes mean anything.
 *
 * @source Jiang et al. 2017, Variational deep embedding (the mixture of the codes of an autoencoder as a start)
 */
export interface CodeStage {
  /** Steps of the fit that are its first part; 0: there is none. */
  readonly steps: number;
  readonly groups: readonly CodeGroupsDescription[];
  /** Parameters of the groups, which the first part leaves as they are. */
  readonly held: ReadonlySet<string>;
}

/** Parameters that are given a value, or kept at one, have no other start. */
export function codeStageOf(
  { description, encode }: StepTask,
  options: Pick<ResolvedStepOptions, "epochs" | "pretrain" | "init" | "fix" | "resume">,
  stepsPerEpoch: number,
): CodeStage {
  const given = new Set([...Object.keys(options.init), ...options.fix]);
  const all = encode === undefined ? [] : (description.codeGroups ?? []);
  const groups = all.filter((each) => parametersOf(each).every((name) => !given.has(name)));
  const epochs = groups.length === 0 ? 0 : Math.min(options.pretrain, Math.floor(options.epochs / 2));
  // A fit that goes on has its own first part, however long it will be in the end.
  const steps = options.resume === undefined ? epochs * stepsPerEpoch : (options.resume.pretrainSteps ?? 0);
  return { steps, groups, held: new Set(groups.flatMap(parametersOf)) };
}

/** All groups alike: mean 0, spread 1, the same weight. */
export function oneGroup(
  { groups, held }: CodeStage,
  { parameters }: ModelDescription,
  sizes: Sizes,
): Record<string, Float64Array> {
  const means = new Set(groups.map(({ mean }) => mean));
  return Object.fromEntries(
    parameters
      .filter(({ name }) => held.has(name))
      .map((parameter) => {
        const length = product(boundShape(parameter.shape, sizes));
        const value = means.has(parameter.name) ? 0 : parameter.domain === "simplex" ? 1 / length : 1;
        return [parameter.name, new Float64Array(length).fill(value)];
      }),
  );
}

/** Codes that are looked at: the work is that of some hundred passes of EM over them. */
const mostCodes = 10000;
const mostWork = 5e9;
const passes = 400;

/** Means, spreads and weights of the groups of the codes at these parameters. */
export async function groupsOfCodes(
  { groups }: CodeStage,
  task: StepTask,
  data: Dataset,
  parameters: Tensors,
  options: Pick<ResolvedStepOptions, "seed" | "binarize">,
): Promise<Record<string, Float64Array>> {
  const { description } = task;
  const found: Record<string, Float64Array> = {};
  for (const group of groups) {
    const mean = parameterOf(description, group.mean);
    const { cells, width } = cellsOf(mean, data.sizes);
    const affordable = Math.floor(mostWork / (passes * cells * width * width));
    const count = Math.min(data.rows, mostCodes, Math.max(20 * cells, affordable));
    const chosen = new Uint8Array(data.rows);
    for (const row of shuffledRows(data.rows, options.seed, 0, "codes").subarray(0, count)) chosen[row] = 1;
    const seen = task.select(data, (row) => chosen[row] === 1);
    const encoded = (await task.encode?.(seen, parameters, options)) ?? {};
    const codes = encoded[group.latent];
    if (codes === undefined) throw new Error(`no codes of ${group.latent}`);
    const mixture = mixtureOfCodes({ width, values: codes }, cells, options.seed);
    found[group.mean] = mixture.means;
    if (group.weights !== undefined) found[group.weights] = mixture.weights;
    if (group.spread === undefined) continue;
    const spread = parameterOf(description, group.spread.parameter);
    const own = meansOfColumns(encoded[`variance.${group.latent}`] ?? new Float64Array(width), width);
    const variances = spreadsOf(mixture, own, cellsOf(spread, data.sizes));
    found[spread.name] = group.spread.as === "variance" ? variances : variances.map(Math.sqrt);
  }
  return found;
}

function meansOfColumns(values: Float64Array, width: number): Float64Array {
  const rows = values.length / width;
  const means = new Float64Array(width);
  values.forEach((value, i) => (means[i % width] += value / rows));
  return means;
}

/**
 * Variances of the draws by group and entry: those of the codes and, on average, of the draws around them; averaged where
 * there is one for all groups or all entries.
 */
function spreadsOf(
  { covariances, weights }: CodeMixture,
  own: Float64Array,
  { cells, width }: { readonly cells: number; readonly width: number },
): Float64Array {
  const groups = weights.length;
  const codeWidth = own.length;
  const into = new Float64Array(cells * width);
  for (let k = 0; k < groups; k++)
    for (let j = 0; j < codeWidth; j++) {
      const share = (cells === groups ? 1 : weights[k]) * (width === codeWidth ? 1 : 1 / codeWidth);
      const at = (cells === groups ? k : 0) * width + (width === codeWidth ? j : 0);
      into[at] += share * (covariances[(k * codeWidth + j) * codeWidth + j] + own[j]);
    }
  return into;
}

function parametersOf({ mean, spread, weights }: CodeGroupsDescription): readonly string[] {
  return [mean, spread?.parameter, weights].filter((name) => name !== undefined);
}

function parameterOf({ parameters }: ModelDescription, name: string): ParameterDescription {
  const found = parameters.find((parameter) => parameter.name === name);
  if (found === undefined) throw new Error(`no parameter ${name}`);
  return found;
}
